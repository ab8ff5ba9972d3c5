//! What a function has to call: the loopback S3, a queue that takes every job, and nothing else.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use farm_contract::env;
use farm_local::faults::Faults;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::s3::{BUCKET, Loopback};

/// More than all uploads of the bench.
const BUCKET_BYTES: u64 = 500_000_000;

/// The services.
pub struct Stubs {
    /// The bucket.
    pub s3: Loopback,
    runtime: Runtime,
    queue: SocketAddr,
    counted: Arc<Counted>,
}

/// What was asked of them since they were last asked for it.
#[derive(Debug, Default)]
pub struct Asked {
    /// Calls of S3.
    pub s3: usize,
    /// Calls of Batch.
    pub batch: usize,
    /// Jobs that were submitted.
    pub jobs: Vec<Job>,
}

/// What makes one job another than another. Into how many children frames go is no part of it: trigger-lambda
/// computes that, and the other function has a rule of thumb.
#[derive(Debug, PartialEq, Eq)]
pub struct Job {
    /// Whether it has children.
    array: bool,
    /// On how many jobs it waits.
    waits_on: usize,
    /// Its definition.
    definition: String,
    /// How many arguments its program gets.
    arguments: usize,
}

#[derive(Default)]
struct Counted {
    s3: AtomicUsize,
    batch: Mutex<(usize, Vec<Job>)>,
}

impl Stubs {
    /// An empty bucket and a queue.
    ///
    /// # Errors
    /// There is no folder or no port for them.
    pub fn start() -> Result<Self> {
        let runtime = Runtime::new().context("cannot start threads")?;
        let counted = Arc::<Counted>::default();
        let count = {
            let counted = counted.clone();
            // Asked before each call; none is to go wrong.
            Faults::deciding(move |_| {
                counted.s3.fetch_add(1, Ordering::Relaxed);
                None
            })
        };
        let s3 = Loopback::start(BUCKET_BYTES, count)?;
        let queue =
            Router::new().route("/v1/submitjob", post(submit)).fallback(other).with_state(counted.clone());
        let queue = serve(&runtime, queue)?;
        Ok(Self { s3, runtime, queue, counted })
    }

    /// Serves more, until the stubs end.
    ///
    /// # Errors
    /// There is no port for it.
    pub fn serve(&self, router: Router) -> Result<SocketAddr> {
        serve(&self.runtime, router)
    }

    /// Waits for something that the stubs' threads do.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Gives a function its environment: what the template sets, what Lambda sets, and where the stubs are.
    pub fn tell(&self, function: &mut Command) {
        let definition = |name: &str| format!("arn:aws:batch:us-east-1:123456789012:job-definition/{name}:1");
        self.s3.tell(function).envs([
            ("AWS_ENDPOINT_URL_BATCH", format!("http://{}", self.queue)),
            ("AWS_SESSION_TOKEN", "token".to_owned()),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", "farm".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/farm".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench".to_owned()),
            ("LANG", "en_US.UTF-8".to_owned()),
            ("TZ", ":UTC".to_owned()),
            (env::BUCKET_NAME, BUCKET.to_owned()),
            (env::JOB_QUEUE_ARN, "arn:aws:batch:us-east-1:123456789012:job-queue/farm".to_owned()),
            (env::BLENDER_VERSION, "4.5 4.1".to_owned()),
            (env::JOB_DEFINITION_ARN, format!("{} {}", definition("r45"), definition("r41"))),
            (env::LARGE_JOB_DEFINITION_ARN, format!("{} {}", definition("r45l"), definition("r41l"))),
            (env::ZIP_JOB_DEFINITION_ARN, definition("zip")),
            (env::MAX_VCPUS, "256".to_owned()),
            (env::TASK_VCPUS, "4".to_owned()),
            (env::TASK_PRICE, "0.0625".to_owned()),
            (env::FRAME_SECONDS, "900".to_owned()),
        ]);
    }

    /// What was asked of them since this was last called.
    pub fn asked(&self) -> Asked {
        let (batch, jobs) =
            std::mem::take(&mut *self.counted.batch.lock().unwrap_or_else(PoisonError::into_inner));
        Asked { s3: self.counted.s3.swap(0, Ordering::Relaxed), batch, jobs }
    }
}

fn serve(runtime: &Runtime, router: Router) -> Result<SocketAddr> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).context("cannot listen")?;
    let address = listener.local_addr().context("cannot listen")?;
    // What cannot be sent at once is sent a little later all the same.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    runtime.spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn submit(State(counted): State<Arc<Counted>>, Json(asked): Json<Value>) -> Json<Value> {
    let mut batch = counted.batch.lock().unwrap_or_else(PoisonError::into_inner);
    batch.0 += 1;
    batch.1.push(job(&asked));
    let id = format!("{:08x}-2f1c-4b5e-9a0d-3c7e8f6a1b2c", batch.0);
    let arn = format!("arn:aws:batch:us-east-1:123456789012:job/{id}");
    Json(json!({"jobArn": arn, "jobId": id, "jobName": asked["jobName"]}))
}

fn job(asked: &Value) -> Job {
    let length = |list: &Value| list.as_array().map_or(0, Vec::len);
    Job {
        array: asked["arrayProperties"]["size"].is_u64(),
        waits_on: length(&asked["dependsOn"]),
        definition: asked["jobDefinition"].as_str().unwrap_or_default().to_owned(),
        arguments: length(&asked["ecsPropertiesOverride"]["taskProperties"][0]["containers"][0]["command"]),
    }
}

async fn other(State(counted): State<Arc<Counted>>) -> StatusCode {
    counted.batch.lock().unwrap_or_else(PoisonError::into_inner).0 += 1;
    StatusCode::NOT_FOUND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_told_apart_by_what_they_ask_for() {
        let containers = json!([{"name": "task", "command": ["--bucket=b", "--folder=f"]}]);
        let asked = json!({
            "jobDefinition": "d",
            "arrayProperties": {"size": 7},
            "dependsOn": [{"jobId": "a"}],
            "ecsPropertiesOverride": {"taskProperties": [{"containers": containers}]},
        });
        let plain = json!({"jobDefinition": "d"});
        let of = |array, waits_on, arguments| Job { array, waits_on, definition: "d".to_owned(), arguments };
        assert_eq!(job(&asked), of(true, 1, 2));
        assert_eq!(job(&plain), of(false, 0, 0));
    }
}
