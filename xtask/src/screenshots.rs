//! `cargo xtask screenshots`: the pictures of the page and of the terminal that the documents show.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{cargo, debian, folders, npm, output, tools};

/// What the example shows, and the picture of it.
const TERMINAL: [&str; 4] = ["watch", "status", "list", "cost"];

/// Takes all of them anew, into `docs`.
///
/// # Errors
/// Chromium or Node is not there, or something of it fails.
pub fn run() -> Result<ExitCode> {
    npm::wanted("to take screenshots with")?;
    debian::install("chromium")?;
    let chromium = debian::found("chromium").context("there is no Chromium")?;
    let packages = tools::browser().ensure()?;
    let scripts = folders::workspace().join("xtask/browser");
    let docs = folders::workspace().join("docs/pictures");
    let node = |script: &str| {
        let mut node = Command::new("node");
        node.arg(scripts.join(script)).arg("--chromium").arg(&chromium).arg("--packages").arg(&packages);
        node
    };
    output::step("Taking screenshots of the page");
    let taken = node("shots.mjs").arg("--out").arg(&docs).status().context("cannot run node")?;
    ensure!(taken.success(), "the screenshots of the page were not taken");
    output::step("Taking screenshots of the terminal");
    for view in TERMINAL {
        let shown =
            cargo::cargo(["run", "--quiet", "-p", "farm", "--example", "terminal", "--", view]).output();
        let shown = shown.context("cannot run cargo")?;
        ensure!(shown.status.success(), "the example `terminal` shows no {view}");
        let mut picture = node("terminal.mjs");
        picture.arg("--out").arg(docs.join(format!("terminal-{view}.png"))).stdin(Stdio::piped());
        let mut picture = picture.spawn().context("cannot run node")?;
        let mut stdin = picture.stdin.take().context("no way to node")?;
        std::io::Write::write_all(&mut stdin, &shown.stdout)
            .context("cannot hand on what the terminal shows")?;
        drop(stdin);
        ensure!(
            picture.wait().is_ok_and(|status| status.success()),
            "the screenshot of {view} was not taken"
        );
    }
    Ok(ExitCode::SUCCESS)
}
