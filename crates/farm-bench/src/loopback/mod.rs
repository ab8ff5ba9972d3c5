//! The farm on loopback: what it adds to the processes that it starts, and to the bytes that go through its S3.
//!
//! Both are measured twice: the services as optimised as this program, which tells what their design costs, and
//! `farm-local` as `cargo xtask local` builds and starts it, which is what a person has.

mod alone;
mod bytes;
mod children;
mod client;
mod farm;
mod socket;

use std::path::PathBuf;

use anyhow::{Context, Result};
use farm_terminal::say;

use crate::measure::{TIMES, Way};
use farm::Farm;

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `farm-local`, as a person has it.
    #[arg(long)]
    farm_local: PathBuf,
    /// A folder on the disk that is measured, for all that the ways write.
    #[arg(long)]
    folder: PathBuf,
    /// The document that gets the tables.
    #[arg(long)]
    document: PathBuf,
    /// Rounds that count.
    #[arg(long, default_value_t = TIMES)]
    times: usize,
    /// Only one of the two tables.
    #[arg(long)]
    only: Option<Only>,
}

/// One of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    /// What a child costs.
    Children,
    /// What bytes cost.
    Bytes,
}

/// Measures, and publishes the tables.
///
/// # Errors
/// A farm does not come up, or one of the ways failed.
pub fn run(args: &Args) -> Result<()> {
    let optimised = Farm::within(&args.folder)?;
    let built = Farm::apart(&args.folder, &args.farm_local, &optimised)?;
    if args.only != Some(Only::Bytes) {
        children::run(args, &optimised, &built)?;
    }
    if args.only != Some(Only::Children) {
        bytes::run(args, &optimised, &built)?;
    }
    Ok(())
}

/// Measures all ways in turns, of what is warm already.
fn in_turns_warm(what: &str, times: usize, ways: &mut [Way<'_>]) -> Result<()> {
    for round in 1..=times {
        say(&format!("{what}: round {round} of {times}"));
        for way in &mut *ways {
            let measured = (way.run)().with_context(|| format!("{} failed", way.name))?;
            way.samples.add(measured);
        }
    }
    Ok(())
}
