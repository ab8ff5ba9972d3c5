//! The function, beside the same one on Node.js.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::measured;
use crate::deploy::programs;
use crate::folders;
use crate::kept::{self, Contents};
use crate::npm::{self, Package};
use crate::output;

/// Builds both functions, and measures.
///
/// # Errors
/// Something of it cannot be had here, or fails.
pub fn run() -> Result<ExitCode> {
    npm::wanted("to measure beside")?;
    let node = bundle(&package())?;
    let function = programs::build()?.trigger_lambda;
    let mut bench = Command::new(measured::build()?);
    bench.arg("function").arg("--trigger-lambda").arg(function).arg("--node").arg(node);
    measured::run(&mut bench)
}

/// One file with all that the function in JavaScript needs and nothing else, as one deploys it.
fn bundle(package: &Package<'_>) -> Result<PathBuf> {
    let modules = package.ensure()?.join("node_modules");
    output::step("Bundling the function for Node.js");
    let folder = folders::target()?.join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let bundle = folder.join("index.cjs");
    let mut esbuild = Command::new("node");
    esbuild.arg(modules.join("esbuild/bin/esbuild"));
    esbuild.arg(folders::workspace().join("xtask/bench-function/index.mjs"));
    esbuild.args(["--bundle", "--minify", "--platform=node", "--target=node18", "--format=cjs"]);
    esbuild.args(["--main-fields=module,main", "--log-level=warning"]);
    esbuild.arg(format!("--outfile={}", bundle.display())).env("NODE_PATH", &modules);
    kept::run(&mut esbuild, "The function for Node.js")?;
    Ok(bundle)
}

fn package() -> Package<'static> {
    Package {
        contents: Contents {
            name: "bench-function",
            what: "what the function for Node.js is made with (AWS SDK for JavaScript, esbuild)",
            size: "about 8 MB from npm's registry, 36 MB on disk",
        },
        manifest: include_str!("../../bench-function/package.json"),
        lock: include_str!("../../bench-function/package-lock.json"),
    }
}
