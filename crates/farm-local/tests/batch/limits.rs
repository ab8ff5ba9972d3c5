//! What is refused, with which words, and who is let in.

use aws_sdk_batch::Client;
use aws_sdk_batch::error::ProvideErrorMetadata;
use aws_sdk_batch::operation::submit_job::builders::SubmitJobFluentBuilder;
use aws_sdk_batch::types::{
    ArrayJobDependency, ContainerOverrides, EcsPropertiesOverride, EvaluateOnExit, JobDependency, JobStatus,
    JobTimeout, KeyValuePair, ResourceRequirement, ResourceType, RetryAction, RetryStrategy,
};
use farm_local::batch::{Batch, StartError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Farm, KEY, after, array, client, config, container, eventually, overrides, shell, submit, task};

fn rule() -> EvaluateOnExit {
    EvaluateOnExit::builder().on_exit_code("1").action(RetryAction::Exit).build()
}

fn variable(name: &str) -> EcsPropertiesOverride {
    overrides(task().environment(KeyValuePair::builder().name(name).value("x").build()))
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_the_limits_are_refused_in_batch_s_words() {
    type Change = fn(SubmitJobFluentBuilder) -> SubmitJobFluentBuilder;
    let cases: &[(&str, Change)] = &[
        ("Job name should match valid pattern", |job| job.job_name("a.blend")),
        ("Job name should match valid pattern", |job| job.job_name("-a")),
        ("Job name should match valid pattern", |job| job.job_name("a".repeat(129))),
        ("JobQueue nowhere not found.", |job| job.job_queue("nowhere")),
        ("JobDefinition name none does not exist or is not in ACTIVE status", |job| {
            job.job_definition("none")
        }),
        ("JobDefinition name sh:2 does not exist", |job| job.job_definition("sh:2")),
        ("Array size must be between 2 and 10000, got 1", |job| job.array_properties(array(1))),
        ("Array size must be between 2 and 10000, got 10001", |job| job.array_properties(array(10_001))),
        ("at most 20 jobs, got 21", |job| job.set_depends_on(Some(vec![after("x"); 21]))),
        ("SEQUENTIAL dependency is for array jobs only", |job| {
            job.depends_on(JobDependency::builder().r#type(ArrayJobDependency::Sequential).build())
        }),
        ("N_TO_N dependency needs a jobId", |job| {
            let dependency = JobDependency::builder().r#type(ArrayJobDependency::NToN).build();
            job.array_properties(array(2)).depends_on(dependency)
        }),
        ("Command contains an empty string", |job| {
            job.ecs_properties_override(overrides(task().command("-c").command("")))
        }),
        ("AWS_BATCH_JOB_ID is reserved", |job| job.ecs_properties_override(variable("AWS_BATCH_JOB_ID"))),
        ("\"A=B\" is not valid", |job| job.ecs_properties_override(variable("A=B"))),
        ("RetryAttempts must be between 1 and 10", |job| {
            job.retry_strategy(RetryStrategy::builder().attempts(11).build())
        }),
        ("RetryAttempts must be provided with retry strategy", |job| {
            job.retry_strategy(RetryStrategy::builder().evaluate_on_exit(rule()).build())
        }),
        ("at most 5 conditions, got 6", |job| {
            let rules = Some(vec![rule(); 6]);
            job.retry_strategy(RetryStrategy::builder().attempts(2).set_evaluate_on_exit(rules).build())
        }),
        ("action \"STOP\" must be one of RETRY, EXIT", |job| {
            let rule = EvaluateOnExit::builder().on_exit_code("1").action(RetryAction::from("STOP"));
            let rule = rule.build();
            job.retry_strategy(RetryStrategy::builder().attempts(2).evaluate_on_exit(rule).build())
        }),
        ("attemptDurationSeconds must be at least 60 seconds, got 59", |job| {
            job.timeout(JobTimeout::builder().attempt_duration_seconds(59).build())
        }),
        ("shareIdentifier cannot be specified", |job| job.share_identifier("a")),
        ("shareIdentifier must be specified", |job| job.job_queue("fair")),
        ("must be 1 to 255 letters and digits", |job| job.job_queue("fair").share_identifier("a-b")),
        ("Job size must be less than 30 KiB, got 33 KiB", |job| job.parameters("p", "x".repeat(32 * 1024))),
        ("containerOverrides cannot be set for a job definition with ecsProperties", |job| {
            job.container_overrides(ContainerOverrides::builder().command("x").build())
        }),
        ("names the container \"main\"; the job definition has \"task\" alone", |job| {
            job.ecs_properties_override(overrides(task().name("main")))
        }),
        ("schedulingPriorityOverride is not part of the local Batch", |job| {
            job.scheduling_priority_override(3)
        }),
    ];
    let farm = Farm::new(1).await;
    for (text, change) in cases {
        let error = change(farm.job("name", "exit 0")).send().await.expect_err(text);
        assert_eq!(error.code(), Some("ClientException"), "{text}");
        assert!(error.as_service_error().unwrap().is_client_exception(), "{text}");
        assert!(error.message().unwrap().contains(text), "{text}: {error:?}");
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    }
    let unprioritised = Farm::with(1, |config| config.definitions[0].scheduling_priority = None).await;
    let job = unprioritised.job("name", "exit 0").job_queue("fair").share_identifier("a");
    let error = job.send().await.unwrap_err();
    assert!(error.message().unwrap().contains("Either schedulingPriority in job definition"), "{error:?}");

    let error = farm.job("a.b", "exit 0").send().await.unwrap_err();
    let text = error.message().unwrap();
    assert!(text.starts_with("Error executing request, Exception : Job name"), "{text}");
    assert!(text.contains(", RequestId: "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_at_the_limit_is_taken() {
    let farm = Farm::new(1).await;
    let requirement = ResourceRequirement::builder().r#type(ResourceType::Memory).value("8192").build();
    let overrides = overrides(task().command("-c").command("exit 3").resource_requirements(requirement));
    let rules = RetryStrategy::builder().attempts(10).set_evaluate_on_exit(Some(vec![rule(); 5])).build();
    let job = farm
        .job(&"a".repeat(128), "exit 0")
        .job_queue(farm.batch.queue_arn("fair"))
        .job_definition(farm.batch.definition_arn("sh"))
        .share_identifier("a".repeat(255))
        .timeout(JobTimeout::builder().attempt_duration_seconds(60).build())
        .retry_strategy(RetryStrategy::builder().attempts(1).build())
        .ecs_properties_override(overrides);
    let id = submit(job).await;
    let job = farm.wait(&id, JobStatus::Failed).await;
    let container = container(&job);
    assert_eq!(container.exit_code(), Some(3), "the override's command ran");
    assert_eq!(container.command(), ["-c", "exit 3"]);
    let kinds: Vec<_> = container.resource_requirements().iter().map(|r| r.value()).collect();
    assert_eq!(kinds, [Some("1"), Some("8192")]);
    assert_eq!(job.timeout().unwrap().attempt_duration_seconds(), Some(60));

    let unrevised = farm.batch.definition_arn("sh").trim_end_matches(":1").to_owned();
    let id = submit(farm.job("a", "exit 0").job_definition(unrevised).retry_strategy(rules)).await;
    let job = farm.wait(&id, JobStatus::Succeeded).await;
    assert_eq!(job.retry_strategy().unwrap().attempts(), Some(10));
    assert_eq!(job.retry_strategy().unwrap().evaluate_on_exit().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn overrides_that_are_too_long_fail_the_job_that_was_taken() {
    let farm = Farm::new(1).await;
    let pair = KeyValuePair::builder().name("LONG").value("x".repeat(8192)).build();
    let overrides = overrides(task().environment(pair));
    let id = submit(farm.job("long", "exit 0").ecs_properties_override(overrides)).await;
    let job = farm.wait(&id, JobStatus::Failed).await;
    assert_eq!(job.status_reason(), Some("Container Overrides length must be at most 8192"));
    assert!(job.attempts().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_own_key_is_let_in() {
    let farm = Farm::new(1).await;
    let stranger: Client = client(&farm.address, "another-key");
    let error = stranger.describe_jobs().jobs("x").send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnrecognizedClientException"));
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);

    let scope = |key: &str, service: &str| {
        format!(
            "Authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/{service}/aws4_request, Signature=0\r\n"
        )
    };
    let own = scope(KEY, "batch");
    for (headers, body, status) in [
        (String::new(), r#"{"jobs":[]}"#.to_owned(), 403),
        ("Authorization: Bearer x\r\n".to_owned(), r#"{"jobs":[]}"#.to_owned(), 403),
        (scope(KEY, "s3"), r#"{"jobs":[]}"#.to_owned(), 403),
        (own.clone(), r#"{"jobs":[]}"#.to_owned(), 200),
        (own.clone(), "not json".to_owned(), 400),
        (own.clone(), format!("{{\"x\":\"{}\"}}", "x".repeat(70_000)), 413),
    ] {
        assert_eq!(raw(&farm.address, "/v1/describejobs", &headers, &body).await, status, "{headers}");
    }
    assert_eq!(raw(&farm.address, "/v1/registerjobdefinition", &own, "{}").await, 404);
}

/// Sends a request by hand; the status of the answer.
async fn raw(address: &str, path: &str, headers: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server may answer and hang up before it has read a body that is too long.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn reasons_and_ids_are_asked_for() {
    let farm = Farm::new(1).await;
    let error = farm.client.terminate_job().job_id("x").reason("").send().await.unwrap_err();
    assert!(error.message().unwrap().contains("reason must be specified"), "{error:?}");
    let error = farm.client.cancel_job().job_id("x").reason("x".repeat(1025)).send().await.unwrap_err();
    assert!(error.message().unwrap().contains("at most 1024 characters"), "{error:?}");
    let ids = Some(vec!["x".to_owned(); 101]);
    let error = farm.client.describe_jobs().set_jobs(ids).send().await.unwrap_err();
    assert!(error.message().unwrap().contains("Maximum number of jobs supported is 100"), "{error:?}");
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let farm = Farm::new(1).await;
    let open = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let error = farm.batch.serve(open, std::future::pending()).await.unwrap_err();
    assert!(error.to_string().contains("loopback only"), "{error}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let batch = farm.batch.clone();
    let server =
        tokio::spawn(async move { batch.serve(listener, async { stopped.await.unwrap_or(()) }).await });
    client(&address, KEY).describe_jobs().jobs("x").send().await.unwrap();
    stop.send(()).unwrap();
    eventually("the server to end", async || server.is_finished().then_some(())).await;
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_configuration_that_cannot_work_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let start = |change: fn(&mut farm_local::batch::BatchConfig)| {
        let mut config = config(dir.path(), 1);
        change(&mut config);
        Batch::start(config).err().unwrap()
    };
    assert!(matches!(start(|c| c.slots = 0), StartError::NoSlots));
    assert!(
        matches!(start(|c| c.definitions.push(shell("sh"))), StartError::DuplicateName(name) if name == "sh")
    );
    assert!(
        matches!(start(|c| c.definitions[0].attempts = 11), StartError::Definition { name, .. } if name == "sh")
    );
}
