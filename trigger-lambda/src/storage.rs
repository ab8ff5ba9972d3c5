//! The bucket, as far as the trigger uses it.
//!
//! An answer that is no failure of the bucket (gone, replaced, somebody was faster) is a value,
//! not an error.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use serde::Serialize;

/// How often a write is tried again that met another one (409).
const CONFLICT_TRIES: u32 = 8;

/// The current object at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// ETag, quotes included.
    pub etag: String,
    /// Version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// Size in bytes.
    pub size: u64,
}

/// A small object that was read whole.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its ETag, for [`Condition::Unchanged`].
    pub etag: String,
}

/// On what condition an object is written.
#[derive(Debug, Clone)]
pub enum Condition {
    /// None is there.
    Absent,
    /// The one that is there still has this ETag.
    Unchanged(String),
}

/// What came of a conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Written; the new ETag.
    Written(String),
    /// The condition did not hold: somebody else wrote.
    Refused,
}

/// The farm's bucket.
#[derive(Debug, Clone)]
pub struct Storage {
    client: Client,
    bucket: String,
}

impl Storage {
    /// A client with the SDK's retries: everything asked of it here may be asked twice.
    pub fn new(aws: &SdkConfig, bucket: &str) -> Self {
        Self { client: Client::new(aws), bucket: bucket.to_owned() }
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The current object at `key`; `None` if there is none.
    ///
    /// # Errors
    /// The bucket does not answer or denies access.
    pub async fn head(&self, key: &str) -> Result<Option<Object>> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(head) => Ok(Some(Object {
                etag: head.e_tag.unwrap_or_default(),
                version_id: head.version_id,
                size: u64::try_from(head.content_length.unwrap_or_default()).unwrap_or_default(),
            })),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(failed("look at", key, error)),
        }
    }

    /// The tags of an object; `None` if it is gone.
    ///
    /// # Errors
    /// The bucket does not answer or denies access.
    pub async fn tags(&self, key: &str, object: &Object) -> Result<Option<Vec<(String, String)>>> {
        let call = self.client.get_object_tagging().bucket(&self.bucket).key(key);
        match call.set_version_id(object.version_id.clone()).send().await {
            Ok(tags) => Ok(Some(tags.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(failed("read the tags of", key, error)),
        }
    }

    /// `length` bytes from `offset` on of exactly this object; `None` if it is gone or replaced. There must
    /// be so many: S3 reads no empty range.
    ///
    /// # Errors
    /// The bucket does not answer or denies access.
    pub async fn range(
        &self,
        key: &str,
        object: &Object,
        offset: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>> {
        let call = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .set_version_id(object.version_id.clone())
            .if_match(&object.etag)
            .range(format!("bytes={offset}-{}", offset.saturating_add(length).saturating_sub(1)));
        match call.send().await {
            Ok(answer) => {
                let bytes = answer.body.collect().await.with_context(|| format!("cannot read `{key}`"))?;
                Ok(Some(bytes.to_vec()))
            }
            Err(error) if matches!(status(&error), Some(404 | 412)) => Ok(None),
            Err(error) => Err(failed("read", key, error)),
        }
    }

    /// A small object whole; `None` if there is none.
    ///
    /// # Errors
    /// The bucket does not answer or denies access.
    pub async fn read(&self, key: &str) -> Result<Option<Stored>> {
        match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(answer) => {
                let etag = answer.e_tag.unwrap_or_default();
                let bytes = answer.body.collect().await.with_context(|| format!("cannot read `{key}`"))?;
                Ok(Some(Stored { bytes: bytes.to_vec(), etag }))
            }
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(failed("read", key, error)),
        }
    }

    /// Writes JSON on a condition.
    ///
    /// An answer that was lost and asked for again can say [`Put::Refused`] though it was this
    /// very write that was done; the caller reads what stands there.
    ///
    /// # Errors
    /// The bucket does not answer or denies access.
    pub async fn put_json<T: Serialize>(&self, key: &str, value: &T, condition: Condition) -> Result<Put> {
        let mut json = serde_json::to_vec_pretty(value).with_context(|| format!("cannot write `{key}`"))?;
        json.push(b'\n');
        let mut tries = 0;
        loop {
            let call = self
                .client
                .put_object()
                .bucket(&self.bucket)
                .key(key)
                .content_type("application/json")
                .body(ByteStream::from(json.clone()));
            let call = match &condition {
                Condition::Absent => call.if_none_match("*"),
                Condition::Unchanged(etag) => call.if_match(etag),
            };
            tries += 1;
            match call.send().await {
                Ok(written) => return Ok(Put::Written(written.e_tag.unwrap_or_default())),
                // 404: the object that was to be unchanged is gone.
                Err(error) if matches!(status(&error), Some(404 | 412)) => return Ok(Put::Refused),
                Err(error) if status(&error) == Some(409) && tries < CONFLICT_TRIES => {
                    tokio::time::sleep(Duration::from_millis(50 << tries.min(4))).await;
                }
                Err(error) => return Err(failed("write", key, error)),
            }
        }
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

fn failed<E>(verb: &str, key: &str, error: SdkError<E>) -> anyhow::Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let code = error.code().map(str::to_owned);
    let error = anyhow!(error.into_source().unwrap_or_else(|error| error.into()));
    match code {
        Some(code) => error.context(format!("cannot {verb} `{key}`: {code}")),
        None => error.context(format!("cannot {verb} `{key}`")),
    }
}
