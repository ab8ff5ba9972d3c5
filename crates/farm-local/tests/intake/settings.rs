//! What the tags set, the pictures show.

use crate::support::farm::TestFarm;
use crate::{bytes, pixels, rendered};

#[tokio::test]
async fn every_setting_of_the_tags_is_honoured() {
    let farm = TestFarm::start().await;
    let many = || bytes("many.blend");
    rendered(&farm, "own.blend", many(), "frame=1").await;
    let own = pixels(&farm, "own.blend/frame_0001.png");
    assert_eq!(own.dimensions(), (64, 36));

    // The scene's own range, with its step.
    let report = rendered(&farm, "range.blend", many(), "frames=scene&percentage=25").await;
    assert_eq!(report.frames.unwrap().planned, "1-7x3");
    assert_eq!(pixels(&farm, "range.blend/frame_0004.png").dimensions(), (16, 9));

    // Another scene has its own range, size and camera.
    let report = rendered(&farm, "scene.blend", many(), "frames=scene&scene=Wide").await;
    assert_eq!(report.frames.unwrap().planned, "5-6");
    let wide = pixels(&farm, "scene.blend/frame_0005.png");
    assert_eq!(wide.dimensions(), (80, 20));
    assert!(wide != pixels(&farm, "scene.blend/frame_0006.png"), "what moves in it moves");

    for (key, tagging) in [
        ("camera.blend", "frame=1&camera=Other"),
        ("layer.blend", "frame=1&view_layer=Empty"),
        ("samples.blend", "frame=1&samples=64"),
    ] {
        rendered(&farm, key, many(), tagging).await;
        let other = pixels(&farm, &format!("{key}/frame_0001.png"));
        assert_eq!(other.dimensions(), (64, 36), "{key}");
        assert!(other != own, "{key}");
    }
    // In the empty layer there is nothing to see but the world.
    let empty = pixels(&farm, "layer.blend/frame_0001.png");
    // (Pictures of 8 bits are dithered.)
    let first = empty.get_pixel(0, 0);
    let same = |pixel: &image::Rgba<u8>| pixel.0.iter().zip(first.0).all(|(a, b)| a.abs_diff(b) < 4);
    assert!(empty.pixels().all(same), "something is left in it");

    rendered(&farm, "format.blend", many(), "frame=1&format=OPEN_EXR_MULTILAYER").await;
    assert!(farm.names("format.blend").await.contains(&"frame_0001.exr".to_owned()));
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn the_engine_can_be_set_to_the_one_that_the_farm_has() {
    let farm = TestFarm::start().await;
    rendered(&farm, "eevee.blend", bytes("eevee.blend"), "frame=1&engine=CYCLES").await;
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn other_settings_make_other_frames_and_the_same_ones_keep_them() {
    let farm = TestFarm::start().await;
    let source = |farm: &TestFarm| farm.metadata("a.blend/frame_0001.png", "farm-source");
    rendered(&farm, "a.blend", bytes("many.blend"), "frame=1&samples=2").await;
    let first = source(&farm);
    rendered(&farm, "a.blend", bytes("many.blend"), "frame=1&samples=3").await;
    let second = source(&farm);
    assert_ne!(first, second);
    rendered(&farm, "a.blend", bytes("many.blend"), "frame=1&samples=3&chunk=1").await;
    assert_eq!(source(&farm), second);
    farm.farm.shutdown().await;
}
