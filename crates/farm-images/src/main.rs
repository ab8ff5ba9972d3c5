//! `images`: puts container images into the farm's registry.
//!
//! What it says to a person goes to stderr; stdout is for data. Start reading at `cli`.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let command = cli::Command::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            cli::show::report(&anyhow::Error::new(error).context("cannot start"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(command.run()).unwrap_or_else(|error| {
        cli::show::report(&error);
        ExitCode::FAILURE
    });
    // A thread may be waiting for standard input, which may never come.
    runtime.shutdown_background();
    code
}
