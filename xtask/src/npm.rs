//! A Node package with all that it needs, pinned by its lock file.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::kept::{self, Contents};
use crate::output::Advice;
use crate::python::answers;

/// A package of npm's registry.
pub struct Package<'a> {
    /// The folder, and what a person reads of it.
    pub contents: Contents<'a>,
    /// Its `package.json`.
    pub manifest: &'a str,
    /// Its `package-lock.json`: version and hash of every package.
    pub lock: &'a str,
}

/// Whether Node and npm are on PATH, and Node is new enough for what is fetched here.
pub fn is_there() -> bool {
    let ask = "process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)";
    answers(Command::new("node").args(["-e", ask])) && answers(Command::new("npm").arg("--version"))
}

/// Sees that they are there, for what cannot do without.
///
/// # Errors
/// They are not; it says what to do.
pub fn wanted(what_for: &str) -> Result<()> {
    if is_there() {
        return Ok(());
    }
    Err(Advice::error(
        format!("There is no Node.js {what_for}."),
        "Install Node.js 18 or newer with npm, such as with `apt-get install nodejs npm`, and run this again.",
    ))
}

impl Package<'_> {
    /// The folder that has `node_modules`. Makes it where it is not there.
    pub fn ensure(&self) -> Result<PathBuf> {
        let folder = kept::folder(self.contents.name, [self.manifest, self.lock])?;
        kept::ensure(&folder, &self.contents, || {
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            for (name, text) in [("package.json", self.manifest), ("package-lock.json", self.lock)] {
                let file = folder.join(name);
                fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
            }
            // No program of a package runs while it is installed.
            let quietly = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
            kept::run(Command::new("npm").args(quietly).current_dir(&folder), self.contents.what)
        })?;
        Ok(folder)
    }
}
