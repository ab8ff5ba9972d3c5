//! One request to the registry and its answer, over the HTTP client that the SDKs themselves use.
//!
//! The password goes into one header, which shows itself to nobody, and to one address.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::StreamExt;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt, Limited, StreamBody};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use super::endpoint::Endpoint;
use super::error::RegistryError;
use crate::digest::PIECE;

/// How long nothing may move before a request counts as lost. A registry thinks for a while about a
/// large layer that has come.
const STALL: Duration = Duration::from_secs(90);
/// The most that an answer may hold.
const ANSWER: usize = 4 * 1024 * 1024;
const AGENT: &str = concat!("farm-images/", env!("CARGO_PKG_VERSION"));

/// The way to the registry.
#[derive(Debug, Clone)]
pub struct Wire {
    endpoint: Endpoint,
    /// Marked as sensitive: it has no text in `Debug`.
    password: HeaderValue,
    connector: SharedHttpConnector,
}

/// What the registry answers.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What a request carries.
pub enum Payload {
    Bytes(Bytes),
    File {
        file: File,
        size: u64,
        /// Hears of every piece how much is sent.
        sent: Box<dyn Fn(u64) + Send + Sync>,
    },
}

impl Wire {
    pub fn new(endpoint: Endpoint, password: &str) -> Result<Self, RegistryError> {
        let mut password = HeaderValue::try_from(format!("Basic {password}")).map_err(|_| {
            RegistryError::ours("log in to the registry".to_owned(), "its password is no header's text")
        })?;
        password.set_sensitive(true);
        let connector = if endpoint.is_plain() {
            SharedHttpConnector::new(Connector::builder().proxy_config(ProxyConfig::disabled()).build_http())
        } else {
            let builder = Connector::builder().proxy_config(ProxyConfig::from_env());
            SharedHttpConnector::new(builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build())
        };
        Ok(Self { endpoint, password, connector })
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a request that carries nothing.
    pub async fn get(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        doing: impl Fn() -> String,
    ) -> Result<Answer, RegistryError> {
        let uri = self.endpoint.uri(path).map_err(|error| RegistryError::ours(doing(), error))?;
        self.send(method, &uri, headers, Payload::Bytes(Bytes::new()), doing).await
    }

    /// Sends a request. Any answer is one, whatever its status; `doing` is for the error where there
    /// is none.
    pub async fn send(
        &self,
        method: Method,
        uri: &Uri,
        headers: &HeaderMap,
        payload: Payload,
        doing: impl Fn() -> String,
    ) -> Result<Answer, RegistryError> {
        let moved = Arc::new(AtomicU64::new(0));
        let carries = method != Method::HEAD && method != Method::GET;
        let (body, size) = match payload {
            Payload::Bytes(bytes) => {
                let size = bytes.len() as u64;
                (SdkBody::from(Vec::from(bytes)), size)
            }
            Payload::File { file, size, sent } => (stream(file, sent, Arc::clone(&moved)), size),
        };
        let mut request = http::Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers.clone();
        request.headers_mut().insert(AUTHORIZATION, self.password.clone());
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
        if carries {
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(size));
        }
        let request = request.try_into().map_err(|error| RegistryError::ours(doing(), error))?;
        let exchange = async {
            let answer = self.connector.call(request).await;
            let answer = answer.map_err(|error| RegistryError::unreachable(doing(), root(&error)))?;
            let answer = answer.try_into_http1x().map_err(|error| RegistryError::odd(doing(), error))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER).collect().await;
            let body = body.map_err(|error| RegistryError::unreachable(doing(), error))?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        tokio::pin!(exchange);
        let mut before = 0;
        loop {
            match tokio::time::timeout(STALL, &mut exchange).await {
                Ok(outcome) => return outcome,
                Err(_) => {
                    let now = moved.load(Ordering::Relaxed);
                    if now == before {
                        let words = format!("nothing moved for {} seconds", STALL.as_secs());
                        return Err(RegistryError::unreachable(doing(), words));
                    }
                    before = now;
                }
            }
        }
    }
}

/// A file's bytes, as they are asked for.
fn stream(file: File, sent: Box<dyn Fn(u64) + Send + Sync>, moved: Arc<AtomicU64>) -> SdkBody {
    let pieces = ReaderStream::with_capacity(file, PIECE).map(move |piece| {
        let piece = piece?;
        let size = piece.len() as u64;
        let before = moved.fetch_add(size, Ordering::Relaxed);
        sent(before + size);
        Ok::<_, std::io::Error>(http_body::Frame::data(piece))
    });
    SdkBody::from_body_1_x(StreamBody::new(pieces))
}

/// What an error came of in the end: what is said before that is of no use to a person.
fn root(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}
