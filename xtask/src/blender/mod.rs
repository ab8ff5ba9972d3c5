//! Finding a Blender that can do the work, or fetching one.
//!
//! No Blender is trusted by its name or its exit code: some builds lack the denoiser, write no
//! frame, and still end well. So each must render a tiny picture first. There are the one that the
//! person names, one on PATH, and the Blender Foundation's own wheels from PyPI. As the farm in the
//! cloud does, this takes the oldest that is not older than the file's.

mod self_check;
mod wheel;

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use blend_file::Version;

pub use wheel::{WHEELS, Wheel};

use crate::output::{self, Advice};

/// A Blender that renders.
#[derive(Debug)]
pub struct Blender {
    /// A `blender`, or a Python that has `bpy`.
    pub path: PathBuf,
    /// Its version.
    pub version: Version,
}

/// The oldest Blender that the farm renders with; `stack` holds its configuration to the same.
const OLDEST: Version = Version { major: 4, minor: 1 };

/// What the work asks of a Blender.
pub struct Need {
    oldest: Option<Version>,
    because: String,
}

impl Need {
    /// Any Blender will do.
    pub fn any() -> Self {
        Self { oldest: None, because: String::new() }
    }

    /// One that is not older; `because` says why, as a clause.
    pub fn at_least(oldest: Version, because: &str) -> Self {
        Self { oldest: Some(oldest), because: because.to_owned() }
    }

    /// One that can open a file which `saved_by` saved.
    pub fn by_file(saved_by: Version) -> Self {
        Self { oldest: Some(saved_by), because: format!("the file was saved by Blender {saved_by}") }
    }

    /// Why `version` will not do.
    fn lacks(&self, version: Version) -> Option<String> {
        let too_old = |because: &str| Some(format!("it is Blender {version}, and {because}"));
        match self.oldest {
            Some(oldest) if version < oldest => too_old(&self.because),
            _ if version < OLDEST => too_old(&format!("the farm renders with {OLDEST} or newer")),
            _ => None,
        }
    }
}

/// A Blender for the work: the oldest of this machine that will do, be it on PATH or one that the farm
/// fetched before; else one is fetched. `given` is the one that the person names.
pub fn find(given: Option<&Path>, need: &Need) -> Result<Blender> {
    if let Some(blender) = named(given, need)? {
        return Ok(blender);
    }
    let mut here = Vec::from_iter(found_on_path(need));
    for wheel in &WHEELS {
        // Where both will do and are the same, the person's own comes first.
        if need.lacks(wheel.version).is_none() && wheel.is_installed().unwrap_or(false) {
            here.push(wheel.installed()?);
        }
    }
    if let Some(blender) = here.into_iter().min_by_key(|blender| blender.version) {
        if !is_python(&blender.path) {
            output::note(format_args!("Blender {} is {}", blender.version, blender.path.display()));
        }
        return Ok(blender);
    }
    match WHEELS.iter().find(|wheel| need.lacks(wheel.version).is_none()) {
        Some(wheel) => wheel.installed(),
        None => {
            let [.., newest] = &WHEELS;
            let why = need.lacks(newest.version).unwrap_or_default();
            Err(Advice::error(
                format!(
                    "No Blender here is new enough: the newest that the farm fetches will not do, for {why}."
                ),
                format!(
                    "Install a newer Blender and give it with --blender PATH, or save the file with Blender {} or \
                     older.",
                    newest.version
                ),
            ))
        }
    }
}

/// The Blender of this version: the one on PATH, or the one that the farm fetches. `given` is the one that the
/// person names, whatever its version.
pub fn of_version(given: Option<&Path>, version: Version) -> Result<Blender> {
    if let Some(blender) = named(given, &Need::any())? {
        return Ok(blender);
    }
    if let Some(blender) = found_on_path(&Need::any()).filter(|blender| blender.version == version) {
        return Ok(blender);
    }
    let wheel = WHEELS.iter().find(|wheel| wheel.version == version).ok_or_else(|| {
        let fetched = WHEELS.each_ref().map(|wheel| wheel.version.to_string()).join(" and ");
        Advice::error(
            format!("There is no Blender {version} on this machine."),
            format!("Install it and give it with --blender PATH; by itself the farm fetches {fetched}."),
        )
    })?;
    wheel.installed()
}

/// All Blenders of this machine, one of each version: the farm picks among them by the file. Fetches one
/// where there is none. `given` is the only one that the person wants.
pub fn all(given: Option<&Path>) -> Result<Vec<Blender>> {
    let need = Need::any();
    if let Some(blender) = named(given, &need)? {
        return Ok(vec![blender]);
    }
    let mut here = Vec::from_iter(found_on_path(&need));
    for wheel in &WHEELS {
        let another = here.iter().all(|blender| blender.version != wheel.version);
        if another && wheel.is_installed().unwrap_or(false) {
            here.push(wheel.installed()?);
        }
    }
    if here.is_empty() {
        here.push(installed()?);
    }
    Ok(here)
}

/// The Blender that the farm fetches where nothing is asked of it.
///
/// # Errors
/// It cannot be had here.
pub fn installed() -> Result<Blender> {
    let [first, ..] = &WHEELS;
    first.installed()
}

fn named(given: Option<&Path>, need: &Need) -> Result<Option<Blender>> {
    let Some(path) = given else { return Ok(None) };
    let checked = check(path, need).map_err(|why| {
        Advice::error(
            format!("{} cannot be used: {why}.", path.display()),
            "Name another Blender, or leave out --blender (and unset BLENDER): the farm then finds or \
             fetches one.",
        )
    });
    checked.map(Some)
}

fn found_on_path(need: &Need) -> Option<Blender> {
    let path = on_path(std::env::var_os("PATH").as_deref())?;
    match check(&path, need) {
        Ok(blender) => Some(blender),
        Err(why) => {
            output::note(format_args!("{} is passed over: {why}.", path.display()));
            None
        }
    }
}

/// The Blender at `path`, or why it cannot be used.
fn check(path: &Path, need: &Need) -> Result<Blender, String> {
    // The programs that get this path run in other folders. Links stay: a virtual environment is one.
    let path = std::path::absolute(path).map_err(|error| format!("its folder is not known ({error})"))?;
    let version = self_check::render(&path, |version| need.lacks(version))?;
    Ok(Blender { path, version })
}

/// A call of this Blender that runs a Python script; what is added are the script's arguments.
pub fn script(blender: &Path, script: &Path) -> Command {
    let mut command = Command::new(blender);
    if is_python(blender) {
        command.arg(script);
    } else {
        command.args(["-b", "--factory-startup", "--python-exit-code", "1", "--python"]);
        command.arg(script).arg("--");
    }
    command
}

/// Whether this is a Python, as render-task tells it too.
fn is_python(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"python"))
}

/// The first `blender` that a shell would find.
fn on_path(path: Option<&OsStr>) -> Option<PathBuf> {
    let found = std::env::split_paths(path?).map(|folder| folder.join("blender"));
    found.into_iter().find(|file| {
        file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    })
}
