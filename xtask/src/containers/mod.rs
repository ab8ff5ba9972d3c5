//! What the tests with containers need: an engine, Podman, a registry, and the image that ours begin with.
//!
//! What is there is taken. What is not is installed from Debian's packages, started for the tests, and
//! stopped after them.

mod base;
mod daemon;

use std::ffi::OsString;

use anyhow::{Context, Result};

use crate::debian::{found, install};
use crate::deploy::Engine;
use daemon::Daemon;

/// The variables in which the tests find them.
pub const VARIABLES: [&str; 3] = ["FARM_TEST_CONTAINERS", "FARM_TEST_PODMAN", "FARM_TEST_REGISTRY"];

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
