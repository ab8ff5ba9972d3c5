//! Stopping, going on, rendering again, deleting.

use farm_contract::metadata;
use farm_contract::report::State;

use crate::support::fake::Fake;
use crate::{Bench, KEY};

#[tokio::test(flavor = "multi_thread")]
async fn a_render_is_stopped_keeps_what_is_done_and_goes_on() {
    let bench = Bench::start().await;
    let tags = [("frames", "1-8"), ("chunk", "2"), ("order", "linear")];
    bench.put(&Fake { wait: (3..=8).collect(), ..Fake::default() }, &tags);
    let two =
        || bench.farm.farm.store.list(bench.farm.farm.bucket(), &format!("{KEY}/frame_")).unwrap().len() == 2;
    bench.farm.report_that(KEY, |_| two()).await;
    bench.run(&["rm", KEY, "--yes"]).await.has(1, &["is being rendered", "farm cancel"]);
    bench.run(&["rerender", KEY, "1"]).await.has(1, &["is being rendered"]);
    let said = bench.run(&["cancel", KEY]).await;
    said.has(
        0,
        &["Stopped: 2 of 8 done, 6 not rendered", "It was stopped with `farm cancel`.", "farm resume 's3://"],
    );
    let report = bench.farm.last_report(KEY).await;
    assert_eq!((report.state, report.frames.as_ref().unwrap().done), (State::Partial, 2));
    assert_eq!(bench.farm.archive(KEY).await.len(), 3, "two frames and missing.txt");
    bench.run(&["cancel", KEY]).await.has(1, &["has ended"]);
    bench.go();
    bench.run(&["resume", KEY]).await.has(0, &["the frames 3-8"]);
    let report = bench.farm.report_that(KEY, |report| report.state == State::Complete).await;
    assert_eq!(report.frames.unwrap().done, 8);
    bench.run(&["resume", KEY]).await.has(0, &["Nothing is missing"]);
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_before_anything_began_and_one_that_comes_too_late() {
    let bench = Bench::start().await;
    // Another render has all places.
    let other = Fake { name: "other".into(), wait: vec![1, 2], ..Fake::default() };
    bench.farm.put("other.blend", &other.blend(bench.notes.path()), &[("frames", "1-2"), ("chunk", "1")]);
    bench.farm.report_that("other.blend", |_| true).await;
    bench.put(&Fake::default(), &[("frames", "1-4")]);
    bench.farm.report_that(KEY, |_| true).await;
    let mut cancel = bench.command(&["cancel", KEY]);
    let cancel = tokio::task::spawn_blocking(move || cancel.output().unwrap());
    // The jobs are stopped while nothing has a place; what is there of it is told when one is free.
    let stopped = async || {
        bench.farm.jobs().await.iter().any(|(name, status)| name.contains("render") && status == "FAILED")
    };
    while !stopped().await {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    bench.go();
    crate::Said::of(cancel.await.unwrap()).has(0, &["Stopped: 0 of 4 done"]);
    let report = bench.farm.last_report(KEY).await;
    assert_eq!(report.state, State::Failed);
    assert!(report.message.contains("stopped with `farm cancel`"), "{report:?}");
    // The stop of a render that is done changes nothing.
    bench.farm.last_report("other.blend").await;
    bench.farm.idle().await;
    let plan = bench.json(&["status", "other.blend", "--json"]).await;
    let key = format!(".farm/renders/{}/stop.json", plan["render"].as_str().unwrap());
    bench.farm.upload(&key, b"{\"version\":1,\"reason\":\"Too late.\"}".to_vec(), "").await;
    bench.farm.idle().await;
    bench.run(&["status", "other.blend"]).await.has(0, &["All 2 frames"]);
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_rendered_again_and_stay_until_then() {
    let bench = Bench::start().await;
    bench.put(&Fake::default(), &[("frames", "1-4")]);
    bench.farm.last_report(KEY).await;
    let of = |frame: i32| bench.farm.metadata(&format!("{KEY}/frame_{frame:04}.png"), metadata::RENDER);
    let first = of(1);
    bench.run(&["rerender", KEY, "7"]).await.has(1, &["no frame 7", "1-4"]);
    bench.run(&["rerender", KEY, "2,4"]).await.has(0, &["2 4"]);
    let again = |report: &farm_contract::report::Report| {
        report.state == State::Complete
            && report.render.as_ref().is_some_and(|render| render.as_str() != first)
    };
    bench.farm.report_that(KEY, again).await;
    assert_eq!((of(1), of(3)), (first.clone(), first.clone()), "left alone");
    assert!(of(2) != first && of(4) == of(2), "rendered again");
    assert_eq!(bench.farm.archive(KEY).await.len(), 4);
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_not_rendered_again_after_all_are_the_ones_of_before() {
    let bench = Bench::start().await;
    bench.put(&Fake { wait: vec![3], ..Fake::default() }, &[("frames", "1-4"), ("chunk", "1")]);
    bench.go();
    bench.farm.last_report(KEY).await;
    let before = bench.farm.archive(KEY).await;
    std::fs::remove_file(bench.notes.path().join("go")).unwrap();
    bench.run(&["rerender", KEY, "3"]).await.has(0, &[]);
    bench.run(&["status", KEY]).await.has(4, &["3 of 4 done"]);
    let said = bench.run(&["cancel", KEY]).await;
    said.has(0, &["4 of 4"]);
    let report = bench.farm.last_report(KEY).await;
    assert_eq!((report.state, report.frames.as_ref().unwrap().done), (State::Complete, 4));
    assert!(report.warnings.iter().any(|it| it.contains("frames 3 the ones of before")), "{report:?}");
    assert_eq!(bench.farm.archive(KEY).await, before);
    let folder = bench.notes.path().join("pulled");
    bench.run(&["pull", KEY, folder.to_str().unwrap()]).await.has(0, &["4 of 4 frames"]);
    bench.run(&["resume", KEY]).await.has(0, &["Nothing is missing"]);
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_deleted_with_all_that_was_made_of_it_and_nothing_else() {
    let bench = Bench::start().await;
    bench.put(&Fake::default(), &[("frames", "1-4")]);
    bench.farm.put(&format!("{KEY}.blend"), &Fake::default().blend(bench.notes.path()), &[("frame", "1")]);
    bench.farm.last_report(KEY).await;
    bench.farm.last_report(&format!("{KEY}.blend")).await;
    bench.farm.idle().await;
    bench.run(&["rm", KEY]).await.has(1, &["Nobody can be asked", "--yes"]);
    let removed = bench.json(&["rm", KEY, "--yes", "--json"]).await;
    assert!(
        removed["deleted"].as_u64().unwrap() >= 8,
        "upload, frames, archive, report, plan, record: {removed}"
    );
    let all = bench.farm.farm.store.list(bench.farm.farm.bucket(), "").unwrap();
    let left: Vec<_> =
        all.iter().filter(|object| object.key == KEY || object.key.starts_with(&format!("{KEY}/"))).collect();
    assert!(left.is_empty(), "{left:?}");
    let whole = format!("s3://{}/{KEY}", bench.farm.farm.bucket());
    bench.run(&["status", &whole]).await.has(1, &["there is no `", "hint: "]);
    bench.run(&["status", &format!("{KEY}.blend")]).await.has(0, &["complete"]);
    bench.farm.farm.shutdown().await;
}
