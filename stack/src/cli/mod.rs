//! The command line of `stack`: one module for what a person gives, one for what he sees.

mod code;
mod console;
mod given;
pub mod show;
mod verbs;

use std::process::ExitCode;

use anyhow::Result;
use farm_terminal::{INTERRUPTED, interrupted};

/// The render farm's cloud: written, compared, deployed and taken down.
#[derive(Debug, clap::Parser)]
#[command(name = "stack", version, about)]
pub enum Command {
    /// Print the CloudFormation template. Calls nobody.
    Synth(verbs::Synth),
    /// Show what a deploy would change. Changes nothing.
    Diff(verbs::Diff),
    /// Tell who would deploy where, and that a farm can stand there, as JSON. Changes nothing.
    Site(verbs::Site),
    /// Deploy the farm, or bring one that stands up to date.
    Deploy(verbs::Deploy),
    /// Print what the deployed stack tells: bucket, upload command, registry and so on.
    Outputs(verbs::Outputs),
    /// Take the farm down, with all that is in its bucket.
    Destroy(verbs::Destroy),
}

impl Command {
    /// Runs the command to its end, or until Ctrl-C.
    pub async fn run(self) -> Result<ExitCode> {
        let work = async {
            match self {
                Self::Synth(verb) => verb.run(),
                Self::Diff(verb) => verb.run().await,
                Self::Site(verb) => verb.run().await,
                Self::Deploy(verb) => verb.run().await,
                Self::Outputs(verb) => verb.run().await,
                Self::Destroy(verb) => verb.run().await,
            }
        };
        tokio::select! {
            outcome = work => outcome,
            () = interrupted() => {
                show::interrupted();
                Ok(ExitCode::from(INTERRUPTED))
            }
        }
    }
}
