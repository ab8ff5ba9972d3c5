//! A bucket on loopback, a planned render in it, and the real zip-task.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::primitives::ByteStream;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::{self, BlendKey, FrameName};
use farm_contract::plan::{Plan, RenderId, Source};
use farm_contract::record::{RECORD_VERSION, TaskRecord, TaskSeconds};
use farm_contract::report::{Report, State};
use farm_contract::{command, env, metadata};
use farm_local::s3::{Credentials, Store, StoreOptions, serve};
use futures::{StreamExt, stream};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

pub const BUCKET: &str = "farm";
/// 2026-11-23 12:34:56
const CLAIMED_AT: u64 = 1_795_437_296_000;

pub struct Bench {
    pub s3: Client,
    pub address: std::net::SocketAddr,
    pub key: BlendKey,
    pub plan: Plan,
    /// What zip-task finds as ffmpeg.
    pub ffmpeg: Option<PathBuf>,
    /// Where zip-task works.
    pub scratch: TempDir,
    folder: TempDir,
}

impl Bench {
    /// A render of `frames` of the upload `key`, accepted, nothing rendered yet.
    pub async fn start(key: &str, frames: RangeInclusive<i32>) -> Self {
        Self::with_options(key, frames, StoreOptions::default()).await
    }

    pub async fn with_options(key: &str, frames: RangeInclusive<i32>, options: StoreOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), options).unwrap();
        store.create_bucket(BUCKET).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let credentials = Credentials { access_key_id: "key".into(), secret_access_key: "secret".into() };
        tokio::spawn(serve(listener, store, credentials, std::future::pending::<()>()));
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(aws_sdk_s3::config::Credentials::new("key", "secret", None, None, "test"))
            .endpoint_url(format!("http://{address}"))
            .build();
        let key = BlendKey::parse(key).unwrap();
        let etag = "\"0123456789abcdef0123456789abcdef\"";
        let plan = Plan {
            chunk: 2,
            claimed_by: "test".into(),
            claimed_at: CLAIMED_AT,
            warnings: vec!["From the plan.".into()],
            ..Plan::draft(
                RenderId::of_event(BUCKET, key.as_str(), etag, "1"),
                BUCKET,
                key.as_str(),
                Source::of(key.as_str(), etag, 1, "4.5"),
                &FrameSpec::describe(&frames.collect::<Vec<_>>()),
            )
        };
        let scratch = tempfile::tempdir().unwrap();
        let bench = Self { s3: Client::from_conf(config), address, key, plan, ffmpeg: None, scratch, folder };
        bench.put_plan().await;
        let mut report = Report::new(State::Accepted, "Accepted.", BUCKET, bench.key.as_str(), CLAIMED_AT);
        report.render = Some(bench.plan.render.clone());
        bench.put_report(&report).await;
        bench
    }

    pub async fn put_plan(&self) {
        self.put(&keys::plan(&self.plan.render), serde_json::to_vec(&self.plan).unwrap()).await;
    }

    pub async fn put(&self, key: &str, body: Vec<u8>) {
        self.put_with(key, body, HashMap::new()).await;
    }

    pub async fn put_with(&self, key: &str, body: Vec<u8>, metadata: HashMap<String, String>) {
        let put = self.s3.put_object().bucket(BUCKET).key(key).set_metadata(Some(metadata));
        put.body(ByteStream::from(body)).send().await.unwrap();
    }

    pub async fn put_report(&self, report: &Report) {
        self.put(&self.key.report(), serde_json::to_vec(report).unwrap()).await;
    }

    /// Metadata as render-task writes it for a file of `frame`, which has `files` in all.
    pub fn metadata(&self, frame: i32, files: usize, body: &[u8]) -> HashMap<String, String> {
        let crc32 = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, body);
        let pairs = [
            (metadata::SOURCE, self.plan.source.id.to_string()),
            (metadata::RENDER, self.plan.render.to_string()),
            (metadata::FRAME, frame.to_string()),
            (metadata::FILES, files.to_string()),
            (metadata::SECONDS, "1.250".to_owned()),
            (metadata::CRC32, format!("{crc32:08x}")),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// Uploads `frame` as render-task does where it has one file of `size` bytes.
    pub async fn frame(&self, frame: i32, size: usize) {
        let body = picture(frame, size);
        let metadata = self.metadata(frame, 1, &body);
        self.put_with(&self.key.file(&name(frame)), body, metadata).await;
    }

    pub async fn frames(&self, frames: RangeInclusive<i32>, size: usize) {
        stream::iter(frames).for_each_concurrent(32, |frame| self.frame(frame, size)).await;
    }

    /// The record of a child that did nothing, to be filled in.
    pub fn record(&self, child: u32) -> TaskRecord {
        TaskRecord {
            version: RECORD_VERSION,
            child,
            attempt: 1,
            job_id: format!("job:{child}"),
            rendered: Vec::new(),
            kept: Vec::new(),
            failed: Vec::new(),
            fault: None,
            blender: "4.5.15 LTS".into(),
            warnings: Vec::new(),
            seconds: TaskSeconds::default(),
            threads: 1,
            peak_memory_mib: 100,
            exit_code: 0,
            paid: None,
            paid_before: Vec::new(),
        }
    }

    pub async fn put_record(&self, record: &TaskRecord) {
        let key = keys::task(&self.plan.render, record.child);
        self.put(&key, serde_json::to_vec(record).unwrap()).await;
    }

    /// Starts zip-task as Batch does, its bucket at `address`.
    pub fn spawn(&self, address: std::net::SocketAddr, partial: bool) -> Child {
        let tests = std::env::current_exe().unwrap();
        let program: PathBuf = tests.parent().and_then(|deps| deps.parent()).unwrap().join("zip-task");
        assert!(program.is_file(), "zip-task is not built; run the tests with `cargo xtask test`");
        Command::new(program)
            .args(command::zip(BUCKET, &self.key, &self.plan.render, partial))
            .env_clear()
            .env("AWS_ENDPOINT_URL_S3", format!("http://{address}"))
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env(env::SCRATCH, self.scratch.path())
            .envs(self.ffmpeg.as_ref().map(|ffmpeg| (env::FFMPEG, ffmpeg)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// Exit code and stderr of zip-task.
    pub async fn run(&self, partial: bool) -> (i32, String) {
        ended(self.spawn(self.address, partial)).await
    }

    pub async fn read(&self, key: &str) -> Option<Vec<u8>> {
        let reply = self.s3.get_object().bucket(BUCKET).key(key).send().await;
        match reply {
            Ok(reply) => Some(reply.body.collect().await.unwrap().to_vec()),
            Err(error) => {
                assert!(error.as_service_error().is_some_and(|error| error.is_no_such_key()), "{error:?}");
                None
            }
        }
    }

    pub async fn report(&self) -> Report {
        Report::from_json(&self.read(&self.key.report()).await.unwrap()).unwrap()
    }

    /// Names and contents in frames.zip, each checked against its CRC-32 as it is read.
    pub async fn archive(&self) -> Vec<(String, Vec<u8>)> {
        let bytes = self.read(&self.key.frames_zip()).await.expect("an archive");
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let entries = 0..archive.len();
        let entry = |at| {
            let mut entry = archive.by_index(at).unwrap();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        };
        entries.map(entry).collect()
    }

    /// Asserts that no half of an archive is left: a part that nobody sees is paid for.
    pub fn no_unfinished_upload(&self) {
        let uploads = self.folder.path().join("uploads");
        let left: Vec<_> = std::fs::read_dir(uploads).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, Vec::<PathBuf>::new());
    }

    /// Flips one bit of a stored object behind the bucket's back. `content` is what it holds.
    pub fn flip(&self, content: &[u8]) {
        let folder = self.folder.path().join("buckets").join(BUCKET).join("content");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            if bytes == content {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                return std::fs::write(path, bytes).unwrap();
            }
        }
        panic!("no object has this content");
    }
}

/// Exit code and stderr, once it has ended.
pub async fn ended(child: Child) -> (i32, String) {
    let Output { status, stdout, stderr } = child.wait_with_output().await.unwrap();
    assert!(stdout.is_empty(), "stdout is for data");
    (status.code().expect("not killed"), String::from_utf8(stderr).unwrap())
}

pub fn name(frame: i32) -> String {
    FrameName { frame, rest: ".png".into() }.to_string()
}

/// Bytes that no other frame has.
pub fn picture(frame: i32, size: usize) -> Vec<u8> {
    let mut state = (frame as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(size).collect()
}
