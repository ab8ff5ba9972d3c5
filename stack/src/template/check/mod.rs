//! What is wrong with a template, as far as its text tells. One file for each concern.
//!
//! These are the things that no emulator and no linter tells: they come out on the first deploy,
//! or on the first bill. Every finding says what to do. A value that cannot be told before the
//! parameters are known is passed over, except where rights are given: there it is found.
//!
//! Start reading at [`check()`]. How values are read before the parameters are known is in
//! `values.rs`.

mod capabilities;
mod compute;
mod delivery;
mod events;
mod idle;
mod jobs;
mod limits;
mod notification;
mod policy;
mod references;
mod storage;
mod values;

use std::fmt;

pub use capabilities::{Capability, capabilities};

use super::document::{Declared, Document};

/// Something that is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where: `Resources.Queue.Properties.Priority`.
    pub path: String,
    /// What is wrong there, and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// All that is wrong with a template, in the order of the places. Nothing is what is wanted.
pub fn check(document: &Document) -> Vec<Finding> {
    let mut found = Vec::new();
    for concern in [
        references::check,
        policy::check,
        idle::check,
        jobs::check,
        compute::check,
        notification::check,
        events::check,
        delivery::check,
        storage::check,
        limits::check,
    ] {
        concern(document, &mut found);
    }
    found.sort();
    // Two places may want the same of a third.
    found.dedup();
    found
}

fn find(found: &mut Vec<Finding>, path: impl Into<String>, message: impl Into<String>) {
    found.push(Finding { path: path.into(), message: message.into() });
}

/// The resources of a type, each with the path of its properties.
fn of_type<'a>(
    document: &'a Document,
    kind: &'a str,
) -> impl Iterator<Item = (&'a str, String, &'a Declared)> {
    document
        .resources
        .iter()
        .filter(move |(_, declared)| declared.kind == kind)
        .map(|(id, declared)| (id.as_str(), format!("Resources.{id}.Properties"), declared))
}

#[cfg(test)]
mod tests;
