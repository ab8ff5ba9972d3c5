//! Sending what the bucket lacks.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use farm_aws::AwsError;
use farm_contract::keys;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::ask::{Content, kept};
use super::body::counted;
use super::hash::checksum;
use super::resumed::{self, Begun, encoded};
use crate::copying::status;
use crate::error::FarmError;

const MIB: u64 = 1 << 20;
/// What is longer goes in parts.
const WHOLE: u64 = 64 * MIB;
/// The shortest part, unless there would be more than [`MOST_PARTS`].
const PART: u64 = 16 * MIB;
/// Parts that S3 takes.
const MOST_PARTS: u64 = 10_000;
/// MiB that are in memory at once.
const MEMORY: u32 = 128;
/// Parts of one content at once.
const AT_ONCE: usize = 8;
/// How long a part may be on its way: a slow line needs minutes. One that does not move at all, the SDK gives up.
const ON_ITS_WAY: Duration = Duration::from_secs(3600);
/// How often a put is tried that another one got in the way of.
const CONFLICTS: usize = 3;

/// Length of the parts in which so many bytes are sent; the last one may be shorter.
pub(super) fn part_length(size: u64) -> u64 {
    if size <= WHOLE { size.max(1) } else { size.div_ceil(MOST_PARTS).next_multiple_of(MIB).max(PART) }
}

/// Length of the part of this index.
pub(super) fn length_of(size: u64, index: usize) -> u64 {
    let length = part_length(size);
    length.min(size.saturating_sub(length.saturating_mul(index as u64)))
}

/// Sends contents to one bucket.
pub(super) struct Puts<'a> {
    client: &'a Client,
    bucket: &'a str,
    room: Semaphore,
    /// Bytes that are sent.
    pub(super) sent: Arc<AtomicU64>,
}

impl<'a> Puts<'a> {
    pub(super) fn new(client: &'a Client, bucket: &'a str) -> Self {
        Self { client, bucket, room: Semaphore::new(MEMORY as usize), sent: Arc::default() }
    }

    /// Sends one content.
    ///
    /// # Errors
    /// The file cannot be read or is another one now, or a call did not come through.
    pub(super) async fn content(&self, content: &Content) -> Result<(), FarmError> {
        let key = keys::project_file(&content.sha256);
        if content.size > WHOLE {
            return self.in_parts(&key, content).await;
        }
        let (bytes, _room) = self.part(content, 0).await?;
        self.whole(&key, bytes).await
    }

    /// Puts something in one piece, unless it is there.
    pub(super) async fn whole(&self, key: &str, bytes: Bytes) -> Result<(), FarmError> {
        for attempt in 1.. {
            let call = self.client.put_object().bucket(self.bucket).key(key).if_none_match("*");
            let call = call.content_length(bytes.len().try_into().unwrap_or(i64::MAX));
            let call = call.body(counted(bytes.clone(), Arc::clone(&self.sent))).customize();
            match call.config_override(patient()).send().await {
                Ok(_) => break,
                // Somebody else was faster, or an attempt before was not answered: its name says that it is the same.
                Err(error) if status(&error) == Some(412) => break,
                Err(error) if status(&error) == Some(409) && attempt < CONFLICTS => {}
                Err(error) => return Err(AwsError::new(format!("write `{key}`"), error).into()),
            }
        }
        Ok(())
    }

    /// Sends a long content in parts; those that are there from before stay. What is broken off goes on the next time,
    /// and what nobody goes on with for a week the bucket clears away by its own rule.
    async fn in_parts(&self, key: &str, content: &Content) -> Result<(), FarmError> {
        let doing = || format!("write `{key}`");
        let begun = match resumed::begun(self.client, self.bucket, key, content).await? {
            Some(begun) => begun,
            None => {
                let begin = self.client.create_multipart_upload().bucket(self.bucket).key(key);
                let begin = begin.checksum_algorithm(ChecksumAlgorithm::Crc64Nvme);
                let begun = begin.checksum_type(ChecksumType::FullObject).send().await;
                let id = begun.map_err(|error| AwsError::new(doing(), error))?.upload_id.unwrap_or_default();
                Begun { id, ..Begun::default() }
            }
        };
        self.sent.fetch_add(resumed::bytes(&begun, content.size), Ordering::Relaxed);
        let (id, there) = (&begun.id, &begun.parts);
        let parts = stream::iter(0..content.parts.len()).map(|index| async move {
            match there.get(&index) {
                Some(part) => Ok(part.clone()),
                None => self.upload_part(key, id, content, index).await,
            }
        });
        let parts: Vec<CompletedPart> = match parts.buffered(AT_ONCE).try_collect().await {
            Ok(parts) => parts,
            // Somebody else sends the same content, and was faster.
            Err(FarmError::Aws(error))
                if error.code.as_deref() == Some("NoSuchUpload")
                    && kept(self.client, self.bucket, key).await? =>
            {
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let whole = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let call = self.client.complete_multipart_upload().bucket(self.bucket).key(key).upload_id(id);
        match call.multipart_upload(whole).send().await {
            Ok(_) => Ok(()),
            // An attempt that was not answered may have done it.
            Err(error) if status(&error) == Some(404) && kept(self.client, self.bucket, key).await? => Ok(()),
            Err(error) => Err(AwsError::new(doing(), error).into()),
        }
    }

    async fn upload_part(
        &self,
        key: &str,
        id: &str,
        content: &Content,
        index: usize,
    ) -> Result<CompletedPart, FarmError> {
        let number = i32::try_from(index).unwrap_or(i32::MAX).saturating_add(1);
        let (bytes, _room) = self.part(content, index).await?;
        let call = self.client.upload_part().bucket(self.bucket).key(key).upload_id(id).part_number(number);
        let call = call.content_length(bytes.len().try_into().unwrap_or(i64::MAX));
        let sum = content.parts.get(index).map(|sum| encoded(*sum));
        let call = call.set_checksum_crc64_nvme(sum.clone());
        let call = call.body(counted(bytes, Arc::clone(&self.sent))).customize();
        let part = call.config_override(patient()).send().await;
        let part = part.map_err(|error| AwsError::new(format!("write part {number} of `{key}`"), error))?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(part.e_tag)
            .set_checksum_crc64_nvme(sum)
            .build())
    }

    /// Reads one part of a content, once there is room for it.
    async fn part(&self, content: &Content, index: usize) -> Result<(Bytes, SemaphorePermit<'_>), FarmError> {
        let start = part_length(content.size) * index as u64;
        let length = length_of(content.size, index);
        let mib = u32::try_from(length.div_ceil(MIB)).unwrap_or(MEMORY).clamp(1, MEMORY);
        let lost =
            || FarmError::Disk(content.disk.clone(), std::io::Error::other("nobody waits for it any more"));
        let room = self.room.acquire_many(mib).await.map_err(|_| lost())?;
        let (path, size) = (content.disk.clone(), content.size);
        let read = tokio::task::spawn_blocking(move || read(&path, size, start, length));
        let bytes = read.await.map_err(|_| lost())??;
        let wanted = content.parts.get(index).copied();
        if wanted.is_some_and(|wanted| wanted != checksum(&bytes)) {
            return Err(FarmError::Changed(content.disk.clone()));
        }
        Ok((bytes.into(), room))
    }
}

/// Reads a part of a file that has so many bytes.
fn read(path: &Path, size: u64, start: u64, length: u64) -> Result<Vec<u8>, FarmError> {
    let changed = || FarmError::Changed(PathBuf::from(path));
    let mut file = std::fs::File::open(path).map_err(FarmError::disk(path))?;
    if file.metadata().map_err(FarmError::disk(path))?.len() != size {
        return Err(changed());
    }
    file.seek(SeekFrom::Start(start)).map_err(FarmError::disk(path))?;
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| changed())?];
    file.read_exact(&mut bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => changed(),
        _ => FarmError::Disk(path.to_owned(), error),
    })?;
    Ok(bytes)
}

/// Waits longer for the answer than other calls do.
fn patient() -> aws_sdk_s3::config::Builder {
    let timeouts = TimeoutConfig::builder().read_timeout(ON_ITS_WAY).build();
    aws_sdk_s3::Config::builder().timeout_config(timeouts)
}

#[cfg(test)]
mod tests {
    use farm_contract::project::ContentHash;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_short_goes_in_one_piece_and_what_is_long_in_parts_that_s3_takes() {
        assert_eq!(part_length(0), 1);
        assert_eq!(part_length(WHOLE), WHOLE);
        assert_eq!(part_length(WHOLE + 1), PART);
        assert_eq!(part_length(1 << 40), 105 * MIB);
    }

    proptest! {
        #[test]
        fn no_size_has_more_parts_than_s3_takes(size in 0u64..5 << 40) {
            let length = part_length(size);
            prop_assert!(size.div_ceil(length) <= MOST_PARTS);
            prop_assert!(size <= WHOLE || length >= 5 * MIB);
        }
    }

    #[test]
    fn a_part_of_a_file_that_was_changed_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        std::fs::write(&path, "abcdef").expect("written");
        assert_eq!(read(&path, 6, 2, 3).expect("read"), b"cde");
        assert!(matches!(read(&path, 7, 2, 3), Err(FarmError::Changed(_))));
        assert!(matches!(read(&path, 6, 5, 3), Err(FarmError::Changed(_))));
        assert!(matches!(read(&folder.path().join("b"), 6, 2, 3), Err(FarmError::Disk(..))));
    }

    #[tokio::test]
    async fn what_holds_something_else_than_when_it_was_hashed_is_not_sent() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = folder.path().join("a");
        std::fs::write(&disk, "abc").expect("written");
        let content = Content {
            sha256: ContentHash::of(b"abc"),
            size: 3,
            paths: Vec::new(),
            there: false,
            leaving: false,
            disk: disk.clone(),
            parts: vec![checksum(b"abc")],
        };
        let config = aws_sdk_s3::Config::builder().behavior_version_latest().build();
        let client = Client::from_conf(config);
        let puts = Puts::new(&client, "farm");
        assert_eq!(puts.part(&content, 0).await.expect("the same").0, "abc");
        std::fs::write(&disk, "abd").expect("written");
        assert!(matches!(puts.content(&content).await, Err(FarmError::Changed(path)) if path == disk));
        assert_eq!(puts.room.available_permits(), MEMORY as usize);
    }
}
