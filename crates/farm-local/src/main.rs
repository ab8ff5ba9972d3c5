//! The farm on one machine, as a program. See the library for what it is made of.

mod cli;

use std::process::ExitCode;

use clap::Parser;
use farm_terminal::Look;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let command = cli::Command::parse();
    // The log is for what goes wrong inside; what a person should see goes through `cli::show`.
    // s3s logs every refusal, a plain 404 among them, as an error.
    let filter = EnvFilter::try_from_env("FARM_LOG").unwrap_or_else(|_| EnvFilter::new("warn,s3s=off"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.log_internal_errors(false)
        .with_ansi(Look::of_stderr().colour)
        .without_time()
        .with_target(false)
        .compact()
        .init();
    match command.run().await {
        Ok(code) => code,
        Err(error) => {
            cli::show::report(&error);
            ExitCode::FAILURE
        }
    }
}
