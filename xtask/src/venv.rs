//! Python packages, pinned by version and hash, each set in a virtual environment of its own.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::kept::{self, Contents};
use crate::output::Advice;
use crate::python::{self, Interpreter, Version};

/// A set of packages.
pub struct Packages<'a> {
    /// The folder, and what a person reads of it.
    pub contents: Contents<'a>,
    /// The Python that the packages are built for.
    pub python: Version,
    /// What to do where there is no such Python, besides installing one.
    pub or_else: Option<&'a str>,
    /// The requirements file. It names every package: none is added for another's sake.
    pub requirements: &'a str,
    /// Packages that are published as source alone, in the same form. They are built with the
    /// setuptools of the requirements.
    pub sources: Option<&'a str>,
    /// Whether the environment's Python does what it is for; the error is a clause.
    pub check: fn(&Path) -> Result<(), String>,
}

impl Packages<'_> {
    fn folder(&self) -> Result<PathBuf> {
        kept::folder(self.contents.name, [self.requirements].into_iter().chain(self.sources))
    }

    /// Whether the environment is there already.
    pub fn is_made(&self) -> Result<bool> {
        Ok(kept::is_whole(&self.folder()?))
    }

    /// The environment's Python. Makes the environment where it is not there.
    pub fn ensure(&self) -> Result<PathBuf> {
        let folder = self.folder()?;
        let python = folder.join("bin/python");
        kept::ensure(&folder, &self.contents, || {
            make(&self.interpreter()?, &folder, self)?;
            (self.check)(&python).map_err(|why| {
                Advice::error(
                    format!("{} is installed and cannot be used: {why}.", self.contents.what),
                    "Some library of the system may be missing; what is quoted above names it.",
                )
            })
        })?;
        Ok(python)
    }

    fn interpreter(&self) -> Result<Interpreter> {
        python::find(self.python).ok_or_else(|| {
            let (version, what) = (self.python, self.contents.what);
            let or_else = self.or_else.map(|other| format!("; or {other}")).unwrap_or_default();
            Advice::error(
                format!("There is no Python {version} on this machine, which is needed for {what}."),
                format!("Install Python {version} with its venv module, or uv, and run this again{or_else}."),
            )
        })
    }
}

fn make(interpreter: &Interpreter, folder: &Path, packages: &Packages<'_>) -> Result<()> {
    let what = packages.contents.what;
    let mut create = match interpreter {
        Interpreter::Python(program) => {
            let mut create = Command::new(program);
            create.args(["-m", "venv"]);
            create
        }
        Interpreter::Uv => {
            let mut create = Command::new("uv");
            create.args(["venv", "--quiet", "--python", &packages.python.to_string()]);
            create
        }
    };
    kept::run(create.arg(folder), what)?;

    let wheels = ("requirements.txt", packages.requirements, &["--only-binary", ":all:"][..]);
    let sources = packages
        .sources
        .map(|sources| ("sources.txt", sources, &["--no-binary", ":all:", "--no-build-isolation"][..]));
    for (name, requirements, how) in [wheels].into_iter().chain(sources) {
        let file = folder.join(name);
        fs::write(&file, requirements).with_context(|| format!("cannot write {}", file.display()))?;
        let mut fill = install(interpreter, folder);
        kept::run(fill.args(how).arg("-r").arg(&file), what)?;
    }
    Ok(())
}

/// An installation of exactly what is named, by hash.
fn install(interpreter: &Interpreter, folder: &Path) -> Command {
    let python = folder.join("bin/python");
    let exactly = ["install", "--require-hashes", "--no-deps"];
    match interpreter {
        Interpreter::Python(_) => {
            let mut install = Command::new(python);
            install.args(["-m", "pip"]).args(exactly).env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
            if !std::io::stderr().is_terminal() {
                // A log gets a line for each package, and none for each percent.
                install.args(["--progress-bar", "off"]);
            }
            install
        }
        Interpreter::Uv => {
            let mut install = Command::new("uv");
            install.arg("pip").args(exactly).arg("--python").arg(python);
            install
        }
    }
}
