//! The listener: HTTP/1.1 on loopback, and only what is signed with a key of the farm's.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Error, S3ErrorCode, S3Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::actions::Access;
use super::protocol::Protocol;
use super::store::Store;
use crate::access::KeyRing;

/// How long requests under way may take to end once the server is to stop.
const GRACE: Duration = Duration::from_secs(5);

/// A key pair that requests are signed with.
#[derive(Clone)]
pub struct Credentials {
    /// As in `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// As in `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
}

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener can be reached from other machines.
    #[error("The local farm listens on this machine only (127.0.0.1 or [::1]), not on {0}.")]
    NotLoopback(SocketAddr),
    /// The listener has no address.
    #[error("cannot read the address of the listener: {0}")]
    Listener(#[from] io::Error),
}

#[async_trait]
impl S3Auth for KeyRing {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        self.secret(access_key).map(Into::into).ok_or_else(|| {
            S3Error::with_message(
                S3ErrorCode::InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records.",
            )
        })
    }
}

/// Serves the store until `shutdown` resolves, then lets requests under way end.
///
/// # Errors
/// The listener is not on loopback.
pub async fn serve(
    listener: TcpListener,
    store: Store,
    keys: impl Into<KeyRing>,
    shutdown: impl Future,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    let mut builder = S3ServiceBuilder::new(Protocol::new(store));
    let keys = keys.into();
    builder.set_access(Access(keys.clone()));
    builder.set_auth(keys);
    let service = builder.build();
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            _ = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, service.clone(), stopped.clone()));
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
    Ok(())
}

async fn connection(stream: TcpStream, service: S3Service, mut stopped: watch::Receiver<()>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
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
