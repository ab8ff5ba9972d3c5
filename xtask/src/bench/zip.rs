//! The archive, beside the AWS CLI with `zip`.

use std::process::{Command, ExitCode, Stdio};

use anyhow::Result;

use super::measured;
use crate::deploy::programs;
use crate::output::Advice;
use crate::tools;

/// Which sizes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the size with this many frames.
    #[arg(long)]
    frames: Option<usize>,
}

/// Sets up both ways, and measures.
///
/// # Errors
/// Something of it cannot be had here, or fails.
pub fn run(args: &Args) -> Result<ExitCode> {
    let there = Command::new("zip").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        return Err(Advice::error(
            "There is no `zip` to measure beside.",
            "Install it, such as with `apt-get install zip`, and run this again.",
        ));
    }
    let aws = tools::second_opinions().ensure()?;
    let zip_task = programs::build()?.zip_task;
    let mut bench = Command::new(measured::build()?);
    bench.arg("zip").arg("--zip-task").arg(zip_task).arg("--aws").arg(aws);
    bench.args(args.frames.map(|frames| format!("--frames={frames}")));
    measured::run(&mut bench)
}
