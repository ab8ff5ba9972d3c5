//! Reading files for their hashes.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
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
        let (path, size) = (file.disk.clone(), file.size);
        let (done, stopped) = (Arc::clone(&done), Arc::clone(&stop.0));
        async move {
            let hashing = tokio::task::spawn_blocking(move || one(path, size, &done, &stopped)).await;
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

fn one(path: PathBuf, size: u64, done: &AtomicU64, stopped: &AtomicBool) -> Result<Hashed, FarmError> {
    let mut file = File::open(&path).map_err(FarmError::disk(&path))?;
    let part_length = part_length(size);
    let (mut hash, mut parts, mut left) = (Sha256::new(), Vec::new(), size);
    let mut buffer = vec![0; PIECE];
    let mut part = Crc::new(CrcAlgorithm::Crc64Nvme);
    let mut room = part_length;
    while left > 0 && !stopped.load(Ordering::Relaxed) {
        let most = usize::try_from(left.min(room)).unwrap_or(PIECE).min(PIECE);
        let read = file.read(&mut buffer[..most]).map_err(FarmError::disk(&path))?;
        if read == 0 {
            return Err(FarmError::Changed(path));
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
    // One that grew is another file already.
    if file.read(&mut buffer[..1]).map_err(FarmError::disk(&path))? > 0 {
        return Err(FarmError::Changed(path));
    }
    Ok(Hashed { sha256: ContentHash::from_digest(&hash.finalize()), parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, content: &[u8], folder: &tempfile::TempDir) -> Found {
        let disk = folder.path().join(name);
        std::fs::write(&disk, content).expect("written");
        Found { path: name.into(), disk, size: content.len() as u64 }
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
}
