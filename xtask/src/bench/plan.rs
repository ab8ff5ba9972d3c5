//! The plan, beside the best possible.

use std::process::{Command, ExitCode};

use anyhow::Result;

use super::measured;

/// Measures.
///
/// # Errors
/// It does not build, or fails.
pub fn run() -> Result<ExitCode> {
    let mut bench = Command::new(measured::build()?);
    bench.arg("plan");
    measured::run(&mut bench)
}
