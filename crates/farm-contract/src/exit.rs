//! The exit codes by which a task speaks to Batch.
//!
//! The stack turns [`final_patterns`] into `evaluateOnExit` rules, so what a task means and what
//! Batch does cannot drift apart. Only ever add codes.

/// How a task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum TaskExit {
    /// All of its work is in the bucket.
    Done = 0,
    /// A fault of our own or of the environment that trying again will not mend.
    Failed = 1,
    /// The command line or the environment is not what the farm sends.
    Usage = 64,
    /// The `.blend` cannot be rendered as it is: damaged, no camera, an engine that needs a
    /// display, a picture that would be wrong.
    Scene = 65,
    /// The upload was replaced or deleted while it rendered; a newer render owns its folder.
    Superseded = 66,
    /// Frames of the plan are missing: the archive is partial.
    Incomplete = 67,
    /// Blender needed more memory than the task has: another attempt with as much would end the
    /// same way, one with more may not.
    OutOfMemory = 68,
    /// The render would cost more than it may.
    CostReached = 69,
    /// No space left in the task's scratch folder or in the bucket.
    NoSpace = 74,
    /// Stopped from outside, storage not answering, Blender killed by a signal: the same task
    /// may succeed elsewhere.
    TryAgain = 75,
}

impl TaskExit {
    /// Every exit, in order of its code.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Scene,
        Self::Superseded,
        Self::Incomplete,
        Self::OutOfMemory,
        Self::CostReached,
        Self::NoSpace,
        Self::TryAgain,
    ];

    /// The process exit code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Whether Batch should start another attempt.
    pub const fn retries(self) -> bool {
        matches!(self, Self::TryAgain)
    }
}

/// How Batch's reason begins for a container that the kernel killed for its memory, whatever its
/// exit code.
pub const OUT_OF_MEMORY_REASON: &str = "OutOfMemoryError";

/// What a task ends with that a signal ended is 128 and the signal's number.
const BY_SIGNAL: std::ops::RangeInclusive<u8> = 129..=159;

/// The codes after which Batch shall not start another attempt, as its patterns: digits, and a
/// star that stands for any rest. All other codes are tried again, signals among them.
pub fn final_patterns() -> Vec<String> {
    let ends = |exit: &&TaskExit| !exit.retries() && **exit != TaskExit::Done;
    let tried_again: Vec<String> =
        (TaskExit::ALL.iter().filter(|exit| exit.retries()).map(|exit| exit.code()))
            .chain(BY_SIGNAL)
            .map(|code| code.to_string())
            .collect();
    let mut patterns = Vec::new();
    for code in TaskExit::ALL.iter().filter(ends).map(|exit| exit.code().to_string()) {
        let tens = &code[..1];
        let shared = tried_again.iter().all(|other| !other.starts_with(tens));
        let pattern = if shared { format!("{tens}*") } else { code };
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}

impl From<TaskExit> for std::process::ExitCode {
    fn from(exit: TaskExit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_take_every_final_code_and_no_other() {
        let patterns = final_patterns();
        let ends = |code: u8| {
            let code = code.to_string();
            patterns.iter().any(|pattern| {
                pattern.strip_suffix('*').map_or(*pattern == code, |start| code.starts_with(start))
            })
        };
        for exit in TaskExit::ALL.into_iter().filter(|exit| *exit != TaskExit::Done) {
            assert_eq!(ends(exit.code()), !exit.retries(), "{exit:?} in {patterns:?}");
        }
        for killed in BY_SIGNAL {
            assert!(!ends(killed), "a task that was killed is tried again: {killed} in {patterns:?}");
        }
    }
}
