//! The real trigger-lambda with a Batch that fails on purpose: what the bucket holds in the end,
//! and that no job is submitted twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

#[path = "trigger_lambda/harness.rs"]
mod harness;
#[path = "trigger_lambda/scripted_batch.rs"]
mod scripted_batch;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use farm_contract::report::State;
use farm_contract::{command, env, keys};
use farm_testing::Reply;
use harness::{BUCKET, Bench, head};
use scripted_batch::{ScriptedBatch, Turn};
use serde_json::json;

const TIMEOUT: Duration = Duration::from_secs(60);
const FRAMES: [(&str, &str); 1] = [("frame", "5")];

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// The report accepts, the plan names exactly the jobs that were submitted, and each was
/// submitted once.
async fn assert_submitted_once(bench: &Bench, batch: &ScriptedBatch) {
    let render = bench.accepted("a.blend").await;
    let plan = bench.plan(&render).await;
    let jobs = batch.jobs();
    let names: Vec<&str> = jobs.iter().map(|job| job["jobName"].as_str().unwrap()).collect();
    assert_eq!(names, [command::render_job_name(&render, 0), command::zip_job_name(&render, false)]);
    assert_eq!(plan.arrays[0].job_id.as_deref(), jobs[0]["jobId"].as_str());
    assert_eq!(plan.zip_job_id.as_deref(), jobs[1]["jobId"].as_str());
    assert_eq!(jobs[1]["dependsOn"], json!([{"jobId": jobs[0]["jobId"]}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_submission_was_not_answered_is_adopted() {
    for script in [
        vec![Turn::LoseAnswer],
        vec![Turn::Work, Turn::LoseAnswer],
        vec![Turn::Throttle, Turn::Break, Turn::LoseAnswer, Turn::Throttle, Turn::LoseAnswer],
    ] {
        let (batch, at) = ScriptedBatch::start(&script).await;
        let mut bench = Bench::start(&at, TIMEOUT).await;
        bench.trigger("a.blend", &FRAMES, head(405)).await;
        assert_submitted_once(&bench, &batch).await;
        bench.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_job_is_submitted_when_batch_takes_it() {
    let (batch, at) = ScriptedBatch::start(&[Turn::Throttle, Turn::Throttle, Turn::Break]).await;
    let mut bench = Bench::start(&at, TIMEOUT).await;
    bench.trigger("a.blend", &FRAMES, head(405)).await;
    assert_submitted_once(&bench, &batch).await;
    assert_eq!(batch.calls(), 5);
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_between_its_jobs_goes_on_where_it_was() {
    for script in [[Turn::Hang, Turn::Work], [Turn::Work, Turn::Hang]] {
        let (batch, at) = ScriptedBatch::start(&script).await;
        let mut bench = Bench::start(&at, Duration::from_secs(6)).await;
        // Killed for its timeout while SubmitJob hangs; the next attempt has the same id.
        bench.trigger("a.blend", &FRAMES, head(405)).await;
        assert_submitted_once(&bench, &batch).await;
        bench.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_that_outlasts_an_invocation_is_taken_up_by_the_next() {
    // One invocation of so many seconds comes to two calls or three, by the length of its pauses.
    let (batch, at) = ScriptedBatch::start(&[Turn::Throttle; 4]).await;
    let mut bench = Bench::start(&at, Duration::from_secs(6)).await;
    bench.trigger("a.blend", &FRAMES, head(405)).await;
    assert_submitted_once(&bench, &batch).await;
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_the_report_in_batchs_words() {
    let (batch, at) = ScriptedBatch::start(&[Turn::Refuse; 3]).await;
    let mut bench = Bench::start(&at, TIMEOUT).await;
    bench.trigger("a.blend", &FRAMES, head(405)).await;
    let report = bench.report("a.blend").await;
    assert_eq!(report.state, State::Failed);
    assert!(report.message.contains("the queue is disabled"), "{report:?}");
    assert!(report.hint.is_some());
    let failures = bench.failures();
    assert_eq!(failures.len(), 1);
    assert!(failures[0].reason.contains("the queue is disabled"), "{failures:?}");
    assert_eq!((failures[0].attempts, batch.calls(), batch.jobs().len()), (3, 3, 0));
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_that_batch_refuses_at_each_try_is_told_of_once() {
    let (batch, at) = ScriptedBatch::start(&[Turn::Refuse; 3]).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let sns = farm_testing::serve(move |request| {
        heard.lock().unwrap().push(String::from_utf8_lossy(&request.body).into_owned());
        let answer =
            "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";
        Reply::Say(200, String::new(), answer.to_owned())
    });
    let more = [("AWS_ENDPOINT_URL_SNS", &*format!("http://{sns}")), (env::TOPIC_ARN, "arn:aws:sns:::farm")];
    let mut bench = Bench::start_with(&at, TIMEOUT, &more).await;
    bench.trigger("a.blend", &FRAMES, head(405)).await;
    assert_eq!((bench.failures().len(), batch.calls()), (1, 3));
    let told = told.lock().unwrap().clone();
    let [told] = told.as_slice() else { panic!("once: {told:?}") };
    assert!(told.contains("Action=Publish") && told.contains("Subject=Failed%3A%20a.blend"), "{told}");
    assert!(told.contains("the%20queue%20is%20disabled"), "{told}");
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_passes_ends_in_an_accepted_report() {
    let (batch, at) = ScriptedBatch::start(&[Turn::Refuse]).await;
    let mut bench = Bench::start(&at, TIMEOUT).await;
    bench.trigger("a.blend", &FRAMES, head(405)).await;
    assert_submitted_once(&bench, &batch).await;
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_many_times_at_once_and_later_is_one_render() {
    let (batch, at) = ScriptedBatch::start(&[Turn::LoseAnswer]).await;
    let mut bench = Bench::start(&at, TIMEOUT).await;
    let event = bench.upload("a.blend", &FRAMES, head(405)).await;
    for _ in 0..5 {
        bench.lambda.invoke_async(event.clone());
    }
    bench.idle().await;
    bench.lambda.invoke_async(event);
    bench.idle().await;
    assert_submitted_once(&bench, &batch).await;
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_left_to_a_living_holder_and_taken_from_a_dead_one() {
    let (batch, at) = ScriptedBatch::start(&[Turn::Throttle; 1000]).await;
    let mut bench = Bench::start(&at, Duration::from_secs(4)).await;
    let event = bench.upload("a.blend", &FRAMES, head(405)).await;
    bench.lambda.invoke_async(event.clone());
    bench.idle().await;
    assert_eq!(bench.failures().len(), 1, "it never came through");
    let waiting = bench.report("a.blend").await.hint.unwrap();
    assert!(waiting.contains("has not taken all jobs") && waiting.contains("slower"), "{waiting}");
    batch.mend();
    let calls = batch.calls();
    let render = bench.accepted("a.blend").await;
    let mut plan = bench.plan(&render).await;

    plan.claimed_by = "another invocation".into();
    plan.claimed_at = now_ms();
    bench.put_json(&keys::plan(&render), &plan).await;
    bench.lambda.invoke_async(event.clone());
    bench.idle().await;
    let failures = bench.failures();
    assert!(failures[0].reason.contains("is held by invocation another"), "{failures:?}");
    assert_eq!(batch.calls(), calls);

    plan.claimed_at = now_ms() - 61_000;
    bench.put_json(&keys::plan(&render), &plan).await;
    bench.lambda.invoke_async(event);
    bench.idle().await;
    assert_submitted_once(&bench, &batch).await;
    assert_eq!(bench.report("a.blend").await.hint, None, "it waits no longer");
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_plan_is_named_and_left_as_it_is() {
    let (batch, at) = ScriptedBatch::start(&[Turn::Throttle; 1000]).await;
    let mut bench = Bench::start(&at, Duration::from_secs(4)).await;
    let event = bench.upload("a.blend", &FRAMES, head(405)).await;
    bench.lambda.invoke_async(event.clone());
    bench.idle().await;
    let render = bench.accepted("a.blend").await;
    assert_eq!(bench.failures().len(), 1, "it never came through");
    let key = keys::plan(&render);
    let foreign = farm_contract::plan::Plan {
        render: farm_contract::plan::RenderId::of_event("b", "k", "v", "s"),
        ..bench.plan(&render).await
    };
    let cases = [
        (b"{\"version\":1,".to_vec(), "damaged"),
        (Vec::new(), "damaged"),
        (b"{\"version\":9}".to_vec(), "version 9"),
        (serde_json::to_vec(&foreign).unwrap(), "another render"),
    ];
    let calls = batch.calls();
    for (bytes, words) in cases {
        bench.put(&key, bytes.clone()).await;
        bench.lambda.invoke_async(event.clone());
        bench.idle().await;
        let failures = bench.failures();
        assert!(failures[0].reason.contains(&key) && failures[0].reason.contains(words), "{failures:?}");
        assert_eq!(bench.read(&key).await.unwrap(), bytes);
    }
    assert_eq!(batch.calls(), calls);
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_events_are_refused_and_stale_ones_do_nothing() {
    let (batch, at) = ScriptedBatch::start(&[]).await;
    let mut bench = Bench::start(&at, TIMEOUT).await;
    let overwritten = bench.upload("a.blend", &FRAMES, harness::blend_with("old")).await;
    bench.upload("a.blend", &FRAMES, head(405)).await;
    let deleted = bench.upload("b.blend", &FRAMES, head(405)).await;
    bench.s3.delete_object().bucket(BUCKET).key("b.blend").send().await.unwrap();
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET});
    let child = json!({"source": "aws.batch", "detail-type": "Batch Job State Change", "detail":
        {"jobName": "farm-0123456789abcdef0123-render-0", "jobId": "x:1", "status": "FAILED", "arrayProperties": {"index": 1}}});
    let unknown = json!({"source": "aws.batch", "detail-type": "Batch Job State Change", "detail":
        {"jobName": "farm-0123456789abcdef0123-render-0", "jobId": "x", "status": "FAILED"}});
    for event in [overwritten.clone(), deleted, test, child, unknown] {
        bench.lambda.invoke_async(event);
    }
    bench.idle().await;
    assert_eq!(bench.failures(), []);
    let mut other = overwritten;
    other["Records"][0]["s3"]["bucket"]["name"] = json!("another");
    bench.lambda.invoke_async(other);
    bench.lambda.invoke_async(json!({"hello": "world"}));
    bench.idle().await;
    let mut reasons: Vec<String> = bench.failures().into_iter().map(|failure| failure.reason).collect();
    reasons.sort();
    assert!(reasons[0].contains("neither an S3 notification nor"), "{reasons:?}");
    assert!(reasons[1].contains("`another`"), "{reasons:?}");
    assert_eq!(batch.calls(), 0);
    for key in ["a.blend/report.json", "b.blend/report.json"] {
        assert_eq!(bench.read(key).await, None);
    }
    bench.shutdown().await;
}
