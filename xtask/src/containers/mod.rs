//! What the tests with containers need: an engine, Podman, a registry, and the image that ours begin with.
//!
//! What is there is taken. What is not is installed from Debian's packages, started for the tests, and
//! stopped after them.

mod base;
mod daemon;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::deploy::Engine;
use crate::output::{self, Advice};
use daemon::Daemon;

/// The variables in which the tests find them.
pub const VARIABLES: [&str; 3] = ["FARM_TEST_CONTAINERS", "FARM_TEST_PODMAN", "FARM_TEST_REGISTRY"];

/// Debian's packages of these programs.
const PACKAGES: [(&str, &str); 4] = [
    ("dockerd", "docker.io"),
    ("podman", "podman"),
    ("docker-registry", "docker-registry"),
    ("debootstrap", "debootstrap"),
];
/// Where they lie, also where PATH does not say so.
const FOLDERS: [&str; 2] = ["/usr/sbin", "/usr/bin"];

/// What stands while the tests run.
pub struct Containers {
    /// What is added to the environment of the tests.
    pub environment: Vec<(&'static str, OsString)>,
    /// Ends with this.
    _daemon: Option<Daemon>,
}

/// Finds, installs and starts.
///
/// # Errors
/// Something of it cannot be had here.
pub fn ensure() -> Result<Containers> {
    let mut environment = Vec::new();
    let mut daemon = None;
    let engine = match Engine::docker(None) {
        Ok(engine) => engine,
        Err(_) => {
            install("dockerd")?;
            let started =
                Daemon::start(&found("dockerd").context("dockerd was installed and is not there")?)?;
            environment.push(("DOCKER_HOST", started.address().into()));
            let engine = Engine::docker(Some(&started.address()))?;
            daemon = Some(started);
            engine
        }
    };
    install("docker-registry")?;
    let registry = found("docker-registry").context("docker-registry was installed and is not there")?;
    base::ensure(&engine)?;
    // After Docker, with whose runtime Podman then makes do: its own does not know every layout of cgroups.
    install("podman")?;
    let podman = Engine::podman(found("podman").context("podman was installed and is not there")?);
    base::hand_over(&engine, &podman)?;
    environment.push(("FARM_TEST_CONTAINERS", engine.program().into()));
    environment.push(("FARM_TEST_PODMAN", podman.program().into()));
    environment.push(("FARM_TEST_REGISTRY", registry.into()));
    Ok(Containers { environment, _daemon: daemon })
}

/// A program, on PATH or where Debian puts it.
fn found(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&paths).chain(FOLDERS.into_iter().map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Installs the package of a program that is not there.
fn install(program: &str) -> Result<()> {
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
