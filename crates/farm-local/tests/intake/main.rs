//! The intake, with the real programs and real Blenders: what a file and its tags say decides what is
//! rendered, by which Blender, and whether at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

#[path = "../support/mod.rs"]
mod support;

mod blenders;
mod client;
mod projects;
mod settings;
mod verdicts;

use std::path::{Path, PathBuf};

use farm_contract::report::{Report, State};
use support::farm::TestFarm;

/// What `scenes.py` makes with a Blender.
fn made_by(blender: &Path) -> PathBuf {
    support::made_by(blender, "intake/scenes.py")
}

/// What `scenes.py` makes with the tests' Blender.
fn made(name: &str) -> PathBuf {
    made_by(&support::blender()).join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(made(name)).expect("scenes.py makes it")
}

/// Uploads, and waits for the last report: everything must have been rendered.
async fn rendered(farm: &TestFarm, key: &str, body: Vec<u8>, tagging: &str) -> Report {
    farm.upload(key, body, tagging).await;
    // The report that lies there may be an earlier upload's.
    farm.idle().await;
    complete(farm, key).await
}

async fn complete(farm: &TestFarm, key: &str) -> Report {
    let report = farm.last_report(key).await;
    assert_eq!(report.state, State::Complete, "{report:#?}");
    report
}

/// Uploads, and waits for the report: nothing may have been rendered.
async fn rejected(farm: &TestFarm, key: &str, body: Vec<u8>, tagging: &str) -> Report {
    farm.upload(key, body, tagging).await;
    let report = farm.last_report(key).await;
    assert_eq!(report.state, State::Rejected, "{report:#?}");
    assert_eq!(farm.names(key).await, ["report.json"]);
    report
}

/// The pixels of a frame.
fn pixels(farm: &TestFarm, key: &str) -> image::RgbaImage {
    image::load_from_memory(&farm.stored(key)).expect("a picture").to_rgba8()
}
