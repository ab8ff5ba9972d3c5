//! One fault after the other, each at a named point, in a whole farm with the real programs and a Blender
//! that renders in no time. Each test asserts what the bucket holds in the end.
//!
//! `docs/protocol.md` names the test that shows what each call and each error lead to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod ladder;
mod render;
mod resume;
#[path = "../support/mod.rs"]
mod support;
mod trigger;
mod zip;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use farm_contract::command;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::FrameName;
use farm_contract::report::{Report, State};
use farm_local::faults::{Faults, Script, Step};
use support::fake::{Fake, fake_blender, is_frame_of};
use support::farm::TestFarm;
use tempfile::TempDir;

const KEY: &str = "my films/shot 1+2 é.blend";

/// A farm with a script of what goes wrong in it.
struct Bench {
    farm: TestFarm,
    script: Script,
    faults: Faults,
    /// Where a Blender notes what it did one time.
    notes: TempDir,
}

impl Bench {
    async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        let (script, faults) = Script::faults(steps);
        let farm = TestFarm::with_faults(fake_blender(), 2, faults.clone()).await;
        let notes = tempfile::tempdir().unwrap();
        // Under root, Blender is somebody else.
        std::fs::set_permissions(notes.path(), PermissionsExt::from_mode(0o777)).unwrap();
        Self { farm, script, faults, notes }
    }

    fn put(&self, fake: &Fake, tags: &[(&str, &str)]) -> Vec<u8> {
        let bytes = fake.blend(self.notes.path());
        self.farm.put(KEY, &bytes, tags);
        bytes
    }

    fn report(&self) -> Report {
        Report::from_json(&self.farm.stored(&format!("{KEY}/report.json"))).unwrap()
    }

    /// The archive holds exactly these frames of this upload, each once.
    async fn archive_holds(&self, blend: &[u8], frames: &str) {
        let mut found = Vec::new();
        for (name, bytes) in self.farm.archive(KEY).await {
            if name == "missing.txt" {
                continue;
            }
            let frame = FrameName::parse(&name).unwrap().frame;
            assert!(is_frame_of(&bytes, blend, frame), "{name} is of another upload");
            found.push(frame);
        }
        assert_eq!(FrameSpec::describe(&found), frames);
    }

    /// The render is complete, whatever happened on the way: each job was submitted once, nothing stays
    /// behind, and all that was to go wrong did.
    async fn is_complete(&self, blend: &[u8], frames: &str) {
        self.farm.idle().await;
        let report = self.report();
        assert_eq!(report.state, State::Complete, "{report:?}");
        assert_eq!(report.frames.unwrap().planned, frames);
        self.archive_holds(blend, frames).await;
        let mut jobs: BTreeMap<String, usize> = BTreeMap::new();
        for (name, _) in self.farm.jobs().await {
            *jobs.entry(name).or_default() += 1;
        }
        assert!(jobs.values().all(|count| *count == 1), "{jobs:?}");
        assert_eq!(self.farm.unfinished_uploads().await, [""; 0], "{:?}", self.faults.injected());
        assert!(self.script.is_played(), "not all of it went wrong: {:?}", self.faults.injected());
    }

    /// How often jobs of the last render were submitted and how they ended: render, large, zip, finish.
    async fn jobs(&self) -> Vec<(String, String)> {
        let render = self.report().render.unwrap();
        let prefix = command::render_job_name(&render, 0);
        let prefix = prefix.trim_end_matches("render-0").to_owned();
        let jobs = self.farm.jobs().await.into_iter();
        let mut jobs: Vec<_> =
            jobs.filter_map(|(name, ended)| Some((name.strip_prefix(&prefix)?.to_owned(), ended))).collect();
        jobs.sort();
        jobs
    }
}

fn plain() -> Fake {
    Fake { name: "plain".into(), ..Fake::default() }
}

const THREE: [(&str, &str); 2] = [("frames", "1-3"), ("chunk", "2")];
