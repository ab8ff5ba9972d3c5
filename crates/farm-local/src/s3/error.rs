//! What the store refuses or fails at, and how S3 says it.

use std::io;
use std::path::{Path, PathBuf};

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process, or another [`Store`](super::Store) of this one, has the directory open.
    #[error(
        "{} is in use by another local farm. Stop that one, or start this one with another folder.",
        root.display()
    )]
    InUse {
        /// The store's directory.
        root: PathBuf,
    },
    /// The disk has no room for an object (and for the reserve that reports may use).
    #[error(
        "No space left: {} needed and {} kept in reserve, free {} on the disk of {}. \
         Delete what you no longer need there, then try again.",
        megabytes(*needed), megabytes(*reserve), megabytes(*free), root.display()
    )]
    NoSpace {
        /// Bytes of the object.
        needed: u64,
        /// Bytes that only small reports may use.
        reserve: u64,
        /// Bytes free on the file system.
        free: u64,
        /// The store's directory.
        root: PathBuf,
    },
    /// There is no such bucket.
    #[error("The bucket `{0}` does not exist.")]
    NoSuchBucket(String),
    /// There is no such object.
    #[error("The key `{0}` does not exist.")]
    NoSuchKey(String),
    /// Any other refusal, by S3's name for it.
    #[error("{message}")]
    Refused {
        /// S3's error code, such as `InvalidTag`.
        code: &'static str,
        /// What is wrong, in words.
        message: String,
    },
    /// The file system failed.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was being done, such as `cannot write`.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StoreError {
    pub(super) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    /// For `map_err`: what was being done to which path.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }

    /// Whether the bucket or the object is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NoSuchBucket(_) | Self::NoSuchKey(_))
    }
}

fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{bytes} bytes"),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::NoSuchBucket(_) => Self::with_message(S3ErrorCode::NoSuchBucket, message),
            StoreError::NoSuchKey(_) => Self::with_message(S3ErrorCode::NoSuchKey, message),
            StoreError::NoSpace { .. } => {
                // 507, since the SDKs retry 500, 502, 503 and 504 for a long time, and no retry
                // frees a disk.
                let mut answer =
                    Self::with_message(S3ErrorCode::Custom("InsufficientStorage".into()), message);
                answer.set_status_code(StatusCode::INSUFFICIENT_STORAGE);
                answer
            }
            StoreError::Refused { code, .. } => {
                let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InternalError);
                let mut answer = Self::with_message(code, message);
                if answer.status_code().is_none() {
                    answer.set_status_code(StatusCode::BAD_REQUEST);
                }
                answer
            }
            StoreError::InUse { .. } | StoreError::Io { .. } => {
                tracing::error!("{message}");
                Self::with_message(S3ErrorCode::InternalError, message)
            }
        }
    }
}
