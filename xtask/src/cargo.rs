//! Cargo, as the one that started this program.

use std::process::{Command, ExitStatus};

use anyhow::{Context, Result};

use crate::folders;
use crate::output::{self, Advice};

/// What the farm runs on.
pub const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// A call of cargo in this workspace.
pub fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// Runs it with its own output on the terminal.
pub fn run(command: &mut Command) -> Result<ExitStatus> {
    command.status().with_context(|| format!("cannot run {}", command.get_program().display()))
}

/// Programs of the farm.
#[derive(Debug, Clone, Copy)]
pub enum Programs {
    /// Those that render on this machine, without what deploys them elsewhere and its SDKs.
    Local,
    /// The one that keeps the farm's cloud.
    Stack,
    /// The artist's client.
    Client,
    /// Those that put the farm into the cloud.
    Deploy,
    /// All of them, as the tests want them.
    All,
}

/// Builds the farm's programs, to where this one lies.
pub fn build(which: Programs) -> Result<()> {
    output::step(match which {
        Programs::Stack | Programs::Deploy => "Building the program that keeps the farm's cloud",
        Programs::Client => "Building the farm's client",
        Programs::Local | Programs::All => "Building the farm's programs",
    });
    let programs = folders::programs()?;
    let packages: &[&str] = match which {
        Programs::Local => &["-p=farm-local", "-p=render-task", "-p=trigger-lambda", "-p=zip-task"],
        Programs::Stack => &["-p=stack"],
        Programs::Client => &["-p=farm"],
        Programs::Deploy => &["-p=stack", "-p=farm-images"],
        Programs::All => &["--workspace", "--exclude=xtask", "--exclude=cfn-codegen"],
    };
    let mut command = cargo(["build", "--bins"]);
    command.args(packages);
    if programs.file_name().is_some_and(|profile| profile == "release") {
        command.arg("--release");
    }
    if run(&mut command)?.success() {
        return Ok(());
    }
    Err(Advice::error(
        "The farm's programs do not build.",
        "What cargo says above names the reason. A fresh checkout builds with Rust 1.95, a C compiler and git.",
    ))
}
