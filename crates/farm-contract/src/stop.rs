//! `stop.json`: somebody wants a render to end before its frames are done.
//!
//! Whoever puts it below the render's records has trigger-lambda stop the jobs; what is done is archived and
//! reported as after any render that lacks frames.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::versioned;

/// Version of [`Stop`]'s JSON.
pub const STOP_VERSION: u32 = 1;

/// That a render is to end, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// [`STOP_VERSION`].
    pub version: u32,
    /// Why, in a sentence that its report tells.
    pub reason: String,
}

impl Stop {
    /// For this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { version: STOP_VERSION, reason: reason.into() }
    }

    /// Reads `stop.json`.
    ///
    /// # Errors
    /// It is damaged, or of a version that this program does not know.
    pub fn from_json(json: &[u8]) -> Result<Self, Fault> {
        versioned::read(json, "stop.json", STOP_VERSION)
    }
}
