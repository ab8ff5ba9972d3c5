//! Programs of Debian's packages that tests need: what is there is taken, what is not is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::output::{self, Advice};

/// Debian's packages of these programs.
const PACKAGES: [(&str, &str); 6] = [
    ("dockerd", "docker.io"),
    ("podman", "podman"),
    ("docker-registry", "docker-registry"),
    ("debootstrap", "debootstrap"),
    ("ffmpeg", "ffmpeg"),
    ("chromium", "chromium"),
];
/// Where they lie, also where PATH does not say so.
const FOLDERS: [&str; 2] = ["/usr/sbin", "/usr/bin"];

/// A program on PATH.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|folder| folder.join(program));
    found.into_iter().find(|path| path.is_file())
}

/// A program, on PATH or where Debian puts it.
pub fn found(program: &str) -> Option<PathBuf> {
    let folders = FOLDERS.into_iter().map(|folder| Path::new(folder).join(program));
    on_path(program).or_else(|| folders.into_iter().find(|path| path.is_file()))
}

/// Installs the package of a program that is not there.
///
/// # Errors
/// It cannot be installed here.
pub fn install(program: &str) -> Result<()> {
    if found(program).is_some() {
        return Ok(());
    }
    let (_, package) = PACKAGES
        .iter()
        .find(|(of, _)| *of == program)
        .context("only packages that are listed are installed")?;
    let lacks = |how: &str| {
        Advice::error(
            format!("The tests with containers need `{program}`, which is not on this machine."),
            format!("{how}, or run the tests without --containers."),
        )
    };
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/apt-get").exists() {
        return Err(lacks(&format!("Install it (Debian's package {package})")));
    }
    output::step(format_args!("Installing {package} from Debian's packages"));
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("/usr/bin/apt-get");
        // No service is started: what the tests need of it they start and stop themselves.
        apt.args(["-qq", "-o", "Dpkg::Use-Pty=0"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        apt.env("RUNLEVEL", "1").stdout(std::io::stderr());
        apt.status().is_ok_and(|status| status.success())
    };
    let arguments = ["install", "--yes", "--no-install-recommends", package];
    if apt(&arguments) || (apt(&["update"]) && apt(&arguments)) {
        return Ok(());
    }
    Err(lacks(&format!("See above why {package} cannot be installed and mend that")))
}
