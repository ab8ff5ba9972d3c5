//! `tasks/INDEX.json`: what one child did.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::versioned;

/// Version of [`TaskRecord`]'s JSON.
pub const RECORD_VERSION: u32 = 1;

/// What a child did, written when it ends, whether well or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskRecord {
    /// [`RECORD_VERSION`].
    pub version: u32,
    /// Number of the child in the whole render.
    pub child: u32,
    /// Attempt, counted from 1.
    pub attempt: u32,
    /// Batch's id of the job.
    pub job_id: String,
    /// Frames that it rendered and uploaded, with the seconds that Blender took.
    pub rendered: Vec<FrameRecord>,
    /// Frames that were there already, good, and were left alone.
    pub kept: Vec<i32>,
    /// Frames that it could not render, with the reason.
    pub failed: Vec<FrameFault>,
    /// Why the child ended before its frames were done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// The Blender that rendered, such as `4.5.15 LTS`; empty where none was started.
    pub blender: String,
    /// What the artist should know though nothing failed.
    pub warnings: Vec<String>,
    /// Seconds for the download, from start to a Blender that has opened the file, and in all.
    pub seconds: TaskSeconds,
    /// Threads that Blender rendered with.
    #[serde(default)]
    pub threads: u32,
    /// Most memory that Blender held at once, in MiB.
    pub peak_memory_mib: u64,
    /// The code that the child exits with.
    pub exit_code: u8,
    /// What of this attempt is paid for. None where nobody sends a bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Paid>,
    /// The same of the attempts before this one, of those that left a record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paid_before: Vec<Paid>,
}

/// What Fargate bills of one attempt of a task.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Paid {
    /// vCPUs that it had.
    pub vcpus: f64,
    /// MiB of memory that it had.
    pub memory_mib: u64,
    /// Whether it ran on Fargate Spot. None where that could not be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<bool>,
    /// Seconds from the start of the image's pull until its record was written.
    pub seconds: f64,
    /// Seconds of these until our program ran.
    pub start_seconds: f64,
}

/// One rendered frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameRecord {
    /// Absolute frame number.
    pub frame: i32,
    /// Seconds that Blender took.
    pub seconds: f64,
    /// Bytes of all of its files.
    pub bytes: u64,
    /// All of its files, as they came to lie in the bucket: who finds one there with the same ETag need not
    /// look at it. None in records of older farms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileRecord>,
}

/// One file of a rendered frame, as the bucket took it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its key below the upload's folder.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
    /// CRC-32 of the content.
    pub crc32: u32,
    /// ETag, quotes included.
    pub etag: String,
}

/// One frame that could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameFault {
    /// Absolute frame number.
    pub frame: i32,
    /// Why.
    #[serde(flatten)]
    pub fault: Fault,
}

/// Where a child's time went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskSeconds {
    /// Download of the upload.
    pub download: f64,
    /// Start of Blender until the file is open.
    pub open: f64,
    /// The whole child.
    pub total: f64,
}

impl TaskRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// It is cut off, not a record, or of a version that this program does not know.
    pub fn from_json(json: &[u8]) -> Result<Self, Fault> {
        versioned::read(json, "The record of a task", RECORD_VERSION)
    }
}
