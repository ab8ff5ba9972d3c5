//! Rendering on one machine, beside Blender alone.

use std::process::{Command, ExitCode};

use anyhow::Result;

use super::measured;
use crate::blender::WHEELS;
use crate::cargo::{self, Programs};
use crate::folders;

/// Which scenes, and how often.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this scene: small, middle or large.
    #[arg(long)]
    scene: Option<String>,
    /// Rounds that count.
    #[arg(long)]
    times: Option<usize>,
}

/// Builds the farm as `cargo xtask local` does, fetches Blender, and measures.
///
/// # Errors
/// Something of it cannot be had here, or fails.
pub fn run(args: &Args) -> Result<ExitCode> {
    let blender = WHEELS[0].installed()?;
    cargo::build(Programs::Local)?;
    let mut bench = Command::new(measured::build()?);
    bench.arg("render").arg("--farm-local").arg(folders::programs()?.join("farm-local"));
    bench.arg("--blender").arg(&blender.path).arg(format!("--version={}", blender.version));
    bench.args(args.scene.iter().map(|scene| format!("--scene={scene}")));
    bench.args(args.times.map(|times| format!("--times={times}")));
    measured::run(&mut bench)
}
