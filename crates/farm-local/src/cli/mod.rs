//! The command line of `farm-local`.

mod deliver;
mod follow;
mod outcome;
mod run;
mod serve;
pub mod show;

use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use farm_local::farm::Blender;
use farm_local::workers::Workers;
use tokio::signal::unix::{SignalKind, signal};

/// The farm on one machine.
#[derive(Debug, clap::Parser)]
#[command(version, about)]
pub enum Command {
    /// Render one file, and put its frames and frames.zip into a folder.
    Run(run::Run),
    /// Keep the farm up on a fixed loopback port, for any S3 client.
    Serve(serve::Serve),
}

impl Command {
    /// Runs the command to its end.
    pub async fn run(self) -> Result<ExitCode> {
        match self {
            Self::Run(run) => run.run().await,
            Self::Serve(serve) => serve.run().await,
        }
    }
}

/// What the farm has to work with here.
#[derive(Debug, clap::Args)]
struct Machine {
    /// A Blender, once for each: a blender executable or a Python that has bpy, behind its version.
    #[arg(long = "blender", value_name = "VERSION=PATH", required = true)]
    blenders: Vec<Blender>,
    /// Tasks that run at once; left to the farm, as many as pay on this machine.
    #[arg(long)]
    workers: Option<NonZero<usize>>,
}

impl Machine {
    fn workers(&self) -> Workers {
        Workers::for_this_machine(self.workers)
    }

    /// The programs lie where this one lies.
    fn programs(&self) -> Result<PathBuf> {
        let own = std::env::current_exe().context("cannot tell where this program lies")?;
        own.parent().map(PathBuf::from).context("cannot tell where this program lies")
    }
}

/// Resolves on Ctrl-C, on SIGTERM, or when the terminal is closed: no task is to go on without it.
async fn interrupted() {
    tokio::select! {
        () = farm_terminal::interrupted() => {}
        () = hung_up() => {}
    }
}

/// Resolves when the terminal is closed; never where that cannot be heard.
async fn hung_up() {
    match signal(SignalKind::hangup()) {
        Ok(mut hangup) => drop(hangup.recv().await),
        Err(_) => std::future::pending().await,
    }
}
