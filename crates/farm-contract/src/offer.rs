//! `.farm/farm.json`: what farm this is, for whoever sends it a scene.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::versioned;

/// Version of [`Offer`]'s JSON.
pub const OFFER_VERSION: u32 = 1;

/// What the farm offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// [`OFFER_VERSION`].
    pub version: u32,
    /// Its Blenders, as `4.5`.
    pub blenders: Vec<String>,
}

impl Offer {
    /// Of these Blenders.
    pub fn new(blenders: impl IntoIterator<Item = String>) -> Self {
        Self { version: OFFER_VERSION, blenders: blenders.into_iter().collect() }
    }

    /// Reads `farm.json`.
    ///
    /// # Errors
    /// It is damaged, or of a version that this program does not know.
    pub fn from_json(json: &[u8]) -> Result<Self, Fault> {
        versioned::read(json, "farm.json", OFFER_VERSION)
    }
}
