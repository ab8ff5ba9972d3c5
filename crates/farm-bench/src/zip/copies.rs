//! The bytes alone, with as many of them as S3 allows copied within the bucket instead of moved through us.
//!
//! A part has 5 MiB at least, so the header that stands before each frame in an archive can be no part of its own: it
//! goes with the frame before or after it, which is then moved. So every other frame can be copied as a part.

use std::time::Instant;

use anyhow::{Context, Result};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures::{StreamExt, TryStreamExt, stream};

use super::floor::{Floor, PARTS_AT_ONCE};
use crate::measure::Measure;
use crate::s3::BUCKET;

/// The least bytes of a part that is not the last.
pub const LEAST: usize = 5 << 20;

/// Moves or copies the bytes of `frames` once.
///
/// # Errors
/// The bucket did not give, take or copy them.
pub fn run(floor: &Floor, frames: &[String]) -> Result<Measure> {
    let begun = Instant::now();
    floor.runtime.block_on(copy(floor, frames))?;
    Ok(Measure { seconds: begun.elapsed().as_secs_f64(), memory: 0 })
}

async fn copy(floor: &Floor, frames: &[String]) -> Result<()> {
    let (sdk, key) = (&floor.sdk, &floor.key);
    let created = sdk.create_multipart_upload().bucket(BUCKET).key(key).send().await?;
    let id = created.upload_id().context("an upload has an id")?;
    let parts = stream::iter((1..).zip(frames.iter().zip(&floor.frames)));
    let parts = parts.map(|(number, (frame, uri))| async move {
        if number % 2 == 1 {
            let body = floor.fetch(uri).await?;
            let bytes = body.iter().map(bytes::Bytes::len).sum();
            return floor.send(id, number, body, bytes).await;
        }
        let copied = sdk.upload_part_copy().bucket(BUCKET).key(key).upload_id(id).part_number(number);
        let source = format!("{BUCKET}/{}", frame.replace(' ', "%20"));
        let copied = copied.copy_source(source).send().await?;
        let etag = copied.copy_part_result.and_then(|part| part.e_tag);
        Ok::<_, anyhow::Error>(CompletedPart::builder().part_number(number).set_e_tag(etag).build())
    });
    let parts: Vec<CompletedPart> = parts.buffered(PARTS_AT_ONCE).try_collect().await?;
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let complete = sdk.complete_multipart_upload().bucket(BUCKET).key(key).upload_id(id);
    complete.multipart_upload(parts).send().await?;
    Ok(())
}
