//! What a task is paid for, and a render that may not cost more than so much.

use farm_contract::exit::TaskExit;
use farm_contract::stop::Stop;
use farm_contract::{env, keys};

use crate::harness::{BUCKET, Bench, ends};
use crate::support::fake::{Fake, fake_blender};
use crate::support::fargate::fargate;

/// A child on Fargate, and what it said.
async fn run(bench: &Bench, code: TaskExit) -> String {
    let mut command = bench.command();
    command.envs(fargate().await).env(env::JOB_ATTEMPT, "2");
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    ends(ended, code.code().into())
}

fn notes(bench: &Bench) -> Vec<String> {
    let prefix = keys::spending_prefix(&bench.plan.render);
    let listed = bench.store.list(BUCKET, &prefix).unwrap();
    listed.into_iter().map(|object| object.key[prefix.len()..].to_owned()).collect()
}

async fn bench(wait: Vec<i32>) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with_bytes(&Fake { wait, ..Fake::default() }.blend(folder.path()), "1-3").await;
    bench.blender = fake_blender();
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_stands_in_the_record_with_the_attempts_before() {
    let bench = bench(Vec::new()).await;
    run(&bench, TaskExit::Done).await;
    let paid = bench.record().paid.unwrap();
    assert_eq!((paid.vcpus, paid.memory_mib, paid.spot), (4.0, 8192, Some(true)));
    assert!(paid.start_seconds >= 3600.0 && paid.seconds > paid.start_seconds, "{paid:?}");
    assert!(notes(&bench).is_empty(), "nothing limits it");
    run(&bench, TaskExit::Done).await;
    assert_eq!(bench.record().paid_before, [paid]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_that_costs_too_much_already_is_not_begun() {
    let mut bench = bench(Vec::new()).await;
    bench.plan.max_cost = Some("100".into());
    let said = run(&bench, TaskExit::CostReached).await;
    assert!(said.contains("farm resume --max-cost"), "{said}");
    let stop = Stop::from_json(&bench.store.read(BUCKET, &keys::stop(&bench.plan.render)).unwrap()).unwrap();
    assert!(stop.reason.contains("$100"), "{stop:?}");
    assert!(bench.names().iter().all(|name| !name.starts_with("frame_")));
    assert_eq!(bench.record().exit_code, TaskExit::CostReached.code());
    // It is noted what this very attempt cost, too.
    let [began, ended] = notes(&bench).try_into().unwrap();
    assert!(began.starts_with("0.") && began.contains(".began.100000000."), "{began}");
    assert!(ended.contains(".ended.100"), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_is_stopped_before_it_costs_too_much_and_keeps_its_frames() {
    let mut bench = bench(vec![3]).await;
    // An hour has been paid for, and there are some two minutes left, of which one and a quarter is kept back.
    bench.plan.max_cost = Some("102.30".into());
    run(&bench, TaskExit::CostReached).await;
    let frames: Vec<_> = bench.names().into_iter().filter(|name| name.starts_with("frame_")).collect();
    assert_eq!(frames, ["frame_0001.png", "frame_0002.png"]);
    assert!(bench.store.read(BUCKET, &keys::stop(&bench.plan.render)).is_ok());
    let record = bench.record();
    assert_eq!(record.rendered.len(), 2);
    assert!(record.paid.unwrap().seconds < 3600.0 + 75.0, "{record:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_that_costs_less_is_done() {
    let mut bench = bench(Vec::new()).await;
    bench.plan.max_cost = Some("200".into());
    run(&bench, TaskExit::Done).await;
    assert_eq!(notes(&bench).len(), 2);
    assert!(bench.store.read(BUCKET, &keys::stop(&bench.plan.render)).is_err());
}
