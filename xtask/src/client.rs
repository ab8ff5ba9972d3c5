//! `cargo xtask submit`, `watch`, `pull` and so on: the artist's client, built and run.

use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::{self, Programs};
use crate::folders;

/// What is handed on as it is.
#[derive(clap::Args)]
pub struct Args {
    /// Handed to `farm`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Builds `farm`, and then becomes it, so that signals go straight to it.
///
/// # Errors
/// It does not build or start; on success it does not return.
pub fn run(verb: &str, args: &Args) -> Result<Infallible> {
    cargo::build(Programs::Client)?;
    let program = folders::programs()?.join("farm");
    // Its usage names the command that was typed.
    let error = Command::new(&program).arg0("cargo xtask").arg(verb).args(&args.arguments).exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}
