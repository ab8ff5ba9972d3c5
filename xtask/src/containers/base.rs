//! The image that ours begin with, made here where no registry of images can be reached.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::debian::{found, install};
use crate::deploy::Engine;
use crate::output::{self, Advice};

/// As the Dockerfiles name it.
const BASE: &str = "debian:bookworm-slim";
const SUITE: &str = "bookworm";

/// Sees that the engine has the image, by the engine itself or by hand.
///
/// # Errors
/// It can be had neither way.
pub fn ensure(engine: &Engine) -> Result<()> {
    if answers(engine, &["image", "inspect", BASE]) || answers(engine, &["pull", "--quiet", BASE]) {
        return Ok(());
    }
    install("debootstrap")?;
    output::step(format_args!("Making {BASE} of Debian's packages: no registry of images answers here"));
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let root = folder.path().join("root");
    let debootstrap = found("debootstrap").context("debootstrap was installed and is not there")?;
    let mut bootstrap = Command::new(debootstrap);
    bootstrap.args(["--variant=minbase", SUITE]).arg(&root).stdout(Stdio::null());
    let failed = |what: &str| {
        Advice::error(
            format!("{BASE} cannot be made: {what} failed."),
            "What it says above names the reason. It needs root, and Debian's packages within reach.",
        )
    };
    if !bootstrap.status().is_ok_and(|status| status.success()) {
        return Err(failed("debootstrap"));
    }
    let mut tar = Command::new("tar")
        .arg("-C")
        .arg(&root)
        .args(["-c", "."])
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run tar")?;
    let mut import = engine.command(&["import", "-", BASE]);
    import.stdin(tar.stdout.take().map_or_else(Stdio::null, Stdio::from)).stdout(Stdio::null());
    let imported = import.status().is_ok_and(|status| status.success());
    // Whoever writes into a pipe that nobody reads any more has to notice.
    drop(import);
    let packed = tar.wait().is_ok_and(|status| status.success());
    if imported && packed { Ok(()) } else { Err(failed("taking it into the container engine")) }
}

/// Sees that another engine has it too.
///
/// # Errors
/// It cannot be handed over.
pub fn hand_over(from: &Engine, to: &Engine) -> Result<()> {
    if answers(to, &["image", "inspect", BASE]) {
        return Ok(());
    }
    let mut saved = from.save(BASE)?;
    let mut load = to.command(&["load", "--quiet"]);
    load.stdin(saved.stdout.take().map_or_else(Stdio::null, Stdio::from)).stdout(Stdio::null());
    let loaded = load.status().is_ok_and(|status| status.success());
    drop(load);
    if saved.wait().is_ok_and(|status| status.success()) && loaded {
        return Ok(());
    }
    Err(Advice::error(
        format!("{} cannot take {BASE} from {}.", to.program().display(), from.program().display()),
        "What they say above names the reason.",
    ))
}

fn answers(engine: &Engine, arguments: &[&str]) -> bool {
    engine.command(arguments).output().is_ok_and(|output| output.status.success())
}
