//! The function: its calls fail, it is killed between them, its events come late.

use std::time::Duration;

use farm_contract::report::State;
use farm_local::faults::{Fault, Signal, Step};
use farm_local::lambda::s3_notification;

use crate::{Bench, KEY, THREE, plain};

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
    let newer = crate::Fake { name: "newer".into(), ..plain() };
    let blend = bench.put(&newer, &[("frames", "1-2")]);
    bench.is_complete(&blend, "1-2").await;
    let frame = bench.farm.stored(&format!("{KEY}/frame_0001.png"));
    assert!(crate::is_frame_of(&frame, &blend, 1), "the late frame took the place of the newer one's");
    bench.farm.farm.shutdown().await;
}
