//! Why a child ends without its frames.

use std::error::Error;

use farm_contract::Fault;
use farm_contract::exit::TaskExit;

/// What a failure was caused by, for the log.
pub type Cause = Box<dyn Error + Send + Sync>;

/// A child ends: how Batch shall take it, and what the artist shall read.
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub struct Failure {
    /// How the task ends.
    pub exit: TaskExit,
    /// The same in the artist's words.
    pub fault: Fault,
    /// The error below it.
    #[source]
    pub cause: Option<Cause>,
}

impl Failure {
    /// A failure that explains itself.
    pub fn new(exit: TaskExit, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::of(exit, Fault::new(message, hint))
    }

    /// A failure from a fault.
    pub fn of(exit: TaskExit, fault: Fault) -> Self {
        Self { exit, fault, cause: None }
    }

    /// The same with the error below it.
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// An error of the scratch folder: full, or not to be used at all.
    pub fn scratch(doing: &str, error: std::io::Error) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded => Self::scratch_full(),
            _ => Self::new(
                TaskExit::Failed,
                format!("The task could not {doing} in its scratch folder."),
                "Check that FARM_SCRATCH names a folder that the task may write to.",
            ),
        }
        .because(error)
    }

    /// The scratch folder is full.
    pub fn scratch_full() -> Self {
        Self::new(
            TaskExit::NoSpace,
            "The task's scratch folder is full.",
            "Give the task more storage (or FARM_SCRATCH a folder with more space), then upload the file again.",
        )
    }
}
