//! The bucket: a thin layer that says what an error of storage means for the child.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, EncodingType};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use farm_contract::exit::TaskExit;
use farm_contract::keys::{self, BlendKey};
use farm_contract::metadata;
use farm_contract::plan::RenderId;
use farm_contract::report::Report;
use tokio::io::AsyncWriteExt;

use crate::failure::Failure;

/// Tries of one call, the first one counted.
const TRIES: u32 = 5;
/// Tries of a download that breaks off in the middle, which the SDK does not repeat.
const DOWNLOADS: u32 = 3;

const ASK_AGAIN: &str =
    "The task is tried again by itself; if it keeps failing, look at the bucket's health.";

/// What identifies the bytes that are rendered.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Key.
    pub key: String,
    /// ETag, quotes included.
    pub etag: String,
    /// Version, in a bucket that keeps versions.
    pub version_id: Option<String>,
}

/// What the bucket says of an object.
#[derive(Debug, Clone)]
pub struct Head {
    /// ETag, quotes included.
    pub etag: String,
    /// User metadata.
    pub metadata: HashMap<String, String>,
    /// CRC-32 that the bucket itself has of the content, where it has one.
    pub crc32: Option<u32>,
}

/// A file on its way into the bucket.
#[derive(Debug)]
pub struct Put<'a> {
    /// Key.
    pub key: String,
    /// The file.
    pub path: &'a Path,
    /// Media type.
    pub content_type: &'static str,
    /// CRC-32 of the content.
    pub crc32: u32,
    /// User metadata.
    pub metadata: HashMap<String, String>,
}

/// One bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The bucket as the environment gives access to it.
    pub async fn from_env(name: &str) -> Self {
        let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http.build_https())
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(10))
                    // Until the answer begins, which for a put is after the last byte was sent.
                    .read_timeout(Duration::from_secs(300))
                    .build(),
            )
            .load()
            .await;
        Self { client: Client::new(&config), name: name.to_owned() }
    }

    /// Whether any key begins with `prefix`.
    ///
    /// # Errors
    /// The bucket did not tell.
    pub async fn any(&self, prefix: &str) -> Result<bool, Failure> {
        let listed = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).max_keys(1).send().await;
        let listed = listed.map_err(|error| failure("list", prefix, error))?;
        Ok(!listed.contents().is_empty())
    }

    /// All keys that begin with `prefix`.
    ///
    /// # Errors
    /// The bucket did not tell.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        let call = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
        // As they are, some keys would not be XML.
        let mut pages = call.encoding_type(EncodingType::Url).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure("list", prefix, error))?;
            let encoded = page.encoding_type == Some(EncodingType::Url);
            let found = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
            keys.extend(found.map(|key| if encoded { keys::decode_listed(&key) } else { key }));
        }
        Ok(keys)
    }

    /// The bytes of a small object; `None` where there is none.
    ///
    /// # Errors
    /// The bucket did not give them.
    pub async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let answer = match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(answer) => answer,
            Err(error) if status(&error) == Some(404) => return Ok(None),
            Err(error) => return Err(failure("read", key, error)),
        };
        let body = answer.body.collect().await.map_err(|error| broke_off(key).because(error))?;
        Ok(Some(body.to_vec()))
    }

    /// What the bucket says of an object; `None` where there is none.
    ///
    /// # Errors
    /// The bucket did not tell.
    pub async fn head(&self, key: &str) -> Result<Option<Head>, Failure> {
        let call = self.client.head_object().bucket(&self.name).key(key);
        match call.checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(head) => Ok(Some(Head {
                crc32: head.checksum_crc32.as_deref().and_then(decode_crc32),
                etag: head.e_tag.unwrap_or_default(),
                metadata: head.metadata.unwrap_or_default(),
            })),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(failure("look at", key, error)),
        }
    }

    /// Fails where the upload is no longer what it was when the render was planned.
    ///
    /// # Errors
    /// It was replaced or deleted, or the bucket did not tell.
    pub async fn check_unchanged(&self, upload: &Upload) -> Result<(), Failure> {
        // Without a version: the question is what stands under the key now.
        match self.head(&upload.key).await? {
            Some(head) if head.etag.trim_matches('"') == upload.etag.trim_matches('"') => Ok(()),
            _ => Err(superseded(&upload.key)),
        }
    }

    /// Fails where the report in the upload's folder is another render's: that one owns the folder now.
    ///
    /// # Errors
    /// It is, or the bucket did not tell.
    pub async fn check_owner(&self, blend: &BlendKey, render: &RenderId) -> Result<(), Failure> {
        let key = blend.report();
        let Some(json) = self.read(&key).await? else { return Ok(()) };
        // One that cannot be read is nobody's.
        match Report::from_json(&json) {
            Ok(report) if report.render.as_ref().is_some_and(|owner| owner != render) => {
                Err(superseded(blend.as_str()))
            }
            _ => Ok(()),
        }
    }

    /// Stores the upload in a file. Gives its size in bytes.
    ///
    /// # Errors
    /// It was replaced or deleted, the scratch folder is full, or the bucket did not give it.
    pub async fn download(&self, upload: &Upload, path: &Path) -> Result<u64, Failure> {
        self.download_as(&upload.key, Some(upload), path).await
    }

    /// Stores an object in a file that never changes under its key. Gives its size in bytes.
    ///
    /// # Errors
    /// It is gone, the scratch folder is full, or the bucket did not give it.
    pub async fn download_content(&self, key: &str, path: &Path) -> Result<u64, Failure> {
        self.download_as(key, None, path).await
    }

    async fn download_as(&self, key: &str, upload: Option<&Upload>, path: &Path) -> Result<u64, Failure> {
        let mut tries = 1;
        loop {
            match self.download_once(key, upload, path).await {
                Err(failure) if failure.exit == TaskExit::TryAgain && tries < DOWNLOADS => {
                    tracing::warn!("warning: {failure} Trying again.");
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    async fn download_once(&self, key: &str, upload: Option<&Upload>, path: &Path) -> Result<u64, Failure> {
        let answer = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key)
            .set_if_match(upload.map(|upload| upload.etag.clone()))
            .set_version_id(upload.and_then(|upload| upload.version_id.clone()))
            .send()
            .await;
        let mut object = match answer {
            Ok(object) => object,
            Err(error) if matches!(status(&error), Some(404 | 412)) => return Err(superseded(key)),
            Err(error) => return Err(failure("download", key, error)),
        };
        let broken_off = || {
            let message = format!("The download of `{key}` broke off.");
            Failure::new(TaskExit::TryAgain, message, ASK_AGAIN)
        };
        let scratch = |error| Failure::scratch("store the upload", error);
        let mut file = tokio::fs::File::create(path).await.map_err(scratch)?;
        let mut written = 0;
        while let Some(bytes) = object.body.next().await {
            let bytes = bytes.map_err(|error| broken_off().because(error))?;
            file.write_all(&bytes).await.map_err(scratch)?;
            written += bytes.len() as u64;
        }
        file.flush().await.map_err(scratch)?;
        match object.content_length.and_then(|length| u64::try_from(length).ok()) {
            Some(length) if length != written => Err(broken_off()),
            _ => Ok(written),
        }
    }

    /// Uploads a file that a render made, if what lies under its key is still what was `seen` there. Gives its
    /// ETag, and `None` where another child was faster.
    ///
    /// # Errors
    /// The bucket did not take it.
    pub async fn put_file(&self, put: &Put<'_>, seen: Option<&Head>) -> Result<Option<String>, Failure> {
        let body = ByteStream::from_path(put.path).await.map_err(|error| {
            Failure::new(
                TaskExit::Failed,
                format!("The file for `{}` cannot be read from the scratch folder.", put.key),
                "Check that nothing else works in the folder that FARM_SCRATCH names.",
            )
            .because(error)
        })?;
        let call = self.client.put_object().bucket(&self.name).key(&put.key);
        let call = match seen {
            Some(seen) => call.if_match(&seen.etag),
            None => call.if_none_match("*"),
        };
        let sent = call
            .content_type(put.content_type)
            .set_metadata(Some(put.metadata.clone()))
            .tagging(metadata::rendered_tagging())
            .checksum_crc32(encode_crc32(put.crc32))
            .body(body)
            .send()
            .await;
        match sent {
            Ok(stored) => Ok(Some(stored.e_tag.unwrap_or_default())),
            // 404: what was to be replaced is gone. 409: another write was under way.
            Err(error) if matches!(status(&error), Some(404 | 409 | 412)) => Ok(None),
            Err(error) => Err(failure("upload", &put.key, error)),
        }
    }

    /// Writes a small JSON object.
    ///
    /// # Errors
    /// The bucket did not take it.
    pub async fn put_json(&self, key: &str, json: Vec<u8>) -> Result<(), Failure> {
        let put = self.client.put_object().bucket(&self.name).key(key).content_type("application/json");
        put.body(json.into()).send().await.map(|_| ()).map_err(|error| failure("write", key, error))
    }
}

/// A CRC-32 as S3 writes it.
fn encode_crc32(crc32: u32) -> String {
    STANDARD.encode(crc32.to_be_bytes())
}

fn decode_crc32(text: &str) -> Option<u32> {
    STANDARD.decode(text).ok()?.try_into().ok().map(u32::from_be_bytes)
}

fn broke_off(key: &str) -> Failure {
    Failure::new(TaskExit::TryAgain, format!("`{key}` broke off while it was read."), ASK_AGAIN)
}

/// The failure of a child whose upload was replaced.
fn superseded(key: &str) -> Failure {
    Failure::new(
        TaskExit::Superseded,
        format!("`{key}` was replaced or deleted while it was rendered."),
        "Nothing needs to be done: if there is a newer upload, its own render owns the folder now.",
    )
}

type Response = aws_sdk_s3::config::http::HttpResponse;

fn status<E>(error: &SdkError<E, Response>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// What an error of storage means for the child. `doing` is a verb.
fn failure<E>(doing: &str, key: &str, error: SdkError<E, Response>) -> Failure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let (exit, hint) =
        verdict(status(&error), error.code(), matches!(error, SdkError::ConstructionFailure(_)));
    Failure::new(exit, format!("The bucket did not let the task {doing} `{key}`."), hint).because(error)
}

fn verdict(status: Option<u16>, code: Option<&str>, never_sent: bool) -> (TaskExit, &'static str) {
    match (status, code) {
        (Some(507), _)
        | (_, Some("InsufficientStorage" | "NoSpace" | "QuotaExceeded" | "XMinioStorageFull")) => {
            (TaskExit::NoSpace, "Make room where the bucket is stored, then upload the file again.")
        }
        (Some(408 | 429 | 500..), _) | (_, Some("SlowDown" | "RequestTimeout" | "RequestTimeTooSkewed")) => {
            (TaskExit::TryAgain, ASK_AGAIN)
        }
        (_, Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired")) => {
            (TaskExit::TryAgain, ASK_AGAIN)
        }
        (Some(401 | 403), _) => (
            TaskExit::Failed,
            "The task's role lacks a permission on the bucket: deploy the farm again, then upload the file again.",
        ),
        (None, _) if never_sent => {
            (TaskExit::Failed, "Check the task's AWS settings: region, endpoint and credentials.")
        }
        // No answer at all, or half of one.
        (None | Some(200..=299), _) => (TaskExit::TryAgain, ASK_AGAIN),
        _ => (TaskExit::Failed, "Upload the file again; if it fails again, deploy the farm again."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_errors_are_told_apart_by_what_helps() {
        let exit = |status, code| verdict(status, code, false).0;
        assert_eq!(exit(Some(507), None), TaskExit::NoSpace);
        assert_eq!(exit(Some(500), Some("InsufficientStorage")), TaskExit::NoSpace);
        for status in [500, 502, 503, 504, 429] {
            assert_eq!(exit(Some(status), None), TaskExit::TryAgain);
        }
        assert_eq!(exit(Some(400), Some("RequestTimeout")), TaskExit::TryAgain);
        assert_eq!(exit(None, None), TaskExit::TryAgain);
        for status in [400, 403] {
            assert_eq!(exit(Some(status), Some("ExpiredToken")), TaskExit::TryAgain);
        }
        assert_eq!(exit(Some(403), Some("RequestTimeTooSkewed")), TaskExit::TryAgain);
        assert_eq!(exit(Some(403), Some("AccessDenied")), TaskExit::Failed);
        assert_eq!(exit(Some(400), Some("KeyTooLongError")), TaskExit::Failed);
        assert_eq!(verdict(None, None, true).0, TaskExit::Failed);
    }
}
