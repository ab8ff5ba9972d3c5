//! Measures what is claimed of speed and size, beside what it is compared with, in one run.
//!
//! Each bench is a file: it sets up what is measured and the ways to do it, has [`measure`] run them in turns, and
//! hands its numbers to [`table`]. `cargo xtask bench NAME` builds the programs, fetches what they are compared
//! with and starts this.

mod function;
mod loopback;
mod measure;
mod plan;
mod render;
mod s3;
mod table;
mod template;
mod zip;

use std::process::ExitCode;

use clap::Parser;

/// Measure what is claimed of the farm.
#[derive(Debug, Parser)]
enum Bench {
    /// The function: its package, a cold start with one upload, and its memory, beside the same on Node.js.
    Function(function::Args),
    /// The loopback farm: what it adds to processes and to bytes, beside the same without it.
    Loopback(loopback::Args),
    /// The plan of a render: the time to make one, and how good it is beside the best possible.
    Plan(plan::Args),
    /// Rendering on one machine, beside Blender alone.
    Render(render::Args),
    /// The template, beside the CDK.
    Template(template::Args),
    /// The archive of a render, beside the AWS CLI with `zip`, and beside moving the bytes alone.
    Zip(zip::Args),
}

fn main() -> ExitCode {
    let done = match Bench::parse() {
        Bench::Function(args) => function::run(&args),
        Bench::Loopback(args) => loopback::run(&args),
        Bench::Plan(args) => plan::run(&args),
        Bench::Render(args) => render::run(&args),
        Bench::Template(args) => template::run(&args),
        Bench::Zip(args) => zip::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            farm_terminal::report(&error, |_| None);
            ExitCode::FAILURE
        }
    }
}
