//! `cargo xtask test`: sets up all that the tests need, and runs every one of them.

use std::process::ExitCode;

use anyhow::Result;

use crate::blender::WHEELS;
use crate::cargo::{self, Programs};
use crate::output::{self, Advice};
use crate::{containers, fuzz, tools};

/// Set up all that the tests need, and run every test.
#[derive(clap::Args)]
pub struct Args {
    /// Fail at once where a test would be left out, for want of a tool on this machine.
    #[arg(long)]
    none_left_out: bool,
    /// Run the tests that build the images and run them too. Where there is no container engine,
    /// Debian's is installed and started for them, as root; so is Debian's ffmpeg, where there is none.
    #[arg(long)]
    containers: bool,
    /// Handed to `cargo test --workspace`; nothing is fuzzed then.
    #[arg(last = true, value_name = "ARGUMENTS")]
    cargo: Vec<String>,
}

/// Runs the tests; the exit code is theirs.
pub fn run(args: &Args) -> Result<ExitCode> {
    let [blender, newer] = [WHEELS[0].installed()?, WHEELS[1].installed()?];
    let mut tools = tools::ensure(args.containers)?;
    if args.none_left_out && !tools.left_out.is_empty() {
        return Err(Advice::error(
            format!("Not every test can run on this machine. {}", tools.left_out_words().join(" ")),
            "Install what is named, or run this without --none-left-out.",
        ));
    }
    // It stands until the tests are through.
    let containers = args.containers.then(containers::ensure).transpose()?;
    if containers.is_none() {
        tools.leave_out_containers();
    }
    cargo::build(Programs::All)?;
    let left_out = tools.left_out_words();
    say_left_out(&left_out);
    output::step("Running the tests");
    let mut tests = cargo::cargo(["test", "--workspace"]);
    if args.cargo.is_empty() {
        // There are no tests in documentation; looking for them in every crate takes its time.
        tests.arg("--all-targets");
    }
    tests
        .args(&args.cargo)
        .env("FARM_TEST_BLENDER", &blender.path)
        .env("FARM_TEST_BLENDER_NEWER", &newer.path);
    for name in tools::VARIABLES.into_iter().chain(containers::VARIABLES) {
        // What is set outside is of another version, or of another project.
        tests.env_remove(name);
    }
    tests.envs(containers.iter().flat_map(|containers| containers.environment.iter().cloned()));
    tests.envs(tools.environment.iter().cloned()).env(tools::LEFT_OUT, tools.left_out_names());
    let status = cargo::run(&mut tests)?;
    let fuzzed = match args.cargo.is_empty() && status.success() && fuzz::is_possible() {
        true => fuzz::briefly(),
        false => Ok(()),
    };
    // Once more: the beginning has long scrolled away.
    say_left_out(&left_out);
    fuzzed?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn say_left_out(left_out: &[&str]) {
    if left_out.is_empty() {
        return;
    }
    output::step("Left out on this machine");
    for which in left_out {
        output::note(which);
    }
}
