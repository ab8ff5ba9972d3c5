//! zip-task as a real program against the bucket on loopback. What counts is what lies in the
//! bucket afterwards.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod bench;
mod memory;
mod previews;
mod relay;
mod stops;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bench::{BUCKET, Bench, ended, name, picture};
use farm_contract::exit::TaskExit;
use farm_contract::plan::RenderId;
use farm_contract::record::{FrameFault, FrameRecord};
use farm_contract::report::{Report, State};
use farm_contract::{Fault, keys, metadata};
use relay::{Trouble, relay};
use tokio::sync::watch;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

const DONE: i32 = TaskExit::Done as i32;
const FAILED: i32 = TaskExit::Failed as i32;
const SUPERSEDED: i32 = TaskExit::Superseded as i32;
const INCOMPLETE: i32 = TaskExit::Incomplete as i32;
const NO_SPACE: i32 = TaskExit::NoSpace as i32;
const TRY_AGAIN: i32 = TaskExit::TryAgain as i32;

fn names(archive: &[(String, Vec<u8>)]) -> Vec<&str> {
    archive.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn a_complete_render_becomes_a_complete_archive() {
    let bench = Bench::start("Schöne Szenen/a b+c%20 é.blend", 9..=11).await;
    bench.frames(9..=10, 1000).await;
    // Frame 11 has two views and an extra file.
    for file in ["frame_0011_L.png", "frame_0011_R.png", "Tiefe/0011 ä.exr"] {
        let body = file.as_bytes().to_vec();
        let metadata = bench.metadata(11, 3, &body);
        bench.put_with(&bench.key.file(file), body, metadata).await;
    }
    // What else may lie there: not of the plan, of another upload, a user's own.
    bench.frame(12, 10).await;
    let nested = bench.metadata(9, 1, b"nested");
    bench.put_with(&bench.key.file("b.blend/frame_0009.png"), b"nested".to_vec(), nested).await;
    bench.put(&bench.key.file("notes.txt"), b"mine".to_vec()).await;

    assert_eq!(bench.run(false).await.0, DONE);
    let archive = bench.archive().await;
    let expected =
        ["frame_0009.png", "frame_0010.png", "frame_0011_L.png", "frame_0011_R.png", "Tiefe/0011 ä.exr"];
    assert_eq!(names(&archive), expected);
    assert_eq!(archive[0].1, picture(9, 1000));
    assert_eq!(archive[4].1, "Tiefe/0011 ä.exr".as_bytes());

    let report = bench.report().await;
    assert_eq!((report.state, report.zip), (State::Complete, Some(bench.key.frames_zip())));
    assert_eq!(
        (report.render, report.etag),
        (Some(bench.plan.render.clone()), Some(bench.plan.source.etag.clone()))
    );
    assert_eq!(report.warnings, ["From the plan."]);
    let frames = report.frames.unwrap();
    assert_eq!(
        (frames.planned.as_str(), frames.count, frames.done, frames.missing.as_str()),
        ("9-11", 3, 3, "")
    );
    assert!((frames.seconds - 3.75).abs() < 1e-9);

    let head = bench.s3.head_object().bucket(BUCKET).key(bench.key.frames_zip()).send().await.unwrap();
    let labels = HashMap::from([
        (metadata::RENDER.to_owned(), bench.plan.render.to_string()),
        (metadata::SOURCE.to_owned(), bench.plan.source.id.to_string()),
    ]);
    let mut told = head.metadata.unwrap();
    assert_eq!(told.remove(metadata::CONTENTS).map(|digits| digits.len()), Some(8));
    assert_eq!(told, labels);

    // The same once more gives the same bytes.
    let first = bench.read(&bench.key.frames_zip()).await;
    assert_eq!(bench.run(false).await.0, DONE);
    assert_eq!(bench.read(&bench.key.frames_zip()).await, first);
}

#[tokio::test]
async fn missing_frames_are_told_everywhere_with_their_reasons() {
    let bench = Bench::start("a.blend", 1..=10).await;
    // Children take two frames each; of the last there is no record.
    for frame in [1, 5, 7] {
        bench.frame(frame, 100).await;
    }
    let body = b"one of two".to_vec();
    let half = bench.metadata(8, 2, &body);
    bench.put_with(&bench.key.file("frame_0008.png"), body, half).await;
    let mut record = bench.record(0);
    record.failed =
        vec![FrameFault { frame: 2, fault: Fault::new("The texture wood.png is missing.", "Pack it.") }];
    record.warnings = vec!["Saved by an older Blender.".into()];
    bench.put_record(&record).await;
    let mut record = bench.record(1);
    record.fault = Some(Fault::new("Blender ran out of memory.", "Use smaller textures."));
    record.warnings = vec!["Saved by an older Blender.".into()];
    bench.put_record(&record).await;
    let mut record = bench.record(2);
    record.rendered =
        [5, 6].map(|frame| FrameRecord { frame, seconds: 1.0, bytes: 100, files: Vec::new() }).into();
    bench.put_record(&record).await;
    let damaged = keys::task(&bench.plan.render, 3);
    bench.put(&damaged, b"{\"version\":1,".to_vec()).await;

    let (code, stderr) = bench.run(false).await;
    assert_eq!(code, INCOMPLETE, "{stderr}");
    assert!(
        stderr.contains("error: frames.zip holds 3 of 10 frames. Frames 2-4 6 8-10 are missing."),
        "{stderr}"
    );
    let report = bench.report().await;
    assert_eq!(report.state, State::Partial);
    assert!(report.hint.is_some());
    let frames = report.frames.unwrap();
    assert_eq!((frames.count, frames.done, frames.missing.as_str()), (10, 3, "2-4 6 8-10"));
    let lost = "The task ended without leaving a record: it was stopped or lost.";
    let reasons: Vec<_> =
        frames.faults.iter().map(|fault| (fault.frame, fault.fault.message.as_str())).collect();
    let expected = [
        (2, "The texture wood.png is missing."),
        (3, "Blender ran out of memory."),
        (4, "Blender ran out of memory."),
        (6, "It was rendered, but is no longer in the bucket."),
        (8, "Only 1 of its 2 files are in the bucket."),
        (9, lost),
        (10, lost),
    ];
    assert_eq!(reasons, expected);
    assert!(
        report.warnings.contains(&"Saved by an older Blender. (2 tasks)".to_owned()),
        "{:?}",
        report.warnings
    );
    assert!(report.warnings.iter().any(|warning| warning.contains(&damaged)), "{:?}", report.warnings);

    let archive = bench.archive().await;
    assert_eq!(names(&archive), ["missing.txt", "frame_0001.png", "frame_0005.png", "frame_0007.png"]);
    let text = String::from_utf8(archive[0].1.clone()).unwrap();
    for line in [
        "7 of 10 frames are missing",
        "Missing: 2-4 6 8-10\n",
        "Frames 3-4: Blender ran out of memory.\n",
        "frames=2-4 6 8-10\n",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }

    // The same where it was known: nothing else differs.
    assert_eq!(bench.run(true).await.0, DONE);
    assert_eq!(bench.archive().await, archive);
    assert_eq!(bench.report().await.state, State::Partial);
}

#[tokio::test]
async fn without_any_frame_there_is_no_archive() {
    let bench = Bench::start("a.blend", 1..=3).await;
    for child in 0..2 {
        let mut record = bench.record(child);
        record.fault = Some(Fault::new("The scene has no camera.", "Add one."));
        bench.put_record(&record).await;
    }
    assert_eq!(bench.run(false).await.0, INCOMPLETE);
    assert_eq!(bench.run(true).await.0, DONE);
    assert_eq!(bench.read(&bench.key.frames_zip()).await, None);
    let report = bench.report().await;
    assert_eq!((report.state, report.zip, report.hint.as_deref()), (State::Failed, None, Some("Add one.")));
    assert_eq!(report.message, "None of the 3 frames could be rendered. The scene has no camera.");
}

#[tokio::test]
async fn frames_of_another_source_are_left_out() {
    let bench = Bench::start("a.blend", 1..=2).await;
    bench.frame(1, 100).await;
    let mut old = bench.metadata(2, 1, b"old");
    old.insert(metadata::SOURCE.into(), "00000000000000000000".into());
    bench.put_with(&bench.key.file(&name(2)), b"old".to_vec(), old).await;
    assert_eq!(bench.run(false).await.0, INCOMPLETE);
    assert_eq!(names(&bench.archive().await), ["missing.txt", "frame_0001.png"]);
}

#[tokio::test]
async fn what_a_newer_upload_made_is_left_alone() {
    let bench = Bench::start("a.blend", 1..=2).await;
    bench.frames(1..=2, 100).await;
    let mut report = Report::new(State::Complete, "Newer.", BUCKET, "a.blend", 5);
    report.render = Some(RenderId::of_event(BUCKET, "a.blend", "newer", "2"));
    bench.put_report(&report).await;
    bench.put(&bench.key.frames_zip(), b"newer".to_vec()).await;
    for partial in [false, true] {
        let (code, stderr) = bench.run(partial).await;
        assert_eq!(code, SUPERSEDED, "{stderr}");
        assert_eq!(bench.report().await, report);
        assert_eq!(bench.read(&bench.key.frames_zip()).await.unwrap(), b"newer");
    }
}

#[tokio::test]
async fn a_newer_upload_that_comes_while_the_archive_is_written_wins() {
    let bench = Bench::start("a.blend", 1..=8).await;
    bench.frames(1..=8, 3 << 20).await;
    let (held, mut is_held) = watch::channel(false);
    let (release, released) = watch::channel(false);
    let address = relay(bench.address, Trouble::Hold { after: 1 << 20, held, release: released }).await;
    let child = bench.spawn(address, false);
    tokio::time::timeout(PATIENCE, is_held.wait_for(|held| *held)).await.unwrap().unwrap();

    let mut report = Report::new(State::Accepted, "Newer.", BUCKET, "a.blend", 5);
    report.render = Some(RenderId::of_event(BUCKET, "a.blend", "newer", "2"));
    bench.put_report(&report).await;
    bench.put(&bench.key.frames_zip(), b"newer".to_vec()).await;
    release.send_replace(true);

    let (code, stderr) = ended(child).await;
    assert_eq!(code, SUPERSEDED, "{stderr}");
    assert_eq!(bench.report().await, report);
    assert_eq!(bench.read(&bench.key.frames_zip()).await.unwrap(), b"newer");
    bench.no_unfinished_upload();
}

#[tokio::test]
async fn a_plan_that_cannot_be_used_is_named_and_left_as_it_is_and_its_report_says_so() {
    let bench = Bench::start("a.blend", 1..=2).await;
    bench.frames(1..=2, 100).await;
    let before = bench.report().await;
    let key = keys::plan(&bench.plan.render);
    let good = bench.read(&key).await.unwrap();
    let mut foreign = bench.plan.clone();
    foreign.key = "b.blend".into();
    let foreign = serde_json::to_vec(&foreign).unwrap();
    let mut bad_frames = bench.plan.clone();
    bad_frames.frames = "1-".into();
    let bad_frames = serde_json::to_vec(&bad_frames).unwrap();
    let cases =
        [good[..good.len() / 2].to_vec(), b"{\"version\":9}".to_vec(), Vec::new(), foreign, bad_frames];
    for plan in cases {
        bench.put_report(&before).await;
        bench.put(&key, plan.clone()).await;
        let (code, stderr) = bench.run(false).await;
        assert_eq!(code, FAILED, "{stderr}");
        assert!(stderr.contains(&key) && stderr.contains("hint: "), "{stderr}");
        assert_eq!(bench.read(&key).await.unwrap(), plan);
        let report = bench.report().await;
        assert!(report.state == State::Failed && report.message.contains(&key), "{report:?}");
        // A report that says more than that it was accepted stays.
        let mut complete = before.clone();
        complete.state = State::Complete;
        bench.put_report(&complete).await;
        assert_eq!(bench.run(false).await.0, FAILED);
        assert_eq!(bench.report().await, complete);
    }
    bench.put_report(&before).await;
    bench.s3.delete_object().bucket(BUCKET).key(&key).send().await.unwrap();
    let (code, stderr) = bench.run(false).await;
    assert_eq!(code, FAILED);
    assert!(stderr.contains(&key), "{stderr}");
    assert_eq!(bench.read(&bench.key.frames_zip()).await, None);
    assert_eq!(bench.report().await.state, State::Failed);
}

#[tokio::test]
async fn a_report_that_is_none_is_written_anew() {
    let bench = Bench::start("a.blend", 1..=1).await;
    bench.frame(1, 100).await;
    bench.put(&bench.key.report(), b"{\"vers".to_vec()).await;
    assert_eq!(bench.run(false).await.0, DONE);
    bench.s3.delete_object().bucket(BUCKET).key(bench.key.report()).send().await.unwrap();
    assert_eq!(bench.run(false).await.0, DONE);
    assert_eq!(bench.report().await.state, State::Complete);
}

#[tokio::test]
async fn a_flipped_bit_is_found_before_there_is_an_archive() {
    // In an archive of one part, and in one of several.
    for (frames, size) in [(3, 1000), (6, 3 << 20)] {
        let bench = Bench::start("a.blend", 1..=frames).await;
        bench.frames(1..=frames, size).await;
        bench.flip(&picture(2, size));
        let (code, stderr) = bench.run(false).await;
        assert_eq!(code, FAILED, "{stderr}");
        assert!(stderr.contains("a.blend/frame_0002.png"), "{stderr}");
        assert_eq!(bench.read(&bench.key.frames_zip()).await, None);
        bench.no_unfinished_upload();
        let report = bench.report().await;
        assert_eq!((report.state, report.zip), (State::Failed, None));
        assert!(report.hint.unwrap().contains("Delete `a.blend/frame_0002.png`"));
        let told = report.frames.unwrap();
        assert_eq!((told.done, told.missing.as_str()), (frames as u64 - 1, "2"));
    }
}

#[tokio::test]
async fn a_file_whose_metadata_tells_other_bytes_is_named() {
    let bench = Bench::start("a.blend", 1..=2).await;
    bench.frames(1..=2, 100).await;
    let metadata = bench.metadata(1, 1, b"rendered");
    bench.put_with(&bench.key.file(&name(1)), b"replaced".to_vec(), metadata).await;
    let (code, stderr) = bench.run(false).await;
    assert_eq!(code, FAILED);
    assert!(stderr.contains("a.blend/frame_0001.png"), "{stderr}");
    assert_eq!(bench.read(&bench.key.frames_zip()).await, None);
}

#[tokio::test]
async fn frames_beyond_one_page_of_a_listing_are_all_found() {
    let bench = Bench::start("a.blend", 1..=2500).await;
    bench.frames(1..=2500, 50).await;
    assert_eq!(bench.run(false).await.0, DONE);
    let archive = bench.archive().await;
    let expected: Vec<_> = (1..=2500).map(|frame| (name(frame), picture(frame, 50))).collect();
    assert_eq!(archive, expected);
}

#[tokio::test]
async fn an_archive_of_several_parts_is_whole_and_leaves_none_behind() {
    let bench = Bench::start("a.blend", 1..=9).await;
    bench.frames(1..=8, 1_500_007).await;
    // One file that reaches over several parts.
    bench.frame(9, 20_000_003).await;
    assert_eq!(bench.run(false).await.0, DONE);
    let archive = bench.archive().await;
    assert_eq!(archive.len(), 9);
    for (frame, (name_there, bytes)) in (1..).zip(&archive) {
        assert_eq!(*name_there, name(frame));
        assert!(*bytes == picture(frame, bytes.len()), "frame {frame}");
    }
    assert_eq!(archive[8].1.len(), 20_000_003);
    bench.no_unfinished_upload();
}

#[tokio::test]
async fn connections_that_break_off_do_not_show_in_the_archive() {
    let bench = Bench::start("a.blend", 1..=4).await;
    bench.frames(1..=4, 3 << 20).await;
    let trouble = Trouble::Cut { after: 700_001, connections: Arc::new(AtomicU32::new(6)) };
    let address = relay(bench.address, trouble).await;
    let (code, stderr) = ended(bench.spawn(address, false)).await;
    assert_eq!(code, DONE, "{stderr}");
    let expected: Vec<_> = (1..=4).map(|frame| (name(frame), picture(frame, 3 << 20))).collect();
    assert!(bench.archive().await == expected);
    bench.no_unfinished_upload();
}

#[tokio::test]
async fn an_archive_whose_completion_was_never_answered_is_there_once() {
    let bench = Bench::start("a.blend", 1..=4).await;
    bench.frames(1..=4, 3 << 20).await;
    let answers = Arc::new(AtomicU32::new(1));
    let address = relay(bench.address, Trouble::LoseCompletion { answers: answers.clone() }).await;
    let (code, stderr) = ended(bench.spawn(address, false)).await;
    assert_eq!(code, DONE, "{stderr}");
    assert_eq!(answers.load(Ordering::SeqCst), 0);
    assert_eq!(bench.archive().await.len(), 4);
    assert_eq!(bench.report().await.state, State::Complete);
    bench.no_unfinished_upload();
}
