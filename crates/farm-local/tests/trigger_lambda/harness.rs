//! The real trigger-lambda between a loopback bucket and a Batch, which the test brings.

#[path = "../support/head.rs"]
mod head;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use farm_contract::env;
use farm_contract::keys;
use farm_contract::plan::{Plan, RenderId};
use farm_contract::report::{Report, State};
use farm_local::lambda::{Failure, Lambda, LambdaConfig, s3_notification};
use farm_local::s3::{Credentials, ObjectCreated, Store, StoreOptions};
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;

pub use head::head;

pub const BUCKET: &str = "farm";
pub const KEY: &str = "AKIDLOCAL";
/// Long enough for a busy machine; a test that waits this long has failed.
const LONG: Duration = Duration::from_secs(60);

/// The Batch that a test brings: where it listens and what the function is told of it.
pub struct BatchAt {
    pub endpoint: String,
    pub queue: String,
    pub render: String,
    pub large: String,
    pub zip: String,
}

pub struct Bench {
    pub lambda: Lambda,
    pub s3: aws_sdk_s3::Client,
    failures: UnboundedReceiver<Failure>,
    created: UnboundedReceiver<ObjectCreated>,
    _folder: TempDir,
}

impl Bench {
    /// `timeout` is the function's; its three attempts follow each other at once.
    pub async fn start(batch: &BatchAt, timeout: Duration) -> Self {
        Self::start_with(batch, timeout, &[]).await
    }

    /// With more in the function's environment.
    pub async fn start_with(batch: &BatchAt, timeout: Duration, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("bucket"), StoreOptions::default()).unwrap();
        store.create_bucket(BUCKET).unwrap();
        let created = store.subscribe();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let credentials =
            Credentials { access_key_id: KEY.to_owned(), secret_access_key: "secret".to_owned() };
        tokio::spawn(farm_local::s3::serve(listener, store, credentials, std::future::pending::<()>()));
        let environment = [
            ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
            ("AWS_ENDPOINT_URL_BATCH", &batch.endpoint),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "us-east-1"),
            (env::BUCKET_NAME, BUCKET),
            (env::JOB_QUEUE_ARN, &batch.queue),
            (env::JOB_DEFINITION_ARN, &batch.render),
            (env::LARGE_JOB_DEFINITION_ARN, &batch.large),
            (env::ZIP_JOB_DEFINITION_ARN, &batch.zip),
            (env::BLENDER_VERSION, "4.5"),
            (env::MAX_VCPUS, "8"),
            (env::TASK_VCPUS, "2"),
            (env::TASK_PRICE, "0"),
            (env::FRAME_SECONDS, "60"),
        ];
        let lambda = Lambda::start(LambdaConfig {
            program: trigger_lambda().to_owned(),
            environment: environment
                .iter()
                .chain(more)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            function_name: "trigger".to_owned(),
            memory_mb: 256,
            timeout,
            concurrency: 5,
            retry_delays: vec![Duration::from_millis(100); 2],
            log_path: folder.path().join("trigger.log"),
        })
        .unwrap();
        Self { failures: lambda.failures(), lambda, s3: s3_client(&endpoint), created, _folder: folder }
    }

    /// Uploads without an event; the event is for the test to send.
    pub async fn upload(&mut self, key: &str, tags: &[(&str, &str)], bytes: Vec<u8>) -> Value {
        let tagging: Vec<String> =
            tags.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "%20"))).collect();
        let call = self.s3.put_object().bucket(BUCKET).key(key).body(ByteStream::from(bytes));
        call.tagging(tagging.join("&")).send().await.unwrap();
        loop {
            // What the farm itself writes is announced too.
            let created = self.created.recv().await.unwrap();
            if created.key == key {
                return s3_notification(&created, "us-east-1");
            }
        }
    }

    /// Uploads, sends the event, and waits until it is handled.
    pub async fn trigger(&mut self, key: &str, tags: &[(&str, &str)], bytes: Vec<u8>) {
        let event = self.upload(key, tags, bytes).await;
        self.lambda.invoke_async(event);
        self.idle().await;
    }

    pub async fn idle(&self) {
        tokio::time::timeout(LONG, self.lambda.idle()).await.expect("the function comes to rest");
    }

    /// The events that were given up so far.
    pub fn failures(&mut self) -> Vec<Failure> {
        std::iter::from_fn(|| self.failures.try_recv().ok()).collect()
    }

    pub async fn read(&self, key: &str) -> Option<Vec<u8>> {
        let answer = self.s3.get_object().bucket(BUCKET).key(key).send().await.ok()?;
        Some(answer.body.collect().await.unwrap().to_vec())
    }

    pub async fn put(&self, key: &str, bytes: Vec<u8>) {
        self.s3.put_object().bucket(BUCKET).key(key).body(bytes.into()).send().await.unwrap();
    }

    pub async fn put_json(&self, key: &str, value: &impl Serialize) {
        self.put(key, serde_json::to_vec(value).unwrap()).await;
    }

    pub async fn report(&self, key: &str) -> Report {
        let json = self.read(&format!("{key}/report.json")).await.expect("a report");
        Report::from_json(&json).unwrap()
    }

    /// The render that the report of `key` accepted.
    pub async fn accepted(&self, key: &str) -> RenderId {
        let report = self.report(key).await;
        assert_eq!(report.state, State::Accepted, "{report:?}");
        report.render.unwrap()
    }

    pub async fn plan(&self, render: &RenderId) -> Plan {
        Plan::from_json(&self.read(&keys::plan(render)).await.expect("a plan")).unwrap()
    }

    pub async fn shutdown(mut self) {
        let failures = self.failures();
        assert!(failures.is_empty(), "{failures:?}");
        self.lambda.shutdown().await;
    }
}

fn s3_client(endpoint: &str) -> aws_sdk_s3::Client {
    let credentials = aws_sdk_s3::config::Credentials::new(KEY, "secret", None, None, "test");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version_latest()
        .credentials_provider(credentials)
        .region(aws_sdk_s3::config::Region::new("us-east-1"))
        .endpoint_url(endpoint);
    aws_sdk_s3::Client::from_conf(config.build())
}

/// The program under test.
fn trigger_lambda() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let path = test.parent().and_then(Path::parent).unwrap().join("trigger-lambda");
        assert!(path.is_file(), "trigger-lambda is not built; run the tests with `cargo xtask test`");
        path
    })
}

/// A good file that differs from other good files.
pub fn blend_with(text: &str) -> Vec<u8> {
    [&head(405), text.as_bytes()].concat()
}
