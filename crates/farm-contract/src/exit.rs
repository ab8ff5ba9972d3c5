//! The exit codes by which a task speaks to Batch.
//!
//! The stack turns [`TaskExit::retries`] into `evaluateOnExit` rules, so what a task means and
//! what Batch does cannot drift apart. Only ever add codes.

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
    /// No space left in the task's scratch folder or in the bucket.
    NoSpace = 74,
    /// Stopped from outside, storage not answering, Blender killed by a signal: the same task
    /// may succeed elsewhere.
    TryAgain = 75,
}

impl TaskExit {
    /// Every exit, in order of its code.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Scene,
        Self::Superseded,
        Self::Incomplete,
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

impl From<TaskExit> for std::process::ExitCode {
    fn from(exit: TaskExit) -> Self {
        Self::from(exit.code())
    }
}
