//! One process of the function, and its own Runtime API.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::api::{self, Said, Work};

/// Time from the start of a process until it asks for its first invocation, besides what an
/// invocation may take: Lambda's own limit.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// What all instances of a function have in common.
pub(super) struct Setting {
    pub(super) program: PathBuf,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) arn: String,
    pub(super) timeout: Duration,
    pub(super) log: File,
    pub(super) stop: CancellationToken,
}

/// Why an instance did not answer an invocation.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The attempt failed, for this reason.
    Failed(String),
    /// The function is being shut down.
    Shutdown,
}

/// A process that takes invocations, one at a time.
pub(super) struct Instance {
    child: Child,
    group: Option<Pid>,
    work: mpsc::UnboundedSender<Work>,
    said: mpsc::UnboundedReceiver<Said>,
    server: JoinHandle<()>,
}

impl Instance {
    /// Starts a process and waits until it asks for its first invocation.
    pub(super) async fn start(setting: &Setting) -> Result<Self, Stopped> {
        let mut instance = Self::spawn(setting)
            .await
            .map_err(|error| Stopped::Failed(format!("the function cannot be started: {error}")))?;
        let limit = INIT_LIMIT + setting.timeout;
        let stopped = match instance.hear(setting, Instant::now() + limit).await {
            Ok(Said::Ready) => return Ok(instance),
            Ok(Said::InitError(reason)) => Stopped::Failed(format!("the function failed at init: {reason}")),
            Ok(Said::Answer { .. }) => {
                Stopped::Failed("the function answered before it was asked".to_owned())
            }
            Err(Silence::Exited(status)) => Stopped::Failed(exit_words(status)),
            Err(Silence::TimedOut) => {
                Stopped::Failed(format!("the function asked for no work within {limit:?} of its start"))
            }
            Err(Silence::Shutdown) => Stopped::Shutdown,
        };
        instance.kill().await;
        Err(stopped)
    }

    async fn spawn(setting: &Setting) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let child = Command::new(&setting.program)
            .env_clear()
            .envs(&setting.environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .stdin(Stdio::null())
            .stdout(setting.log.try_clone()?)
            .stderr(setting.log.try_clone()?)
            // Its own group, so that what it starts can be killed with it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let (work, to_do) = mpsc::unbounded_channel();
        let (sender, said) = mpsc::unbounded_channel();
        let router = api::router(setting.arn.clone(), to_do, sender);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!("the function's Runtime API ended: {error}");
            }
        });
        Ok(Self { child, group, work, said, server })
    }

    /// Runs one invocation. The outer result is about the instance: after an error it is of no
    /// more use. The inner one is the function's own: its failure, in its words.
    pub(super) async fn invoke(
        &mut self,
        setting: &Setting,
        request_id: &str,
        event: String,
    ) -> Result<Result<(), String>, Stopped> {
        let work = Work {
            request_id: request_id.to_owned(),
            event,
            deadline_ms: in_ms(SystemTime::now() + setting.timeout),
        };
        if self.work.send(work).is_err() {
            return Err(Stopped::Failed("the function's Runtime API has ended".to_owned()));
        }
        let until = Instant::now() + setting.timeout;
        loop {
            match self.hear(setting, until).await {
                Ok(Said::Answer { request_id: of, outcome }) if of == request_id => return Ok(outcome),
                Ok(Said::Answer { .. } | Said::Ready) => {}
                Ok(Said::InitError(reason)) => return Err(Stopped::Failed(reason)),
                Err(Silence::Exited(status)) => return Err(Stopped::Failed(exit_words(status))),
                Err(Silence::TimedOut) => {
                    let seconds = setting.timeout.as_secs_f64();
                    return Err(Stopped::Failed(format!("Task timed out after {seconds:.2} seconds")));
                }
                Err(Silence::Shutdown) => return Err(Stopped::Shutdown),
            }
        }
    }

    async fn hear(&mut self, setting: &Setting, until: Instant) -> Result<Said, Silence> {
        tokio::select! {
            // What it said before it ended counts.
            biased;
            Some(said) = self.said.recv() => Ok(said),
            () = setting.stop.cancelled() => Err(Silence::Shutdown),
            status = self.child.wait() => match self.said.try_recv() {
                Ok(said) => Ok(said),
                Err(_) => Err(Silence::Exited(status)),
            },
            () = tokio::time::sleep_until(until) => Err(Silence::TimedOut),
        }
    }

    /// Whether the process has not ended by itself.
    pub(super) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills the process and all that it started, and waits for its end.
    pub(super) async fn kill(mut self) {
        if let Some(group) = self.group {
            // Fails only where nothing of the group is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
        if let Err(error) = self.child.wait().await {
            tracing::error!("the end of a function's process cannot be waited for: {error}");
        }
        self.server.abort();
    }
}

/// Why nothing is heard of a process.
enum Silence {
    Exited(io::Result<ExitStatus>),
    TimedOut,
    Shutdown,
}

fn exit_words(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => format!("Runtime exited without an answer: {status}; its log tells more"),
        Err(error) => format!("the process cannot be waited for: {error}"),
    }
}

fn in_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
