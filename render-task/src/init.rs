//! Being the first process of a container.
//!
//! The kernel makes the first process the parent of all whose own parent has ended, and gives it no
//! signal that it does not handle. So there the task runs as a child, and the first process does nothing
//! but pass signals on and wait for whoever ends.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, wait};
use tokio::signal::unix::{SignalKind, signal};

/// Whether this is the first process.
pub fn is_first() -> bool {
    getpid() == Pid::INIT
}

/// Runs this program once more with the same arguments, as a child, to its end.
///
/// # Errors
/// It cannot be started.
pub fn run() -> io::Result<ExitStatus> {
    let mut task = Command::new(std::env::current_exe()?);
    task.args(std::env::args_os().skip(1));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(supervise(&mut task))
}

/// Runs a program to its end, passes signals on to it, and waits meanwhile for every process that has
/// become a child of this one. Nothing else of this process may wait for children.
///
/// # Errors
/// It cannot be started.
pub async fn supervise(task: &mut Command) -> io::Result<ExitStatus> {
    let mut ended = signal(SignalKind::child())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let child = task.spawn()?;
    let child = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let child = child.ok_or_else(|| io::Error::other("the task has no process id"))?;
    let pass_on = |signal| {
        // It may have ended in this moment, which is told next.
        let _ = kill_process(child, signal);
    };
    loop {
        if let Some(status) = reap(child)? {
            return Ok(status);
        }
        tokio::select! {
            _ = ended.recv() => {}
            _ = terminate.recv() => pass_on(Signal::TERM),
            _ = interrupt.recv() => pass_on(Signal::INT),
        }
    }
}

/// Takes leave of all that have ended. How the task ended, if it is one of them.
fn reap(task: Pid) -> io::Result<Option<ExitStatus>> {
    while let Some((pid, status)) = wait(WaitOptions::NOHANG)? {
        if pid == task {
            return Ok(Some(ExitStatus::from_raw(status.as_raw())));
        }
    }
    Ok(None)
}
