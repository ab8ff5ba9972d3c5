//! Conditional requests: what must hold of the object that is there.

use std::time::{Duration, UNIX_EPOCH};

use s3s::dto::Timestamp;

use super::error::StoreError;
use super::object::ObjectRecord;

/// What a write demands of the object that it would replace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WriteConditions {
    /// `If-None-Match: *`: there must be none.
    pub(super) absent: bool,
    /// `If-Match`: it must have this ETag (without quotes, or `*` for any).
    pub(super) etag: Option<String>,
}

impl WriteConditions {
    /// Whether the write may go on, given what is there.
    pub(super) fn check(&self, key: &str, there: Option<&ObjectRecord>) -> Result<(), StoreError> {
        if self.absent && there.is_some() {
            return Err(failed("If-None-Match"));
        }
        match (&self.etag, there) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(StoreError::NoSuchKey(key.to_owned())),
            (Some(etag), Some(record)) if matches(etag, record) => Ok(()),
            (Some(_), Some(_)) => Err(failed("If-Match")),
        }
    }
}

/// What a read demands of the object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReadConditions {
    /// `If-Match`, without quotes, or `*`.
    pub(super) etag: Option<String>,
    /// `If-None-Match`, without quotes, or `*`.
    pub(super) not_etag: Option<String>,
    /// `If-Modified-Since`.
    pub(super) modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`.
    pub(super) unmodified_since: Option<Timestamp>,
}

/// What follows for a read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Give the object.
    Proceed,
    /// 304: the client has it already.
    NotModified,
    /// 412: the named condition failed.
    Failed(&'static str),
}

impl ReadConditions {
    /// The order is S3's: a match by ETag outweighs the date.
    pub(super) fn check(&self, record: &ObjectRecord) -> Verdict {
        // The headers have whole seconds.
        let modified = Timestamp::from(UNIX_EPOCH + Duration::from_secs(record.last_modified_ms / 1000));
        match &self.etag {
            Some(etag) if !matches(etag, record) => return Verdict::Failed("If-Match"),
            Some(_) => {}
            None if self.unmodified_since.as_ref().is_some_and(|since| modified > *since) => {
                return Verdict::Failed("If-Unmodified-Since");
            }
            None => {}
        }
        match &self.not_etag {
            Some(etag) if matches(etag, record) => Verdict::NotModified,
            Some(_) => Verdict::Proceed,
            None if self.modified_since.as_ref().is_some_and(|since| modified <= *since) => {
                Verdict::NotModified
            }
            None => Verdict::Proceed,
        }
    }
}

fn matches(etag: &str, record: &ObjectRecord) -> bool {
    etag == "*" || etag == record.etag
}

pub(super) fn failed(condition: &str) -> StoreError {
    StoreError::refused(
        "PreconditionFailed",
        format!("At least one of the pre-conditions you specified did not hold: {condition}"),
    )
}
