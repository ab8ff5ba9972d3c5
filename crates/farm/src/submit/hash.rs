//! Reading files for their hashes.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crc_fast::{CrcAlgorithm, Digest as Crc};
use farm_contract::project::ContentHash;
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

use super::progress::{Progress, Step, telling};
use super::put::part_length;
use crate::error::FarmError;
use crate::project::Found;

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hashed {
    /// What it holds.
    pub(super) sha256: ContentHash,
    /// Checksums of the parts in which it is sent: what is read again to be sent must have the same.
    pub(super) parts: Vec<u64>,
}

/// Checksum of one part.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    crc_fast::checksum(CrcAlgorithm::Crc64Nvme, bytes)
}

/// Hashes files, as many at once as there are processors.
pub(super) async fn all(files: &[Found], progress: &dyn Progress) -> Result<Vec<Hashed>, FarmError> {
    let of = files.iter().map(|file| file.size).sum();
    let done = Arc::new(AtomicU64::new(0));
    let stop = Stop::default();
    let at_once = std::thread::available_parallelism().map_or(1, Into::into);
    let hashes = stream::iter(0..files.len()).map(|at| {
        let file = &files[at];
        let found = file.clone();
        let (done, stopped) = (Arc::clone(&done), Arc::clone(&stop.0));
        async move {
            let hashing = tokio::task::spawn_blocking(move || one(&found, &done, &stopped)).await;
            hashing
                .unwrap_or_else(|error| Err(FarmError::Disk(file.disk.clone(), std::io::Error::other(error))))
        }
    });
    telling(hashes.buffered(at_once).try_collect(), progress, Step::Hashing, &done, of).await
}

/// Tells the threads that nobody waits for them any more.
#[derive(Default)]
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn one(found: &Found, done: &AtomicU64, stopped: &AtomicBool) -> Result<Hashed, FarmError> {
    let (path, size) = (&found.disk, found.size);
    let changed = || FarmError::Changed(path.clone());
    let mut file = File::open(path).map_err(FarmError::disk(path))?;
    // The verdict and the list of files are of what was looked at.
    let is_same =
        |file: &File| Ok::<_, FarmError>(found.is_as(&file.metadata().map_err(FarmError::disk(path))?));
    if !is_same(&file)? {
        return Err(changed());
    }
    let part_length = part_length(size);
    let (mut hash, mut parts, mut left) = (Sha256::new(), Vec::new(), size);
    let mut buffer = vec![0; PIECE];
    let mut part = Crc::new(CrcAlgorithm::Crc64Nvme);
    let mut room = part_length;
    while left > 0 && !stopped.load(Ordering::Relaxed) {
        let most = usize::try_from(left.min(room)).unwrap_or(PIECE).min(PIECE);
        let read = file.read(&mut buffer[..most]).map_err(FarmError::disk(path))?;
        if read == 0 {
            return Err(changed());
        }
        hash.update(&buffer[..read]);
        part.update(&buffer[..read]);
        let read = read as u64;
        (left, room) = (left - read, room - read);
        if room == 0 || left == 0 {
            parts.push(part.finalize());
            (part, room) = (Crc::new(CrcAlgorithm::Crc64Nvme), part_length);
        }
        done.fetch_add(read, Ordering::Relaxed);
    }
    if !is_same(&file)? {
        return Err(changed());
    }
    Ok(Hashed { sha256: ContentHash::from_digest(&hash.finalize()), parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, content: &[u8], folder: &tempfile::TempDir) -> Found {
        let disk = folder.path().join(name);
        std::fs::write(&disk, content).expect("written");
        let modified = disk.metadata().expect("there").modified().ok();
        Found { path: name.into(), disk, size: content.len() as u64, modified }
    }

    #[tokio::test]
    async fn files_are_hashed_in_their_order_with_a_checksum_for_each_part() {
        let folder = tempfile::tempdir().expect("a folder");
        let large = vec![7; (part_length(100 << 20) * 4 + 5) as usize];
        let files = [found("a", b"abc", &folder), found("b", &large, &folder), found("c", b"", &folder)];
        let hashed = all(&files, &()).await.expect("read");
        assert_eq!(hashed[0], Hashed { sha256: ContentHash::of(b"abc"), parts: vec![checksum(b"abc")] });
        assert_eq!(hashed[1].sha256, ContentHash::of(&large));
        let parts: Vec<u64> = large.chunks(part_length(large.len() as u64) as usize).map(checksum).collect();
        assert_eq!(hashed[1].parts, parts);
        assert_eq!(hashed[2], Hashed { sha256: ContentHash::of(b""), parts: vec![] });
    }

    #[tokio::test]
    async fn a_file_of_another_length_than_before_is_another_file() {
        let folder = tempfile::tempdir().expect("a folder");
        for size in [2, 4] {
            let file = Found { size, ..found("a", b"abc", &folder) };
            assert!(matches!(all(&[file], &()).await, Err(FarmError::Changed(_))), "{size}");
        }
    }

    #[tokio::test]
    async fn a_file_that_was_written_to_is_another_file_though_as_long() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = found("a", b"abc", &folder);
        assert!(all(std::slice::from_ref(&file), &()).await.is_ok());
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(2);
        File::options().write(true).open(&file.disk).expect("open").set_modified(later).expect("written to");
        assert!(matches!(all(&[file], &()).await, Err(FarmError::Changed(_))));
    }
}
