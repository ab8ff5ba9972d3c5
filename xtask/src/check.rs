//! `cargo xtask check`: what needs no test to be seen.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::output::{self, Advice};
use crate::{cargo, directions};

/// What the farm runs on; packages for other systems are neither fetched nor looked at.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// Runs every check, also behind one that fails.
///
/// # Errors
/// Names the checks that failed.
pub fn run() -> Result<ExitCode> {
    let mut failed = Vec::new();
    for (name, arguments) in [
        ("format (cargo fmt --all mends it)", "fmt --all --check"),
        ("lints", "clippy --workspace --all-targets -- -D warnings"),
        ("generated code (cargo xtask codegen mends it)", "run --quiet --package cfn-codegen -- --check"),
    ] {
        output::step(format_args!("cargo {arguments}"));
        if !cargo::run(&mut cargo::cargo(arguments.split(' ')))?.success() {
            failed.push(name);
        }
    }

    output::step("Who may depend on whom");
    let metadata = cargo::cargo(["metadata", "--format-version", "1", "--filter-platform", PLATFORM])
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cannot run cargo metadata")?;
    let metadata = serde_json::from_slice(&metadata.stdout).context("cargo metadata says no JSON")?;
    let broken = directions::broken(&metadata)?;
    for direction in &broken {
        output::note(direction);
    }
    if !broken.is_empty() {
        failed.push("who may depend on whom");
    }

    if failed.is_empty() {
        output::step("All checks passed");
        return Ok(ExitCode::SUCCESS);
    }
    Err(Advice::error(
        format!("Failed: {}.", failed.join("; ")),
        "What each found stands above, under its own heading.",
    ))
}
