//! The artist's client as a person calls it, against the whole farm on loopback with a Blender that renders in no time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod browser;
mod control;
mod cost;
mod frames;
mod look;
mod page;
mod sending;
#[path = "../support/mod.rs"]
mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use farm_local::faults::{Faults, Script, Step};
use serde_json::Value;
use support::fake::{Fake, fake_blender};
use support::farm::TestFarm;
use tempfile::TempDir;

const KEY: &str = "my films/shot 1+2 é.blend";

/// A farm, and a folder in which its Blender notes things.
struct Bench {
    farm: TestFarm,
    notes: TempDir,
}

impl Bench {
    async fn start() -> Self {
        Self::with(Faults::none()).await
    }

    async fn with_faults(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::with(Script::faults(steps).1).await
    }

    async fn with(faults: Faults) -> Self {
        Self::of(TestFarm::with_faults(fake_blender(), 2, faults).await)
    }

    fn of(farm: TestFarm) -> Self {
        let notes = tempfile::tempdir().unwrap();
        // Under root, Blender is somebody else.
        std::fs::set_permissions(notes.path(), PermissionsExt::from_mode(0o777)).unwrap();
        Self { farm, notes }
    }

    fn put(&self, fake: &Fake, tags: &[(&str, &str)]) -> Vec<u8> {
        let bytes = fake.blend(self.notes.path());
        self.farm.put(KEY, &bytes, tags);
        bytes
    }

    /// Frames that wait go on.
    fn go(&self) {
        std::fs::write(self.notes.path().join("go"), "").unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(support::program("farm"));
        command.args(arguments).env("NO_COLOR", "1").envs(self.farm.environment()).stdin(Stdio::null());
        command
    }

    /// Runs `farm` without standing in the way of the farm itself.
    async fn run(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        Said::of(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
    }

    /// The same for a command that must come to a good end; its JSON.
    async fn json(&self, arguments: &[&str]) -> Value {
        let said = self.run(arguments).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        serde_json::from_str(&said.out).unwrap()
    }

    /// A scene on this disk.
    fn file(&self, name: &str, fake: &Fake) -> PathBuf {
        let path = self.notes.path().join(name);
        std::fs::write(&path, fake.blend(self.notes.path())).unwrap();
        path
    }
}

/// What a command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// It ended with this code, and said all of this somewhere.
    #[track_caller]
    fn has(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for part in parts {
            assert!(self.out.contains(part) || self.err.contains(part), "no `{part}` in {self:?}");
        }
    }
}
