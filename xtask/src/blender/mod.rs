//! Finding a Blender that can do the work, or fetching one.
//!
//! No Blender is trusted by its name or its exit code: some builds lack the denoiser, write no
//! frame, and still end well. So each must render a tiny picture first. In order: the one that
//! the person names, one on PATH, and the Blender Foundation's own wheel from PyPI.

mod self_check;
mod wheel;

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use blend_file::Version;

pub use wheel::{BLENDER as PINNED, installed};

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

/// A Blender for the work. `given` is the one that the person names.
pub fn find(given: Option<&Path>, need: &Need) -> Result<Blender> {
    if let Some(path) = given {
        return check(path, need).map_err(|why| {
            Advice::error(
                format!("{} cannot be used: {why}.", path.display()),
                "Name another Blender, or leave out --blender (and unset BLENDER): the farm then finds or \
                 fetches one.",
            )
        });
    }
    if let Some(path) = on_path(std::env::var_os("PATH").as_deref()) {
        match check(&path, need) {
            Ok(blender) => {
                output::note(format_args!("Blender {} is {}", blender.version, blender.path.display()));
                return Ok(blender);
            }
            Err(why) => output::note(format_args!("{} is passed over: {why}.", path.display())),
        }
    }
    let lacking = need.lacks(wheel::version());
    if let Some(why) = lacking.filter(|_| !wheel::is_installed().unwrap_or(false)) {
        // Not worth a long fetch. One that is there already is used: the farm refuses the file
        // with a report, as it does on AWS.
        return Err(Advice::error(
            format!("No Blender here is new enough: the farm's own will not do, for {why}."),
            format!(
                "Install a newer Blender and give it with --blender PATH, or save the file with Blender {} or \
                 older.",
                wheel::version()
            ),
        ));
    }
    installed()
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
