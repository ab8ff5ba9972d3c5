//! What a failed call to the bucket means.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// Sorts of failure, as far as they make a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is no such object, or no such upload.
    Missing,
    /// The object is not, or no longer, the one that the call was made for.
    Conflict,
    /// A permission is lacking.
    Denied,
    /// No space is left.
    NoSpace,
    /// No answer, or one that asks to come back later.
    Unavailable,
    /// Anything else.
    Other,
}

/// A call to the bucket failed.
#[derive(Debug, thiserror::Error)]
#[error("{doing} `{key}` in the bucket failed{}", if answer.is_empty() { String::new() } else { format!(" ({answer})") })]
pub struct StorageError {
    /// Which sort of failure.
    pub kind: Kind,
    /// Which call: `reading`, `writing`, ...
    pub doing: &'static str,
    /// Key or prefix that it was about.
    pub key: String,
    /// Status and code of the bucket's answer, where there was one.
    pub answer: String,
    source: Box<dyn Error + Send + Sync>,
}

impl StorageError {
    /// From the SDK's error, its own attempts over.
    pub(super) fn of_call<E>(doing: &'static str, key: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().unwrap_or_default();
        let kind = match &error {
            SdkError::ConstructionFailure(_) => Kind::Other,
            _ => kind(status, code),
        };
        let answer = match status {
            Some(status) => format!("{status} {code}").trim_end().to_owned(),
            None => String::new(),
        };
        Self { kind, doing, key: key.to_owned(), answer, source: error.into() }
    }

    /// As [`StorageError::of_call`] for a conditional write: there `404` says that the object
    /// to be replaced is gone, which is a condition that does not hold.
    pub(super) fn of_write<E>(key: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let code = error.code().unwrap_or_default().to_owned();
        let mut failure = Self::of_call("writing", key, error);
        if failure.kind == Kind::Missing && code != "NoSuchUpload" {
            failure.kind = Kind::Conflict;
        }
        failure
    }

    /// A body that ended before its time.
    pub(super) fn broken_off(key: &str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: Kind::Unavailable,
            doing: "reading",
            key: key.to_owned(),
            answer: String::new(),
            source: source.into(),
        }
    }
}

/// From an HTTP status and S3's error code; `HEAD` has no code, a lost connection neither.
fn kind(status: Option<u16>, code: &str) -> Kind {
    match code {
        "InsufficientStorage" | "QuotaExceeded" | "XMinioStorageFull" => return Kind::NoSpace,
        "NoSuchBucket" => return Kind::Other,
        "RequestTimeout"
        | "SlowDown"
        | "RequestTimeTooSkewed"
        | "ExpiredToken"
        | "InternalError"
        | "ServiceUnavailable"
        | "ThrottlingException" => return Kind::Unavailable,
        _ => {}
    }
    match status {
        None => Kind::Unavailable,
        Some(404) => Kind::Missing,
        Some(409 | 412) => Kind::Conflict,
        Some(401 | 403) => Kind::Denied,
        Some(507) => Kind::NoSpace,
        // A success whose body broke off, or holds an error of its own.
        Some(200..=299 | 429 | 500..) => Kind::Unavailable,
        Some(_) => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        assert_eq!(kind(None, ""), Kind::Unavailable);
        assert_eq!(kind(Some(503), "SlowDown"), Kind::Unavailable);
        assert_eq!(kind(Some(200), "InternalError"), Kind::Unavailable);
        assert_eq!(kind(Some(403), "ExpiredToken"), Kind::Unavailable);
        assert_eq!(kind(Some(403), "AccessDenied"), Kind::Denied);
        assert_eq!(kind(Some(404), "NoSuchKey"), Kind::Missing);
        assert_eq!(kind(Some(404), ""), Kind::Missing);
        assert_eq!(kind(Some(404), "NoSuchBucket"), Kind::Other);
        assert_eq!(kind(Some(412), "PreconditionFailed"), Kind::Conflict);
        assert_eq!(kind(Some(409), "ConditionalRequestConflict"), Kind::Conflict);
        assert_eq!(kind(Some(507), ""), Kind::NoSpace);
        assert_eq!(kind(Some(400), "InvalidRequest"), Kind::Other);
    }
}
