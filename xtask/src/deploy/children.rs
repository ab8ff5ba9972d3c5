//! Programs that are started on the way and must not outlive this one: whoever stops a deploy means them
//! too.

use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::output::{Advice, Told};

/// Those that run now.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());
/// The signal with which somebody stopped the deploy; 0 is none.
static STOPPED: AtomicI32 = AtomicI32::new(0);

/// From now on, a signal that ends this program is passed on, and what runs is waited for.
///
/// # Errors
/// Signals cannot be had here.
pub fn watch() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("signals cannot be heard here")?;
    std::thread::spawn(move || {
        for signal in &mut signals {
            STOPPED.store(signal, Ordering::SeqCst);
            let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
            if running.is_empty() {
                std::process::exit(128 + signal);
            }
            // Of Ctrl-C a terminal has told them itself. One that has just ended needs no signal.
            for pid in running.iter().filter(|_| signal == SIGTERM) {
                let _ = kill_process(*pid, Signal::TERM);
            }
        }
    });
    Ok(())
}

/// Runs a program that shows what it does.
///
/// # Errors
/// It cannot be run, or was killed.
pub fn status(command: &mut Command) -> Result<ExitStatus> {
    let name = name(command);
    let child = command.spawn().with_context(|| format!("cannot run {name}"))?;
    Ok(waited(child, &name)?.status)
}

/// Runs a program that answers on standard output and says what is wrong by itself.
///
/// # Errors
/// It cannot be run, was killed, or ended badly.
pub fn answer(command: &mut Command) -> Result<Vec<u8>> {
    let name = name(command);
    let child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run {name}"))?;
    let output = waited(child, &name)?;
    if output.status.success() { Ok(output.stdout) } else { Err(Told.into()) }
}

fn waited(child: Child, name: &str) -> Result<Output> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let running = || RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    running().extend(pid);
    let ended = child.wait_with_output();
    running().retain(|other| Some(*other) != pid);
    let output = ended.with_context(|| format!("{name} cannot be waited for"))?;
    // It has told what there is to tell.
    match STOPPED.load(Ordering::SeqCst) {
        0 => {}
        signal => std::process::exit(128 + signal),
    }
    if output.status.code().is_none() {
        return Err(Advice::error(
            format!("{name} was killed ({}).", output.status),
            "Where the system kills programs, memory is short as a rule. Run the same command again: what is done \
             stays done.",
        ));
    }
    Ok(output)
}

fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    program.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_was_killed_is_not_passed_over_in_silence() {
        let shell = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            shell
        };
        let error = answer(&mut shell("kill -9 $$")).unwrap_err().to_string();
        assert!(error.starts_with("sh was killed (signal: 9"), "{error}");
        assert!(answer(&mut shell("exit 1")).unwrap_err().is::<Told>());
        assert_eq!(answer(&mut shell("echo x")).unwrap(), b"x\n");
        assert_eq!(status(&mut shell("exit 3")).unwrap().code(), Some(3));
    }
}
