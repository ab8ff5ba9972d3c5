//! `cargo xtask bench`: what is claimed of speed and size, measured side by side in one run.
//!
//! Here the programs are built and what they are compared with is set up; `crates/farm-bench` measures, except for
//! the images, which the container engine runs.

mod function;
mod images;
mod loopback;
mod measured;
mod plan;
mod render;
mod template;
mod zip;

use std::process::ExitCode;

use anyhow::Result;

/// Measure what is claimed, beside what it is compared with.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// The function: its package, a cold start with one upload, and its memory, beside the same on Node.js.
    Function,
    /// The images: their sizes, the time to a first frame and the memory, beside an image that is made
    /// without a thought and a Blender in none.
    Images(images::Args),
    /// The loopback farm: what it adds to processes and to bytes, beside the same without it.
    Loopback(loopback::Args),
    /// The plan of a render: the time to make one, and how good it is beside the best possible.
    Plan,
    /// Rendering on one machine, beside Blender alone.
    Render(render::Args),
    /// The template, beside the CDK.
    Template,
    /// The archive of a render, beside the AWS CLI with `zip`, and beside moving the bytes alone.
    Zip(zip::Args),
}

/// Measures.
///
/// # Errors
/// Something of it cannot be run here.
pub fn run(args: &Args) -> Result<ExitCode> {
    match args {
        Args::Function => function::run(),
        Args::Images(args) => images::run(args),
        Args::Loopback(args) => loopback::run(args),
        Args::Plan => plan::run(),
        Args::Render(args) => render::run(args),
        Args::Template => template::run(),
        Args::Zip(args) => zip::run(args),
    }
}
