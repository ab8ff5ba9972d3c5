//! What is known of an object besides its bytes: the record (a JSON file next to the content).

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::checksum::{Checksum, hex};
use super::error::StoreError;

/// S3's limit for a key, in bytes of UTF-8.
const MAX_KEY_BYTES: usize = 1024;
/// S3's limit for user metadata: bytes of all names and values.
const MAX_METADATA_BYTES: usize = 2048;

/// An object, as callers inside the process see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The key, as it is (not URL-encoded).
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// The ETag without quotes.
    pub etag: String,
    /// Milliseconds since 1970.
    pub last_modified_ms: u64,
    /// The media type, where one was given.
    pub content_type: Option<String>,
    /// User metadata; names without `x-amz-meta-`, in lower case.
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// What goes with the bytes of [`Store::put`](super::Store::put).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutAttributes {
    /// User metadata; names without `x-amz-meta-`, in lower case.
    pub metadata: BTreeMap<String, String>,
    /// Tags. Not checked, so that a test can place one that AWS would refuse.
    pub tags: BTreeMap<String, String>,
    /// The media type.
    pub content_type: Option<String>,
}

/// Headers that S3 keeps and gives back as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Headers {
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
}

/// All that a client says about an object besides its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attributes {
    pub(super) headers: Headers,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
}

impl From<PutAttributes> for Attributes {
    fn from(given: PutAttributes) -> Self {
        let headers = Headers { content_type: given.content_type, ..Headers::default() };
        Self { headers, metadata: given.metadata, tags: given.tags }
    }
}

/// One part of an object that was uploaded in parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartRecord {
    pub(super) number: i32,
    pub(super) size: u64,
    /// Base64.
    pub(super) checksum: String,
}

/// The whole record. Names the file that holds the bytes, so that replacing this one file
/// replaces the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ObjectRecord {
    pub(super) key: String,
    /// Name of the file with the bytes.
    pub(super) content: String,
    pub(super) size: u64,
    /// Without quotes.
    pub(super) etag: String,
    pub(super) last_modified_ms: u64,
    pub(super) checksum: Checksum,
    /// Empty where the object was put whole.
    #[serde(default)]
    pub(super) parts: Vec<PartRecord>,
    #[serde(flatten)]
    pub(super) attributes: Attributes,
}

impl ObjectRecord {
    pub(super) fn info(&self) -> ObjectInfo {
        ObjectInfo {
            key: self.key.clone(),
            size: self.size,
            etag: self.etag.clone(),
            last_modified_ms: self.last_modified_ms,
            content_type: self.attributes.headers.content_type.clone(),
            metadata: self.attributes.metadata.clone(),
            tags: self.attributes.tags.clone(),
        }
    }
}

/// File name of a key's record. A hash, since any legal key must work: 1,024 bytes, `..`, a
/// leading slash, `a` next to `a/b`.
pub(super) fn record_name(key: &str) -> String {
    format!("{}.json", hex(&Sha256::digest(key.as_bytes())))
}

pub(super) fn check_key(key: &str) -> Result<(), StoreError> {
    if key.is_empty() {
        return Err(StoreError::refused("InvalidArgument", "An object's key cannot be empty."));
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(StoreError::refused(
            "KeyTooLongError",
            format!("The key has {} bytes; S3 allows {MAX_KEY_BYTES}.", key.len()),
        ));
    }
    Ok(())
}

pub(super) fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), StoreError> {
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_METADATA_BYTES {
        return Err(StoreError::refused(
            "MetadataTooLarge",
            format!("The user metadata has {size} bytes; S3 allows {MAX_METADATA_BYTES}."),
        ));
    }
    Ok(())
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
