//! Batch and CloudWatch Logs. Moto knows no jobs of the kind that the farm submits (`ecsProperties`), so these are of the
//! older one, with a container: an array, its children and their log streams are the same. It runs containers, or has
//! every job done at once; how far they are is set from inside of it.

use farm_contract::report::State;
use farm_testing::{Reply, Request, exchange};
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::engine::Engine;
use crate::shot::{Shot, task};

/// An array of four with its archive behind it: one child has ended, one is at work, one has been given a machine and
/// one waits.
const UNDER_WAY: &str = r#"
from moto.backends import get_backend
from moto.core.config import default_user_config
from moto.moto_api import state_manager

default_user_config["batch"]["use_docker"] = False
state_manager.set_transition("batch::job", {"progression": "manual", "times": 1000000})
batch = aws("batch")
queue = {"jobQueue": farm["queue"]}
array = batch.submit_job(
    jobName="render", jobDefinition=STACK + "-render-4-5", arrayProperties={"size": 4}, **queue
)["jobId"]
farm["archive"] = batch.submit_job(jobName="zip", jobDefinition=STACK + "-zip", **queue)["jobId"]
farm["array"] = array
jobs = get_backend("batch")["123456789012"][farm["region"]]._jobs
for job, status in zip(jobs[array]._child_jobs, ("SUCCEEDED", "RUNNING", "STARTING", "RUNNABLE")):
    job.status = status
    farm[f"stream {job.job_id.split(':')[1]}"] = job._stream_name
jobs[array].status = jobs[farm["archive"]].status = "PENDING"
"#;

/// A list of an array's children with what Batch tells in it and moto does not: the index of each.
fn with_indices(request: &Request) -> Option<Reply> {
    if request.line() != "POST /v1/listjobs" {
        return None;
    }
    let answer = String::from_utf8(exchange(&Engine::get().address, request)).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut body: Value = serde_json::from_str(body).unwrap();
    for job in body["jobSummaryList"].as_array_mut().unwrap() {
        let index: u32 = job["jobId"].as_str().unwrap().split_once(':').unwrap().1.parse().unwrap();
        job["arrayProperties"] = json!({"index": index});
    }
    Some(Reply::Say(200, "Content-Type: application/json\r\n".to_owned(), body.to_string()))
}

/// Who may look at jobs and not list them.
fn no_lists(request: &Request) -> Option<Reply> {
    let denied = r#"{"message": "User is not authorized to perform: batch:ListJobs"}"#;
    let head = "Content-Type: application/json\r\nx-amzn-errortype: AccessDeniedException\r\n";
    (request.line() == "POST /v1/listjobs").then(|| Reply::Say(403, head.to_owned(), denied.to_owned()))
}

#[tokio::test]
async fn who_may_not_list_the_tasks_is_told_by_the_bucket() {
    let bench = Bench::answering("mx-central-1", no_lists);
    let farm = bench.with(UNDER_WAY);
    let shot = Shot::planned(&bench, "a.blend", "1-8", 2).await;
    let shot = shot.submitted(farm["array"].as_str().unwrap(), farm["archive"].as_str().unwrap()).await;
    shot.frames(&[1, 2]).await;
    let ran = bench.farm(&["status", "a", "--json"]).await;
    assert_eq!((ran.code, &ran.json()["counts"]["done"]), (4, &json!(2)), "{}", ran.told);
}

#[tokio::test]
async fn frames_at_work_are_told_by_batch() {
    let bench = Bench::answering("eu-south-1", with_indices);
    let farm = bench.with(UNDER_WAY);
    let shot = Shot::planned(&bench, "a.blend", "1-8", 2).await;
    let shot = shot.submitted(farm["array"].as_str().unwrap(), farm["archive"].as_str().unwrap()).await;
    let records = shot.frames(&[1, 2]).await;
    shot.record(task(0, records)).await;
    shot.frames(&[3]).await;
    let ran = bench.farm(&["status", "a", "--json"]).await;
    assert_eq!(ran.code, 4, "{}", ran.told);
    let state = ran.json();
    assert_eq!(state["cells"]["state"], "dddrswww", "{state:#}");
    assert_eq!(state["counts"], json!({"planned": 8, "done": 3, "running": 2, "waiting": 3, "failed": 0}));
    // Two are at work, so that the others wait for them.
    assert!(state["why_waiting"].as_str().unwrap().starts_with("2 tasks are at work at once"), "{state:#}");
    assert!(state["seconds"]["left"].as_f64().is_some_and(|left| left > 0.0), "{state:#}");
    assert!(state["cost"]["so_far"].as_f64().is_some_and(|usd| usd >= 0.0), "{state:#}");
}

#[tokio::test]
async fn a_task_s_log_is_read_to_its_end() {
    let bench = Bench::stand("eu-central-1");
    let farm = bench.with(UNDER_WAY);
    bench.with(
        r#"
import time
logs, stream = aws("logs"), farm["stream 0"]
logs.create_log_stream(logGroupName=farm["logs"], logStreamName=stream)
now = int(time.time() * 1000)
# More than one page of an answer has.
for start in (0, 9000):
    logs.put_log_events(
        logGroupName=farm["logs"],
        logStreamName=stream,
        logEvents=[{"timestamp": now + at, "message": f"line {at}"} for at in range(start, start + 9000)],
    )
"#,
    );
    let shot = Shot::planned(&bench, "a.blend", "1-8", 2).await;
    shot.submitted(farm["array"].as_str().unwrap(), farm["archive"].as_str().unwrap()).await;
    let ran = bench.farm(&["logs", "a", "2", "--json"]).await;
    assert_eq!(ran.code, 0, "{}", ran.told);
    let tasks = ran.json();
    let task = &tasks["tasks"][0];
    assert_eq!((&task["child"], &task["frames"]), (&json!(0), &json!("1-2")));
    let attempts = task["attempts"].as_array().unwrap();
    assert_eq!((attempts.len(), &attempts[0]["stream"]), (1, &farm["stream 0"]));
    let lines = attempts[0]["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 18_000);
    assert_eq!((&lines[0], &lines[17_999]), (&json!("line 0"), &json!("line 17999")));
    // One that has said nothing yet, or whose words are gone.
    let silent = bench.farm(&["logs", "a", "7", "--json"]).await;
    assert_eq!(silent.code, 0, "{}", silent.told);
    assert_eq!(silent.json()["tasks"][0]["attempts"][0]["lines"], json!([]));
    let strange = bench.farm(&["logs", "a", "9"]).await;
    assert_eq!(strange.code, 1, "{}", strange.told);
}

#[tokio::test]
async fn a_log_of_a_job_that_batch_forgot_is_not_to_be_had() {
    let bench = Bench::stand("eu-south-2");
    let shot = Shot::planned(&bench, "a.blend", "1-2", 1).await;
    shot.report(State::Partial, &[1]).await;
    let ran = bench.farm(&["logs", "a", "2"]).await;
    assert_eq!(ran.code, 1, "{}", ran.told);
    assert!(ran.told.contains("There is no log of these tasks."), "{}", ran.told);
}
