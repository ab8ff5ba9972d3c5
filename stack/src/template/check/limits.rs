//! How much a template may hold, and parameters whose defaults do not fit.

use super::{Finding, find};
use crate::template::document::Document;
use crate::template::resolve::default_problem;

/// Bytes of a body that comes through a bucket.
const BODY: usize = 1_048_576;
/// Bytes of the description.
const DESCRIPTION: usize = 1_024;

pub(super) fn check(document: &Document, found: &mut Vec<Finding>) {
    for (path, count, most, what) in [
        ("Resources", document.resources.len(), 500, "resources"),
        ("Parameters", document.parameters.len(), 200, "parameters"),
        ("Outputs", document.outputs.len(), 200, "outputs"),
        ("Description", document.description.len(), DESCRIPTION, "bytes"),
        ("Template", document.size, BODY, "bytes"),
    ] {
        if count > most {
            find(
                found,
                path,
                format!("has {count} {what}, and CloudFormation takes {most}; make do with fewer"),
            );
        }
    }
    if document.resources.is_empty() {
        find(found, "Resources", "is empty, and CloudFormation wants one at least; add one");
    }
    for (name, spec) in &document.parameters {
        if let Some(problem) = default_problem(spec) {
            find(
                found,
                format!("Parameters.{name}.Default"),
                format!("{problem}; change it or the declaration"),
            );
        }
    }
}
