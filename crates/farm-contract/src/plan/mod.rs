//! The plan of a render, and how frames become children and arrays.
//!
//! A plan is put once, on condition that none is there: that put is the claim. Later writes
//! only add job ids, each on condition that nobody else wrote in between.
//!
//! Start reading at [`Plan`]; [`SourceId`] says when frames are the same.

mod ids;
mod layout;
mod source;

use serde::{Deserialize, Serialize};

use crate::allowances::Allowances;
use crate::fault::Fault;
use crate::frames::FrameSpec;
use crate::order::Order;
use crate::preview::Preview;
use crate::settings::Settings;
use crate::versioned;

pub use ids::{RenderId, SourceId};
pub use layout::{ARRAY_CHILDREN, ArrayJob, LargeJob, Layout, MAX_ARRAYS};
pub use source::Source;

/// Version of [`Plan`]'s JSON. A reader refuses any other.
pub const PLAN_VERSION: u32 = 1;

/// `plan.json`: the claim on an upload event, and all that was decided for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_VERSION`].
    pub version: u32,
    /// The render.
    pub render: RenderId,
    /// Bucket of the upload.
    pub bucket: String,
    /// Key of the upload.
    pub key: String,
    /// Orders the uploads of one key: that of the upload event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
    /// Which bytes it renders.
    pub source: Source,
    /// Frames, canonical text of a [`FrameSpec`].
    pub frames: String,
    /// Frames that one child renders.
    pub chunk: u32,
    /// In which order they are begun. Linear in plans of a farm that knew no other.
    #[serde(default, skip_serializing_if = "Order::is_linear")]
    pub order: Order,
    /// Seconds that one attempt of a child may take. None in plans of a farm that knew but the limit of a frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_seconds: Option<u32>,
    /// US dollars that it may cost before it is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<String>,
    /// What is let pass that is refused otherwise.
    #[serde(default, skip_serializing_if = "Allowances::is_none")]
    pub allowed: Allowances,
    /// What is wanted otherwise than the file has it.
    #[serde(default, skip_serializing_if = "Settings::is_none")]
    pub settings: Settings,
    /// The Blender that renders, as `4.5`. None in plans of a farm that had but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blender: Option<String>,
    /// How fast the moving pictures play that are made of the frames. None where none are made: the upload wants none,
    /// there is one frame, or the farm made none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<Preview>,
    /// How fast its frames play, whether or not moving pictures are made of them. Nothing in plans of a farm that did not
    /// note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<Preview>,
    /// Who holds the claim: the function's request id.
    pub claimed_by: String,
    /// When the claim was made or taken over, milliseconds since 1970.
    pub claimed_at: u64,
    /// When the upload was planned, milliseconds since 1970. Nothing in plans of a farm that did not note it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub begun_at: u64,
    /// The render jobs, in order of their frames.
    pub arrays: Vec<ArrayJob>,
    /// Batch's id of the zip job, once submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip_job_id: Option<String>,
    /// Why it was stopped, in a sentence, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Notes for the report.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl Plan {
    /// A plan of one frame in each child, which nobody holds and of which nothing is submitted.
    pub fn draft(render: RenderId, bucket: &str, key: &str, source: Source, frames: &str) -> Self {
        Self {
            version: PLAN_VERSION,
            render,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            sequencer: None,
            source,
            frames: frames.to_owned(),
            chunk: 1,
            order: Order::Linear,
            attempt_seconds: None,
            max_cost: None,
            allowed: Allowances::default(),
            settings: Settings::default(),
            blender: None,
            preview: None,
            speed: None,
            claimed_by: String::new(),
            claimed_at: 0,
            begun_at: 0,
            arrays: Vec::new(),
            zip_job_id: None,
            stopped: None,
            warnings: Vec::new(),
        }
    }

    /// When the render began: the claim may have been taken anew since.
    pub fn since(&self) -> u64 {
        if self.begun_at > 0 { self.begun_at } else { self.claimed_at }
    }

    /// Reads `plan.json`.
    ///
    /// # Errors
    /// It is cut off, not a plan, or of a version that this program does not know.
    pub fn from_json(json: &[u8]) -> Result<Self, Fault> {
        versioned::read(json, "plan.json", PLAN_VERSION)
    }

    /// The frames as a list.
    ///
    /// # Errors
    /// The text is not a frame list; the plan was damaged.
    pub fn frame_list(&self) -> Result<Vec<i32>, Fault> {
        Ok(self.frames.parse::<FrameSpec>()?.frames())
    }

    /// Whether every job is submitted.
    pub fn is_submitted(&self) -> bool {
        self.zip_job_id.is_some() && self.arrays.iter().all(|array| array.job_id.is_some())
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_or_newer_plan_is_told_apart() {
        assert!(Plan::from_json(b"{\"version\":1").expect_err("cut").message.contains("damaged"));
        assert!(Plan::from_json(b"{\"version\":2}").expect_err("newer").message.contains("version 2"));
        assert!(Plan::from_json(b"").is_err());
    }

    #[test]
    fn a_plan_of_a_farm_that_had_one_blender_and_no_settings_is_read() {
        let source = Source::of("a.blend", "\"e\"", 1, "4.5");
        let plan = Plan::draft(RenderId::of_event("b", "k", "v", "s"), "b", "a.blend", source, "1-3");
        let json = serde_json::to_string(&plan).expect("JSON");
        let words = [
            "settings",
            "blender",
            "project",
            "main",
            "allowed",
            "attempt_seconds",
            "order",
            "stopped",
            "begun_at",
            "max_cost",
            "preview",
            "speed",
        ];
        for word in words {
            assert!(!json.contains(&format!("\"{word}\"")), "{json}");
        }
        assert_eq!(Plan::from_json(json.as_bytes()), Ok(plan));
    }
}
