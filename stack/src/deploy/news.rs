//! What there is to tell while a stack is changed, and whom it is told to. Nothing is printed here:
//! whoever deploys decides how it looks.

use std::time::Duration;

use async_trait::async_trait;

use super::change_set::Change;
use super::error::DeployError;
use super::events::StackEvent;

/// One thing to tell.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Where it goes.
    Target {
        /// The stack's name.
        stack: String,
        /// 12 digits.
        account: String,
        /// The region.
        region: String,
    },
    /// Something that was begun before is still going on, and is followed to its end.
    Following {
        /// The stack's status.
        status: String,
    },
    /// What is left of a failed attempt is put in order first.
    Mending {
        /// The stack's status.
        status: String,
    },
    /// A step begins.
    Step {
        /// Its number, from 1.
        number: usize,
        /// How many there are.
        of: usize,
        /// What it is about.
        title: &'static str,
    },
    /// What would change.
    Plan(Vec<Change>),
    /// Nothing would.
    NoChange,
    /// A file is in the bucket.
    Uploaded {
        /// What it is.
        what: &'static str,
        /// Its size in bytes.
        bytes: u64,
    },
    /// Something happened to the stack or one of its resources.
    Event {
        /// What.
        event: StackEvent,
        /// How long after the first event of this operation.
        after: Duration,
        /// Resources that are done.
        done: usize,
        /// Resources that change.
        of: usize,
    },
    /// Nothing has happened for a while.
    Waiting {
        /// Logical ids of what is being worked on.
        on: Vec<String>,
        /// For how long nothing has happened.
        silent: Duration,
    },
    /// The stack is as it was asked for.
    Done {
        /// How long it took.
        took: Duration,
    },
    /// Jobs are stopped before the stack goes.
    StoppingJobs {
        /// How many are not stopped yet.
        left: usize,
    },
    /// The bucket is emptied.
    Emptying {
        /// Versions of objects that are gone.
        gone: u64,
        /// How many there were.
        of: u64,
    },
    /// Deleting is tried again.
    Again {
        /// Why it failed.
        why: String,
    },
    /// The stack is gone.
    Gone,
}

/// Who is told, and asked.
#[async_trait(?Send)]
pub trait Host {
    /// Tells something.
    fn tell(&mut self, news: &News);
    /// Asks whether to go on. What it is about has been told.
    async fn confirm(&mut self, question: &str) -> Answer;
}

/// What is said to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Do not.
    No,
    /// There is nobody who could say.
    Nobody,
}

impl Answer {
    /// That somebody agreed.
    ///
    /// # Errors
    /// Nobody did.
    pub fn agreed(self) -> Result<(), DeployError> {
        match self {
            Self::Yes => Ok(()),
            Self::No => Err(DeployError::Declined),
            Self::Nobody => Err(DeployError::NobodyToAsk),
        }
    }
}
