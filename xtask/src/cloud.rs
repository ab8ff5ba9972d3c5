//! `cargo xtask synth|diff|outputs|destroy`: the program that keeps the farm's cloud, built and run, for
//! the farm that `farm.toml` names.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::{self, Programs};
use crate::deploy::{Given, Settings};
use crate::folders;

/// What is handed on as it is.
#[derive(clap::Args)]
pub struct Args {
    /// The file that says which farm it is, where it is not farm.toml at the root of the repository; it
    /// comes first.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Handed to `stack`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Builds `stack`, and then becomes it, so that signals go straight to it.
///
/// # Errors
/// It does not build or start; on success it does not return.
pub fn run(verb: &str, args: &Args) -> Result<Infallible> {
    let which = match verb {
        // It calls nobody.
        "synth" => Vec::new(),
        _ => which(args.file.as_deref(), &args.arguments)?,
    };
    cargo::build(Programs::Stack)?;
    let program = folders::programs()?.join("stack");
    // Its usage and hints name the command that was typed.
    let error = Command::new(&program).arg0("cargo xtask").arg(verb).args(which).args(&args.arguments).exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}

/// What names the farm that the file says, unless one is named, or there is no file.
fn which(file: Option<&Path>, arguments: &[OsString]) -> Result<Vec<String>> {
    let given = |option: &str| {
        let is = |argument: &OsStr| {
            let argument = argument.to_string_lossy();
            argument.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        arguments.iter().any(|argument| is(argument))
    };
    let settings = Settings::read(file, &Given::default())?;
    if given("--stack") || settings.is_new() {
        return Ok(Vec::new());
    }
    let mut named = vec!["--stack".to_owned(), settings.stack()?.to_owned()];
    if let (Some(region), false) = (settings.region()?, given("--region")) {
        named.extend(["--region".to_owned(), region.to_owned()]);
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farm_of_the_file_is_meant_unless_another_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("farm.toml");
        let named = |arguments: &[&str]| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            which(Some(&file), &arguments).unwrap().join(" ")
        };
        assert_eq!(named(&[]), "");
        std::fs::write(&file, "stack = \"film\"\nregion = \"eu-west-1\"\n").unwrap();
        assert_eq!(named(&["--yes"]), "--stack film --region eu-west-1");
        assert_eq!(named(&["--region", "us-east-1"]), "--stack film");
        assert_eq!(named(&["--stack=other"]), "");
    }
}
