//! `cargo xtask check`: what needs no test to be seen.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cargo::{self, PLATFORM};
use crate::output::{self, Advice};
use crate::{directions, folders};

/// Runs every check, also behind one that fails.
///
/// # Errors
/// Names the checks that failed.
pub fn run() -> Result<ExitCode> {
    let mut failed = Vec::new();
    for (name, folder, arguments) in [
        ("format (cargo fmt --all mends it)", "", "fmt --all --check"),
        ("lints", "", "clippy --workspace --all-targets -- -D warnings"),
        ("generated code (cargo xtask codegen mends it)", "", "run --quiet --package cfn-codegen -- --check"),
        ("format of the fuzz targets (cargo fmt in fuzz/ mends it)", "fuzz", "fmt --check"),
        ("lints of the fuzz targets", "fuzz", "clippy --no-default-features -- -D warnings"),
    ] {
        output::step(format_args!("cargo {arguments}"));
        let mut command = cargo::cargo(arguments.split(' '));
        if !folder.is_empty() {
            // A workspace of its own, which would build into its own folder.
            command.current_dir(folders::workspace().join(folder));
            command.env("CARGO_TARGET_DIR", folders::target()?.join(folder));
        }
        if !cargo::run(&mut command)?.success() {
            failed.push(name);
        }
    }

    output::step("Who may depend on whom");
    // Packages for other systems are neither fetched nor looked at.
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
