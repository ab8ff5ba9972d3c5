//! Lambda on loopback: asynchronous invocations of one function, whose program runs unmodified.
//!
//! As on AWS: an event is delivered at least once and tried up to three times under one request
//! id, with pauses between; instances start on demand, stay warm, and run one invocation at a
//! time; one that takes too long is killed; an event that never succeeds is not lost but handed
//! to whoever asked for [`Lambda::failures`].
//!
//! It must never listen beyond loopback, never let a function see more of the environment than
//! it was given, and never leave a process behind.
//!
//! Start reading at [`Lambda`], then `instance.rs` (one process) and `api.rs` (what it talks to).

mod api;
mod instance;
mod notification;
mod queue;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use notification::s3_notification;

use instance::{Instance, Setting};
use queue::Invocation;

/// Account that a function's ARN names.
const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

/// A function and how it is run.
#[derive(Debug, Clone)]
pub struct LambdaConfig {
    /// The program: what AWS calls `bootstrap`.
    pub program: PathBuf,
    /// Environment variables of the function. Besides them it sees only what Lambda sets.
    pub environment: BTreeMap<String, String>,
    /// The function's name.
    pub function_name: String,
    /// Memory that the function is told it has, in MiB.
    pub memory_mb: u32,
    /// Time that one invocation may take.
    pub timeout: Duration,
    /// Invocations that may run at once, at least 1.
    pub concurrency: usize,
    /// Pauses before the second, third, ... attempt; AWS waits one minute, then two.
    pub retry_delays: Vec<Duration>,
    /// File that the instances' output is appended to.
    pub log_path: PathBuf,
}

/// Why a function cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LambdaError {
    /// The program is not there.
    #[error("the function's program {0} is missing")]
    Program(PathBuf),
    /// The log file cannot be written.
    #[error("cannot write the function's log {path}")]
    Log {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// An event that no attempt brought to an end.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The request id of all its attempts.
    pub request_id: String,
    /// The event.
    pub event: Value,
    /// How many attempts were made.
    pub attempts: u32,
    /// What the last one ended with.
    pub reason: String,
}

/// A function that takes events. Clones are the same function.
#[derive(Clone)]
pub struct Lambda(Arc<Inner>);

struct Inner {
    setting: Setting,
    retry_delays: Vec<Duration>,
    queue: mpsc::UnboundedSender<Invocation>,
    /// Events that are queued, running or waiting for their next attempt.
    pending: watch::Sender<usize>,
    warm: Mutex<Vec<Instance>>,
    failures: Mutex<Vec<mpsc::UnboundedSender<Failure>>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Lambda {
    /// Sets the function up. No process is started before the first event.
    ///
    /// Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// The program is not there, or the log cannot be written.
    pub fn start(config: LambdaConfig) -> Result<Self, LambdaError> {
        if !config.program.is_file() {
            return Err(LambdaError::Program(config.program));
        }
        let log = open_log(&config.log_path)
            .map_err(|source| LambdaError::Log { path: config.log_path.clone(), source })?;
        let region = config.environment.get("AWS_REGION").map_or(REGION, String::as_str);
        let arn = format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{}", config.function_name);
        let stop = CancellationToken::new();
        let (queue, events) = mpsc::unbounded_channel();
        let lambda = Self(Arc::new(Inner {
            setting: Setting {
                environment: environment(&config),
                program: config.program,
                arn,
                timeout: config.timeout,
                log,
                stop: stop.clone(),
            },
            retry_delays: config.retry_delays,
            queue,
            pending: watch::Sender::new(0),
            warm: Mutex::default(),
            failures: Mutex::default(),
            stop,
            tasks: TaskTracker::new(),
        }));
        lambda.0.tasks.spawn(queue::dispatch(lambda.0.clone(), events, config.concurrency));
        Ok(lambda)
    }

    /// Queues an event and returns the request id of its invocation.
    pub fn invoke_async(&self, event: Value) -> String {
        let invocation = Invocation::new(event);
        let request_id = invocation.request_id.clone();
        self.0.pending.send_modify(|pending| *pending += 1);
        self.0.enqueue(invocation);
        request_id
    }

    /// Events that fail from now on, each after its last attempt.
    pub fn failures(&self) -> mpsc::UnboundedReceiver<Failure> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.0.failures.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// Waits until no event is queued, running or waiting for another attempt.
    pub async fn idle(&self) {
        let mut pending = self.0.pending.subscribe();
        // The sender lives as long as `self`: this waits, and never fails.
        let _ = pending.wait_for(|pending| *pending == 0).await;
    }

    /// Stops the function: running invocations are killed, events that wait are dropped. When
    /// this returns, none of its processes is left.
    pub async fn shutdown(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        let warm = std::mem::take(&mut *self.0.warm.lock().unwrap_or_else(PoisonError::into_inner));
        for instance in warm {
            instance.kill().await;
        }
        let dropped = self.0.pending.send_replace(0);
        if dropped > 0 {
            tracing::warn!("{dropped} events were not handled any more");
        }
    }
}

fn open_log(path: &std::path::Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

/// What the function sees: what it was given, what Lambda always sets, and nothing of ours.
fn environment(config: &LambdaConfig) -> BTreeMap<String, String> {
    let name = &config.function_name;
    let root = config.program.parent().map_or_else(String::new, |folder| folder.display().to_string());
    let region = config.environment.get("AWS_REGION").map_or(REGION, String::as_str);
    let mut environment: BTreeMap<String, String> = [
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    environment.extend(config.environment.clone());
    // These belong to Lambda: a function's own settings cannot change them.
    environment.extend(
        [
            ("_HANDLER", "bootstrap".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", name.clone()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", config.memory_mb.to_string()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
            ("LAMBDA_TASK_ROOT", root),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    environment
}
