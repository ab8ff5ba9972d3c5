//! Blobs: what an image is made of, by the digest of each.

use std::path::PathBuf;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use tokio::fs::File;

use super::wire::Payload;
use super::{Registry, RegistryError, persistently};
use crate::digest::Digest;
use crate::names::Repository;
use crate::news::Told;

/// Something to push.
#[derive(Debug, Clone)]
pub struct Blob {
    /// What it is for a person.
    pub what: String,
    pub digest: Digest,
    pub size: u64,
    pub source: Source,
}

/// Where its bytes are.
#[derive(Debug, Clone)]
pub enum Source {
    Bytes(Bytes),
    File(PathBuf),
}

impl Registry {
    /// Sees to it that the registry has a blob. Returns whether it had to be sent.
    ///
    /// # Errors
    /// The registry does not take it.
    pub async fn push(
        &self,
        repository: &Repository,
        blob: &Blob,
        told: &Told,
        sent: impl Fn(u64) + Clone + Send + Sync + 'static,
    ) -> Result<bool, RegistryError> {
        let mut begun = false;
        persistently(told, || {
            // What an attempt sent that seemed to fail may have come whole.
            let again = std::mem::replace(&mut begun, true);
            let sent = sent.clone();
            async move {
                if self.has(repository, blob).await? {
                    return Ok(again);
                }
                self.upload(repository, blob, sent).await?;
                Ok(true)
            }
        })
        .await
    }

    async fn has(&self, repository: &Repository, blob: &Blob) -> Result<bool, RegistryError> {
        let doing = || format!("ask the registry for {}", blob.what);
        let path = format!("/v2/{repository}/blobs/{}", blob.digest);
        let answer = self.wire.get(Method::HEAD, &path, &HeaderMap::new(), doing).await?;
        match answer.status {
            StatusCode::OK => Ok(true),
            // It says where the blob lies.
            status if status.is_redirection() => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(RegistryError::refused(doing(), &answer)),
        }
    }

    async fn upload(
        &self,
        repository: &Repository,
        blob: &Blob,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<(), RegistryError> {
        let doing = || format!("push {}", blob.what);
        let path = format!("/v2/{repository}/blobs/uploads/");
        let answer = self.wire.get(Method::POST, &path, &HeaderMap::new(), doing).await?;
        if answer.status != StatusCode::ACCEPTED {
            return Err(RegistryError::refused(doing(), &answer));
        }
        let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| RegistryError::odd(doing(), "it does not say where to"))?;
        let to = self.wire.endpoint().follow(location);
        let to = to.ok_or_else(|| RegistryError::odd(doing(), "it sends us to another registry"))?;
        let to = with_digest(&to, &blob.digest).map_err(|error| RegistryError::odd(doing(), error))?;

        let payload = match &blob.source {
            Source::Bytes(bytes) => Payload::Bytes(bytes.clone()),
            Source::File(path) => {
                let file = File::open(path).await.map_err(|error| RegistryError::ours(doing(), error))?;
                Payload::File { file, size: blob.size, sent: Box::new(sent) }
            }
        };
        let kind = HeaderValue::from_static("application/octet-stream");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind)]);
        let answer = self.wire.send(Method::PUT, &to, &headers, payload, doing).await?;
        match answer.status {
            StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::OK => Ok(()),
            _ => Err(RegistryError::refused(doing(), &answer)),
        }
    }
}

/// Where an upload ends, with what must have come.
fn with_digest(to: &Uri, digest: &Digest) -> Result<Uri, http::Error> {
    let mut parts = to.clone().into_parts();
    let path = parts.path_and_query.as_ref().map_or("/", |path| path.as_str());
    let joint = if path.contains('?') { '&' } else { '?' };
    let path = format!("{path}{joint}digest={digest}");
    parts.path_and_query = Some(path.try_into()?);
    Ok(Uri::from_parts(parts)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_joins_what_the_registry_asks_for() {
        let digest = Digest::of(b"");
        for (to, joint) in [("http://a/b?_state=c%3D", '&'), ("http://a/b", '?')] {
            let uri = with_digest(&to.parse().expect("a URI"), &digest).expect("a URI");
            assert_eq!(uri.to_string(), format!("{to}{joint}digest={digest}"));
        }
    }
}
