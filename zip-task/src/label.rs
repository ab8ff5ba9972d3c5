//! What is said of an object that zip-task makes of frames: whose it is, and what went into it.

use std::collections::HashMap;

use farm_contract::metadata;
use farm_contract::plan::Plan;

use crate::contents::Contents;
use crate::store::Head;
pub use crate::store::Label;

/// Of which frames something is made.
#[derive(Debug, Clone)]
pub struct Maker<'a> {
    plan: &'a Plan,
    contents: String,
}

impl<'a> Maker<'a> {
    /// Of the frames that the archive `contents` of `plan` holds.
    pub fn new(plan: &'a Plan, contents: &Contents) -> Self {
        Self { plan, contents: contents.fingerprint() }
    }

    /// The label of what is made at `key`.
    pub fn label(&self, key: String, content_type: &'static str) -> Label {
        let metadata = HashMap::from([
            (metadata::RENDER.to_owned(), self.plan.render.to_string()),
            (metadata::SOURCE.to_owned(), self.plan.source.id.to_string()),
            (metadata::CONTENTS.to_owned(), self.contents.clone()),
        ]);
        Label { key, content_type, metadata, tagging: Some(metadata::rendered_tagging()) }
    }
}

impl Label {
    /// Whether what lies there is just this: an earlier attempt made it.
    pub fn is_of(&self, head: &Head) -> bool {
        head.metadata == self.metadata
    }
}
