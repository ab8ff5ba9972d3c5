//! The loopback Lambda with a real function in a real process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use farm_local::lambda::{Failure, Lambda, LambdaConfig, LambdaError};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

/// Long enough for a busy machine; a test that waits this long has failed.
const LONG: Duration = Duration::from_secs(60);

struct Function {
    lambda: Lambda,
    failures: UnboundedReceiver<Failure>,
    folder: TempDir,
}

fn config(folder: &Path) -> LambdaConfig {
    LambdaConfig {
        program: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lambda/function.py"),
        environment: BTreeMap::from([("RECORD".to_owned(), folder.join("record").display().to_string())]),
        function_name: "trigger".to_owned(),
        memory_mb: 256,
        timeout: LONG,
        concurrency: 1,
        retry_delays: vec![Duration::ZERO; 2],
        log_path: folder.join("logs/trigger.log"),
    }
}

impl Function {
    fn start(change: impl FnOnce(&mut LambdaConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        change(&mut config);
        let lambda = Lambda::start(config).unwrap();
        Self { failures: lambda.failures(), lambda, folder }
    }

    fn invoke(&self, event: Value) -> String {
        self.lambda.invoke_async(event)
    }

    async fn idle(&self) {
        tokio::time::timeout(LONG, self.lambda.idle()).await.expect("the function comes to rest");
    }

    async fn failure(&mut self) -> Failure {
        tokio::time::timeout(LONG, self.failures.recv()).await.expect("a failure in time").unwrap()
    }

    /// What the function noted, line by line.
    fn record(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("record")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    async fn wait_for_lines(&self, lines: usize) -> Vec<Value> {
        until(|| self.record().len() >= lines).await;
        self.record()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.expect("the condition comes true");
}

/// Whether a process runs; one that has ended and that nobody asked after yet does not.
fn runs(pid: &Value) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z') && !rest.starts_with('X'))
}

#[tokio::test]
async fn an_event_reaches_the_function_with_what_lambda_tells_it() {
    let function = Function::start(|_| {});
    let id = function.invoke(json!({"do": "answer", "text": "Käse"}));
    function.idle().await;
    let record = function.record();
    let [line] = record.as_slice() else { panic!("{record:?}") };
    assert_eq!(line["event"], json!({"do": "answer", "text": "Käse"}));
    assert_eq!(line["id"], id);
    let headers = &line["headers"];
    assert_eq!(
        headers["lambda-runtime-invoked-function-arn"],
        "arn:aws:lambda:us-east-1:000000000000:function:trigger"
    );
    let deadline: u128 = headers["lambda-runtime-deadline-ms"].as_str().unwrap().parse().unwrap();
    assert!(deadline > 1_700_000_000_000, "{deadline}");
    let environment = line["env"].as_object().unwrap();
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "trigger");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_VERSION"], "$LATEST");
    assert_eq!(environment["AWS_REGION"], "us-east-1");
    assert!(!environment.contains_key("CARGO_MANIFEST_DIR"), "our own environment does not leak");
    function.lambda.shutdown().await;
}

#[tokio::test]
async fn an_instance_stays_warm() {
    let function = Function::start(|_| {});
    for _ in 0..3 {
        function.invoke(json!({"do": "answer"}));
    }
    function.idle().await;
    let pids: BTreeSet<u64> = function.record().iter().map(|line| line["pid"].as_u64().unwrap()).collect();
    assert_eq!((function.record().len(), pids.len()), (3, 1));
    function.lambda.shutdown().await;
}

#[tokio::test]
async fn an_error_is_tried_again_under_the_same_id_and_then_given_up() {
    let mut function = Function::start(|_| {});
    let event = json!({"do": "fail", "name": "queue"});
    let id = function.invoke(event.clone());
    let failure = function.failure().await;
    assert_eq!(
        failure,
        Failure { request_id: id.clone(), event, attempts: 3, reason: "ValueError: no queue".into() }
    );
    function.idle().await;
    let ids: Vec<Value> = function.record().iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, [json!(id), json!(id), json!(id)]);
    function.lambda.shutdown().await;
}

#[tokio::test]
async fn an_event_that_succeeds_at_last_is_no_failure() {
    let mut function = Function::start(|_| {});
    function.invoke(json!({"do": "fail twice"}));
    function.idle().await;
    assert_eq!(function.record().len(), 3);
    assert!(function.failures.try_recv().is_err());
    function.lambda.shutdown().await;
}

#[tokio::test]
async fn a_crash_fails_the_attempt_and_the_next_event_gets_a_new_process() {
    let mut function = Function::start(|config| config.retry_delays.clear());
    function.invoke(json!({"do": "crash"}));
    let failure = function.failure().await;
    assert_eq!(failure.attempts, 1);
    assert!(failure.reason.contains("exit status: 3"), "{}", failure.reason);
    function.invoke(json!({"do": "answer"}));
    function.idle().await;
    let record = function.record();
    assert_ne!(record[0]["pid"], record[1]["pid"]);
    let log = std::fs::read_to_string(function.path("logs/trigger.log")).unwrap();
    assert!(log.contains("the last words"), "{log}");
    function.lambda.shutdown().await;
}

#[tokio::test]
async fn an_invocation_that_takes_too_long_is_killed_with_all_that_it_started() {
    let mut function = Function::start(|config| {
        config.retry_delays.clear();
        config.timeout = Duration::from_secs(4);
    });
    function.invoke(json!({"do": "hang"}));
    let failure = function.failure().await;
    assert_eq!(failure.reason, "Task timed out after 4.00 seconds");
    let record = function.record();
    let child = record.iter().find_map(|line| line.get("child")).expect("it started a child");
    until(|| !runs(child)).await;
    until(|| !runs(&record[0]["pid"])).await;
    function.lambda.shutdown().await;
}

#[tokio::test]
async fn a_function_that_fails_at_init_is_started_once_for_each_attempt() {
    for (init, words) in [("error", "Config: BUCKET_NAME is not set"), ("exit", "exit status: 4")] {
        let mut function = Function::start(|config| {
            config.environment.insert("INIT".into(), init.into());
        });
        function.invoke(json!({"do": "answer"}));
        let failure = function.failure().await;
        assert!(failure.reason.contains(words), "{}", failure.reason);
        assert_eq!(failure.attempts, 3);
        assert_eq!(function.record().len(), 3);
        function.lambda.shutdown().await;
    }
}

#[tokio::test]
async fn no_more_processes_run_than_the_concurrency_allows() {
    let function = Function::start(|config| config.concurrency = 2);
    let go = function.path("go");
    for _ in 0..5 {
        function.invoke(json!({"do": "wait", "until": go}));
    }
    // Two wait at the same time: none could end before both had begun.
    function.wait_for_lines(2).await;
    std::fs::write(&go, "").unwrap();
    function.idle().await;
    let record = function.record();
    let pids: BTreeSet<u64> = record.iter().map(|line| line["pid"].as_u64().unwrap()).collect();
    assert_eq!((record.len(), pids.len()), (5, 2));
    function.lambda.shutdown().await;
}

#[tokio::test]
async fn shutdown_leaves_no_process() {
    let mut function = Function::start(|config| {
        config.concurrency = 2;
        config.retry_delays = vec![LONG];
    });
    function.invoke(json!({"do": "answer"}));
    function.idle().await;
    // One runs, and one waits for its next attempt.
    function.invoke(json!({"do": "hang"}));
    function.wait_for_lines(3).await;
    function.invoke(json!({"do": "crash"}));
    let record = function.wait_for_lines(4).await;
    tokio::time::timeout(LONG, function.lambda.shutdown()).await.expect("it ends");
    for line in &record {
        assert!(!runs(&line["pid"]), "{line}");
    }
    let child = record.iter().find_map(|line| line.get("child")).expect("it started a child");
    until(|| !runs(child)).await;
    function.invoke(json!({"do": "answer"}));
    assert_eq!(function.record().len(), 4, "nothing runs any more");
    assert!(function.failures.try_recv().is_err());
}

#[tokio::test]
async fn a_program_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("bootstrap");
    let started = Lambda::start(LambdaConfig { program: program.clone(), ..config(folder.path()) });
    assert!(matches!(started, Err(LambdaError::Program(path)) if path == program));
}
