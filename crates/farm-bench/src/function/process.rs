//! One process of a function, and the Runtime API that it asks for its event.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::stubs::Stubs;
use crate::measure::peak;

/// A function that says nothing for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is seen whether the process still lives.
const LOOK: Duration = Duration::from_millis(50);
/// The time that an invocation is told it has: that of the farm's function.
const TIMEOUT: Duration = Duration::from_secs(60);
const REQUEST: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:farm";

/// What became of a process.
#[derive(Debug)]
pub struct Invoked {
    /// Seconds from its start until it asked for work.
    pub ready: f64,
    /// Seconds from its start until its answer was there.
    pub answered: f64,
    /// Most memory that it held by then, in bytes.
    pub memory: u64,
}

/// What the process said, and when.
enum Said {
    Next(Instant),
    Response(Instant),
    Error(String),
}

/// A process that ends with this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It fails where the process has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a function, hands it one event and waits for its answer.
///
/// # Errors
/// It cannot be started, or its answer is an error or does not come; what it logged is quoted.
pub fn invoke(stubs: &Stubs, function: &mut Command, event: &Value) -> Result<Invoked> {
    let (sender, mut said) = unbounded_channel();
    let api = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(error))
        .with_state(Api { event: Arc::new(Mutex::new(Some(event.to_string()))), said: sender });
    let address = stubs.serve(api)?;
    let log = tempfile::NamedTempFile::new().context("cannot make a file for a log")?;
    let to_log = || log.reopen().map(Stdio::from).context("cannot write a log");
    function.env("AWS_LAMBDA_RUNTIME_API", address.to_string());
    function.stdin(Stdio::null()).stdout(to_log()?).stderr(to_log()?);
    let shown = PathBuf::from(function.get_program());
    let begun = Instant::now();
    let child = function.spawn().with_context(|| format!("cannot run {}", shown.display()))?;
    let mut process = Process(child);
    let told = follow(stubs, &mut process, &mut said);
    let logged = || std::fs::read_to_string(log.path()).unwrap_or_default();
    let (ready, answered) = told.with_context(|| format!("it logged: {}", logged().trim()))?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.0.id()));
    let memory = status.ok().and_then(|status| peak(&status)).context("its memory cannot be told")?;
    let since = |at: Instant| (at - begun).as_secs_f64();
    Ok(Invoked { ready: since(ready), answered: since(answered), memory })
}

/// When it asked for work, and when its answer came.
fn follow(
    stubs: &Stubs,
    process: &mut Process,
    said: &mut UnboundedReceiver<Said>,
) -> Result<(Instant, Instant)> {
    let until = Instant::now() + PATIENCE;
    let mut ready = None;
    while Instant::now() < until {
        let heard = stubs.block_on(async { tokio::time::timeout(LOOK, said.recv()).await });
        match (heard, ready) {
            (Ok(Some(Said::Next(at))), None) => ready = Some(at),
            (Ok(Some(Said::Response(at))), Some(ready)) => return Ok((ready, at)),
            (Ok(Some(Said::Error(words))), _) => bail!("the function failed: {words}"),
            (Ok(_), _) => {}
            (Err(_), _) => {
                if let Some(status) = process.0.try_wait().context("cannot look after the function")? {
                    bail!("the function ended without an answer ({status})");
                }
            }
        }
    }
    bail!("the function gave no answer within {PATIENCE:?}")
}

#[derive(Clone)]
struct Api {
    event: Arc<Mutex<Option<String>>>,
    said: UnboundedSender<Said>,
}

impl Api {
    fn say(&self, said: Said) -> Response {
        // Nobody listens any more once the answer is there.
        let _ = self.said.send(said);
        StatusCode::ACCEPTED.into_response()
    }
}

/// The event for who asks first; who asks again waits until it is ended.
async fn next(State(api): State<Api>) -> Response {
    let asked = Instant::now();
    let event = api.event.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(event) = event else { return std::future::pending().await };
    api.say(Said::Next(asked));
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", REQUEST.to_owned()),
        ("lambda-runtime-deadline-ms", (since + TIMEOUT).as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", ARN.to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned()),
    ];
    (headers, event).into_response()
}

async fn response(State(api): State<Api>, Path(_id): Path<String>, _body: String) -> Response {
    api.say(Said::Response(Instant::now()))
}

async fn error(State(api): State<Api>, body: String) -> Response {
    api.say(Said::Error(body))
}
