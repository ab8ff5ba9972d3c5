//! Bad input: each upload ends with a report that says what to do, and the farm goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod support;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use farm_contract::report::State;
use farm_local::s3::PutAttributes;
use support::farm::TestFarm;
use support::scene;

#[tokio::test]
async fn every_bad_tag_is_refused_with_the_way_to_write_it_and_the_farm_renders_on() {
    let farm = TestFarm::start().await;
    let blend = std::fs::read(scene("plain")).unwrap();
    let tags = [
        ("", "no `frame` or `frames` tag", "frame=120"),
        ("frame=0", "frame=0 asks for no frame", "frame=120"),
        ("frame=abc", "frame=abc is not a number of frames", "frame=120"),
        ("frame=-4", "frame=-4 is not a number of frames", "frame=120"),
        ("frame=1%205", "frame=1 5 is not a number of frames", "frames=1 5"),
        ("frames=10-1", "runs backwards", "frames=1-10"),
        ("frame=3&frames=1-3", "both", "Keep one"),
        ("frame=3&chunk=0", "chunk=0 is not a number", "chunk=auto"),
        ("frame=3&camera=Left", "no camera `Left`", "camera=Camera"),
        ("frame=3&scene=Other", "no scene `Other`", "scene=Scene"),
        ("frame=3&view_layer=Fog", "no view layer `Fog`", "view_layer=ViewLayer"),
        ("frame=3&format=FFMPEG", "is a movie", "PNG"),
        ("frame=3&engine=BLENDER_EEVEE", "engine=BLENDER_EEVEE", "engine=CYCLES"),
        ("frame=3&samples=0", "samples=0", "samples=50"),
        ("frame=3&blender=4.2", "the farm has Blender 4.5", "--blender 4.5 --blender 4.2"),
        ("frame=3&spot=no", "`spot` is not honoured", "without the tag"),
    ];
    for (at, (tagging, message, hint)) in tags.into_iter().enumerate() {
        let key = format!("tag{at}.blend");
        farm.upload(&key, blend.clone(), tagging).await;
        let report = farm.last_report(&key).await;
        assert_eq!(report.state, State::Rejected, "{tagging}");
        assert!(report.message.contains(message), "{tagging}: {}", report.message);
        let said = report.hint.unwrap();
        assert!(said.contains(hint), "{tagging}: {said}");
        assert_eq!(farm.names(&key).await, ["report.json"], "{tagging}");
    }

    // S3 itself refuses a comma: the upload never exists.
    let refused = farm.s3.put_object().bucket(farm.farm.bucket()).key("comma.blend").tagging("frame=1%2C5");
    let refused = refused.body(ByteStream::from(blend.clone())).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidTag"));
    // Should a bucket let one through, the report shows the tag that was meant.
    let attributes = PutAttributes { tags: [("frame".into(), "1,5".into())].into(), ..Default::default() };
    farm.farm.store.put(farm.farm.bucket(), "comma.blend", &blend, attributes).unwrap();
    let report = farm.last_report("comma.blend").await;
    assert_eq!(report.state, State::Rejected);
    assert!(report.hint.unwrap().contains("frames=1 5"));

    farm.upload("good.blend", blend, "frame=1").await;
    assert_eq!(farm.last_report("good.blend").await.state, State::Complete);
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn files_that_are_no_scene_are_refused_and_the_farm_renders_on() {
    let farm = TestFarm::start().await;
    let blend = std::fs::read(scene("plain")).unwrap();
    let compressed = std::fs::read(scene("compressed")).unwrap();
    let mut newer = blend.clone();
    // The version stands in the header's last three bytes.
    newer[9..12].copy_from_slice(b"999");
    let noise: Vec<u8> = (0..9000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let files = [
        ("empty", Vec::new(), "empty"),
        ("noise", noise, "not a Blender file"),
        ("text", b"hello, this is no scene".to_vec(), "not a Blender file"),
        ("seven", blend[..7].to_vec(), "cut off"),
        ("header", blend[..12].to_vec(), "cut off"),
        ("rend", blend[..40].to_vec(), "cut off"),
        ("zstd", compressed[..20].to_vec(), "cut off"),
        ("newer", newer, "9.99"),
    ];
    for (name, bytes, message) in files {
        let key = format!("{name}.blend");
        farm.upload(&key, bytes, "frame=2").await;
        let report = farm.last_report(&key).await;
        assert_eq!(report.state, State::Rejected, "{name}: {}", report.message);
        assert!(report.message.contains(message), "{name}: {}", report.message);
        assert!(report.hint.is_some(), "{name}");
    }

    // Cut off behind what the header tells, and a scene without a camera: found before anything is spent.
    let cut = |part: usize| blend[..blend.len() * (part - 1) / part].to_vec();
    let nocamera = std::fs::read(scene("nocamera")).unwrap();
    for (key, bytes, message) in [
        ("cut2.blend", cut(2), "cut off"),
        ("cut3.blend", cut(3), "cut off"),
        ("nocamera.blend", nocamera, "has no camera"),
    ] {
        farm.upload(key, bytes, "frame=2").await;
        let report = farm.last_report(key).await;
        assert_eq!(report.state, State::Rejected, "{}", report.message);
        assert!(report.message.contains(message), "{}", report.message);
    }

    farm.upload("good.blend", blend, "frame=1").await;
    assert_eq!(farm.last_report("good.blend").await.state, State::Complete);
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn any_key_that_s3_takes_renders_or_is_refused_in_words() {
    let farm = TestFarm::start().await;
    let blend = std::fs::read(scene("plain")).unwrap();
    let long = format!("{}.blend", "k".repeat(994));
    let keys =
        ["my shot 1.blend", "a+b.blend", "100%25.blend", "Übergröße/ß 東京.blend", "a/b/c.blend", &long];
    for key in keys {
        farm.upload(key, blend.clone(), "frame=1").await;
    }
    for key in keys {
        let report = farm.last_report(key).await;
        assert_eq!(report.state, State::Complete, "{key}: {}", report.message);
        assert_eq!(farm.names(key).await, ["frame_0001.png", "frames.zip", "report.json"], "{key}");
        assert_eq!(farm.archive(key).await[0].0, "frame_0001.png");
    }
    let too_long = format!("{}.blend", "k".repeat(1005));
    farm.upload(&too_long, blend, "frame=1").await;
    let report = farm.last_report(&too_long).await;
    assert_eq!(report.state, State::Rejected);
    assert!(report.message.contains("1011 bytes"), "{}", report.message);
    farm.farm.shutdown().await;
}
