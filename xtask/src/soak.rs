//! `cargo xtask soak`: the farm under faults, at random, for as long as one likes.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::cargo::{self, Programs};
use crate::output;

/// Have the farm's services fail at random, and see that no frame is lost, none rendered for two arrays,
/// and no archive wrong.
#[derive(clap::Args)]
pub struct Args {
    /// How long.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// What goes wrong: the number that an earlier run printed, to take it again.
    #[arg(long)]
    seed: Option<u32>,
}

/// Runs it; the exit code says whether all held.
pub fn run(args: &Args) -> Result<ExitCode> {
    cargo::build(Programs::All)?;
    let seed = args.seed.unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.subsec_nanos())
    });
    output::step(format!("Failing at random for {} minutes, seed {seed}", args.minutes));
    // The same command as that of all tests, so that nothing is compiled anew.
    let mut soak = cargo::cargo(["test", "--workspace", "--test", "soak", "--", "--nocapture"]);
    soak.env("FARM_SOAK_MINUTES", args.minutes.to_string()).env("FARM_SOAK_SEED", seed.to_string());
    let status = cargo::run(&mut soak)?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
