//! The bucket, as far as zip-task needs it: one method per call, each with its own error.
//!
//! The SDK tries a call again that failed in passing; what breaks off in the middle of a body
//! is tried again here, from where it broke off. Nothing here decides what a failure means for
//! the render.

mod error;
mod multipart;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, ChecksumType, EncodingType};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use farm_contract::keys::decode_listed;

pub use error::{Kind, StorageError};
pub use multipart::{Part, Upload};

/// Attempts at one body: enough for a connection cut now and then, few enough to give up on a
/// storage that is down while Batch can still try elsewhere.
const BODY_ATTEMPTS: u32 = 5;

/// One bucket.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    bucket: String,
}

/// What must be true of a key for a write to take place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is there.
    Absent,
    /// The object with this ETag is there.
    Unchanged(String),
}

/// An object as a list of the bucket has it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Key.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// ETag, quotes included.
    pub etag: String,
}

/// An object without its bytes.
#[derive(Debug, Clone)]
pub struct Head {
    /// Size in bytes.
    pub size: u64,
    /// ETag, quotes included.
    pub etag: String,
    /// CRC-32 of the whole object, where the bucket has it.
    pub crc32: Option<u32>,
    /// User metadata.
    pub metadata: HashMap<String, String>,
}

/// What is said of an object when it is written.
#[derive(Debug, Clone)]
pub struct Label {
    /// Key to write.
    pub key: String,
    /// Media type.
    pub content_type: &'static str,
    /// User metadata.
    pub metadata: HashMap<String, String>,
    /// Tags, as the S3 API takes them.
    pub tagging: Option<String>,
}

impl Store {
    /// The bucket `bucket` as `client` reaches it.
    pub fn new(client: Client, bucket: &str) -> Self {
        Self { client, bucket: bucket.to_owned() }
    }

    /// Bytes and ETag of a small object; `None` where there is none.
    ///
    /// # Errors
    /// The bucket did not give it.
    pub async fn get(&self, key: &str) -> Result<Option<(Bytes, String)>, StorageError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let reply = self.client.get_object().bucket(&self.bucket).key(key).send().await;
            let reply = match reply.map_err(|error| StorageError::of_call("reading", key, error)) {
                Err(error) if error.kind == Kind::Missing => return Ok(None),
                reply => reply?,
            };
            let etag = reply.e_tag.unwrap_or_default();
            match reply.body.collect().await {
                Ok(body) => return Ok(Some((body.into_bytes(), etag))),
                Err(error) if attempt == BODY_ATTEMPTS => return Err(StorageError::broken_off(key, error)),
                Err(_) => pause(attempt).await,
            }
        }
    }

    /// All objects whose keys begin with `prefix`, in the bucket's order.
    ///
    /// # Errors
    /// The bucket did not list them.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StorageError> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        // As they are, some keys would not be XML.
        let list = list.encoding_type(EncodingType::Url);
        let mut pages = list.into_paginator().send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StorageError::of_call("listing", prefix, error))?;
            let encoded = page.encoding_type == Some(EncodingType::Url);
            listed.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| {
                let key = object.key?;
                Some(Listed {
                    key: if encoded { decode_listed(&key) } else { key },
                    size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                    etag: object.e_tag.unwrap_or_default(),
                })
            }));
        }
        Ok(listed)
    }

    /// An object without its bytes; `None` where there is none.
    ///
    /// # Errors
    /// The bucket did not tell.
    pub async fn head(&self, key: &str) -> Result<Option<Head>, StorageError> {
        let head = self.client.head_object().bucket(&self.bucket).key(key);
        let reply = head.checksum_mode(ChecksumMode::Enabled).send().await;
        let reply = match reply.map_err(|error| StorageError::of_call("looking at", key, error)) {
            Err(error) if error.kind == Kind::Missing => return Ok(None),
            reply => reply?,
        };
        // A composite checksum is one of the parts' checksums, not of the bytes.
        let whole = reply.checksum_type != Some(ChecksumType::Composite);
        let crc32 = reply.checksum_crc32.filter(|_| whole).and_then(|text| decode_crc32(&text));
        Ok(Some(Head {
            size: reply.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
            etag: reply.e_tag.unwrap_or_default(),
            crc32,
            metadata: reply.metadata.unwrap_or_default(),
        }))
    }

    /// Fills `bytes` with the object's bytes from `start` on, as long as its ETag is `etag`.
    ///
    /// # Errors
    /// [`Kind::Conflict`] or [`Kind::Missing`] where the object is no longer the same.
    pub async fn read(
        &self,
        key: &str,
        etag: &str,
        start: u64,
        bytes: &mut [u8],
    ) -> Result<(), StorageError> {
        let (mut filled, mut attempt) = (0, 0);
        while filled < bytes.len() {
            attempt += 1;
            let (from, to) = (start + filled as u64, start + bytes.len() as u64 - 1);
            let get = self.client.get_object().bucket(&self.bucket).key(key).if_match(etag);
            let reply = get.range(format!("bytes={from}-{to}")).send().await;
            let mut body = reply.map_err(|error| StorageError::of_call("reading", key, error))?.body;
            let broken = loop {
                match body.next().await {
                    Some(Ok(chunk)) => {
                        let Some(place) = bytes.get_mut(filled..filled + chunk.len()) else {
                            return Err(StorageError::broken_off(key, "more bytes came than were asked for"));
                        };
                        place.copy_from_slice(&chunk);
                        filled += chunk.len();
                    }
                    Some(Err(error)) => break StorageError::broken_off(key, error),
                    None => break StorageError::broken_off(key, "fewer bytes came than were asked for"),
                }
            };
            if filled < bytes.len() {
                if attempt == BODY_ATTEMPTS {
                    return Err(broken);
                }
                pause(attempt).await;
            }
        }
        Ok(())
    }

    /// Writes a whole object. `crc32` is that of `body`; the bucket refuses other bytes.
    ///
    /// # Errors
    /// [`Kind::Conflict`] where `condition` does not hold.
    pub async fn put(
        &self,
        label: &Label,
        body: Bytes,
        crc32: u32,
        condition: &Condition,
    ) -> Result<(), StorageError> {
        let put = self.client.put_object().bucket(&self.bucket).key(&label.key);
        let put = match condition {
            Condition::Absent => put.if_none_match("*"),
            Condition::Unchanged(etag) => put.if_match(etag),
        };
        put.content_type(label.content_type)
            .set_metadata(Some(label.metadata.clone()))
            .set_tagging(label.tagging.clone())
            .checksum_crc32(encode_crc32(crc32))
            .body(ByteStream::from(body))
            .customize()
            // The CRC-32 is part of what is signed, and binds the bytes; a SHA-256 of them would cost more than all else.
            .disable_payload_signing()
            .send()
            .await
            .map_err(|error| StorageError::of_write(&label.key, error))?;
        Ok(())
    }
}

/// A CRC-32 as S3 writes it.
fn encode_crc32(crc32: u32) -> String {
    BASE64_STANDARD.encode(crc32.to_be_bytes())
}

fn decode_crc32(text: &str) -> Option<u32> {
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(100 << attempt.min(5))).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_read_as_they_are_written() {
        assert_eq!(encode_crc32(crc32fast::hash(b"123456789")), "y/Q5Jg==");
        assert_eq!(decode_crc32("y/Q5Jg=="), Some(0xCBF4_3926));
        for text in ["", "y/Q5Jg==-3", "y/Q5JgAA", "?"] {
            assert_eq!(decode_crc32(text), None, "{text}");
        }
    }
}
