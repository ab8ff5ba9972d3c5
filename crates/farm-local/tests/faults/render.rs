//! The children: their calls fail, they are killed and stopped at the worst moment.

use std::time::Duration;

use farm_contract::keys;
use farm_contract::record::TaskRecord;
use farm_local::faults::{Fault, Signal, Step};

use crate::{Bench, Fake, THREE, plain};

fn record(bench: &Bench, child: u32) -> TaskRecord {
    let key = keys::task(&bench.report().render.unwrap(), child);
    TaskRecord::from_json(&bench.farm.stored(&key)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_comes_slowly_or_breaks_off_is_rendered_whole() {
    let bench = Bench::start([
        // The function reads it first.
        Step::new("GetObject", Fault::CutAnswer(200)).on(".blend").after(1),
        Step::new("GetObject", Fault::Slow(64, Duration::from_millis(2))).on(".blend").after(1),
        Step::new("GetObject", Fault::Refuse(500, "InternalError")).on(".blend").after(1),
    ])
    .await;
    let blend = bench.put(&plain(), &THREE);
    bench.is_complete(&blend, "1-3").await;
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_whose_put_fails_or_is_not_answered_arrives_once() {
    for fault in [
        Fault::Refuse(500, "InternalError"),
        Fault::Refuse(503, "SlowDown"),
        Fault::Refuse(409, "ConditionalRequestConflict"),
        Fault::Deny(500, "InternalError"),
        Fault::Lose,
        Fault::CutRequest(10),
        Fault::Refuse(403, "RequestTimeTooSkewed"),
        Fault::Refuse(400, "ExpiredToken"),
    ] {
        let bench = Bench::start([Step::new("PutObject", fault).on("frame_0002.png")]).await;
        let mut created = bench.farm.farm.store.subscribe();
        let blend = bench.put(&plain(), &THREE);
        bench.is_complete(&blend, "1-3").await;
        let puts = std::iter::from_fn(|| created.try_recv().ok());
        assert_eq!(puts.filter(|object| object.key.ends_with("frame_0002.png")).count(), 1, "{fault:?}");
        bench.farm.farm.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_expire_in_mid_render_cost_an_attempt_and_no_frame() {
    let bench = Bench::start([Step::new("PutObject", Fault::Refuse(400, "ExpiredToken"))
        .on("frame_0002.png")
        .times(2)])
    .await;
    let blend = bench.put(&plain(), &[("frames", "1-3"), ("chunk", "3")]);
    bench.is_complete(&blend, "1-3").await;
    assert!(record(&bench, 0).attempt > 1, "it was tried again");
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_is_killed_or_stopped_around_a_put_does_the_rest_at_its_next_attempt() {
    for signal in [Signal::KILL, Signal::TERM] {
        for (fault, put) in [(Fault::KillBefore(signal), false), (Fault::KillAfter(signal), true)] {
            let bench = Bench::start([Step::new("PutObject", fault).on("frame_0002.png")]).await;
            let blend = bench.put(&plain(), &[("frames", "1-3"), ("chunk", "3")]);
            bench.is_complete(&blend, "1-3").await;
            let record = record(&bench, 0);
            // A child that was asked to stop brings to its end what it has begun; here that is all.
            if signal == Signal::KILL {
                assert_eq!((record.attempt, record.kept.contains(&2)), (2, put), "{fault:?}: {record:?}");
                assert_eq!(record.kept.len() + record.rendered.len(), 3, "{fault:?}: {record:?}");
            }
            bench.farm.farm.shutdown().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_is_killed_before_it_ends_has_nothing_left_to_do() {
    let bench =
        Bench::start([Step::new("PutObject", Fault::KillAfter(Signal::KILL)).on("tasks/0.json")]).await;
    let blend = bench.put(&plain(), &[("frames", "1-2"), ("chunk", "2")]);
    bench.is_complete(&blend, "1-2").await;
    let record = record(&bench, 0);
    assert_eq!((record.attempt, record.kept.as_slice(), record.rendered.len()), (2, &[1, 2][..], 0));
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blender_that_crashes_costs_an_attempt_and_no_frame() {
    let bench = Bench::start([]).await;
    let blend = bench.put(&Fake { crash: vec![2], ..plain() }, &[("frames", "1-3"), ("chunk", "3")]);
    bench.is_complete(&blend, "1-3").await;
    assert_eq!(record(&bench, 0).kept, [1, 3]);
    bench.farm.farm.shutdown().await;
}
