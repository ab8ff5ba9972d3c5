//! The main job, with the real programs and the real Blender: an upload becomes frames and an
//! archive because of its event alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use farm_contract::keys::FrameName;
use farm_contract::metadata;
use farm_contract::report::State;
use farm_testing::tool;
use rustix::process::{Pid, Signal, kill_process};
use support::farm::TestFarm;
use support::scene;

#[tokio::test]
async fn a_tagged_upload_becomes_frames_and_an_archive() {
    let farm = TestFarm::start().await;
    // The scene's own range begins at frame 10: `frame=3` is 10, 11 and 12.
    farm.upload("shots/late.blend", std::fs::read(scene("late")).unwrap(), "frame=3").await;
    let report = farm.last_report("shots/late.blend").await;
    assert_eq!(report.state, State::Complete, "{}", report.message);
    let frames = report.frames.unwrap();
    assert_eq!((frames.planned.as_str(), frames.count, frames.done), ("10-12", 3, 3));
    assert!(frames.seconds > 0.0);
    let names = ["frame_0010.png", "frame_0011.png", "frame_0012.png"];
    // Film and contact sheet come last.
    farm.idle().await;
    let moving = tool("FARM_TEST_FFMPEG").is_some();
    let mut all = [&names[..], &["frames.zip", "report.json"]].concat();
    all.extend(["preview.mp4", "contact-sheet.gif"].iter().filter(|_| moving));
    all.sort();
    assert_eq!(farm.names("shots/late.blend").await, all);
    let archive = farm.archive("shots/late.blend").await;
    assert_eq!(archive.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
    for (name, bytes) in &archive {
        let stored = farm.stored(&format!("shots/late.blend/{name}"));
        assert_eq!(&stored, bytes, "{name}");
        let picture = image::load_from_memory(bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (64, 36), "{name}");
    }
    assert_ne!(archive[0].1, archive[2].1, "the scene moves, so its frames differ");
    // What the bucket's lifecycle goes by: a render may expire, an upload and its report never.
    let (name, value) = metadata::RENDERED_TAG;
    for (key, expires) in [
        ("shots/late.blend/frame_0010.png", true),
        ("shots/late.blend/frames.zip", true),
        ("shots/late.blend/report.json", false),
        ("shots/late.blend", false),
    ] {
        let tags = farm.s3.get_object_tagging().bucket(farm.farm.bucket()).key(key).send().await.unwrap();
        let tagged = tags.tag_set().iter().any(|tag| tag.key() == name && tag.value() == value);
        assert_eq!(tagged, expires, "{key}");
    }
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn one_frame_is_a_plain_job_and_a_list_keeps_its_numbers() {
    let farm = TestFarm::start().await;
    let blend = std::fs::read(scene("plain")).unwrap();
    farm.upload("one.blend", blend.clone(), "frame=1").await;
    farm.upload("list.blend", blend, "frames=2%205-7x2").await;
    for key in ["one.blend", "list.blend"] {
        let report = farm.last_report(key).await;
        assert_eq!(report.state, State::Complete, "{key}: {}", report.message);
    }
    assert_eq!(farm.names("one.blend").await[0], "frame_0001.png");
    let frames: Vec<i32> = farm
        .names("list.blend")
        .await
        .iter()
        .filter_map(|name| Some(FrameName::parse(name)?.frame))
        .collect();
    assert_eq!(frames, [2, 5, 7]);
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn the_same_bytes_again_render_nothing_and_other_frames_only_what_is_missing() {
    let farm = TestFarm::start().await;
    let blend = std::fs::read(scene("plain")).unwrap();
    farm.upload("again.blend", blend.clone(), "frames=1-2").await;
    let first = farm.last_report("again.blend").await;
    let render = |frame: i32| farm.metadata(&format!("again.blend/frame_{frame:04}.png"), metadata::RENDER);
    let made_by = render(1);

    farm.upload("again.blend", blend.clone(), "frames=1-3").await;
    let second = farm
        .report_that("again.blend", |report| report.render != first.render && report.state != State::Accepted)
        .await;
    assert_eq!(second.state, State::Complete);
    assert_eq!(second.frames.unwrap().count, 3);
    assert_eq!(render(1), made_by, "frame 1 was there and is left alone");
    assert_eq!(Some(render(3)), second.render.map(|id| id.to_string()));
    assert_eq!(farm.archive("again.blend").await.len(), 3);
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn an_upload_replaced_in_mid_render_never_mixes_its_frames_with_the_new_ones() {
    let farm = TestFarm::start().await;
    let (old, new) = (std::fs::read(scene("slow")).unwrap(), std::fs::read(scene("late")).unwrap());
    farm.upload("shot.blend", old, "frames=10-40").await;
    let first = farm.report_that("shot.blend", |report| report.state == State::Accepted).await;
    wait_for_frames(&farm, "shot.blend", 1).await;
    farm.upload("shot.blend", new, "frames=10-12").await;
    let report = farm
        .report_that("shot.blend", |report| report.render != first.render && report.state != State::Accepted)
        .await;
    assert_eq!(report.state, State::Complete, "{}", report.message);
    let archive = farm.archive("shot.blend").await;
    assert_eq!(archive.len(), 3);
    let mut sources = BTreeSet::new();
    for (name, bytes) in archive {
        let key = format!("shot.blend/{name}");
        assert_eq!(bytes, farm.stored(&key));
        sources.insert(farm.metadata(&key, metadata::SOURCE));
    }
    assert_eq!(sources.len(), 1, "one archive, one version");
    // The older render ends by itself, and leaves the newer one's report alone.
    farm.idle().await;
    let last = farm.last_report("shot.blend").await;
    assert_eq!((last.state, last.render), (State::Complete, report.render));
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn a_huge_count_is_planned_within_batchs_limits_and_does_not_hold_up_others() {
    let farm = TestFarm::start().await;
    farm.upload("huge.blend", std::fs::read(scene("plain")).unwrap(), "frame=20000").await;
    let huge = farm.report_that("huge.blend", |report| report.state == State::Accepted).await;
    assert_eq!(huge.frames.unwrap().count, 20_000);
    let warning = huge.warnings.join(" ");
    assert!(warning.contains("frames=scene"), "the scene is shorter than that: {warning}");
    // Fair share: a small upload is served while the huge one renders.
    farm.upload("small.blend", std::fs::read(scene("late")).unwrap(), "frame=2").await;
    assert_eq!(farm.last_report("small.blend").await.state, State::Complete);
    let done = farm.names("huge.blend").await.len();
    assert!(done < 500, "{done} frames of the huge upload came first");
    // With this the farm goes down in mid-render, and leaves no process behind.
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn uploads_that_arrive_together_share_the_machine() {
    let farm = TestFarm::start().await;
    let blend = std::fs::read(scene("plain")).unwrap();
    let mut created = farm.farm.store.subscribe();
    farm.upload("a.blend", blend.clone(), "frames=1-8&chunk=1").await;
    farm.upload("b.blend", blend, "frames=1-8&chunk=1").await;
    let (a, b) = (farm.last_report("a.blend").await, farm.last_report("b.blend").await);
    assert_eq!((a.state, b.state), (State::Complete, State::Complete));
    let mut order = String::new();
    while let Ok(object) = created.try_recv() {
        if object.key.contains("/frame_") {
            order.push_str(&object.key[..1]);
        }
    }
    // One after the other in whole would put all eight of one before the first of the other.
    let (first_b, last_a) = (order.find('b').unwrap(), order.rfind('a').unwrap());
    assert!(first_b < 8 && last_a > 8, "{order}");
    farm.farm.shutdown().await;
}

#[tokio::test]
async fn a_task_that_is_killed_is_tried_again_and_loses_nothing() {
    let farm = TestFarm::start().await;
    farm.upload("killed.blend", std::fs::read(scene("slow")).unwrap(), "frame=4&chunk=2").await;
    wait_for_frames(&farm, "killed.blend", 1).await;
    let task = processes("render-task", "--blend=killed.blend").into_iter().next().expect("a task at work");
    kill_process(Pid::from_raw(task).unwrap(), Signal::KILL).unwrap();
    let report = farm.last_report("killed.blend").await;
    assert_eq!(report.state, State::Complete, "{}", report.message);
    assert_eq!(farm.archive("killed.blend").await.len(), 4);
    farm.farm.shutdown().await;
    assert_eq!(processes("render-task", "--blend=killed.blend"), Vec::<i32>::new());
}

/// Ids of living processes of a program that have `argument`.
fn processes(program: &str, argument: &str) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let entry = entry.unwrap();
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        let mut words = line.split('\0');
        let named = words.next()?.ends_with(program);
        (named && words.any(|word| word == argument)).then_some(pid)
    });
    processes.collect()
}

async fn wait_for_frames(farm: &TestFarm, key: &str, count: usize) {
    let wait = async {
        while farm.names(key).await.iter().filter(|name| name.starts_with("frame_")).count() < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), wait).await.expect("frames");
}
