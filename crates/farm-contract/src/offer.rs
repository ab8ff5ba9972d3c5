//! `.farm/farm.json`: what farm this is, for whoever sends it a scene.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::versioned;

/// Version of [`Offer`]'s JSON.
pub const OFFER_VERSION: u32 = 1;

/// What the farm offers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// [`OFFER_VERSION`].
    pub version: u32,
    /// Its Blenders, as `4.5`.
    pub blenders: Vec<String>,
    /// Name of its stack. None of a farm on one machine, and of one that an older version deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// ARN of its queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Log group of its tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<String>,
    /// What its render tasks are like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Tasks>,
}

/// What a farm's render tasks are like.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tasks {
    /// vCPUs of one.
    pub vcpus: f64,
    /// MiB of memory of one.
    pub memory_mib: u64,
    /// vCPUs that all together may have.
    pub vcpus_allowed: f64,
    /// Where they run.
    pub runs: Runs,
}

/// Where a farm's tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    /// On Fargate Spot, and on Fargate where that is full.
    SpotFirst,
    /// On Fargate Spot alone.
    Spot,
    /// On Fargate alone.
    OnDemand,
    /// On one machine, where nobody sends a bill.
    Here,
}

impl Offer {
    /// Of these Blenders, and nothing else said.
    pub fn new(blenders: impl IntoIterator<Item = String>) -> Self {
        Self {
            version: OFFER_VERSION,
            blenders: blenders.into_iter().collect(),
            stack: None,
            queue: None,
            logs: None,
            tasks: None,
        }
    }

    /// Reads `farm.json`.
    ///
    /// # Errors
    /// It is damaged, or of a version that this program does not know.
    pub fn from_json(json: &[u8]) -> Result<Self, Fault> {
        versioned::read(json, "farm.json", OFFER_VERSION)
    }
}
