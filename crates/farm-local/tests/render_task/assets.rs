//! Blender's own assets, which a file links from where the artist's Blender lies.

use farm_contract::exit::TaskExit;

use crate::harness::Bench;
use crate::support;

/// What the one frame of a scene shows. Nothing is said of the file to the artist.
async fn pixels(scene: &str) -> Vec<u8> {
    let bench = Bench::with_scene(scene, "1").await;
    let said = bench.run(TaskExit::Done as i32).await;
    assert_eq!(bench.record().warnings, [""; 0], "{said}");
    image::load_from_memory(&bench.read("frame_0001.png")).unwrap().into_bytes()
}

#[tokio::test]
async fn an_asset_of_another_blender_is_read_from_this_one() {
    let wanted = pixels("asset").await;
    assert!(pixels("assetoff").await != wanted, "the asset is seen in the picture");
    for (scene, path) in [
        ("assetwindows", r"C:\Program Files\Blender Foundation\Blender 4.5\4.5\datafiles\assets\"),
        ("assetmac", "/Applications/Blender.app/Contents/Resources/4.5/datafiles/assets/"),
        ("assetlinux", "//../../../usr/share/blender/4.1/datafiles/assets/"),
    ] {
        let file = std::fs::read(support::scene(scene)).unwrap();
        assert!(file.windows(path.len()).any(|bytes| bytes == path.as_bytes()), "{scene} names {path}");
        assert!(pixels(scene).await == wanted, "{scene}: another picture");
    }
    // Where that other Blender is on this very machine, its files are not of the upload all the same.
    assert!(pixels("assetelsewhere").await == wanted, "another picture");
}
