//! `cargo xtask bench`: what is claimed of speed and size, measured side by side in one run.

mod images;

use std::process::ExitCode;

use anyhow::Result;

/// Measure what is claimed, beside what it is compared with.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// The images: their sizes, the time to a first frame and the memory, beside an image that is made
    /// without a thought and a Blender in none. Writes the table in docs/images.md.
    Images(images::Args),
}

/// Measures.
///
/// # Errors
/// Something of it cannot be run here.
pub fn run(args: &Args) -> Result<ExitCode> {
    match args {
        Args::Images(args) => images::run(args),
    }
}
