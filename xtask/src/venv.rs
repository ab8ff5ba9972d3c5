//! Python packages, pinned by version and hash, each set in a virtual environment of its own.
//!
//! An environment is made once and then never changed: its folder is named after its contents.
//! Two runs at once wait for each other; what an interrupted run left is made anew.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::blender::{Interpreter, interpreter};
use crate::folders;
use crate::output::{self, Advice};

/// Written last: an environment without it is not whole.
const MARKER: &str = "complete";

/// A set of packages.
pub struct Packages<'a> {
    /// Name of the folder, to which the contents' hash is added.
    pub name: &'a str,
    /// What this is, for a person.
    pub what: &'a str,
    /// How much is fetched and stored, for a person.
    pub size: &'a str,
    /// The requirements file. It names every package: none is added for another's sake.
    pub requirements: &'a str,
    /// Whether the environment's Python does what it is for; the error is a clause.
    pub check: fn(&Path) -> Result<(), String>,
}

fn folder_of(packages: &Packages<'_>) -> Result<PathBuf> {
    let hash = folders::name_of([packages.requirements]);
    Ok(folders::cache()?.join(format!("{}-{hash}", packages.name)))
}

/// Whether the environment is there already.
pub fn is_made(packages: &Packages<'_>) -> Result<bool> {
    Ok(folder_of(packages)?.join(MARKER).exists())
}

/// The environment's Python. Makes the environment where it is not there.
pub fn ensure(packages: &Packages<'_>) -> Result<PathBuf> {
    let folder = folder_of(packages)?;
    let python = folder.join("bin/python");
    if folder.join(MARKER).exists() {
        return Ok(python);
    }
    let cache = folders::cache()?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let _lock = lock(&folder.with_added_extension("lock"))?;
    if folder.join(MARKER).exists() {
        return Ok(python);
    }
    let interpreter = interpreter()?;
    output::step(format_args!(
        "Fetching {} from PyPI: {}, into {}",
        packages.what,
        packages.size,
        folder.display()
    ));
    if folder.exists() {
        output::note("An earlier run was interrupted; its folder is made anew.");
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    make(&interpreter, &folder, packages)?;
    (packages.check)(&python).map_err(|why| {
        Advice::error(
            format!("{} is installed and cannot be used: {why}.", packages.what),
            "Some library of the system may be missing; what is quoted above names it.",
        )
    })?;
    let marker = folder.join(MARKER);
    fs::write(&marker, packages.requirements)
        .with_context(|| format!("cannot write {}", marker.display()))?;
    Ok(python)
}

/// Holds other runs off until it is dropped, or this process ends in whatever way.
fn lock(path: &Path) -> Result<fs::File> {
    let shown = path.display();
    let file = fs::File::create(path).with_context(|| format!("cannot write {shown}"))?;
    if file.try_lock().is_err() {
        output::note("Another run is installing the same; waiting for it.");
        file.lock().with_context(|| format!("cannot lock {shown}"))?;
    }
    Ok(file)
}

fn make(interpreter: &Interpreter, folder: &Path, packages: &Packages<'_>) -> Result<()> {
    let python = folder.join("bin/python");
    let install = ["install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r"];
    let requirements = folder.join("requirements.txt");
    let mut steps = match interpreter {
        Interpreter::Python(program) => {
            let mut create = Command::new(program);
            create.args(["-m", "venv"]).arg(folder);
            let mut fill = Command::new(&python);
            fill.args(["-m", "pip"]).args(install).arg(&requirements);
            fill.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
            if !std::io::stderr().is_terminal() {
                // A log gets a line for each package, and none for each percent.
                fill.args(["--progress-bar", "off"]);
            }
            [create, fill]
        }
        Interpreter::Uv => {
            let mut create = Command::new("uv");
            create.args(["venv", "--quiet", "--python", "3.11"]).arg(folder);
            let mut fill = Command::new("uv");
            fill.arg("pip").args(install).arg(&requirements).arg("--python").arg(&python);
            [create, fill]
        }
    };
    let [create, fill] = &mut steps;
    run(create, packages)?;
    fs::write(&requirements, packages.requirements)
        .with_context(|| format!("cannot write {}", requirements.display()))?;
    run(fill, packages)
}

/// Runs it with its own words and progress on stderr.
fn run(command: &mut Command, packages: &Packages<'_>) -> Result<()> {
    let program = command.get_program().display().to_string();
    let status =
        command.stdout(std::io::stderr()).status().with_context(|| format!("cannot run {program}"))?;
    if status.success() {
        return Ok(());
    }
    Err(Advice::error(
        format!("{} could not be installed ({program}: {status}).", packages.what),
        "What it says above names the reason. Mend it (network, space on the disk) and run this again; what is \
         whole is kept.",
    ))
}
