//! Having the missing frames of an upload rendered, and only those.
//!
//! A render begins with an upload and with nothing else. So the upload is written once more, by the
//! bucket itself: the same bytes under the same ETag with the same tags, of which no byte travels. Its
//! frames are then those of the earlier upload, and what is there of them is left alone.

use aws_sdk_s3::Client;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::BlendKey;
use farm_contract::report::{Report, State};

use crate::bucket::Bucket;
use crate::error::FarmError;
use crate::location::Location;
use crate::render::find::{plan, report};
use crate::render::missing;
use crate::rewrite::Original;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resumed {
    /// Nothing is missing.
    Complete,
    /// A new render has begun.
    Again {
        /// Frames that are missing, as far as the last report tells; empty where it does not.
        missing: String,
        /// Whether frames that are there are taken over. Where the bucket gives the same bytes another
        /// ETag, as it does with a key of its owner's, they are all rendered again.
        kept: bool,
    },
}

/// Has the missing frames of an upload rendered; `tags` take the place of those of their names.
///
/// # Errors
/// There is no such upload, its render is under way, or a call did not come through.
pub async fn resume(client: &Client, at: &Location, tags: &[(&str, String)]) -> Result<Resumed, FarmError> {
    let original = Original::look(client, &at.bucket, at.key.as_str()).await?;
    let original = original.ok_or_else(|| FarmError::NoUpload(at.key.to_string()))?;
    let bucket = Bucket::new(client.clone(), &at.bucket);
    let report =
        report(&bucket, &at.key).await?.filter(|report| report.etag.as_deref() == Some(original.etag()));
    let missing = match report {
        Some(report) if report.state == State::Complete => match lacking(&bucket, &at.key, &report).await? {
            Some(missing) => missing,
            None => return Ok(Resumed::Complete),
        },
        Some(report) if report.state == State::Rejected => {
            return Err(FarmError::Rejected(at.key.to_string(), report.message, report.hint));
        }
        Some(report) if report.state == State::Accepted && report.hint.is_none() => {
            return Err(FarmError::UnderWay(at.key.to_string()));
        }
        Some(report) => report.frames.map(|frames| frames.missing).unwrap_or_default(),
        None => String::new(),
    };
    let etag = original.write_again(tags).await?;
    Ok(Resumed::Again { missing, kept: etag == original.etag() })
}

/// What lacks by now of a render that was complete: frames may be marked for being rendered again, and what a bucket keeps
/// for some time only may be gone.
async fn lacking(bucket: &Bucket, key: &BlendKey, report: &Report) -> Result<Option<String>, FarmError> {
    let archived = bucket.head(&key.frames_zip()).await?.is_some();
    let plan = match &report.render {
        Some(render) => plan(bucket, render).await?,
        None => None,
    };
    let missing = match plan {
        Some(plan) => missing(bucket, key, &plan).await?,
        None => Vec::new(),
    };
    Ok((!archived || !missing.is_empty()).then(|| FrameSpec::describe(&missing)))
}

/// Has the bucket write an upload again in its own place, which begins a render, if it has this ETag; `tags` take the place
/// of those of their names.
///
/// # Errors
/// There is none or another, or the bucket does not do it.
pub(crate) async fn write_again(
    client: &Client,
    at: &Location,
    etag: &str,
    tags: &[(&str, String)],
) -> Result<(), FarmError> {
    let original = Original::look(client, &at.bucket, at.key.as_str()).await?;
    let original = original.ok_or_else(|| FarmError::NoUpload(at.key.to_string()))?;
    if original.etag() != etag {
        return Err(FarmError::Replaced(at.key.to_string()));
    }
    original.write_again(tags).await.map(drop)
}
