//! A Docker daemon of the tests' own.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::folders;
use crate::output::{self, Advice};

/// How long it may take until it answers.
const START: Duration = Duration::from_secs(60);
/// How long it may take to stop its containers and itself.
const STOP: Duration = Duration::from_secs(60);

/// A daemon that ends with this.
pub struct Daemon {
    child: Child,
    /// Short: the path of a socket has 108 bytes at most.
    run: tempfile::TempDir,
}

impl Daemon {
    /// Starts it. What it builds is kept below cargo's target folder, for the next time.
    ///
    /// # Errors
    /// It does not start; its log tells why.
    pub fn start(dockerd: &Path) -> Result<Self> {
        output::step("Starting a container engine for the tests");
        let run = tempfile::tempdir().context("cannot make a folder")?;
        let data = folders::target()?.join("containers");
        fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
        let log = data.join("dockerd.log");
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone().with_context(|| format!("cannot write {}", log.display()))?;
        let child = Command::new(dockerd)
            .arg("--data-root")
            .arg(data.join("data"))
            .arg("--exec-root")
            .arg(run.path().join("exec"))
            .arg("--pidfile")
            .arg(run.path().join("pid"))
            .arg("--host")
            .arg(format!("unix://{}/docker.sock", run.path().display()))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot run {}", dockerd.display()))?;
        let mut daemon = Self { child, run };
        let begun = Instant::now();
        while !daemon.run.path().join("docker.sock").exists() {
            let ended = daemon.child.try_wait().context("dockerd cannot be waited for")?;
            if ended.is_some() || begun.elapsed() > START {
                let last = fs::read_to_string(&log).unwrap_or_default();
                let last = last.lines().last().unwrap_or_default().to_owned();
                return Err(Advice::error(
                    format!("The container engine does not start: {last}"),
                    format!("{} has the rest. It needs a machine of its own, and root.", log.display()),
                ));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(daemon)
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("unix://{}/docker.sock", self.run.path().display())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let asked =
            pid.is_some_and(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM).is_ok());
        let begun = Instant::now();
        while asked && begun.elapsed() < STOP {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        // It is ours, and it does not listen.
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}
