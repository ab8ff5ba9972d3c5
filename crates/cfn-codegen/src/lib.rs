//! Writes the types of CloudFormation's resources: schemas in, Rust out.
//!
//! The schemas lie in `stack/schemas`, excerpts of two public packages that [`sources`] fetches;
//! [`fixups`] mends them, [`decide`] makes a [`model`] of them, [`emit`] writes it. This crate knows
//! nothing of the farm, and builds when what it wrote does not. Start reading at [`generate`].

pub mod decide;
pub mod diff;
pub mod emit;
pub mod fixups;
pub mod folder;
mod kinds;
pub mod merge;
pub mod model;
mod names;
mod naming;
pub mod output;
mod paths;
mod patterns;
pub mod schema;
pub mod sources;
mod tables;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;

use crate::schema::Schema;

/// Every file of `generated/` by its path there.
///
/// # Errors
/// A fix-up no longer applies, or a schema says what cannot be expressed yet.
pub fn generate(mut schemas: Vec<Schema>) -> Result<BTreeMap<PathBuf, String>> {
    fixups::apply(&mut schemas)?;
    emit::files(&decide::model(&schemas)?)
}

#[cfg(test)]
mod tests;
