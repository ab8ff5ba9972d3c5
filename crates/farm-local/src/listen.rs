//! The listener of both services: HTTP/1.1, with faults on purpose where a test wants some.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::faults::{Connection, Faults, Service};

/// How long requests under way may take to end once the server is to stop.
const GRACE: Duration = Duration::from_secs(5);

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Handles one request.
pub(crate) type Handler =
    Arc<dyn Fn(Request<Body>) -> BoxFuture<'static, Result<Response<Body>, BoxError>> + Send + Sync>;

/// A service as one that is listened for.
#[derive(Clone)]
pub(crate) struct Served {
    pub service: Service,
    pub handler: Handler,
    pub faults: Faults,
}

/// Serves until `shutdown` resolves, then lets requests under way end.
pub(crate) async fn serve(listener: TcpListener, served: Served, shutdown: impl Future) {
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            _ = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, served.clone(), stopped.clone()));
                }
                Err(error) => {
                    // Too many open files, mostly: it passes when connections end.
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    drop(stop);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::debug!("connections still open after {GRACE:?} are cut");
        connections.shutdown().await;
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, served: Served, mut stopped: watch::Receiver<()>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
    let server = match stream.local_addr() {
        Ok(server) => server,
        Err(error) => {
            tracing::debug!("a connection ended before its first request: {error}");
            return;
        }
    };
    let from = Connection { peer, server };
    let service = service_fn(move |request: Request<Incoming>| {
        let Served { service, handler, faults } = served.clone();
        async move {
            let answer = faults.around(service, from, request.map(Body::new), &handler).await;
            answer.map_err(io::Error::other)
        }
    });
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // The sender sends nothing: this ends when it is dropped.
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("connection ended early: {error}");
    }
}

/// Handles requests with a router.
pub(crate) fn of_router(router: axum::Router) -> Handler {
    Arc::new(move |request| {
        let mut router = router.clone();
        Box::pin(async move {
            let answer = tower_service::Service::call(&mut router, request).await;
            answer.map_err(|never: Infallible| match never {})
        })
    })
}
