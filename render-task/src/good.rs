//! Which frames are in the bucket already, good.
//!
//! The rule, the same as zip-task's: a frame is good where at least one file of its own
//! (`frame_0007*`) is there, and as many files in all as each of them says (`farm-files`).
//! Files count whose metadata names our source and this frame; what else lies there belongs to
//! an older upload and is overlooked. Every file of a frame carries the number, so that a child
//! that was killed between any two puts leaves a frame that does not count.

use farm_contract::keys::{BlendKey, FrameName};
use farm_contract::metadata;
use farm_contract::plan::SourceId;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::OnceCell;

use crate::failure::Failure;
use crate::store::{Bucket, Head};

/// Calls under way at once.
const AT_ONCE: usize = 8;

/// The frames of `frames` that need no rendering.
///
/// # Errors
/// The bucket did not tell.
pub async fn frames(
    bucket: &Bucket,
    blend: &BlendKey,
    source: &SourceId,
    frames: &[i32],
) -> Result<Vec<i32>, Failure> {
    // The first child of a new upload need not ask for each frame.
    if !bucket.any(&blend.frames_prefix()).await? {
        return Ok(Vec::new());
    }
    let look = Look { bucket, blend, source, extras: OnceCell::new() };
    let look = &look;
    let found: Vec<Option<i32>> = stream::iter(frames.iter().copied())
        .map(|frame| async move { Ok::<_, Failure>(look.is_good(frame).await?.then_some(frame)) })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

struct Look<'a> {
    bucket: &'a Bucket,
    blend: &'a BlendKey,
    source: &'a SourceId,
    /// Keys in the folder that are no frame's own, listed once, and only if a frame has some.
    extras: OnceCell<Vec<String>>,
}

impl Look<'_> {
    async fn is_good(&self, frame: i32) -> Result<bool, Failure> {
        let keys = self.bucket.list(&self.blend.frame_prefix(frame)).await?;
        let own = keys.iter().filter(|key| self.own_frame(key) == Some(frame));
        let own = self.files_of(frame, own).await?;
        let Some(wanted) = own.iter().copied().max() else { return Ok(false) };
        if own.len() >= wanted {
            return Ok(true);
        }
        // A name without the frame's number can hold no file of this frame.
        let number = frame.unsigned_abs().to_string();
        let extras = self.extras.get_or_try_init(|| self.list_extras()).await?;
        let extras = self.files_of(frame, extras.iter().filter(|key| key.contains(&number))).await?;
        Ok(own.len() + extras.len() >= wanted)
    }

    fn own_frame(&self, key: &str) -> Option<i32> {
        FrameName::parse(key.strip_prefix(&self.blend.folder())?).map(|name| name.frame)
    }

    async fn list_extras(&self) -> Result<Vec<String>, Failure> {
        let keys = self.bucket.list(&self.blend.folder()).await?;
        Ok(keys.into_iter().filter(|key| self.own_frame(key).is_none()).collect())
    }

    /// For each of `keys` that is a file of the frame: how many files the frame has.
    async fn files_of(&self, frame: i32, keys: impl Iterator<Item = &String>) -> Result<Vec<usize>, Failure> {
        let heads: Vec<Option<Head>> = stream::iter(keys.cloned())
            .map(|key| async move { self.bucket.head(&key).await })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(heads.into_iter().flatten().filter_map(|head| files(&head, self.source, frame)).collect())
    }
}

/// Whether an object is a file of this frame, made from this source, and stored as it was sent.
pub fn is_of(head: &Head, source: &SourceId, frame: i32) -> bool {
    files(head, source, frame).is_some()
}

/// How many files the frame has that this is one of. `None` where it is another source's or
/// another frame's.
fn files(head: &Head, source: &SourceId, frame: i32) -> Option<usize> {
    let said = |name: &str| head.metadata.get(name).map(String::as_str);
    let ours = said(metadata::SOURCE) == Some(source.as_str())
        && said(metadata::FRAME).and_then(|text| text.parse().ok()) == Some(frame);
    // What the bucket stored is what was uploaded, as far as both are known.
    let stated = said(metadata::CRC32).and_then(|text| u32::from_str_radix(text, 16).ok());
    let whole = stated.zip(head.crc32).is_none_or(|(stated, stored)| stated == stored);
    (ours && whole).then(|| said(metadata::FILES)?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(source: &str, frame: &str, files: &str) -> Head {
        let pairs = [(metadata::SOURCE, source), (metadata::FRAME, frame), (metadata::FILES, files)];
        let metadata = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Head { etag: String::new(), metadata, crc32: None }
    }

    #[test]
    fn a_file_that_the_bucket_stored_otherwise_does_not_count() {
        let ours = SourceId::from_text("ours");
        let stored = |crc32| {
            let mut head = head("ours", "7", "1");
            head.metadata.insert(metadata::CRC32.to_owned(), "0000000a".to_owned());
            files(&Head { crc32, ..head }, &ours, 7)
        };
        assert_eq!((stored(Some(10)), stored(None), stored(Some(11))), (Some(1), Some(1), None));
    }

    #[test]
    fn only_files_of_this_source_and_this_frame_count() {
        let ours = SourceId::from_text("ours");
        assert_eq!(files(&head("ours", "7", "2"), &ours, 7), Some(2));
        assert_eq!(files(&head("older", "7", "2"), &ours, 7), None);
        assert_eq!(files(&head("ours", "70", "2"), &ours, 7), None);
        assert_eq!(files(&head("ours", "7", "many"), &ours, 7), None);
        assert_eq!(files(&Head { etag: String::new(), metadata: [].into(), crc32: None }, &ours, 7), None);
    }
}
