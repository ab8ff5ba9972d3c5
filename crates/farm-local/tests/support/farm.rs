//! A whole farm with the real programs and the real Blender, for one test.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use farm_contract::keys::BlendKey;
use farm_contract::report::{Report, State};
use farm_local::farm::{Blender, Farm, FarmConfig, REGION};
use farm_local::faults::Faults;
use farm_local::s3::{Credentials, PutAttributes};
use farm_local::workers::Workers;
use tempfile::TempDir;

/// How long anything may take before a test gives up. Blender itself starts within seconds.
const PATIENCE: Duration = Duration::from_secs(180);

/// Looks at a farm in which nothing goes on, one after the other.
const QUIET: usize = 4;

/// The farm, in a folder of its own.
pub struct TestFarm {
    pub farm: Farm,
    pub s3: Client,
    pub batch: aws_sdk_batch::Client,
    credentials: Credentials,
    folder: TempDir,
}

impl TestFarm {
    /// A farm that renders with the tests' Blender.
    pub async fn start() -> Self {
        Self::with_blender(super::blender()).await
    }

    /// A farm that renders with another Blender.
    pub async fn with_blender(blender: PathBuf) -> Self {
        Self::with_faults(blender, 2, Faults::none()).await
    }

    /// A farm of several Blenders.
    pub async fn with_blenders(blenders: Vec<Blender>) -> Self {
        Self::with(super::programs(), blenders, 2, Faults::none()).await
    }

    /// A farm that renders with another Blender, in so many tasks at once, and whose services fail on
    /// purpose.
    pub async fn with_faults(blender: PathBuf, count: usize, faults: Faults) -> Self {
        Self::with_programs(super::programs(), blender, count, faults).await
    }

    /// The same with other programs of the farm's.
    pub async fn with_programs(programs: PathBuf, blender: PathBuf, count: usize, faults: Faults) -> Self {
        let blender = Blender { version: "4.5".to_owned(), path: blender };
        Self::with(programs, vec![blender], count, faults).await
    }

    async fn with(programs: PathBuf, blenders: Vec<Blender>, count: usize, faults: Faults) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let credentials = Credentials::random().expect("random numbers");
        let farm = Farm::start(FarmConfig {
            folder: folder.path().to_owned(),
            programs,
            blenders,
            workers: Workers { count, threads: 1 },
            s3_address: anywhere,
            batch_address: anywhere,
            credentials: credentials.clone(),
            faults,
            retry_delay: Some(Duration::from_millis(200)),
        })
        .await
        .expect("a farm");
        let batch = aws_sdk_batch::Config::builder()
            .behavior_version_latest()
            .credentials_provider(aws_sdk_batch::config::Credentials::new(
                &credentials.access_key_id,
                &credentials.secret_access_key,
                None,
                None,
                "test",
            ))
            .region(aws_sdk_batch::config::Region::new(REGION))
            .endpoint_url(&farm.batch_endpoint)
            .build();
        let batch = aws_sdk_batch::Client::from_conf(batch);
        Self { s3: farm.s3_client(), batch, farm, credentials, folder }
    }

    /// Uploads with a tag, as any client does. `tagging` is the URL-encoded header.
    pub async fn upload(&self, key: &str, body: Vec<u8>, tagging: &str) {
        let put = self.s3.put_object().bucket(self.farm.bucket()).key(key).body(ByteStream::from(body));
        let put = if tagging.is_empty() { put } else { put.tagging(tagging) };
        put.send().await.expect("an upload");
    }

    /// What a program needs in its environment to use the farm, as its owner does.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL_S3", self.farm.s3_endpoint.clone()),
            ("AWS_ENDPOINT_URL_BATCH", self.farm.batch_endpoint.clone()),
            ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", self.farm.batch_endpoint.clone()),
            ("FARM_BUCKET", self.farm.bucket().to_owned()),
            ("AWS_ACCESS_KEY_ID", self.credentials.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.credentials.secret_access_key.clone()),
            ("AWS_REGION", REGION.to_owned()),
        ]
    }

    /// Where everything of the farm lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts an object with tags past the services: no fault befalls it.
    pub fn put(&self, key: &str, body: &[u8], tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let attributes = PutAttributes { tags, ..PutAttributes::default() };
        self.farm.store.put(self.farm.bucket(), key, body, attributes).expect("an upload");
    }

    /// All jobs that were ever submitted: name and how each ended.
    pub async fn jobs(&self) -> Vec<(String, String)> {
        use aws_sdk_batch::types::KeyValuesPair;
        let every = KeyValuesPair::builder().name("JOB_NAME").values("farm-*").build();
        let queue = &self.farm.blueprint.queues[0].name;
        let pages = self.batch.list_jobs().job_queue(queue).filters(every).into_paginator().items().send();
        let jobs = pages.collect::<Result<Vec<_>, _>>().await.expect("a list of jobs");
        let told = |job: aws_sdk_batch::types::JobSummary| {
            let status = job.status.map(|status| status.as_str().to_owned());
            (job.job_name.unwrap_or_default(), status.unwrap_or_default())
        };
        jobs.into_iter().map(told).collect()
    }

    /// Keys of uploads in parts that were begun and never came to an end.
    pub async fn unfinished_uploads(&self) -> Vec<String> {
        let listed = self.s3.list_multipart_uploads().bucket(self.farm.bucket()).send().await;
        let uploads = listed.expect("a list").uploads.unwrap_or_default();
        uploads.into_iter().filter_map(|upload| upload.key).collect()
    }

    /// Waits for a report that `fits`.
    pub async fn report_that(&self, key: &str, fits: impl Fn(&Report) -> bool) -> Report {
        let report_key = BlendKey::parse(key)
            .map_or_else(|_| farm_contract::keys::report_of_refused(key), |key| key.report());
        let seen = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Ok(json) = self.farm.store.read(self.farm.bucket(), &report_key) {
                    let report = Report::from_json(&json).expect("a report that reads");
                    if fits(&report) {
                        return report;
                    }
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        seen.await.unwrap_or_else(|_| panic!("no report of {key} fits"))
    }

    /// Waits for the last report of an upload.
    pub async fn last_report(&self, key: &str) -> Report {
        self.report_that(key, |report| report.state != State::Accepted).await
    }

    /// Waits until no invocation and no job is left.
    pub async fn idle(&self) {
        let idle = tokio::time::timeout(PATIENCE, async {
            // An event is on its way for a moment between the end of a job and what follows from it.
            let mut quiet = 0;
            while quiet < QUIET {
                self.farm.lambda.idle().await;
                quiet = if self.any_job().await { 0 } else { quiet + 1 };
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        idle.await.expect("an idle farm");
    }

    async fn any_job(&self) -> bool {
        use aws_sdk_batch::types::JobStatus::{Pending, Runnable, Running, Starting, Submitted};
        for status in [Submitted, Pending, Runnable, Starting, Running] {
            let queue = &self.farm.blueprint.queues[0].name;
            let list = self.batch.list_jobs().job_queue(queue).job_status(status).send().await;
            // Where the queue fails on purpose, it does not tell.
            if list.is_ok_and(|list| list.job_summary_list().is_empty()) {
                continue;
            }
            return true;
        }
        false
    }

    /// What an object holds.
    pub fn stored(&self, key: &str) -> Vec<u8> {
        self.farm.store.read(self.farm.bucket(), key).expect("an object")
    }

    /// What an object's metadata say under a name.
    pub fn metadata(&self, key: &str, name: &str) -> String {
        self.farm.store.head(self.farm.bucket(), key).expect("an object").metadata[name].clone()
    }

    /// Keys below the upload's folder, in order.
    pub async fn names(&self, key: &str) -> Vec<String> {
        let folder = format!("{key}/");
        let objects = self.farm.store.list(self.farm.bucket(), &folder).expect("a list");
        objects.into_iter().filter_map(|object| Some(object.key.strip_prefix(&folder)?.to_owned())).collect()
    }

    /// The archive's entries, each read whole and so checked against its CRC.
    pub async fn archive(&self, key: &str) -> Vec<(String, Vec<u8>)> {
        let key = BlendKey::parse(key).expect("an upload");
        let bytes = self.farm.store.read(self.farm.bucket(), &key.frames_zip()).expect("an archive");
        entries(bytes)
    }
}

/// The entries of a zip archive, read by a library that we did not write.
pub fn entries(archive: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).expect("an archive");
    (0..archive.len())
        .map(|at| {
            let mut entry = archive.by_index(at).expect("an entry");
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).expect("its CRC holds");
            (entry.name().expect("a name in UTF-8").to_string(), bytes)
        })
        .collect()
}
