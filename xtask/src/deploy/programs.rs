//! The programs for AWS, built on whatever system stands on the desk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cargo;
use crate::folders;
use crate::kept::Contents;
use crate::output::{self, Advice};
use crate::python::Version;
use crate::venv::Packages;

/// What all of AWS's places have: Lambda's `provided.al2023` has the oldest C library of them.
const TARGET: &str = "x86_64-unknown-linux-gnu";
const C_LIBRARY: &str = "2.34";

/// The programs of a farm that is deployed.
#[derive(Debug)]
pub struct Programs {
    /// Renders.
    pub render_task: PathBuf,
    /// Makes archives.
    pub zip_task: PathBuf,
    /// The function.
    pub trigger_lambda: PathBuf,
}

/// Builds them, where they are not as the source has them.
///
/// # Errors
/// They do not build.
pub fn build() -> Result<Programs> {
    // By its name in the environment: cargo-zigbuild finds zig as a module of this Python.
    let python = cross().ensure()?;
    output::step("Building the programs for AWS");
    let tools = python.parent().context("a Python lies in a folder")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = [tools.to_owned()].into_iter().chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).context("PATH cannot be extended")?;
    let target = format!("{TARGET}.{C_LIBRARY}");
    let packages = ["-p=render-task", "-p=zip-task", "-p=trigger-lambda"];
    let mut build = cargo::cargo(["zigbuild", "--release", "--bins", "--target", &target]);
    let status = cargo::run(build.args(packages).env("PATH", path))?;
    if !status.success() {
        return Err(Advice::error(
            "The programs for AWS do not build.",
            format!(
                "What cargo says above names the reason. Rust has to know the system that they run on: rustup target add {TARGET}"
            ),
        ));
    }
    let built = folders::target()?.join(TARGET).join("release");
    Ok(Programs {
        render_task: placed(&built.join("render-task"))?,
        zip_task: placed(&built.join("zip-task"))?,
        trigger_lambda: built.join("trigger-lambda"),
    })
}

/// Puts a program where the images' Dockerfiles look for it. Its path there.
fn placed(program: &Path) -> Result<PathBuf> {
    // Below the root, which is what is handed to the container engine.
    let folder = folders::workspace().join("target/image");
    let place = folder.join(program.file_name().context("a program has a name")?);
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::copy(program, &place))
        .with_context(|| format!("cannot copy {} to {}", program.display(), folder.display()))?;
    Ok(place)
}

fn cross() -> Packages<'static> {
    Packages {
        contents: Contents {
            name: "cross",
            what: "what builds programs for AWS on any system (zig, cargo-zigbuild)",
            size: "about 90 MB from PyPI, 350 MB on disk",
        },
        python: Version { minor: 11 },
        or_else: None,
        requirements: include_str!("../../cross-requirements.txt"),
        sources: None,
        check: |python| {
            let zig = std::process::Command::new(python).args(["-m", "ziglang", "version"]).output();
            match zig {
                Ok(output) if output.status.success() => Ok(()),
                Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
                Err(error) => Err(format!("its Python does not start ({error})")),
            }
        },
    }
}
