//! Arrays, dependencies, retries, fair share and events.

use aws_sdk_batch::error::ProvideErrorMetadata;
use aws_sdk_batch::types::{
    ArrayJobDependency, EvaluateOnExit, JobDependency, JobStatus, RetryAction, RetryStrategy,
};
use serde_json::Value;

use super::{Farm, after, array, attempted, container, overrides, submit, task};

#[tokio::test(flavor = "multi_thread")]
async fn the_children_of_an_array_know_their_index() {
    let farm = Farm::new(2).await;
    let job = farm.job("scene", r#"touch "$DIR/$AWS_BATCH_JOB_ID=$AWS_BATCH_JOB_ARRAY_INDEX""#);
    let id = submit(job.array_properties(array(3)).tags("render", "r1")).await;
    let parent = farm.wait(&id, JobStatus::Succeeded).await;
    for index in 0..3 {
        assert!(farm.path(&format!("{id}:{index}={index}")).exists(), "child {index}");
    }
    let properties = parent.array_properties().unwrap();
    assert_eq!(properties.size(), Some(3));
    assert_eq!(properties.index(), None);
    let summary = properties.status_summary().unwrap();
    assert_eq!(summary.len(), 7);
    assert_eq!((summary["SUCCEEDED"], summary["RUNNING"], summary["FAILED"]), (3, 0, 0));
    assert_eq!(parent.job_arn(), Some(format!("arn:aws:batch:eu-west-1:123456789012:job/{id}").as_str()));
    assert_eq!(parent.job_queue(), Some("arn:aws:batch:eu-west-1:123456789012:job-queue/plain"));
    assert_eq!(parent.job_definition(), Some("arn:aws:batch:eu-west-1:123456789012:job-definition/sh:1"));
    assert_eq!(parent.tags().unwrap()["render"], "r1");
    assert_eq!(parent.status_reason(), None);

    let child = farm.describe(&format!("{id}:1")).await;
    assert_eq!(child.job_id(), Some(format!("{id}:1").as_str()));
    assert_eq!(child.job_name(), Some("scene"));
    assert_eq!(child.array_properties().unwrap().index(), Some(1));
    assert_eq!(child.attempts().len(), 1);
    assert_eq!(container(&child).exit_code(), Some(0));
    assert!(child.created_at().unwrap() > 1_600_000_000_000, "milliseconds");
    assert!(child.started_at().unwrap() >= child.created_at().unwrap());
    assert!(child.stopped_at().unwrap() >= child.started_at().unwrap());

    let plain = submit(farm.job("one", r#"test -z "${AWS_BATCH_JOB_ARRAY_INDEX+set}""#)).await;
    farm.wait(&plain, JobStatus::Succeeded).await;
    let unknown = farm.client.describe_jobs().jobs(&plain).jobs("nobody").jobs(format!("{id}:3"));
    assert_eq!(unknown.send().await.unwrap().jobs().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dependent_runs_when_the_array_succeeded_and_fails_when_it_did_not() {
    let farm = Farm::new(2).await;
    let good = submit(farm.job("good", "exit 0").array_properties(array(2))).await;
    let zip = submit(farm.job("zip", r#"touch "$DIR/zipped""#).depends_on(after(&good))).await;
    let job = farm.wait(&zip, JobStatus::Succeeded).await;
    assert_eq!(job.depends_on()[0].job_id(), Some(good.as_str()));
    assert!(farm.path("zipped").exists());

    let bad = submit(farm.job("bad", "exit $AWS_BATCH_JOB_ARRAY_INDEX").array_properties(array(3))).await;
    let zip = submit(farm.job("zip", r#"touch "$DIR/never""#).depends_on(after(&bad))).await;
    let job = farm.wait(&zip, JobStatus::Failed).await;
    assert_eq!(job.status_reason(), Some("Dependent Job failed"));
    assert!(job.attempts().is_empty());
    assert!(!farm.path("never").exists());
    let parent = farm.describe(&bad).await;
    assert_eq!(parent.status(), Some(&JobStatus::Failed));
    assert_eq!(parent.status_reason(), Some("Array Child Job failed"));
    let summary = parent.array_properties().unwrap().status_summary().unwrap();
    assert_eq!((summary["SUCCEEDED"], summary["FAILED"]), (1, 2));

    let refused = farm.job("zip", "exit 0").depends_on(after("nobody")).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ClientException"));
    assert!(refused.message().unwrap().contains("Job dependency nobody does not exist"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequential_array_goes_child_by_child() {
    let farm = Farm::new(4).await;
    let sequential = JobDependency::builder().r#type(ArrayJobDependency::Sequential).build();
    let job = farm.job("chain", r#"echo $AWS_BATCH_JOB_ARRAY_INDEX >> "$DIR/order""#);
    let id = submit(job.array_properties(array(5)).depends_on(sequential)).await;
    farm.wait(&id, JobStatus::Succeeded).await;
    assert_eq!(farm.read("order"), "0\n1\n2\n3\n4\n");
}

fn rules() -> RetryStrategy {
    let again = EvaluateOnExit::builder().on_exit_code("75").action(RetryAction::from("retry"));
    let stop = EvaluateOnExit::builder().on_reason("*").action(RetryAction::Exit);
    RetryStrategy::builder()
        .attempts(3)
        .evaluate_on_exit(again.build())
        .evaluate_on_exit(stop.build())
        .build()
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_decide_what_is_tried_again() {
    let farm = Farm::new(1).await;
    let flaky = r#"echo "try $AWS_BATCH_JOB_ATTEMPT"; [ "$AWS_BATCH_JOB_ATTEMPT" = 2 ] || exit 75"#;
    let id = submit(farm.job("flaky", flaky).retry_strategy(rules())).await;
    let job = farm.wait(&id, JobStatus::Succeeded).await;
    let codes: Vec<_> = job.attempts().iter().map(|a| attempted(a).exit_code()).collect();
    assert_eq!(codes, [Some(75), Some(0)]);
    assert_eq!(job.attempts()[0].status_reason(), Some("Essential container in task exited"));
    assert_eq!(attempted(&job.attempts()[1]).log_stream_name(), Some("flaky-0-2.log"));
    assert_eq!(farm.read("logs/flaky-0-1.log"), "try 1\n");
    assert_eq!(farm.read("logs/flaky-0-2.log"), "try 2\n");

    let id = submit(farm.job("scene", "exit 65").retry_strategy(rules())).await;
    let job = farm.wait(&id, JobStatus::Failed).await;
    assert_eq!(job.attempts().len(), 1);
    assert_eq!(container(&job).exit_code(), Some(65));

    let id = submit(farm.job("killed", "kill -9 $$").retry_strategy(rules())).await;
    let job = farm.wait(&id, JobStatus::Failed).await;
    assert_eq!(container(&job).exit_code(), Some(137));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_uploads_on_one_slot_take_turns() {
    let farm = Farm::new(1).await;
    let script = r#"until [ -e "$DIR/gate" ]; do sleep 0.02; done
        echo "$UPLOAD$AWS_BATCH_JOB_ARRAY_INDEX" >> "$DIR/order""#;
    let mut ids = Vec::new();
    for upload in ["a", "b"] {
        let environment = aws_sdk_batch::types::KeyValuePair::builder().name("UPLOAD").value(upload).build();
        let overrides = overrides(task().environment(environment));
        let job = farm.job(upload, script).job_queue("fair").share_identifier(upload);
        ids.push(submit(job.array_properties(array(3)).ecs_properties_override(overrides)).await);
    }
    std::fs::write(farm.path("gate"), "").unwrap();
    for id in &ids {
        farm.wait(id, JobStatus::Succeeded).await;
    }
    assert_eq!(farm.read("order"), "a0\nb0\na1\nb1\na2\nb2\n");
    assert_eq!(farm.describe(&ids[1]).await.share_identifier(), Some("b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_stops_what_waits_and_leaves_what_runs() {
    let farm = Farm::new(1).await;
    let running = submit(farm.job("running", r#"until [ -e "$DIR/gate" ]; do sleep 0.02; done"#)).await;
    farm.wait(&running, JobStatus::Running).await;
    let waiting = submit(farm.job("waiting", "exit 0")).await;
    for id in [&running, &waiting] {
        farm.client.cancel_job().job_id(id).reason("not needed").send().await.unwrap();
    }
    let job = farm.describe(&waiting).await;
    assert_eq!((job.status(), job.status_reason()), (Some(&JobStatus::Failed), Some("not needed")));
    assert_eq!(job.is_cancelled(), Some(true));
    assert_eq!(farm.describe(&running).await.status(), Some(&JobStatus::Running));
    std::fs::write(farm.path("gate"), "").unwrap();
    farm.wait(&running, JobStatus::Succeeded).await;
    farm.client.cancel_job().job_id("nobody").reason("x").send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_of_every_change_up_to_the_failed_parent() {
    let farm = Farm::new(1).await;
    let mut events = farm.batch.subscribe();
    let id = submit(farm.job("scene", "exit $AWS_BATCH_JOB_ARRAY_INDEX").array_properties(array(2))).await;
    let mut seen: Vec<Value> = Vec::new();
    loop {
        let next = tokio::time::timeout(super::PATIENCE, events.recv()).await;
        let event = next.expect("an event in time").expect("the channel is open");
        seen.push(event.clone());
        if event["detail"]["jobId"] == *id && event["detail"]["status"] == "FAILED" {
            break;
        }
    }
    let states = |job: &str| -> Vec<String> {
        let of = seen.iter().filter(|event| event["detail"]["jobId"] == *job);
        of.map(|event| event["detail"]["status"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(states(&id), ["PENDING", "FAILED"]);
    assert_eq!(states(&format!("{id}:0")), ["RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]);
    assert_eq!(states(&format!("{id}:1")), ["RUNNABLE", "STARTING", "RUNNING", "FAILED"]);

    let parent = seen.last().unwrap();
    assert_eq!(parent["version"], "0");
    assert_eq!(parent["detail-type"], "Batch Job State Change");
    assert_eq!(parent["source"], "aws.batch");
    assert_eq!(parent["account"], "123456789012");
    assert_eq!(parent["region"], "eu-west-1");
    let arn = format!("arn:aws:batch:eu-west-1:123456789012:job/{id}");
    assert_eq!(parent["resources"], serde_json::json!([arn]));
    let time = parent["time"].as_str().unwrap();
    assert!(time.len() == 20 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    let detail = &parent["detail"];
    assert_eq!(detail["jobArn"], *arn);
    assert_eq!(detail["jobName"], "scene");
    assert_eq!(detail["jobQueue"], *farm.batch.queue_arn("plain"));
    assert_eq!(detail["jobDefinition"], *farm.batch.definition_arn("sh"));
    assert_eq!(detail["statusReason"], "Array Child Job failed");
    assert_eq!(detail["arrayProperties"]["size"], 2);
    assert_eq!(detail["arrayProperties"]["statusSummary"]["FAILED"], 1);
    assert!(detail["arrayProperties"].get("index").is_none(), "a rule tells parents by this");
    assert_eq!(detail["parameters"]["script"], "exit $AWS_BATCH_JOB_ARRAY_INDEX");

    let is_end = |event: &&Value| {
        event["detail"]["jobId"] == *format!("{id}:1") && event["detail"]["status"] == "FAILED"
    };
    let child = &seen.iter().find(is_end).unwrap()["detail"];
    assert_eq!(child["arrayProperties"], serde_json::json!({"index": 1}));
    assert_eq!(child["ecsProperties"]["taskProperties"][0]["containers"][0]["exitCode"], 1);
    assert_eq!(child["attempts"][0]["taskProperties"][0]["containers"][0]["exitCode"], 1);
    assert!(child["stoppedAt"].as_i64().unwrap() >= child["startedAt"].as_i64().unwrap());

    farm.batch.shutdown().await;
    assert!(events.recv().await.is_none(), "the channel ends with the service");
}
