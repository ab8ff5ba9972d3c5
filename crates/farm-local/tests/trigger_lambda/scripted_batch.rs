//! A Batch that fails on purpose: each SubmitJob does what the test wrote down for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::BatchAt;

/// What a SubmitJob does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It works.
    Work,
    /// It works, and the answer is lost on the way.
    LoseAnswer,
    /// It works, and never answers.
    Hang,
    /// It asks for patience.
    Throttle,
    /// It fails inside.
    Break,
    /// It says no.
    Refuse,
}

#[derive(Clone, Default)]
pub struct ScriptedBatch(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    script: VecDeque<Turn>,
    jobs: Vec<Value>,
    calls: usize,
}

impl ScriptedBatch {
    /// A Batch whose first calls of SubmitJob go as in `script`; all later ones work.
    pub async fn start(script: &[Turn]) -> (Self, BatchAt) {
        let batch = Self::default();
        batch.0.lock().unwrap().script = script.iter().copied().collect();
        let router = Router::new()
            .route("/v1/submitjob", post(submit))
            .route("/v1/listjobs", post(list))
            .with_state(batch.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let at = BatchAt {
            endpoint,
            queue: "arn:aws:batch:us-east-1:000000000000:job-queue/farm".into(),
            render: "arn:aws:batch:us-east-1:000000000000:job-definition/render:1".into(),
            large: "arn:aws:batch:us-east-1:000000000000:job-definition/large:1".into(),
            zip: "arn:aws:batch:us-east-1:000000000000:job-definition/zip:1".into(),
        };
        (batch, at)
    }

    /// Every job that was submitted, as SubmitJob was asked for it, with its `jobId`.
    pub fn jobs(&self) -> Vec<Value> {
        self.0.lock().unwrap().jobs.clone()
    }

    /// From now on every SubmitJob works.
    pub fn mend(&self) {
        self.0.lock().unwrap().script.clear();
    }

    /// How often SubmitJob was called.
    pub fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }
}

async fn submit(State(batch): State<ScriptedBatch>, body: String) -> Response {
    let mut job: Value = serde_json::from_str(&body).unwrap();
    let (turn, answer) = {
        let mut inner = batch.0.lock().unwrap();
        inner.calls += 1;
        let turn = inner.script.pop_front().unwrap_or(Turn::Work);
        let id = format!("job-{}", inner.jobs.len());
        let answer = json!({"jobName": job["jobName"], "jobId": id});
        if matches!(turn, Turn::Work | Turn::LoseAnswer | Turn::Hang) {
            job["jobId"] = json!(id);
            inner.jobs.push(job);
        }
        (turn, answer)
    };
    match turn {
        Turn::Work => answer.to_string().into_response(),
        Turn::LoseAnswer => error(StatusCode::BAD_GATEWAY, "ServerException", "lost on the way"),
        Turn::Break => error(StatusCode::INTERNAL_SERVER_ERROR, "ServerException", "broken"),
        Turn::Throttle => error(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "slower"),
        Turn::Refuse => error(StatusCode::BAD_REQUEST, "ClientException", "the queue is disabled"),
        Turn::Hang => std::future::pending().await,
    }
}

async fn list(State(batch): State<ScriptedBatch>, body: String) -> Response {
    let asked: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(asked["filters"][0]["name"], "JOB_NAME");
    let name = &asked["filters"][0]["values"][0];
    let found: Vec<Value> = batch
        .jobs()
        .iter()
        .filter(|job| job["jobName"] == *name)
        .map(|job| json!({"jobName": job["jobName"], "jobId": job["jobId"], "createdAt": 1, "status": "RUNNABLE"}))
        .collect();
    json!({"jobSummaryList": found}).to_string().into_response()
}

fn error(status: StatusCode, kind: &str, message: &str) -> Response {
    (status, [("x-amzn-errortype", kind)], json!({"message": message}).to_string()).into_response()
}
