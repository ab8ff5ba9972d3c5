//! `cargo xtask test`: sets up all that the tests need, and runs every one of them.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::output;
use crate::{blender, cargo, venv};

const TOOLS: &str = include_str!("../tools-requirements.txt");

/// Set up all that the tests need, and run every test.
#[derive(clap::Args)]
pub struct Args {
    /// Handed to `cargo test --workspace`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    cargo: Vec<String>,
}

/// Runs the tests; the exit code is theirs.
pub fn run(args: &Args) -> Result<ExitCode> {
    let blender = blender::installed()?;
    let tools = venv::ensure(&venv::Packages {
        name: "tools",
        what: "the S3 client that the tests use (awscli)",
        size: "about 25 MB to fetch, 230 MB on disk",
        requirements: TOOLS,
        check: imports,
    })?;
    cargo::build_programs()?;
    output::step("Running the tests");
    let mut tests = cargo::cargo(["test", "--workspace"]);
    if args.cargo.is_empty() {
        // There are no tests in documentation; looking for them in every crate takes its time.
        tests.arg("--all-targets");
    }
    tests.args(&args.cargo).env("FARM_TEST_BLENDER", &blender.path).env("FARM_TEST_PYTHON", tools);
    let status = cargo::run(&mut tests)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn imports(python: &Path) -> Result<(), String> {
    let tried = Command::new(python).args(["-c", "import awscli.clidriver"]).output();
    match tried {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("its Python does not start ({error})")),
    }
}
