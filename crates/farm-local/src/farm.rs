//! The wires: bucket to function, function to queue, queue to tasks, failed arrays back to the
//! function. What is wired comes from [`stack`]; that it is loopback is decided here.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use farm_contract::env;
use serde_json::Value;
use stack::farm::{jobs, storage, trigger};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::batch::{Batch, BatchConfig, EvaluateOnExit, JobDefinition, Queue, RetryAction};
use crate::lambda::{Lambda, LambdaConfig};
use crate::s3::{Credentials, Store, StoreError, StoreOptions};
use crate::workers::Workers;

/// The farm's bucket.
pub const BUCKET: &str = "farm";
/// The region that loopback clients name.
pub const REGION: &str = "us-east-1";
/// The account that ARNs name.
pub const ACCOUNT: &str = "000000000000";

/// Nobody pays for a slow frame here, so the farm's fifteen minutes become a day.
const FRAME_SECONDS: u32 = 24 * 60 * 60;
/// Waits before the second and the third attempt of an invocation. A person sits in front.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(20)];
/// Uploads that are taken in at once.
const TRIGGERS_AT_ONCE: usize = 4;
/// Between SIGTERM and SIGKILL: Blender is stopped, finished frames are uploaded.
const STOP_GRACE: Duration = Duration::from_secs(30);

/// Where a farm stands and what it runs.
#[derive(Clone)]
pub struct FarmConfig {
    /// Folder of the bucket, the logs and the scratch folders.
    pub folder: PathBuf,
    /// Folder of `trigger-lambda`, `render-task` and `zip-task`.
    pub programs: PathBuf,
    /// A `blender`, or a Python that has `bpy`.
    pub blender: PathBuf,
    /// Its version, `major.minor`.
    pub blender_version: String,
    /// Children at once.
    pub workers: Workers,
    /// Where S3 listens. Port 0: the system picks.
    pub s3_address: SocketAddr,
    /// Where Batch listens. Port 0: the system picks.
    pub batch_address: SocketAddr,
    /// What clients and programs sign with.
    pub credentials: Credentials,
    /// Waits before the second and the third attempt of an invocation. `None`: as it suits a
    /// person who watches.
    pub retry_delays: Option<Vec<Duration>>,
}

/// Why a farm does not come up.
#[derive(Debug, thiserror::Error)]
pub enum FarmError {
    /// The folder cannot be used.
    #[error("cannot use {folder}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another farm stands on the folder.
    #[error("another farm is running in {0}; wait for it, or give another --out")]
    InUse(PathBuf),
    /// The port is taken.
    #[error("cannot listen on {address}; stop the program that uses this port, perhaps another farm")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// A program of the farm is not there.
    #[error("{0} is missing; build it with `cargo build --workspace --bins`")]
    Program(PathBuf),
    /// The bucket cannot be opened.
    #[error("the bucket cannot be opened")]
    Store(#[from] StoreError),
    /// The queue cannot be set up.
    #[error("the queue cannot be set up")]
    Batch(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The function cannot be set up.
    #[error("the function cannot be set up")]
    Lambda(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A farm that is up.
pub struct Farm {
    /// The bucket.
    pub store: Store,
    /// The queue.
    pub batch: Batch,
    /// The function.
    pub lambda: Lambda,
    /// Version of the Blender that renders, `major.minor`.
    pub blender_version: String,
    /// `http://127.0.0.1:PORT` of S3.
    pub s3_endpoint: String,
    /// `http://127.0.0.1:PORT` of Batch.
    pub batch_endpoint: String,
    credentials: Credentials,
    stop: CancellationToken,
    servers: Vec<JoinHandle<()>>,
    // Held as long as the farm stands; the system lets go of it with the process.
    _lock: File,
}

impl Farm {
    /// Brings the farm up: bucket, queue and function, wired.
    ///
    /// # Errors
    /// The folder, a port or a program is not to be had.
    pub async fn start(config: FarmConfig) -> Result<Self, FarmError> {
        for program in [trigger::PROGRAM, jobs::render().program, jobs::zip().program] {
            let path = config.programs.join(program);
            if !path.is_file() {
                return Err(FarmError::Program(path));
            }
        }
        let lock = lock(&config.folder)?;
        let folder = |name: &str| -> Result<PathBuf, FarmError> {
            let path = config.folder.join(name);
            std::fs::create_dir_all(&path)
                .map_err(|source| FarmError::Folder { folder: path.clone(), source })?;
            Ok(path)
        };
        // Nobody else works in this folder: what lies in scratch was left by tasks that were killed.
        let scratch = config.folder.join("scratch");
        if scratch.exists() {
            std::fs::remove_dir_all(&scratch)
                .map_err(|source| FarmError::Folder { folder: scratch.clone(), source })?;
        }
        let scratch = folder("scratch")?;
        let logs = folder("logs")?;
        let store = Store::open(&folder("bucket")?, StoreOptions::default())?;
        match store.create_bucket(BUCKET) {
            Err(StoreError::Refused { code: "BucketAlreadyOwnedByYou", .. }) => {}
            made => made?,
        }

        let stop = CancellationToken::new();
        let mut servers = Vec::new();
        let (listener, s3_endpoint) = listen(config.s3_address).await?;
        let (batch_listener, batch_endpoint) = listen(config.batch_address).await?;
        servers.push(serve("S3", {
            let (store, credentials, stop) = (store.clone(), config.credentials.clone(), stop.clone());
            async move { crate::s3::serve(listener, store, credentials, stop.cancelled_owned()).await }
        }));

        let aws = BTreeMap::from([
            ("AWS_ENDPOINT_URL_S3".to_owned(), s3_endpoint.clone()),
            ("AWS_ENDPOINT_URL_BATCH".to_owned(), batch_endpoint.clone()),
            ("AWS_ACCESS_KEY_ID".to_owned(), config.credentials.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), config.credentials.secret_access_key.clone()),
            ("AWS_REGION".to_owned(), REGION.to_owned()),
        ]);
        let mut base_environment = aws.clone();
        if let Ok(path) = std::env::var("PATH") {
            base_environment.insert("PATH".to_owned(), path);
        }
        let render = definition(
            jobs::render(),
            &config,
            [
                (env::BLENDER, config.blender.display().to_string()),
                (env::THREADS, config.workers.threads.to_string()),
                (env::SCRATCH, scratch.display().to_string()),
            ],
        );
        let zip = definition(jobs::zip(), &config, []);
        let batch = Batch::start(BatchConfig {
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            access_key_id: config.credentials.access_key_id.clone(),
            queues: vec![Queue { name: jobs::QUEUE.to_owned(), fair_share: true }],
            definitions: vec![render, zip],
            slots: config.workers.count,
            base_environment,
            log_dir: logs.clone(),
            stop_grace: STOP_GRACE,
            ce_name: "this-machine".to_owned(),
        })
        .map_err(|error| FarmError::Batch(error.into()))?;
        servers.push(serve("Batch", {
            let (batch, stop) = (batch.clone(), stop.clone());
            async move { batch.serve(batch_listener, stop.cancelled_owned()).await }
        }));

        let mut environment = aws;
        environment.extend([
            (env::BUCKET_NAME.to_owned(), BUCKET.to_owned()),
            (env::JOB_QUEUE_ARN.to_owned(), batch.queue_arn(jobs::QUEUE)),
            (env::JOB_DEFINITION_ARN.to_owned(), batch.definition_arn(jobs::render().name)),
            (env::ZIP_JOB_DEFINITION_ARN.to_owned(), batch.definition_arn(jobs::zip().name)),
            (env::BLENDER_VERSION.to_owned(), config.blender_version.clone()),
            (env::MAX_VCPUS.to_owned(), (config.workers.count * 4).to_string()),
            (env::TASK_VCPUS.to_owned(), "4".to_owned()),
            (env::FRAME_SECONDS.to_owned(), FRAME_SECONDS.to_string()),
        ]);
        let lambda = Lambda::start(LambdaConfig {
            program: config.programs.join(trigger::PROGRAM),
            environment,
            function_name: trigger::FUNCTION.to_owned(),
            memory_mb: trigger::MEMORY_MIB,
            timeout: trigger::TIMEOUT,
            concurrency: TRIGGERS_AT_ONCE,
            retry_delays: config.retry_delays.unwrap_or_else(|| RETRY_DELAYS.to_vec()),
            log_path: logs.join("trigger-lambda.log"),
        })
        .map_err(|error| FarmError::Lambda(error.into()))?;

        servers.push(notify(&store, &lambda));
        servers.push(apply_rule(&batch, &lambda));
        Ok(Self {
            store,
            batch,
            lambda,
            blender_version: config.blender_version,
            s3_endpoint,
            batch_endpoint,
            credentials: config.credentials,
            stop,
            servers,
            _lock: lock,
        })
    }

    /// An S3 client of this farm, as any user of it has one.
    pub fn s3_client(&self) -> aws_sdk_s3::Client {
        let credentials = aws_sdk_s3::config::Credentials::new(
            &self.credentials.access_key_id,
            &self.credentials.secret_access_key,
            None,
            None,
            "loopback farm",
        );
        let config = aws_sdk_s3::Config::builder()
            .behavior_version_latest()
            .credentials_provider(credentials)
            .region(aws_sdk_s3::config::Region::new(REGION))
            .endpoint_url(&self.s3_endpoint)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Takes the farm down: no new child, every child stopped, then the services. When this
    /// returns, no process that the farm started is left.
    pub async fn shutdown(self) {
        // The tasks first: they need the bucket to leave their last frame and record.
        self.batch.shutdown().await;
        self.lambda.shutdown().await;
        self.stop.cancel();
        for server in self.servers {
            server.abort();
        }
    }
}

fn lock(folder: &Path) -> Result<File, FarmError> {
    let failed = |source| FarmError::Folder { folder: folder.into(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let lock = File::create(folder.join("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(FarmError::InUse(folder.into())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, String), FarmError> {
    let failed = |source| FarmError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let endpoint = format!("http://{}", listener.local_addr().map_err(failed)?);
    Ok((listener, endpoint))
}

/// Runs a server until the farm stops. One that ends by itself is told of in the log: nothing
/// else would, and every client would find the port closed.
fn serve<E: std::fmt::Display>(
    name: &'static str,
    server: impl Future<Output = Result<(), E>> + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!("{name} stopped serving: {error}");
        }
    })
}

fn definition<const N: usize>(
    definition: jobs::JobDefinition,
    config: &FarmConfig,
    environment: [(&str, String); N],
) -> JobDefinition {
    JobDefinition {
        name: definition.name.to_owned(),
        program: config.programs.join(definition.program),
        container: farm_contract::command::CONTAINER.to_owned(),
        command: Vec::new(),
        environment: environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        resources: BTreeMap::from([("VCPU".to_owned(), definition.vcpus.to_string())]),
        attempts: definition.attempts,
        evaluate_on_exit: definition
            .evaluate_on_exit
            .into_iter()
            .map(|rule| EvaluateOnExit {
                on_status_reason: rule.on_status_reason,
                on_reason: rule.on_reason,
                on_exit_code: rule.on_exit_code,
                action: if rule.retry { RetryAction::Retry } else { RetryAction::Exit },
            })
            .collect(),
        timeout: None,
    }
}

/// The bucket's notification: uploads invoke the function.
fn notify(store: &Store, lambda: &Lambda) -> JoinHandle<()> {
    let (mut created, lambda) = (store.subscribe(), lambda.clone());
    tokio::spawn(async move {
        while let Some(object) = created.recv().await {
            if object.bucket == BUCKET && storage::notifies(&object.key) {
                lambda.invoke_async(crate::lambda::s3_notification(&object, REGION));
            }
        }
    })
}

/// The event rule: what it matches invokes the function.
fn apply_rule(batch: &Batch, lambda: &Lambda) -> JoinHandle<()> {
    let (mut events, lambda) = (batch.subscribe(), lambda.clone());
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if rule_matches(&event) {
                lambda.invoke_async(event);
            }
        }
    })
}

fn rule_matches(event: &Value) -> bool {
    event["source"] == trigger::RULE_SOURCE
        && event["detail-type"] == trigger::RULE_DETAIL_TYPE
        && trigger::RULE_STATUSES.iter().any(|status| event["detail"]["status"] == *status)
        && event["detail"]["arrayProperties"]["index"].is_null()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_rule_takes_failed_parents_and_plain_jobs_alone() {
        let event = |status: &str, array: Value| {
            json!({"source": "aws.batch", "detail-type": "Batch Job State Change",
                   "detail": {"status": status, "arrayProperties": array}})
        };
        assert!(rule_matches(&event("FAILED", json!({"size": 3}))));
        assert!(rule_matches(&event("FAILED", Value::Null)));
        assert!(!rule_matches(&event("FAILED", json!({"index": 0}))));
        assert!(!rule_matches(&event("SUCCEEDED", Value::Null)));
        assert!(!rule_matches(&json!({"source": "aws.s3"})));
    }

    #[test]
    fn one_folder_carries_one_farm() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = lock(folder.path()).expect("free");
        assert!(matches!(lock(folder.path()), Err(FarmError::InUse(_))));
        drop(held);
        assert!(lock(folder.path()).is_ok());
    }
}
