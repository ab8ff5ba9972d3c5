//! `stack`: the farm's cloud, written, compared, deployed and taken down.
//!
//! What it says to a person goes to stderr; stdout is for data. Start reading at `cli`.

mod cli;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let command = cli::Command::parse();
    match command.run().await {
        Ok(code) => code,
        Err(error) => {
            cli::show::report(&error);
            ExitCode::FAILURE
        }
    }
}
