//! The HTTP side: REST-JSON at `/v1/`, and who is let in.
//!
//! A signature is not recomputed; but its credential scope must name an access key of the farm's,
//! and a web page that a user happens to open knows none.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::actions::Asked;
use super::error::ApiError;
use super::ids;
use super::service::Batch;
use crate::logs;

/// Longest body that is read at all, in bytes; twice what the largest request may have.
const MAX_BODY: usize = 64 * 1024;

pub(super) fn router(batch: Batch) -> Router {
    Router::new()
        .route("/v1/submitjob", operation("SubmitJob", Batch::submit_job))
        .route("/v1/describejobs", operation("DescribeJobs", Batch::describe_jobs))
        .route("/v1/listjobs", operation("ListJobs", Batch::list_jobs))
        .route("/v1/canceljob", operation("CancelJob", Batch::cancel_job))
        .route("/v1/terminatejob", operation("TerminateJob", Batch::terminate_job))
        .route("/", post(logs))
        .fallback(unknown)
        .with_state(batch)
}

/// CloudWatch Logs, which has the port with Batch in common.
async fn logs(State(batch): State<Batch>, request: Request) -> Response {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    if target != Some(logs::GET_LOG_EVENTS) {
        return unknown(request).await;
    }
    let answer = async {
        authorise(&batch, request.headers(), "logs")?;
        let body = to_bytes(request.into_body(), MAX_BODY).await;
        let body = body.map_err(|error| ApiError::server(error.to_string()))?;
        let asked = serde_json::from_slice(&body)
            .map_err(|error| ApiError::refused(400, "SerializationException", error.to_string()))?;
        let folder = batch.config().log_dir.clone();
        let read = tokio::task::spawn_blocking(move || logs::get_log_events(&folder, &asked));
        let read = read.await.map_err(|error| ApiError::server(error.to_string()))?;
        let read = read.map_err(|refused| ApiError::refused(400, refused.code, refused.words))?;
        serde_json::to_vec(&read).map_err(|error| ApiError::server(error.to_string()))
    };
    match answer.await {
        Ok(body) => respond(StatusCode::OK, &ids::uuid(), None, body),
        Err(error) => failure(&error),
    }
}

async fn unknown(request: Request) -> Response {
    let path = request.uri().path();
    let text = format!("The local Batch has no operation at {} {path}", request.method());
    failure(&ApiError::refused(404, "UnknownOperationException", text))
}

fn operation<I: DeserializeOwned + Asked + Send + 'static, O: Serialize + 'static>(
    name: &'static str,
    run: fn(&Batch, I, usize) -> Result<O, ApiError>,
) -> MethodRouter<Batch> {
    post(move |State(batch): State<Batch>, request: Request| async move {
        match answer(&batch, request, name, run).await {
            Ok(body) => respond(StatusCode::OK, &ids::uuid(), None, body),
            Err(error) => failure(&error),
        }
    })
}

async fn answer<I: DeserializeOwned + Asked, O: Serialize>(
    batch: &Batch,
    request: Request,
    name: &str,
    run: fn(&Batch, I, usize) -> Result<O, ApiError>,
) -> Result<Vec<u8>, ApiError> {
    let key = authorise(batch, request.headers(), "batch")?;
    let too_long = format!("The request is longer than {MAX_BODY} bytes");
    let body = to_bytes(request.into_body(), MAX_BODY)
        .await
        .map_err(|_| ApiError::refused(413, "RequestEntityTooLargeException", too_long))?;
    let input: I = serde_json::from_slice(&body)
        .map_err(|error| ApiError::refused(400, "SerializationException", error.to_string()))?;
    let action = format!("batch:{name}");
    batch.config().keys.tell(&key, || {
        let resources = input.resources(batch.config()).into_iter();
        resources.map(|resource| (action.clone(), resource)).collect()
    });
    let output = run(batch, input, body.len())?;
    serde_json::to_vec(&output).map_err(|error| ApiError::server(error.to_string()))
}

/// Lets in what is signed with an access key of the farm's, for this service; gives its id.
fn authorise(batch: &Batch, headers: &HeaderMap, service: &str) -> Result<String, ApiError> {
    let missing =
        || ApiError::refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token");
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?.to_str().map_err(|_| missing())?;
    let parameters = value.strip_prefix("AWS4-HMAC-SHA256 ").ok_or_else(missing)?;
    let scope = parameters
        .split(',')
        .find_map(|parameter| parameter.trim().strip_prefix("Credential="))
        .ok_or_else(missing)?;
    match scope.split('/').collect::<Vec<_>>().as_slice() {
        [key, _date, _region, for_service, "aws4_request"]
            if *for_service == service && batch.config().keys.admits(key) =>
        {
            Ok((*key).to_owned())
        }
        _ => Err(ApiError::refused(
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )),
    }
}

#[derive(Serialize)]
struct Message {
    message: String,
}

fn failure(error: &ApiError) -> Response {
    let request_id = ids::uuid();
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let message = Message { message: error.text(&request_id) };
    let body = serde_json::to_vec(&message).unwrap_or_default();
    respond(status, &request_id, Some(error.code), body)
}

fn respond(status: StatusCode, request_id: &str, error: Option<&'static str>, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    if let Some(error) = error {
        headers.insert("x-amzn-errortype", HeaderValue::from_static(error));
    }
    response
}
