//! What is told before anything is spent.

use farm_contract::report::State;

use crate::support::farm::TestFarm;
use crate::{bytes, complete, pixels, rejected, rendered};

#[tokio::test]
async fn what_is_in_the_way_is_told_before_anything_is_submitted() {
    let farm = TestFarm::start().await;
    for (name, message, hint) in [
        ("missing.blend", "`gone.png` is not with the upload", "farm submit"),
        ("eevee.blend", "EEVEE", "engine=CYCLES"),
    ] {
        let report = rejected(&farm, name, bytes(name), "frames=scene").await;
        assert!(report.message.contains(message), "{name}: {report:?}");
        assert!(report.hint.as_ref().unwrap().contains(hint), "{name}: {report:?}");
        assert!(report.problems.is_empty() && report.render.is_none());
    }
    let report = rejected(&farm, "two.blend", bytes("two things.blend"), "frame=1").await;
    let problems: Vec<&str> = report.problems.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(problems.len(), 2, "{report:?}");
    assert!(problems[0].contains("no camera") && problems[1].contains("Python"), "{problems:?}");
    assert!(farm.jobs().await.is_empty());
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn what_may_be_meant_so_is_rendered_and_told() {
    let farm = TestFarm::start().await;
    let report = rendered(&farm, "movie.blend", bytes("movie.blend"), "frame=1").await;
    assert!(report.warnings.iter().any(|warning| warning.contains("movie")), "{report:?}");
    let report = rendered(&farm, "missing.blend", bytes("missing.blend"), "frame=1&missing=allow").await;
    assert!(report.warnings.iter().any(|warning| warning.contains("gone.png")), "{report:?}");
    // Whether a task begins with the first frame or in the middle: the cloth has fallen as far.
    for (key, tagging) in [
        ("whole.blend", "frames=1-9&chunk=9"),
        ("cut.blend", "frames=8 9&chunk=1"),
        ("late.blend", "frames=1 9&chunk=2"),
    ] {
        let report = rendered(&farm, key, bytes("cloth.blend"), &tagging.replace(' ', "%20")).await;
        assert!(report.warnings.iter().any(|warning| warning.contains("cloth of `Cube`")), "{report:?}");
    }
    let ninth = |key: &str| pixels(&farm, &format!("{key}.blend/frame_0009.png"));
    assert!(ninth("whole") != pixels(&farm, "whole.blend/frame_0001.png"), "it falls");
    assert!(ninth("cut") == ninth("whole") && ninth("late") == ninth("whole"), "it fell as far");
    // So it is in an instance, and from the cloth's own first frame on, which lies before the scene's.
    for (key, tagging) in [("all.blend", "frames=5-9&chunk=5"), ("last.blend", "frames=9")] {
        rendered(&farm, key, bytes("instance.blend"), tagging).await;
    }
    let of = |key: &str| pixels(&farm, &format!("{key}.png"));
    assert!(of("all.blend/frame_0009") != of("all.blend/frame_0005"), "it falls");
    assert!(of("last.blend/frame_0009") == of("all.blend/frame_0009"), "it fell as far");
    // What Blender computes without Python is told, and rendered.
    let report = rendered(&farm, "driver.blend", bytes("driver.blend"), "frames=1%203").await;
    assert!(report.warnings.iter().any(|warning| warning.contains("frame**2")), "{report:?}");
    assert!(of("driver.blend/frame_0001") != of("driver.blend/frame_0003"), "it drives");
    rendered(&farm, "stereo.blend", bytes("stereo.blend"), "frame=1").await;
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn a_file_whose_facts_cannot_be_read_is_rendered_by_what_its_beginning_says() {
    let farm = TestFarm::start().await;
    // A scene whose table of structures this reader cannot make sense of; the stand-in for Blender can.
    let report = {
        let fake = crate::support::fake::Fake::default();
        let farm = TestFarm::with_blender(crate::support::fake::fake_blender()).await;
        farm.upload("odd.blend", fake.blend(farm.folder()), "frame=2").await;
        let report = complete(&farm, "odd.blend").await;
        farm.farm.shutdown().await;
        report
    };
    assert_eq!(report.state, State::Complete);
    assert!(report.warnings.iter().any(|warning| warning.contains("Only the beginning")), "{report:?}");
    farm.farm.shutdown().await;
}
