//! `cargo xtask codegen`: the types of CloudFormation's resources, written by a program of its own.
//!
//! This one links nothing of it, and so builds when what was generated does not.

use std::process::ExitCode;

use anyhow::Result;

use crate::cargo;

/// Write the types of CloudFormation's resources.
#[derive(clap::Args)]
pub struct Args {
    /// Fail where something is stale, and write nothing.
    #[arg(long, conflicts_with = "update")]
    check: bool,
    /// Fetch both sources anew, the newest or the named versions, and say what changed.
    #[arg(long)]
    update: bool,
    /// With --update: version of the providers' schemas (cfn-lint).
    #[arg(long, requires = "update", value_name = "VERSION")]
    providers: Option<String>,
    /// With --update: version of the service specification (@aws-cdk/aws-service-spec).
    #[arg(long, requires = "update", value_name = "VERSION")]
    specification: Option<String>,
}

/// Runs the generator; the exit code is its own.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut command = cargo::cargo(["run", "--quiet", "--package", "cfn-codegen", "--"]);
    for (flag, given) in [("--check", args.check), ("--update", args.update)] {
        if given {
            command.arg(flag);
        }
    }
    for (flag, version) in [("--providers", &args.providers), ("--specification", &args.specification)] {
        if let Some(version) = version {
            command.args([flag, version]);
        }
    }
    let status = cargo::run(&mut command)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
