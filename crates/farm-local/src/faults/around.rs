//! Carrying a fault out, around a service that knows nothing of it.

use std::io;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};

use super::{Call, Connection, Fault, Faults, Service, client};
use crate::listen::{BoxError, Handler};

/// How much of a request's body is read that nobody wants.
const DRAINED: usize = 64 << 20;

impl Faults {
    /// Has a request handled, well or not.
    pub(crate) async fn around(
        &self,
        service: Service,
        connection: Connection,
        request: Request<Body>,
        handler: &Handler,
    ) -> Result<Response<Body>, BoxError> {
        let Some(fault) = self.fault(|| Call::of(service, &request)) else { return handler(request).await };
        match fault {
            Fault::Refuse(status, code) => {
                drain(request).await;
                Ok(error(service, status, code))
            }
            Fault::Deny(status, code) => {
                handler(request).await?;
                Ok(error(service, status, code))
            }
            Fault::Lose => {
                finish(handler(request).await?).await;
                Err(broken_off())
            }
            Fault::ErrorInSuccess(code) => {
                drain(request).await;
                Ok(error(service, 200, code))
            }
            Fault::CutRequest(bytes) => {
                // The service sees half a request, and its client no answer.
                let half = request.map(|body| Body::from_stream(cut(body.into_data_stream(), bytes)));
                let _ = handler(half).await;
                Err(broken_off())
            }
            Fault::CutAnswer(bytes) => {
                let answer = handler(request).await?;
                Ok(answer.map(|body| Body::from_stream(cut(body.into_data_stream(), bytes))))
            }
            Fault::Slow(piece, pause) => {
                let answer = handler(request).await?;
                Ok(answer.map(|body| Body::from_stream(slow(body.into_data_stream(), piece, pause))))
            }
            Fault::Delay(pause) => {
                tokio::time::sleep(pause).await;
                handler(request).await
            }
            Fault::KillBefore(signal) => {
                drain(request).await;
                client::signal(connection, signal).await;
                Err(broken_off())
            }
            Fault::KillAfter(signal) => {
                finish(handler(request).await?).await;
                client::signal(connection, signal).await;
                Err(broken_off())
            }
        }
    }
}

fn broken_off() -> BoxError {
    io::Error::new(io::ErrorKind::ConnectionReset, "broken off on purpose").into()
}

/// Reads what nobody wants: a client that is still sending would otherwise see a broken pipe.
async fn drain(request: Request<Body>) {
    let _ = to_bytes(request.into_body(), DRAINED).await;
}

/// Some services do their work while the answer is read.
async fn finish(answer: Response<Body>) {
    let _ = to_bytes(answer.into_body(), usize::MAX).await;
}

type Piece = Result<Bytes, axum::Error>;

/// A body up to so many bytes, and then a connection that is no more.
fn cut(body: impl Stream<Item = Piece> + Send + 'static, bytes: usize) -> impl Stream<Item = Piece> + Send {
    let mut left = bytes;
    let pieces = body.scan((), move |(), piece| {
        let piece = match piece {
            _ if left == 0 => None,
            Ok(piece) => {
                let kept = piece.slice(..piece.len().min(left));
                left -= kept.len();
                Some(Ok(kept))
            }
            Err(error) => Some(Err(error)),
        };
        std::future::ready(piece)
    });
    pieces.chain(stream::once(async { Err(axum::Error::new(broken_off())) }))
}

/// A body in small pieces, with a pause after each.
fn slow(
    body: impl Stream<Item = Piece> + Send + 'static,
    piece: usize,
    pause: Duration,
) -> impl Stream<Item = Piece> + Send {
    let pieces = body.flat_map(move |bytes| match bytes {
        Ok(bytes) => {
            let starts = (0..bytes.len()).step_by(piece.max(1));
            let pieces: Vec<Piece> =
                starts.map(|start| Ok(bytes.slice(start..bytes.len().min(start + piece.max(1))))).collect();
            stream::iter(pieces)
        }
        Err(error) => stream::iter(vec![Err(error)]),
    });
    pieces.then(move |piece| async move {
        tokio::time::sleep(pause).await;
        piece
    })
}

/// An error as the service writes one.
fn error(service: Service, status: u16, code: &str) -> Response<Body> {
    let message = "It went wrong on purpose.";
    let (kind, body) = match service {
        Service::S3 => (
            "application/xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            ),
        ),
        Service::Batch => ("application/json", format!("{{\"message\":\"{message}\"}}")),
    };
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let (Service::Batch, Ok(code)) = (service, HeaderValue::from_str(code)) {
        answer.headers_mut().insert("x-amzn-errortype", code);
    }
    answer
}
