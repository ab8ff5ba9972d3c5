//! Frames that arrive: what they are, what they are marked with, and when they are left alone.

use farm_contract::exit::TaskExit;
use farm_contract::metadata;

use crate::harness::Bench;

const DONE: i32 = TaskExit::Done as i32;

/// Everything that is said of a file must be true of its bytes.
fn check_marks(bench: &Bench, name: &str, frame: i32, files: usize) {
    let (head, bytes) = (bench.head(name), bench.read(name));
    let said = |key: &str| head.metadata[key].as_str();
    assert_eq!(said(metadata::SOURCE), bench.plan.source.id.as_str(), "{name}");
    assert_eq!(said(metadata::RENDER), bench.plan.render.as_str(), "{name}");
    assert_eq!(said(metadata::FRAME), frame.to_string(), "{name}");
    assert_eq!(said(metadata::FILES), files.to_string(), "{name}");
    assert!(said(metadata::SECONDS).parse::<f64>().unwrap() > 0.0, "{name}");
    let crc32 = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, &bytes);
    assert_eq!(said(metadata::CRC32), format!("{crc32:08x}"), "{name}");
}

fn size(bytes: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(bytes).unwrap();
    (picture.width(), picture.height())
}

#[tokio::test]
async fn three_frames_arrive_whole_and_a_second_run_starts_no_blender() {
    let mut bench = Bench::with_scene("plain", "-1 2-3").await;
    bench.run(DONE).await;
    let names = ["frame_-001.png", "frame_0002.png", "frame_0003.png"];
    assert_eq!(bench.names(), names);
    for (name, frame) in names.into_iter().zip([-1, 2, 3]) {
        assert_eq!(size(&bench.read(name)), (64, 36), "{name}");
        assert_eq!(bench.head(name).content_type.as_deref(), Some("image/png"));
        check_marks(&bench, name, frame, 1);
    }
    assert_ne!(bench.read(names[1]), bench.read(names[2]), "the cube turns");
    let record = bench.record();
    assert_eq!(record.rendered.iter().map(|frame| frame.frame).collect::<Vec<_>>(), [-1, 2, 3]);
    assert_eq!(record.rendered[1].bytes, bench.read(names[1]).len() as u64);
    assert!(record.blender.contains('.') && record.peak_memory_mib > 10, "{record:?}");
    assert_eq!((record.attempt, record.job_id.as_str(), record.exit_code), (1, "job-1", 0));
    assert_eq!(std::fs::read_dir(bench.scratch.path()).unwrap().count(), 0, "nothing stays behind");

    bench.blender = "/nowhere/blender".into();
    let before = names.map(|name| bench.head(name));
    bench.run(DONE).await;
    assert_eq!(names.map(|name| bench.head(name)), before, "not a byte was written again");
    let record = bench.record();
    assert_eq!((record.kept.as_slice(), record.rendered.len()), (&[-1, 2, 3][..], 0));
}

#[tokio::test]
async fn a_child_renders_its_share_and_only_what_is_missing_of_it() {
    let mut bench = Bench::with_scene("plain", "1-10").await;
    bench.plan.chunk = 2;
    let mut command = bench.command();
    command.env(farm_contract::env::ARRAY_INDEX, "1");
    let run = move || command.status().unwrap();
    let status = tokio::task::spawn_blocking(run).await.unwrap();
    assert_eq!(status.code(), Some(DONE));
    assert_eq!(bench.names(), ["frame_0003.png", "frame_0004.png"]);

    let kept = bench.head("frame_0004.png");
    bench.plan.chunk = 4;
    bench.run(DONE).await;
    assert_eq!(bench.names().len(), 4);
    assert_eq!(bench.head("frame_0004.png"), kept);
    assert_eq!(bench.record().kept, [3, 4]);
}

#[tokio::test]
async fn frames_of_an_older_upload_are_rendered_again() {
    let mut bench = Bench::with_scene("plain", "1").await;
    bench.run(DONE).await;
    bench.plan.source.id = farm_contract::plan::SourceId::from_text("another");
    bench.run(DONE).await;
    assert_eq!(bench.record().kept, [0; 0]);
    check_marks(&bench, "frame_0001.png", 1, 1);
}

#[tokio::test]
async fn files_of_file_output_nodes_arrive_and_belong_to_their_frame() {
    let bench = Bench::with_scene("fileoutput", "2-3").await;
    bench.run(DONE).await;
    let names =
        ["beauty copy/Image0002.png", "beauty copy/Image0003.png", "frame_0002.png", "frame_0003.png"];
    assert_eq!(bench.names(), names);
    for (name, frame) in names.into_iter().zip([2, 3, 2, 3]) {
        check_marks(&bench, name, frame, 2);
        assert_eq!(size(&bench.read(name)), (64, 36));
    }
    bench.run(DONE).await;
    assert_eq!(bench.record().kept, [2, 3]);

    // Without its extra file the frame is not whole, whatever else lies there.
    bench.delete(names[1]);
    bench.run(DONE).await;
    assert_eq!(bench.names(), names);
    assert_eq!(bench.record().kept, [2]);
}

#[tokio::test]
async fn both_views_of_a_stereo_frame_make_up_the_frame() {
    let bench = Bench::with_scene("stereo", "5").await;
    bench.run(DONE).await;
    let names = ["frame_0005_L.png", "frame_0005_R.png"];
    assert_eq!(bench.names(), names);
    for name in names {
        check_marks(&bench, name, 5, 2);
        // A child that was killed between two puts leaves one of them.
        bench.delete(name);
        bench.run(DONE).await;
        assert_eq!(bench.names(), names);
        assert_eq!(bench.record().rendered.len(), 1);
    }
    assert_ne!(bench.read(names[0]), bench.read(names[1]), "two eyes see two pictures");
}

#[tokio::test]
async fn a_movie_becomes_png_and_the_record_says_so() {
    let bench = Bench::with_scene("movie", "1").await;
    bench.run(DONE).await;
    assert_eq!(bench.names(), ["frame_0001.png"]);
    assert_eq!(size(&bench.read("frame_0001.png")), (64, 36));
    let warnings = bench.record().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("movie")), "{warnings:?}");
}

#[tokio::test]
async fn a_script_that_did_not_run_is_told_of() {
    let bench = Bench::with_scene("script", "1").await;
    bench.run(DONE).await;
    assert_eq!(bench.names(), ["frame_0001.png"]);
    let warnings = bench.record().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("`rig_ui.py`")), "{warnings:?}");
}

#[tokio::test]
async fn the_scenes_own_format_and_border_are_kept() {
    for (scene, name, magic) in [
        ("jpeg", "frame_0001.jpg", &b"\xff\xd8\xff"[..]),
        ("layers", "frame_0001.exr", b"\x76\x2f\x31\x01"),
        // Only Blender itself can read this one back.
        ("jpeg2000", "frame_0001.jp2", b"\0\0\0\x0cjP  "),
    ] {
        let bench = Bench::with_scene(scene, "1").await;
        bench.run(DONE).await;
        assert_eq!(bench.names(), [name]);
        assert!(bench.read(name).starts_with(magic), "{scene}");
        check_marks(&bench, name, 1, 1);
    }
    let bench = Bench::with_scene("crop", "1").await;
    bench.run(DONE).await;
    let (width, height) = size(&bench.read("frame_0001.png"));
    assert!(width < 50 && height < 30, "{width} x {height}");
}
