//! Which bytes a render is made from.

use serde::{Deserialize, Serialize};

use super::SourceId;
use crate::project::ContentHash;

/// Which bytes a render is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// ETag of the upload, quotes included as S3 gives it.
    pub etag: String,
    /// Version of the upload, in a bucket that keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Size in bytes.
    pub size: u64,
    /// What frames of this source are marked with.
    pub id: SourceId,
    /// The Blender that saved the file, as `4.5`.
    pub saved_by: String,
    /// Of an archive: the path in it of the file that is rendered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main: Option<String>,
    /// Of a project whose files lie one by one in the bucket: their list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ContentHash>,
}

impl Source {
    /// Of an upload in a bucket that keeps no versions, saved by the Blender that renders it.
    pub fn of(key: &str, etag: &str, size: u64, blender: &str) -> Self {
        Self {
            etag: etag.to_owned(),
            version_id: None,
            size,
            id: SourceId::of(key, etag, blender),
            saved_by: blender.to_owned(),
            main: None,
            project: None,
        }
    }
}
