//! The page on loopback.
//!
//! Its address has a word in it that nobody can guess, and a page of elsewhere cannot ask under another name: what is
//! served are the artist's own pictures.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State as Kept};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use super::document::{POLICY, document};
use super::page::Page;
use super::word::{hex, word};
use crate::error::FarmError;
use crate::logs::Logs;
use crate::render::Seen;

/// Files are fetched from the bucket itself, within this time.
const FETCHED_WITHIN: Duration = Duration::from_secs(3600);

/// A page that is served.
pub struct Server {
    /// Its address.
    pub url: String,
    listener: TcpListener,
    router: Router,
}

/// How long a sheet waits for its frames; those that come later are on its next edition.
const PATIENCE: Duration = Duration::from_secs(60);

struct Shared {
    page: Arc<Page>,
    logs: Logs,
    /// `127.0.0.1:PORT`.
    host: String,
}

impl Server {
    /// Answers until it is dropped.
    ///
    /// # Errors
    /// The system does not let it.
    pub async fn run(self) -> std::io::Result<()> {
        axum::serve(self.listener, self.router).await
    }
}

/// Listens on loopback, on this port or on one that the system picks.
///
/// # Errors
/// The port is taken, or there are no random numbers.
pub async fn serve(page: Arc<Page>, logs: Logs, port: u16) -> Result<Server, FarmError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address).await.map_err(|error| FarmError::Listen(port, error))?;
    let host = listener.local_addr().map_err(|error| FarmError::Listen(port, error))?.to_string();
    let word = word()?;
    let url = format!("http://{host}/{word}/");
    let shared = Arc::new(Shared { page, logs, host });
    let below = Router::new()
        .route("/state.json", get(state))
        .route("/sheet/{name}", get(sheet))
        .route("/details/{name}", get(details))
        .route("/frame/{number}", get(frame))
        .route("/record/{child}", get(record))
        .route("/log/{child}", get(log))
        .route("/file/{name}", get(file));
    let router = Router::new()
        // The slash at its end is what the page's own addresses go by.
        .route(&format!("/{word}/"), get(index))
        .nest(&format!("/{word}"), below.with_state(Arc::clone(&shared)))
        .layer(middleware::from_fn_with_state(shared, guarded));
    Ok(Server { url, listener, router })
}

/// Only who asks for this very host is answered, so that no name of elsewhere can be made to mean it.
async fn guarded(Kept(shared): Kept<Arc<Shared>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if host != Some(&shared.host) {
        return (StatusCode::FORBIDDEN, "This page is for the machine that it runs on.").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn index() -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], document("state.json")).into_response()
}

async fn state(Kept(shared): Kept<Arc<Shared>>, headers: HeaderMap) -> Response {
    let Some(seen) = shared.page.seen().await else { return nothing_yet() };
    let mut state = shared
        .page
        .state(
            &seen,
            |number, edition| Some(format!("sheet/{number}.jpg?v={edition:x}")),
            |number| format!("details/{number}.json"),
        )
        .await;
    state.files = Page::files(&seen, |name| format!("file/{name}"));
    // What was looked at again and is the same has another time alone.
    let written_at = std::mem::take(&mut state.written_at);
    let Ok(json) = serde_json::to_vec(&state) else { return failed("the state is no JSON") };
    let etag = format!("\"{}\"", hex(&Sha256::digest(&json)));
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    state.written_at = written_at;
    match serde_json::to_vec(&state) {
        Ok(json) => {
            ([(header::CONTENT_TYPE, "application/json".to_owned()), (header::ETAG, etag), no_store()], json)
                .into_response()
        }
        Err(error) => failed(error),
    }
}

fn no_store() -> (header::HeaderName, String) {
    (header::CACHE_CONTROL, "no-cache".to_owned())
}

async fn sheet(Kept(shared): Kept<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let number = name.strip_suffix(".jpg").and_then(|number| number.parse().ok());
    let (Some(seen), Some(number)) = (shared.page.seen().await, number) else { return nothing() };
    match shared.page.sheet(&seen, number, PATIENCE).await {
        Ok(Some(sheet)) => jpeg(sheet.jpeg),
        Ok(None) => nothing(),
        Err(error) => failed(error),
    }
}

fn jpeg(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "image/jpeg")], bytes).into_response()
}

async fn details(Kept(shared): Kept<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let number = name.strip_suffix(".json").and_then(|number| number.parse().ok());
    let (Some(seen), Some(number)) = (shared.page.seen().await, number) else { return nothing() };
    match shared.page.details(&seen, number, true).await {
        Some(details) => axum::Json(details).into_response(),
        None => nothing(),
    }
}

async fn frame(Kept(shared): Kept<Arc<Shared>>, Path(number): Path<i32>) -> Response {
    let Some(seen) = shared.page.seen().await else { return nothing() };
    let Some(file) = shared.page.picture(&seen, number) else { return nothing() };
    match shared.page.sheets.full(file, &shared.page.folder).await {
        Ok((kind, bytes)) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(error) => failed(error),
    }
}

async fn record(Kept(shared): Kept<Arc<Shared>>, Path(child): Path<u32>) -> Response {
    let Some(record) = shared.page.record(child).await else { return nothing() };
    match serde_json::to_string_pretty(&record) {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => failed(error),
    }
}

async fn log(Kept(shared): Kept<Arc<Shared>>, Path(child): Path<u32>) -> Response {
    let Some(seen) = shared.page.seen().await else { return nothing() };
    match text_of(&shared, &seen, child).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response(),
        Err(error) => failed(error),
    }
}

async fn text_of(shared: &Shared, seen: &Seen, child: u32) -> Result<String, FarmError> {
    let Some(plan) = &seen.plan else { return Ok(String::new()) };
    let attempts = shared.logs.of_child(shared.page.farm(), plan, child).await?;
    let mut text = String::new();
    for attempt in attempts {
        text += &format!("--- attempt {}\n", attempt.number);
        for line in attempt.lines {
            text += &line;
            text.push('\n');
        }
    }
    Ok(text)
}

async fn file(Kept(shared): Kept<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let Some(seen) = shared.page.seen().await else { return nothing() };
    if !Page::files(&seen, str::to_owned).iter().any(|file| file.name == name) {
        return nothing();
    }
    let key = format!("{}{name}", shared.page.folder);
    match shared.page.farm().bucket.signed(&key, FETCHED_WITHIN).await {
        Ok(signed) => Redirect::temporary(&signed).into_response(),
        Err(error) => failed(error),
    }
}

fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "There is none.").into_response()
}

fn nothing_yet() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "The render was not looked at yet.").into_response()
}

fn failed(error: impl std::fmt::Display) -> Response {
    (StatusCode::BAD_GATEWAY, error.to_string()).into_response()
}
