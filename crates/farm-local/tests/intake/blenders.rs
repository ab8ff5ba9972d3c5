//! A farm of two Blenders picks by the file.

use std::path::Path;

use farm_contract::keys;
use farm_contract::record::TaskRecord;
use farm_local::farm::Blender;
use farm_testing::tool;

use crate::support::{self, farm::TestFarm};
use crate::{made_by, rejected, rendered};

/// The version of the Blender that rendered the first child of an upload.
fn rendered_with(farm: &TestFarm, report: &farm_contract::report::Report) -> String {
    let record = farm.stored(&keys::task(report.render.as_ref().expect("a render"), 0));
    TaskRecord::from_json(&record).expect("a record").blender
}

fn saved_by(blender: &Path) -> Vec<u8> {
    std::fs::read(made_by(blender).join("many.blend")).expect("scenes.py makes it")
}

#[tokio::test]
async fn the_oldest_blender_that_is_new_enough_renders() {
    let Some(newer) = tool("FARM_TEST_BLENDER_NEWER") else { return };
    let older = support::blender();
    let blenders = [("5.0", &newer), ("4.5", &older)];
    let blenders = blenders.map(|(version, path)| Blender { version: version.into(), path: path.clone() });
    let farm = TestFarm::with_blenders(blenders.to_vec()).await;

    let report = rendered(&farm, "older.blend", saved_by(&older), "frame=1").await;
    assert!(rendered_with(&farm, &report).starts_with("4.5"), "{report:?}");
    let report = rendered(&farm, "newer.blend", saved_by(&newer), "frame=1").await;
    assert!(rendered_with(&farm, &report).starts_with("5.0"), "{report:?}");
    let report = rendered(&farm, "named.blend", saved_by(&older), "frame=1&blender=5.0").await;
    assert!(rendered_with(&farm, &report).starts_with("5.0"), "{report:?}");
    let report = rejected(&farm, "too-old.blend", saved_by(&newer), "frame=1&blender=4.5").await;
    assert!(report.message.contains("saved by Blender 5.0"), "{report:?}");
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn a_file_that_is_newer_than_all_is_refused_with_the_command_that_adds_its_blender() {
    let Some(newer) = tool("FARM_TEST_BLENDER_NEWER") else { return };
    let farm = TestFarm::start().await;
    let report = rejected(&farm, "newer.blend", saved_by(&newer), "frame=1").await;
    assert!(report.message.contains("saved by Blender 5.0; the farm has Blender 4.5"), "{report:?}");
    assert!(report.hint.unwrap().contains("cargo xtask deploy --blender 4.5 --blender 5.0"));
    farm.farm.shutdown().await;
}
