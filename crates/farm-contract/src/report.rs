//! `report.json`: what became of an upload, for a person and for a program.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::plan::{RenderId, read_versioned};
use crate::record::FrameFault;

/// Version of [`Report`]'s JSON.
pub const REPORT_VERSION: u32 = 1;

/// How far an upload came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its render is planned and submitted.
    Accepted,
    /// Nothing was rendered; the message says why.
    Rejected,
    /// Every frame of the plan is there, and in the archive.
    Complete,
    /// Some frames are missing; the archive holds the others.
    Partial,
    /// No frame is there, and no archive.
    Failed,
}

/// `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// How far the upload came.
    pub state: State,
    /// The same in a sentence.
    pub message: String,
    /// What to do next, where there is something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Bucket of the upload.
    pub bucket: String,
    /// Key of the upload.
    pub key: String,
    /// ETag of the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The render, unless the upload was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub render: Option<RenderId>,
    /// Orders the uploads of one key: that of the upload event, hexadecimal digits of any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
    /// The command that renders what is missing, and only that, where another try may help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    /// The frames, unless the upload was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<Frames>,
    /// Key of the archive, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip: Option<String>,
    /// What the artist should know though nothing failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// When this report was written, milliseconds since 1970.
    pub written_at: u64,
}

/// The frames of a render.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Frames {
    /// Planned frames as ranges, such as `1-24`.
    pub planned: String,
    /// How many that are.
    pub count: u64,
    /// How many of them are done.
    pub done: u64,
    /// Missing ones as ranges; empty when none is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub missing: String,
    /// Why frames are missing, where a task could say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FrameFault>,
    /// Seconds that Blender took for all frames of this render together.
    pub seconds: f64,
}

impl Report {
    /// A report with its state and message, everything else empty.
    pub fn new(state: State, message: impl Into<String>, bucket: &str, key: &str, written_at: u64) -> Self {
        Self {
            version: REPORT_VERSION,
            state,
            message: message.into(),
            hint: None,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            etag: None,
            render: None,
            sequencer: None,
            resume: None,
            frames: None,
            zip: None,
            warnings: Vec::new(),
            written_at,
        }
    }

    /// The report of an upload that cannot be rendered.
    pub fn rejected(fault: &Fault, bucket: &str, key: &str, written_at: u64) -> Self {
        let mut report = Self::new(State::Rejected, &fault.message, bucket, key, written_at);
        report.hint = Some(fault.hint.clone());
        report
    }

    /// Reads a report.
    ///
    /// # Errors
    /// It is cut off, not a report, or of a version that this program does not know.
    pub fn from_json(json: &[u8]) -> Result<Self, Fault> {
        read_versioned(json, "report.json", REPORT_VERSION)
    }
}
