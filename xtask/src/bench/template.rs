//! The template, beside the CDK.

use std::process::{Command, ExitCode};

use anyhow::Result;

use super::measured;
use crate::cargo::{self, Programs};
use crate::folders;
use crate::kept::Contents;
use crate::npm::{self, Package};
use crate::output;

/// Builds `stack`, as `cargo xtask synth` does and once more to be fast, has the CDK, and measures.
///
/// # Errors
/// Something of it cannot be had here, or fails.
pub fn run() -> Result<ExitCode> {
    npm::wanted("to measure beside")?;
    let cdk = package().ensure()?;
    cargo::build(Programs::Stack)?;
    let stack = folders::programs()?.join("stack");
    output::step("Building the same program to be fast");
    let optimised = measured::built("stack")?;
    let app = folders::workspace().join("xtask/bench-template/app.mjs");
    let mut bench = Command::new(measured::build()?);
    bench.arg("template").arg("--stack").arg(stack).arg("--optimised").arg(optimised);
    bench.arg("--cdk").arg(cdk).arg("--app").arg(app);
    measured::run(&mut bench)
}

fn package() -> Package<'static> {
    Package {
        contents: Contents {
            name: "bench-template",
            what: "the CDK, which the template is measured beside (aws-cdk, aws-cdk-lib)",
            size: "about 40 MB from npm's registry, 215 MB on disk",
        },
        manifest: include_str!("../../bench-template/package.json"),
        lock: include_str!("../../bench-template/package-lock.json"),
    }
}
