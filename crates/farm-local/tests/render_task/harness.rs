//! A bucket on loopback, and render-task started as Batch would start it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use farm_contract::keys::{self, BlendKey};
use farm_contract::plan::{Plan, RenderId, Source};
use farm_contract::record::TaskRecord;
use farm_contract::{command, env};
use farm_local::s3::{Credentials, ObjectInfo, PutAttributes, Store, StoreOptions, serve};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::support;

pub const BUCKET: &str = "farm";
/// A key that needs care: spaces, a plus, letters beyond ASCII.
pub const KEY: &str = "my films/shot 1+2 é.blend";
/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A bucket with an upload, and a scratch folder.
pub struct Bench {
    pub store: Store,
    pub plan: Plan,
    pub scratch: TempDir,
    pub blender: PathBuf,
    endpoint: String,
    _folder: TempDir,
}

impl Bench {
    /// A bucket that holds the scene `name`, and the plan to render `frames` of it in one child.
    pub async fn with_scene(name: &str, frames: &str) -> Self {
        Self::with_bytes(&fs::read(support::scene(name)).unwrap(), frames).await
    }

    /// The same for an upload of any bytes.
    pub async fn with_bytes(bytes: &[u8], frames: &str) -> Self {
        Self::with_options(bytes, frames, StoreOptions::default()).await
    }

    /// The same in a bucket that behaves otherwise.
    pub async fn with_options(bytes: &[u8], frames: &str, options: StoreOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), options).unwrap();
        store.create_bucket(BUCKET).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let credentials =
            Credentials { access_key_id: "AKIDLOCAL".into(), secret_access_key: "secret".into() };
        tokio::spawn(serve(listener, store.clone(), credentials, std::future::pending::<()>()));
        let etag = store.put(BUCKET, KEY, bytes, PutAttributes::default()).unwrap().etag;
        let etag = format!("\"{etag}\"");
        let render = RenderId::of_event(BUCKET, KEY, &etag, "1");
        let source = Source::of(KEY, &etag, bytes.len() as u64, "4.5");
        let plan = Plan { chunk: 1000, ..Plan::draft(render, BUCKET, KEY, source, frames) };
        let scratch = tempfile::tempdir().unwrap();
        let blender = support::blender();
        Self { store, plan, scratch, blender, endpoint, _folder: folder }
    }

    /// The child as Batch starts it: this command line, this environment and no other.
    pub fn command(&self) -> Command {
        let mut child = Command::new(support::program("render-task"));
        child
            .args(command::render(&self.plan, 0))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("AWS_ENDPOINT_URL_S3", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "AKIDLOCAL")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-east-1")
            .env(env::BLENDER, &self.blender)
            .env(env::THREADS, "1")
            .env(env::SCRATCH, self.scratch.path())
            .env(env::JOB_ID, "job-1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        child
    }

    /// Runs the child to its end, which must be `code`. Gives what it printed.
    pub async fn run(&self, code: i32) -> String {
        let mut command = self.command();
        ends(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap(), code)
    }

    /// The record that the child wrote.
    pub fn record(&self) -> TaskRecord {
        let json = self.store.read(BUCKET, &keys::task(&self.plan.render, 0)).unwrap();
        TaskRecord::from_json(&json).unwrap()
    }

    /// What lies in the upload's folder: names below it, in their order.
    pub fn names(&self) -> Vec<String> {
        let folder = self.folder();
        let objects = self.store.list(BUCKET, &folder).unwrap();
        objects.into_iter().map(|object| object.key[folder.len()..].to_owned()).collect()
    }

    pub fn head(&self, name: &str) -> ObjectInfo {
        self.store.head(BUCKET, &format!("{}{name}", self.folder())).unwrap()
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        self.store.read(BUCKET, &format!("{}{name}", self.folder())).unwrap()
    }

    pub fn delete(&self, name: &str) {
        self.store.delete(BUCKET, &format!("{}{name}", self.folder())).unwrap();
    }

    fn folder(&self) -> String {
        BlendKey::parse(KEY).unwrap().folder()
    }

    /// The Blender that the child has started: its process id.
    pub async fn blender_at_work(&self) -> i32 {
        let busy = |pid: &i32| cpu_ticks(*pid).is_some_and(|ticks| ticks > 100);
        let in_frame = || self.in_scratch("frames").is_some();
        let mut found = None;
        wait_for("a Blender that renders", || {
            found = self.blenders().into_iter().find(|pid| in_frame() && busy(pid));
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    /// Process ids of all Blenders that were started for this bench.
    pub fn blenders(&self) -> Vec<i32> {
        let driver = self.scratch.path().to_string_lossy().into_owned();
        let process = |entry: fs::DirEntry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            String::from_utf8_lossy(&line).contains(&driver).then_some(pid)
        };
        fs::read_dir("/proc").unwrap().filter_map(|entry| process(entry.ok()?)).collect()
    }

    /// A path in the child's own folder, if it is there.
    pub fn in_scratch(&self, name: &str) -> Option<PathBuf> {
        let mut folders = fs::read_dir(self.scratch.path()).unwrap();
        folders.find_map(|folder| Some(folder.ok()?.path().join(name)).filter(|path| path.exists()))
    }
}

/// Processor time that a process has used, in hundredths of a second.
fn cpu_ticks(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// What an ended child printed. It must have exited with `code`.
pub fn ends(output: Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(output.stdout.is_empty(), "stdout is data, and there is none");
    said
}

/// Waits until `done`.
pub async fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
