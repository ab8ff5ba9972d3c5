//! What a child gets, and that nothing of it is left behind.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_batch::types::{JobStatus, KeyValuePair};
use farm_local::batch::JobDefinition;

use super::{Farm, array, container, eventually, lives, overrides, shell, submit, task};

/// Ignores SIGTERM, has a child of its own, and writes down both process ids.
const STUBBORN: &str = r#"trap '' TERM
    sleep 1000 &
    echo $! > "$DIR/sleep-$AWS_BATCH_JOB_ARRAY_INDEX"
    echo $$ > "$DIR/shell-$AWS_BATCH_JOB_ARRAY_INDEX"
    while :; do wait; sleep 0.1; done"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_child_sees_exactly_the_promised_environment() {
    let farm = Farm::with(1, |config| {
        config.definitions.push(JobDefinition {
            program: PathBuf::from("/usr/bin/env"),
            command: Vec::new(),
            environment: BTreeMap::from([
                ("FROM".to_owned(), "definition".to_owned()),
                ("DIR".to_owned(), "of the definition".to_owned()),
            ]),
            ..shell("env")
        });
    })
    .await;
    let overrides = overrides(
        task()
            .environment(KeyValuePair::builder().name("FROM").value("the job").build())
            .environment(KeyValuePair::builder().name("EMPTY").value("").build()),
    );
    let job = || farm.client.submit_job().job_queue("plain").job_definition("env:1");
    let one = submit(job().job_name("one").ecs_properties_override(overrides)).await;
    let two = submit(job().job_name("two").array_properties(array(2))).await;
    farm.wait(&one, JobStatus::Succeeded).await;
    farm.wait(&two, JobStatus::Succeeded).await;

    let sorted = |text: String| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let mut expected = vec![
        "AWS_BATCH_CE_NAME=local".to_owned(),
        "AWS_BATCH_JOB_ATTEMPT=1".to_owned(),
        format!("AWS_BATCH_JOB_ID={one}"),
        "AWS_BATCH_JQ_NAME=plain".to_owned(),
        "DIR=of the definition".to_owned(),
        "EMPTY=".to_owned(),
        "FROM=the job".to_owned(),
        "PATH=/usr/local/bin:/usr/bin:/bin".to_owned(),
    ];
    assert_eq!(sorted(farm.read("logs/one-0-1.log")), expected);
    expected[2] = format!("AWS_BATCH_JOB_ID={two}:1");
    expected[6] = "FROM=definition".to_owned();
    expected.remove(5);
    expected.push("AWS_BATCH_JOB_ARRAY_INDEX=1".to_owned());
    expected.sort();
    assert_eq!(sorted(farm.read("logs/two-1-1.log")), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_takes_too_long_is_killed_and_not_tried_again() {
    let farm = Farm::with(1, |config| {
        let timeout = Some(Duration::from_millis(500));
        config.definitions.push(JobDefinition { timeout, attempts: 3, ..shell("short") });
    })
    .await;
    let id = submit(farm.job("slow", STUBBORN).job_definition("short")).await;
    let (shell, sleep) = (farm.pid("shell-").await, farm.pid("sleep-").await);
    let job = farm.wait(&id, JobStatus::Failed).await;
    assert_eq!(job.status_reason(), Some("Job attempt duration exceeded timeout"));
    assert_eq!(job.attempts().len(), 1);
    assert_eq!(container(&job).exit_code(), Some(137), "SIGTERM was ignored");
    assert!(!lives(shell) && !lives(sleep));
}

#[tokio::test(flavor = "multi_thread")]
async fn terminating_a_parent_leaves_no_process() {
    let farm = Farm::new(2).await;
    let id = submit(farm.job("scene", STUBBORN).array_properties(array(4))).await;
    let mut pids = Vec::new();
    for index in 0..2 {
        pids.push(farm.pid(&format!("shell-{index}")).await);
        pids.push(farm.pid(&format!("sleep-{index}")).await);
    }
    assert!(pids.iter().all(|pid| lives(*pid)));
    farm.client.terminate_job().job_id(&id).reason("wrong camera").send().await.unwrap();
    let parent = farm.wait(&id, JobStatus::Failed).await;
    assert_eq!(parent.status_reason(), Some("wrong camera"));
    assert_eq!(parent.is_terminated(), Some(true));
    assert!(!pids.iter().any(|pid| lives(*pid)), "{pids:?}");
    for index in 0..4 {
        let child = farm.describe(&format!("{id}:{index}")).await;
        assert_eq!((child.status(), child.status_reason()), (Some(&JobStatus::Failed), Some("wrong camera")));
        assert_eq!(child.attempts().len(), usize::from(index < 2));
    }
    assert!(!farm.path("shell-2").exists());
    let unknown = farm.client.terminate_job().job_id("nobody").reason("x").send().await.unwrap_err();
    assert!(unknown.as_service_error().unwrap().is_client_exception());
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_comes_first_and_a_child_may_end_in_its_own_way() {
    let stop_timeout = Duration::from_secs(600);
    let farm = Farm::with(1, |config| config.definitions[0].stop_timeout = stop_timeout).await;
    let script = r#"trap 'echo bye; exit 75' TERM; touch "$DIR/ready"; while :; do sleep 0.05; done"#;
    let id = submit(farm.job("polite", script)).await;
    eventually("the trap", async || farm.path("ready").exists().then_some(())).await;
    farm.client.terminate_job().job_id(&id).reason("enough").send().await.unwrap();
    let job = farm.wait(&id, JobStatus::Failed).await;
    assert_eq!(container(&job).exit_code(), Some(75));
    assert!(farm.read("logs/polite-0-1.log").contains("bye"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_child_leaves_behind_is_killed() {
    let farm = Farm::new(1).await;
    let id = submit(farm.job("leaver", r#"sleep 1000 & echo $! > "$DIR/left"; exit 0"#)).await;
    let pid = farm.pid("left").await;
    farm.wait(&id, JobStatus::Succeeded).await;
    assert!(!lives(pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_leaves_no_process_and_starts_nothing_more() {
    let farm = Farm::new(2).await;
    let id = submit(farm.job("scene", STUBBORN).array_properties(array(4))).await;
    let mut pids = Vec::new();
    for index in 0..2 {
        pids.push(farm.pid(&format!("shell-{index}")).await);
        pids.push(farm.pid(&format!("sleep-{index}")).await);
    }
    assert!(pids.iter().all(|pid| lives(*pid)));
    farm.batch.shutdown().await;
    assert!(!pids.iter().any(|pid| lives(*pid)), "{pids:?}");
    assert_eq!(farm.describe(&format!("{id}:2")).await.status(), Some(&JobStatus::Runnable));
    assert!(!farm.path("shell-2").exists());
    let refused = farm.job("late", "exit 0").send().await.unwrap_err();
    assert!(refused.as_service_error().unwrap().is_server_exception());
    farm.batch.shutdown().await;
}

#[test]
fn a_runtime_that_ends_takes_the_children_along() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pid, _dir) = runtime.block_on(async {
        let farm = Farm::new(1).await;
        submit(farm.job("scene", STUBBORN)).await;
        (farm.pid("shell-").await, farm.dir)
    });
    assert!(lives(pid));
    drop(runtime);
    assert!(!lives(pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_cannot_start_says_so_and_is_tried_again() {
    let farm = Farm::with(1, |config| {
        let program = PathBuf::from("/no/such/program");
        config.definitions.push(JobDefinition { program, attempts: 2, ..shell("missing") });
    })
    .await;
    let id = submit(farm.job("scene", "").job_definition("missing")).await;
    let job = farm.wait(&id, JobStatus::Failed).await;
    assert_eq!(job.status_reason(), Some("Task failed to start"));
    assert_eq!(job.attempts().len(), 2);
    let container = container(&job);
    assert_eq!(container.exit_code(), None);
    let reason = container.reason().unwrap();
    assert!(
        reason.starts_with("CannotStartContainerError: ") && reason.contains("/no/such/program"),
        "{reason}"
    );
}
