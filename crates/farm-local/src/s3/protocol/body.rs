//! A request's body on its way to the disk: bounded memory, every promise checked.

use std::io;

use bytes::Bytes;
use futures::StreamExt as _;
use http::HeaderMap;
use s3s::TrailingHeaders;
use s3s::dto::StreamingBlob;

use super::convert::one_checksum;
use crate::s3::checksum::{Algorithm, Expected, parse_md5};
use crate::s3::content::{Content, ContentWriter};
use crate::s3::error::StoreError;
use crate::s3::store::Store;

/// S3's limit for one request.
pub(super) const MAX_PUT_BYTES: u64 = 5 << 30;
/// Chunks between the connection and the disk.
const CHUNKS: usize = 16;

/// A body, and what the client promises of it.
pub(super) struct Incoming {
    body: StreamingBlob,
    pub(super) length: u64,
    expected: Expected,
    /// The checksum that follows the body.
    trailer: Option<Algorithm>,
    trailers: Option<TrailingHeaders>,
    /// The client waits for a go-ahead before it sends.
    waits: bool,
}

impl Incoming {
    /// Reads the promises.
    pub(super) fn new(
        body: Option<StreamingBlob>,
        content_length: Option<i64>,
        headers: &HeaderMap,
        trailers: Option<TrailingHeaders>,
        given: Vec<(Algorithm, String)>,
        md5: Option<&str>,
    ) -> Result<Self, StoreError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        refuse_unknown_checksums(headers)?;
        let length = text("x-amz-decoded-content-length")
            .and_then(|value| value.parse().ok())
            .or_else(|| content_length.and_then(|length| u64::try_from(length).ok()))
            .ok_or_else(|| {
                StoreError::refused(
                    "MissingContentLength",
                    "You must provide the Content-Length HTTP header.",
                )
            })?;
        if length > MAX_PUT_BYTES {
            return Err(StoreError::refused(
                "EntityTooLarge",
                format!("{length} bytes in one request; S3 allows {MAX_PUT_BYTES}. Upload it in parts."),
            ));
        }
        let trailer = text("x-amz-trailer")
            .and_then(|name| Algorithm::ALL.into_iter().find(|known| known.header() == name));
        let checksum = one_checksum(given)?
            .map(|(algorithm, value)| Ok((algorithm, algorithm.decode(&value)?)))
            .transpose()?;
        Ok(Self {
            body: body.ok_or_else(|| StoreError::refused("IncompleteBody", "The request has no body."))?,
            length,
            expected: Expected { md5: md5.map(parse_md5).transpose()?, checksum },
            trailer,
            trailers,
            waits: headers.contains_key("expect"),
        })
    }

    /// The checksum that the client gives, now or after the body.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.expected.checksum.as_ref().map(|(algorithm, _)| *algorithm).or(self.trailer)
    }

    /// Writes the body and checks it. `writer` is asked for first: what it refuses is refused
    /// before the body is read.
    pub(super) async fn store(
        mut self,
        store: &Store,
        writer: Result<ContentWriter, StoreError>,
    ) -> Result<Content, StoreError> {
        let mut writer = match writer {
            Ok(writer) => writer,
            Err(error) => {
                self.drain().await;
                return Err(error);
            }
        };
        if let Some(algorithm) = self.algorithm() {
            writer.also(algorithm);
        }
        let path = writer.path().to_owned();
        let length = self.length;
        let content = match self.write(writer).await {
            Ok(content) => content,
            Err(Broken::Disk(error)) => {
                self.drain().await;
                return Err(store.inner.space.explain(length, &path, error));
            }
            Err(Broken::Body(error)) => return Err(error),
        };
        if let Some(algorithm) = self.trailer {
            let value = self.trailers.and_then(|trailers| trailers.take()).and_then(|trailers| {
                trailers.get(algorithm.header()).and_then(|value| value.to_str().ok()).map(str::to_owned)
            });
            let value = value.ok_or_else(|| {
                StoreError::refused(
                    "MalformedTrailerError",
                    format!("The trailer {} was announced, and did not come.", algorithm.header()),
                )
            })?;
            self.expected.checksum = Some((algorithm, algorithm.decode(&value)?));
        }
        content.check(&self.expected)?;
        Ok(content)
    }

    async fn write(&mut self, mut writer: ContentWriter) -> Result<Content, Broken> {
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<Bytes>(CHUNKS);
        // If this function is dropped halfway, the channel closes, the thread ends, and the
        // writer removes its file.
        let writing = tokio::task::spawn_blocking(move || {
            while let Some(chunk) = receiver.blocking_recv() {
                writer.write(&chunk)?;
            }
            Ok::<_, io::Error>(writer)
        });
        let mut received = 0;
        let mut failed = None;
        while let Some(chunk) = self.body.next().await {
            match chunk {
                Ok(chunk) => {
                    received += chunk.len() as u64;
                    if received > self.length || sender.send(chunk).await.is_err() {
                        break;
                    }
                }
                Err(error) => {
                    failed = Some(body_error(&error.to_string()));
                    break;
                }
            }
        }
        drop(sender);
        let joined = writing.await.map_err(|error| Broken::Disk(io::Error::other(error)))?;
        let writer = joined.map_err(Broken::Disk)?;
        if let Some(error) = failed {
            return Err(Broken::Body(error));
        }
        // s3s takes an aws-chunked body without its last chunk for a whole one.
        if received != self.length {
            return Err(Broken::Body(StoreError::refused(
                "IncompleteBody",
                format!("{received} bytes came of the {} that were announced.", self.length),
            )));
        }
        Ok(writer.finish())
    }

    /// Reads what a client sends that cannot be stopped: it reads our answer only after that.
    async fn drain(&mut self) {
        if !self.waits {
            while let Some(Ok(_)) = self.body.next().await {}
        }
    }
}

enum Broken {
    Disk(io::Error),
    Body(StoreError),
}

/// s3s keeps the types of these errors to itself; their texts are all there is.
fn body_error(text: &str) -> StoreError {
    if text.contains("Sha256Mismatch") {
        StoreError::refused(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    } else if text.contains("SignatureMismatch") {
        StoreError::refused(
            "SignatureDoesNotMatch",
            "The signature of a chunk does not match the one that was computed.",
        )
    } else {
        StoreError::refused("IncompleteBody", format!("The body could not be read to its end: {text}"))
    }
}

/// A checksum that is not known cannot be checked, and must not look as if it had been.
fn refuse_unknown_checksums(headers: &HeaderMap) -> Result<(), StoreError> {
    let named = headers.keys().map(http::HeaderName::as_str);
    let trailers = headers.get_all("x-amz-trailer").iter().filter_map(|value| value.to_str().ok());
    for name in named.chain(trailers).filter(|name| name.starts_with("x-amz-checksum-")) {
        let known = Algorithm::ALL.into_iter().any(|algorithm| algorithm.header() == name);
        if !known && !["x-amz-checksum-algorithm", "x-amz-checksum-type"].contains(&name) {
            return Err(StoreError::refused("InvalidRequest", format!("{name} is not supported here.")));
        }
    }
    Ok(())
}
