//! One attempt as one process group, from its start to the last of its processes.
//!
//! A thread waits for the leader and is the only one to reap it. It looks first and reaps
//! last, so that the group's number is ours for as long as anybody sends it a signal.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::engine::Outcome;

/// How long the killed rest of a group may take to be gone.
const GONE: Duration = Duration::from_secs(1);

/// What to start.
#[derive(Debug)]
pub(super) struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// All of it: nothing is inherited.
    pub environment: BTreeMap<String, String>,
    /// Takes stdout and stderr.
    pub log: PathBuf,
    pub timeout: Option<Duration>,
    /// Time between SIGTERM and SIGKILL.
    pub grace: Duration,
}

/// Runs an attempt to its end, or until `stop`. `started` is called when the process runs.
pub(super) async fn run(launch: Launch, stop: CancellationToken, started: impl FnOnce()) -> Outcome {
    let group = Group::default();
    // If this future is dropped, the thread must still come to its end.
    let _guard = KillOnDrop(group.clone());
    let (timeout, grace) = (launch.timeout, launch.grace);
    let (tell, told) = oneshot::channel();
    let mut attempt = tokio::task::spawn_blocking({
        let group = group.clone();
        move || supervise(&launch, &group, tell)
    });
    if told.await.is_ok() {
        started();
    }
    let timed_out = tokio::select! {
        ended = &mut attempt => return outcome(ended, false),
        () = stop.cancelled() => false,
        () = expired(timeout) => true,
    };
    group.signal(Signal::TERM);
    tokio::select! {
        ended = &mut attempt => return outcome(ended, timed_out),
        () = tokio::time::sleep(grace) => {}
    }
    group.signal(Signal::KILL);
    outcome(attempt.await, timed_out)
}

async fn expired(timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => std::future::pending().await,
    }
}

fn outcome(ended: Result<io::Result<ExitStatus>, tokio::task::JoinError>, timed_out: bool) -> Outcome {
    let status = match ended {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => return Outcome::CannotStart(error.to_string()),
        Err(error) => return Outcome::CannotStart(error.to_string()),
    };
    // A status has either a code or a signal.
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    if timed_out { Outcome::TimedOut(code) } else { Outcome::Exited(code) }
}

/// Blocks for as long as the attempt lasts.
fn supervise(launch: &Launch, group: &Group, started: oneshot::Sender<()>) -> io::Result<ExitStatus> {
    let child = group.start(|| spawn(launch))?;
    // Nobody listens only if the attempt was given up, and then its group is killed.
    let _ = started.send(());
    let pid = Pid::from_child(&child);
    let seen = retry_on_intr(|| waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT));
    if let Err(error) = seen {
        tracing::warn!(%error, "cannot look at a job's process before reaping it");
    }
    group.end(child)
}

fn spawn(launch: &Launch) -> io::Result<Child> {
    let log = open_log(launch).map_err(|error| explain(error, "cannot write its log", &launch.log))?;
    Command::new(&launch.program)
        .args(&launch.arguments)
        .env_clear()
        .envs(&launch.environment)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .map_err(|error| explain(error, "cannot start", &launch.program))
}

fn open_log(launch: &Launch) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(&launch.log)
}

fn explain(error: io::Error, what: &str, path: &std::path::Path) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {}: {error}", path.display()))
}

/// The process group of an attempt, as far as signals may reach it.
#[derive(Debug, Clone, Default)]
struct Group(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    NotStarted,
    Running(Pid),
    Ended,
}

impl Group {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the leader, unless the attempt was given up before.
    fn start(&self, spawn: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
        let mut state = self.lock();
        if matches!(*state, State::Ended) {
            return Err(io::Error::new(
                io::ErrorKind::Interrupted,
                "the service ended before the job started",
            ));
        }
        let child = spawn()?;
        *state = State::Running(Pid::from_child(&child));
        Ok(child)
    }

    fn signal(&self, signal: Signal) {
        if let State::Running(pid) = *self.lock() {
            send(pid, signal);
        }
    }

    /// Kills what the leader left behind, reaps the leader, and waits until the group is gone.
    fn end(&self, mut child: Child) -> io::Result<ExitStatus> {
        let pid = Pid::from_child(&child);
        let status = {
            let mut state = self.lock();
            send(pid, Signal::KILL);
            *state = State::Ended;
            child.wait()
        };
        let step = Duration::from_millis(10);
        let mut waited = Duration::ZERO;
        while test_kill_process_group(pid).is_ok() && waited < GONE {
            thread::sleep(step);
            waited += step;
        }
        status
    }
}

fn send(pid: Pid, signal: Signal) {
    match kill_process_group(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => tracing::warn!(%error, ?signal, "cannot signal the process group of a job"),
    }
}

struct KillOnDrop(Group);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        match *state {
            State::NotStarted => *state = State::Ended,
            State::Running(pid) => send(pid, Signal::KILL),
            State::Ended => {}
        }
    }
}
