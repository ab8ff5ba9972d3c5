//! `report.json`: what became of an upload, for a person and for a program.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::measured::{self, Measured};
use crate::plan::{Plan, RenderId};
use crate::record::FrameFault;
use crate::versioned;

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

impl State {
    /// As `report.json` has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
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
    /// The command that renders what is missing, and only that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    /// The frames, unless the upload was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<Frames>,
    /// Key of the archive, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip: Option<String>,
    /// Key of the frames as a film, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
    /// Key of the frames at one glance, where there are moving pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_sheet: Option<String>,
    /// All that is in the way, where that is more than the message says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Fault>,
    /// What the artist should know though nothing failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// How long the tasks took, of this render or of an earlier one of the same name: what the next plan goes by.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "measured::if_readable")]
    pub measured: Option<Measured>,
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
            preview: None,
            contact_sheet: None,
            problems: Vec::new(),
            warnings: Vec::new(),
            measured: None,
            written_at,
        }
    }

    /// A report on the render that `plan` plans, nothing said of its frames.
    pub fn of_plan(state: State, message: impl Into<String>, plan: &Plan, written_at: u64) -> Self {
        let mut report = Self::new(state, message, &plan.bucket, &plan.key, written_at);
        report.etag = Some(plan.source.etag.clone());
        report.render = Some(plan.render.clone());
        report.sequencer.clone_from(&plan.sequencer);
        report.warnings.clone_from(&plan.warnings);
        report
    }

    /// The report of an upload that cannot be rendered, for one reason or more.
    pub fn rejected(faults: &[Fault], bucket: &str, key: &str, written_at: u64) -> Self {
        let mut report = Self::new(State::Rejected, "", bucket, key, written_at);
        match faults {
            [] => report.message = "The upload cannot be rendered.".to_owned(),
            [fault] => {
                report.message.clone_from(&fault.message);
                report.hint = Some(fault.hint.clone());
            }
            faults => {
                report.message = format!("{} things are in the way of rendering this.", faults.len());
                report.hint = Some("Mend what `problems` lists, and upload the file again.".to_owned());
                report.problems = faults.to_vec();
            }
        }
        report
    }

    /// Whether this report is of a later upload than the one with this `sequencer`. Not, where either
    /// is unknown.
    pub fn is_later_than(&self, sequencer: Option<&str>) -> bool {
        let (Some(ours), Some(other)) = (self.sequencer.as_deref(), sequencer) else { return false };
        // S3's rule: hexadecimal digits, the shorter of the two filled up with zeros at its end.
        let digits = ours.len().max(other.len());
        let padded = |text: &str| format!("{text:0<digits$}").to_ascii_uppercase();
        padded(ours) > padded(other)
    }

    /// Reads a report.
    ///
    /// # Errors
    /// It is cut off, not a report, or of a version that this program does not know.
    pub fn from_json(json: &[u8]) -> Result<Self, Fault> {
        versioned::read(json, "report.json", REPORT_VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_states_word_is_that_of_the_json() {
        for state in [State::Accepted, State::Rejected, State::Complete, State::Partial, State::Failed] {
            assert_eq!(serde_json::to_value(state).expect("a word"), state.word());
        }
    }

    #[test]
    fn uploads_of_one_key_are_ordered_as_s3_says() {
        let later = |ours: Option<&str>, other| {
            let mut report = Report::new(State::Accepted, "", "b", "k", 0);
            report.sequencer = ours.map(str::to_owned);
            report.is_later_than(other)
        };
        assert!(later(Some("0055AED6DCD90281E6"), Some("0055AED6DCD90281E5")));
        assert!(!later(Some("0055AED6DCD90281E5"), Some("0055AED6DCD90281E5")));
        assert!(later(Some("0055AF"), Some("0055AED6DCD90281E5")), "lengths differ");
        assert!(!later(Some("0055AE"), Some("0055AED6DCD90281E5")));
        assert!(!later(Some("00"), Some("0")), "only zeros more");
        assert!(!later(None, Some("1")) && !later(Some("1"), None));
    }
}
