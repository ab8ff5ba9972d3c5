//! The S3 protocol on loopback, and only what is signed with a key of the farm's.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::S3ServiceBuilder;
use s3s::{S3Error, S3ErrorCode, S3Result};
use tokio::net::TcpListener;

use super::actions::Access;
use super::protocol::Protocol;
use super::store::Store;
use crate::access::KeyRing;
use crate::faults::{Faults, Service};
use crate::listen::{self, Handler, Served};

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
    serve_with(listener, store, keys, Faults::none(), shutdown).await
}

/// The same, with calls that go wrong on purpose.
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(
    listener: TcpListener,
    store: Store,
    keys: impl Into<KeyRing>,
    faults: Faults,
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
    let handler: Handler = Arc::new(move |request| {
        let service = service.clone();
        Box::pin(async move {
            let answer = service.call(request.map(s3s::Body::http_body_unsync)).await?;
            Ok(answer.map(Body::new))
        })
    });
    listen::serve(listener, Served { service: Service::S3, handler, faults }, shutdown).await;
    Ok(())
}
