//! What ended a Blender.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Blender ended, or never began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// What ended it.
    pub cause: Cause,
    /// How it ended, and its last words.
    pub message: String,
}

/// What ends a Blender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// There was no memory left: the kernel killed it, or it said so itself.
    OutOfMemory,
    /// A signal: it crashed.
    Signal(i32),
    /// It ended by itself, or cannot be spoken to.
    Ended,
}

impl std::fmt::Display for Death {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Death {}

/// The death of a process that ended so, with its last words.
pub(super) fn death(status: ExitStatus, words: &[String]) -> Death {
    const SIGKILL: i32 = 9;
    // A program that was started through a shell reports its signal as a code.
    let signal = status.signal().or_else(|| status.code().filter(|code| *code > 128).map(|code| code - 128));
    let said =
        if words.is_empty() { String::new() } else { format!(" Its last words: {}", words.join(" / ")) };
    match signal {
        Some(SIGKILL) => {
            let message = "Blender was killed, most likely because the task ran out of memory.".to_owned();
            Death { cause: Cause::OutOfMemory, message }
        }
        Some(signal) => Death {
            cause: Cause::Signal(signal),
            message: format!("Blender crashed (signal {signal}).{said}"),
        },
        None => Death { cause: Cause::Ended, message: format!("Blender ended early ({status}).{said}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deaths_are_told_apart() {
        let death = |raw| death(ExitStatus::from_raw(raw), &["last line".into()]);
        assert_eq!(death(9).cause, Cause::OutOfMemory);
        assert_eq!(death(137 << 8).cause, Cause::OutOfMemory);
        assert_eq!(death(139 << 8).cause, Cause::Signal(11));
        assert!(death(11).message.contains("last line"));
        assert_eq!(death(70 << 8).cause, Cause::Ended);
    }
}
