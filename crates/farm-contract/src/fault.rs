//! A failure in the words of the person who uploaded the file.

use serde::{Deserialize, Serialize};

/// Something went wrong, and here is what to do about it.
///
/// Shown as it is in `report.json`, in a task record and in the terminal, so both texts are
/// whole sentences for an artist and hold no internal names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl Fault {
    /// A fault from what is wrong and what to do next.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}
