//! The registry: the few requests of the OCI distribution protocol that putting an image there needs.
//!
//! `endpoint` says where it is and whether it may be talked to, `wire` sends one request, `blob`
//! sends what is large. Every request that fails in passing is made again, with growing pauses.

mod blob;
mod endpoint;
mod error;
mod wire;

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

pub use blob::{Blob, Source};
pub use endpoint::{Endpoint, EndpointError};
pub use error::RegistryError;

use crate::digest::Digest;
use crate::names::{Repository, Tag};
use crate::news::{News, Told};
use wire::{Payload, Wire};

/// What an image's manifest is.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// What an image's manifest may be where others pushed it.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json";
/// Where a registry says which manifest it means.
const CONTENT_DIGEST: &str = "docker-content-digest";
/// How long to wait before each further attempt.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_millis(1_000),
    Duration::from_millis(3_000),
    Duration::from_millis(9_000),
];

/// The registry of an account, for who is logged in.
#[derive(Debug, Clone)]
pub struct Registry {
    wire: Wire,
}

impl Registry {
    /// A registry, and user and password for it in base64.
    ///
    /// # Errors
    /// They are no header's text.
    pub fn new(endpoint: Endpoint, password: &str) -> Result<Self, RegistryError> {
        Ok(Self { wire: Wire::new(endpoint, password)? })
    }

    /// The digest that a tag has; none where there is no such tag, or no such repository.
    ///
    /// # Errors
    /// The registry does not say.
    pub async fn digest(
        &self,
        repository: &Repository,
        tag: &Tag,
        told: &Told,
    ) -> Result<Option<Digest>, RegistryError> {
        let doing = || format!("ask the registry for `{repository}:{tag}`");
        let path = format!("/v2/{repository}/manifests/{tag}");
        let accept = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(MANIFESTS))]);
        let answer = persistently(told, || async {
            let answer = self.wire.get(Method::HEAD, &path, &accept, doing).await?;
            match answer.status {
                StatusCode::OK | StatusCode::NOT_FOUND => Ok(answer),
                _ => Err(RegistryError::refused(doing(), &answer)),
            }
        })
        .await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let digest = answer.headers.get(CONTENT_DIGEST).and_then(|value| value.to_str().ok());
        let digest = digest.and_then(|text| Digest::try_from(text.to_owned()).ok());
        digest.map(Some).ok_or_else(|| RegistryError::odd(doing(), "it names no SHA-256 digest"))
    }

    /// Puts a manifest under a tag.
    ///
    /// # Errors
    /// The registry does not take it.
    pub async fn put_manifest(
        &self,
        repository: &Repository,
        tag: &Tag,
        manifest: &[u8],
        told: &Told,
    ) -> Result<(), RegistryError> {
        let doing = || format!("push `{repository}:{tag}`");
        let path = format!("/v2/{repository}/manifests/{tag}");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(MANIFEST))]);
        let manifest = Bytes::copy_from_slice(manifest);
        persistently(told, || async {
            let uri = self.wire.endpoint().uri(&path).map_err(|error| RegistryError::odd(doing(), error))?;
            let payload = Payload::Bytes(manifest.clone());
            let answer = self.wire.send(Method::PUT, &uri, &headers, payload, doing).await?;
            match answer.status {
                StatusCode::CREATED | StatusCode::OK => Ok(()),
                _ => Err(RegistryError::refused(doing(), &answer)),
            }
        })
        .await
    }
}

/// Does something until it is done, or fails in a way that does not pass.
async fn persistently<T, F>(told: &Told, mut attempt: impl FnMut() -> F) -> Result<T, RegistryError>
where
    F: Future<Output = Result<T, RegistryError>>,
{
    let mut pauses = PAUSES.into_iter();
    loop {
        match attempt().await {
            Err(error) if error.is_passing() => match pauses.next() {
                Some(pause) => {
                    told(News::Again { why: error.to_string() });
                    tokio::time::sleep(pause).await;
                }
                None => return Err(error),
            },
            outcome => return outcome,
        }
    }
}
