//! The Lambda Runtime API: what a function's process asks, and what it answers.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;

/// The longest answer of a function: Lambda's own limit.
const ANSWER_LIMIT: usize = 6 * 1024 * 1024;

/// An invocation for a process to take.
pub(super) struct Work {
    pub(super) request_id: String,
    pub(super) event: String,
    pub(super) deadline_ms: u64,
}

/// What a process lets be known of itself.
pub(super) enum Said {
    /// It asks for an invocation for the first time.
    Ready,
    /// It cannot start.
    InitError(String),
    /// It is done with an invocation: well, or with this error.
    Answer { request_id: String, outcome: Result<(), String> },
}

#[derive(Clone)]
struct Api(Arc<Inner>);

struct Inner {
    arn: String,
    work: tokio::sync::Mutex<mpsc::UnboundedReceiver<Work>>,
    said: mpsc::UnboundedSender<Said>,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    ready: bool,
    /// The request id of the invocation that is not answered yet.
    current: Option<String>,
}

/// The routes for one process.
pub(super) fn router(
    arn: String,
    work: mpsc::UnboundedReceiver<Work>,
    said: mpsc::UnboundedSender<Said>,
) -> Router {
    let progress = Mutex::default();
    let api = Api(Arc::new(Inner { arn, work: tokio::sync::Mutex::new(work), said, progress }));
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(ANSWER_LIMIT))
        .with_state(api)
}

/// Waits for work, as long as it takes.
async fn next(State(api): State<Api>) -> Response {
    let first = {
        let mut progress = api.0.progress.lock().unwrap_or_else(PoisonError::into_inner);
        !std::mem::replace(&mut progress.ready, true)
    };
    if first {
        api.say(Said::Ready);
    }
    let Some(work) = api.0.work.lock().await.recv().await else {
        return refusal(StatusCode::INTERNAL_SERVER_ERROR, "Runtime.Shutdown", "the function is stopped");
    };
    api.0.progress.lock().unwrap_or_else(PoisonError::into_inner).current = Some(work.request_id.clone());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-deadline-ms", work.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", api.0.arn.clone()),
        ("lambda-runtime-trace-id", trace_id(&work.request_id)),
        ("lambda-runtime-aws-request-id", work.request_id),
    ];
    (headers, work.event).into_response()
}

async fn response(State(api): State<Api>, Path(id): Path<String>, _body: Bytes) -> Response {
    api.answer(id, Ok(()))
}

async fn error(State(api): State<Api>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    api.answer(id, Err(error_words(&headers, &body)))
}

async fn init_error(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Response {
    api.say(Said::InitError(error_words(&headers, &body)));
    accepted()
}

impl Api {
    fn answer(&self, request_id: String, outcome: Result<(), String>) -> Response {
        {
            let mut progress = self.0.progress.lock().unwrap_or_else(PoisonError::into_inner);
            if progress.current.as_ref() != Some(&request_id) {
                return refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", "not the current invocation");
            }
            progress.current = None;
        }
        self.say(Said::Answer { request_id, outcome });
        accepted()
    }

    fn say(&self, said: Said) {
        // Nobody listens to an instance that is being killed.
        let _ = self.0.said.send(said);
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, axum::Json(json!({"status": "OK"}))).into_response()
}

fn refusal(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({"errorType": kind, "errorMessage": message});
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// A function's error as one line: `type: message`.
fn error_words(headers: &HeaderMap, body: &[u8]) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Told {
        error_type: Option<String>,
        error_message: Option<String>,
    }
    let told: Option<Told> = serde_json::from_slice(body).ok();
    let (kind, message) = told.map_or((None, None), |told| (told.error_type, told.error_message));
    let header = headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok());
    let kind = kind.or_else(|| header.map(str::to_owned)).unwrap_or_else(|| "Unhandled".to_owned());
    match message {
        Some(message) => format!("{kind}: {message}"),
        None => format!("{kind}: {}", String::from_utf8_lossy(body)),
    }
}

/// A trace id in the form of X-Ray's, which samples nothing here.
fn trace_id(request_id: &str) -> String {
    let hex: String = request_id.chars().filter(char::is_ascii_hexdigit).collect();
    let (time, rest) = hex.split_at_checked(8).unwrap_or(("00000000", ""));
    format!("Root=1-{time}-{rest:0<24};Sampled=0")
}
