//! The function: its calls fail, it is killed between them, its events come late.

use std::time::Duration;

use farm_contract::plan::Plan;
use farm_contract::report::State;
use farm_contract::{keys, metadata};
use farm_local::faults::{Fault, Signal, Step};
use farm_local::lambda::s3_notification;

use crate::{Bench, Fake, KEY, THREE, plain};

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_put_conflicts_fails_or_is_not_answered_is_one_claim() {
    for fault in [
        Fault::Refuse(409, "ConditionalRequestConflict"),
        Fault::Refuse(503, "SlowDown"),
        Fault::Deny(500, "InternalError"),
        Fault::Lose,
        Fault::CutRequest(40),
    ] {
        // The claim itself, and the job ids that are written into it.
        let bench =
            Bench::start((0..3).map(|at| Step::new("PutObject", fault).on("plan.json").after(at))).await;
        let blend = bench.put(&plain(), &THREE);
        bench.is_complete(&blend, "1-3").await;
        bench.farm.farm.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_of_an_upload_is_read_again_where_it_breaks_off() {
    let bench = Bench::start([
        Step::new("HeadObject", Fault::Refuse(503, "SlowDown")).on(".blend"),
        Step::new("GetObjectTagging", Fault::Lose),
        Step::new("GetObject", Fault::CutAnswer(20)).on(".blend"),
        Step::new("PutObject", Fault::Lose).on("report.json"),
        Step::new("PutObject", Fault::Deny(500, "InternalError")).on("report.json").after(1),
    ])
    .await;
    let blend = bench.put(&plain(), &THREE);
    bench.is_complete(&blend, "1-3").await;
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_at_any_of_its_calls_goes_on_where_it_was() {
    for step in [
        Step::new("PutObject", Fault::KillBefore(Signal::KILL)).on("plan.json"),
        Step::new("PutObject", Fault::KillAfter(Signal::KILL)).on("plan.json"),
        Step::new("PutObject", Fault::KillAfter(Signal::KILL)).on("report.json"),
        Step::new("SubmitJob", Fault::KillBefore(Signal::KILL)),
        Step::new("SubmitJob", Fault::KillAfter(Signal::KILL)),
        // Between the two jobs, before and after the first one's id is written down.
        Step::new("PutObject", Fault::KillBefore(Signal::KILL)).on("plan.json").after(1),
        Step::new("PutObject", Fault::KillAfter(Signal::KILL)).on("plan.json").after(1),
        Step::new("SubmitJob", Fault::KillAfter(Signal::KILL)).after(1),
        Step::new("PutObject", Fault::KillAfter(Signal::KILL)).on("plan.json").after(2),
    ] {
        let bench = Bench::start([step]).await;
        let blend = bench.put(&plain(), &THREE);
        bench.is_complete(&blend, "1-3").await;
        bench.farm.farm.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_submission_fails_in_any_way_is_there_once() {
    for fault in [
        Fault::Refuse(429, "TooManyRequestsException"),
        Fault::Refuse(403, "ExpiredTokenException"),
        Fault::Deny(500, "ServerException"),
        Fault::Lose,
    ] {
        let bench = Bench::start([Step::new("SubmitJob", fault), Step::new("SubmitJob", fault)]).await;
        let blend = bench.put(&plain(), &THREE);
        bench.is_complete(&blend, "1-3").await;
        bench.farm.farm.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_event_of_the_same_bytes_does_not_overtake_a_newer_upload() {
    let bench = Bench::start([]).await;
    let mut created = bench.farm.farm.store.subscribe();
    bench.put(&plain(), &[("frames", "1")]);
    let old = s3_notification(&created.recv().await.unwrap(), "us-east-1");
    bench.farm.idle().await;
    let blend = bench.put(&plain(), &[("frames", "1-4")]);
    bench.farm.idle().await;
    let newest = bench.report();
    assert_eq!((newest.state, newest.frames.as_ref().unwrap().count), (State::Complete, 4));
    // Its plan is gone, as if the event came for the first time.
    for object in bench.farm.farm.store.list(bench.farm.farm.bucket(), ".farm/renders/").unwrap() {
        bench.farm.farm.store.delete(bench.farm.farm.bucket(), &object.key).unwrap();
    }
    bench.farm.farm.lambda.invoke_async(old);
    bench.farm.idle().await;
    assert_eq!(bench.report(), newest);
    bench.archive_holds(&blend, "1-4").await;
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_batch_does_not_take_are_told_of_and_an_upload_again_goes_on() {
    // Longer than all attempts of an invocation, which has one minute each.
    let step = Step::new("SubmitJob", Fault::KillBefore(Signal::KILL)).times(3);
    let bench = Bench::start([step]).await;
    let mut failures = bench.farm.farm.lambda.failures();
    bench.put(&plain(), &THREE);
    bench.farm.idle().await;
    assert!(failures.recv().await.is_some(), "the event goes where the owner is told of it");
    assert_eq!(bench.report().state, State::Accepted);
    let blend = bench.put(&plain(), &THREE);
    bench.farm.idle().await;
    assert_eq!(bench.report().state, State::Complete);
    bench.archive_holds(&blend, "1-3").await;
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_again_while_the_first_one_renders_is_one_archive_of_the_newer() {
    // The first one's frame is on its way for so long that the newer one's is there before it.
    let late = Step::new("PutObject", Fault::Delay(Duration::from_secs(4))).on("frame_0001.png");
    let bench = Bench::start([late]).await;
    bench.put(&plain(), &[("frames", "1")]);
    while bench.faults.injected().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let newer = Fake { name: "newer".into(), ..plain() };
    let blend = bench.put(&newer, &[("frames", "1-2")]);
    bench.is_complete(&blend, "1-2").await;
    let frame = bench.farm.stored(&format!("{KEY}/frame_0001.png"));
    assert!(crate::is_frame_of(&frame, &blend, 1), "the late frame took the place of the newer one's");
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_again_with_other_tags_keep_their_frames_from_a_late_one() {
    let late = Step::new("PutObject", Fault::Delay(Duration::from_secs(4))).on("frame_0001.png");
    let bench = Bench::start([late]).await;
    bench.put(&plain(), &[("frames", "1")]);
    while bench.faults.injected().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let blend = bench.put(&plain(), &[("frames", "1-2"), ("scripts", "allow")]);
    bench.is_complete(&blend, "1-2").await;
    let source = |frame: i32| bench.farm.metadata(&format!("{KEY}/frame_{frame:04}.png"), metadata::SOURCE);
    assert_eq!(source(1), source(2), "the late frame took the place of the newer one's");
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_somebody_stops_before_it_starts_is_told_of() {
    let busy = Step::new("PutObject", Fault::Delay(Duration::from_secs(4))).on("frame_0001.png");
    let bench = Bench::start([busy]).await;
    bench.put(&plain(), &[("frames", "1-2"), ("chunk", "2")]);
    while bench.faults.injected().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let plan = keys::plan(&bench.report().render.unwrap());
    let plan = Plan::from_json(&bench.farm.stored(&plan)).unwrap();
    let stop = bench.farm.batch.terminate_job().job_id(plan.zip_job_id.unwrap()).reason("not tonight");
    stop.send().await.unwrap();
    bench.farm.idle().await;
    let report = bench.report();
    assert_eq!(report.state, State::Failed, "{report:?}");
    assert!(report.message.contains("not tonight") && report.resume.is_some(), "{report:?}");
    assert!(bench.farm.names(KEY).await.contains(&"frame_0002.png".to_owned()), "the frames are there");
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_that_somebody_stops_is_archived_as_far_as_it_came_and_not_tried_on_larger_tasks() {
    let busy = Step::new("PutObject", Fault::Delay(Duration::from_secs(4))).on("frame_0003.png");
    let bench = Bench::start([busy]).await;
    bench.put(&Fake { hungry: vec![1], ..plain() }, &[("frames", "1-4"), ("chunk", "1")]);
    while bench.faults.injected().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let plan = keys::plan(&bench.report().render.unwrap());
    let plan = Plan::from_json(&bench.farm.stored(&plan)).unwrap();
    let array = plan.arrays[0].job_id.clone().unwrap();
    bench.farm.batch.terminate_job().job_id(array).reason("enough").send().await.unwrap();
    bench.farm.idle().await;
    let report = bench.report();
    assert_eq!(report.state, State::Partial, "{report:?}");
    let missing = report.frames.unwrap().missing;
    assert!(missing.starts_with('1'), "{missing}");
    assert!(
        bench.jobs().await.iter().all(|(name, _)| !name.starts_with("large")),
        "{:?}",
        bench.jobs().await
    );
    let archive = bench.farm.archive(KEY).await;
    assert!(archive.iter().any(|(name, _)| name == "frame_0002.png"), "{missing}");
    bench.farm.farm.shutdown().await;
}
