//! User metadata that render-task puts on every file it uploads, and zip-task on what it makes of them; and the tag of
//! all that a render makes.
//!
//! Names are as the S3 API takes them, without the `x-amz-meta-` prefix; values are ASCII.

/// [`SourceId`](crate::plan::SourceId) of what the picture was rendered from. A frame counts for
/// a render only if this equals the plan's.
pub const SOURCE: &str = "farm-source";
/// [`RenderId`](crate::plan::RenderId) of the render whose child wrote the file.
pub const RENDER: &str = "farm-render";
/// The absolute frame number that the file belongs to.
pub const FRAME: &str = "farm-frame";
/// How many files the frame has in all: 1, more with File Output nodes or several views. The
/// frame is whole when that many files of it are there.
pub const FILES: &str = "farm-files";
/// Seconds that Blender took for the frame, with millisecond decimals.
pub const SECONDS: &str = "farm-seconds";
/// CRC-32 (IEEE) of the content, 8 hex digits.
pub const CRC32: &str = "farm-crc32";
/// Of an archive and of moving pictures: what went into them, 8 hex digits. What says the same need not be made
/// again.
pub const CONTENTS: &str = "farm-contents";

/// Object tag of what a render makes, frames, archive and moving pictures: the bucket's lifecycle goes by it.
pub const RENDERED_TAG: (&str, &str) = ("farm", "render");

/// The tag as the S3 API takes it with an object: `NAME=VALUE`.
pub fn rendered_tagging() -> String {
    let (name, value) = RENDERED_TAG;
    format!("{name}={value}")
}
