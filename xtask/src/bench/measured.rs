//! `farm-bench`, which measures, and where its numbers go.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::cargo;
use crate::folders;
use crate::output::{self, Advice};

/// The document that has a table for each bench.
pub fn document() -> PathBuf {
    folders::workspace().join("docs/performance.md")
}

/// Builds what measures and gives its path. The loopback services are in it, built to be fast.
///
/// # Errors
/// It does not build.
pub fn build() -> Result<PathBuf> {
    output::step("Building what measures");
    built("farm-bench")
}

/// Builds one program, to be fast, and gives its path.
///
/// # Errors
/// It does not build.
pub fn built(program: &str) -> Result<PathBuf> {
    let package = format!("-p={program}");
    let status = cargo::run(&mut cargo::cargo(["build", "--profile=measured", &package, "--bins"]))?;
    if !status.success() {
        return Err(Advice::error(
            "What measures does not build.",
            "What cargo says above names the reason.",
        ));
    }
    Ok(folders::target()?.join("measured").join(program))
}

/// Runs it to its end. Its exit code is that of the bench.
///
/// # Errors
/// It cannot be run.
pub fn run(bench: &mut Command) -> Result<ExitCode> {
    bench.arg("--document").arg(document());
    let status = cargo::run(bench)?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
