//! The loopback farm, beside the processes and the bytes without it.

use std::process::{Command, ExitCode};

use anyhow::Result;

use super::measured;
use crate::cargo::{self, Programs};
use crate::folders;

/// Which table.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only one of the two tables: `children` or `bytes`.
    #[arg(long)]
    only: Option<String>,
}

/// Builds the farm as a person has it and as fast as it can be, and measures both.
///
/// # Errors
/// It does not build, or fails.
pub fn run(args: &Args) -> Result<ExitCode> {
    cargo::build(Programs::Local)?;
    let farm_local = folders::programs()?.join("farm-local");
    let mut bench = Command::new(measured::build()?);
    bench.arg("loopback").arg("--farm-local").arg(farm_local);
    bench.arg("--folder").arg(folders::target()?.join("bench"));
    bench.args(args.only.iter().map(|only| format!("--only={only}")));
    measured::run(&mut bench)
}
