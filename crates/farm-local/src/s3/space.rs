//! Room on the disk: an object that would fill it is refused before its first byte is written.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::StoreError;

/// Reads how many bytes are free for the farm on the file system of a path.
pub type FreeSpace = Arc<dyn Fn(&Path) -> io::Result<u64> + Send + Sync>;

/// Bytes that stay free, so that a full disk can still be reported.
pub(super) const DEFAULT_RESERVE: u64 = 64 << 20;
/// What may use the reserve is smaller than this.
const SMALL: u64 = 1 << 20;

/// The system's own answer.
pub(super) fn free_space(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Whether an object is a small report or record, which may use the reserve.
pub(super) fn may_use_reserve(key: &str, size: u64) -> bool {
    size < SMALL && (key.ends_with("report.json") || key.starts_with(".farm/"))
}

/// The disk of a store, and what writers under way have been promised of it.
pub(super) struct Space {
    root: PathBuf,
    free: FreeSpace,
    reserve: u64,
    promised: Arc<AtomicU64>,
}

impl Space {
    pub(super) fn new(root: PathBuf, free: FreeSpace, reserve: u64) -> Self {
        Self { root, free, reserve, promised: Arc::default() }
    }

    /// Promises room for an object of `size` bytes.
    pub(super) fn claim(&self, size: u64, may_use_reserve: bool) -> Result<Claim, StoreError> {
        let earlier = self.promised.fetch_add(size, Ordering::SeqCst);
        let claim = Claim { promised: self.promised.clone(), left: size };
        if may_use_reserve {
            return Ok(claim);
        }
        let free = self.free_now()?;
        let wanted = size.saturating_add(self.reserve).saturating_add(earlier);
        if free < wanted { Err(self.full(size, free)) } else { Ok(claim) }
    }

    /// Turns a failed write into the same answer where the disk is full after all.
    pub(super) fn explain(&self, needed: u64, path: &Path, source: io::Error) -> StoreError {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                self.full(needed, self.free_now().unwrap_or(0))
            }
            _ => StoreError::io("cannot write", path)(source),
        }
    }

    fn free_now(&self) -> Result<u64, StoreError> {
        (self.free)(&self.root).map_err(StoreError::io("cannot read the free space of", &self.root))
    }

    fn full(&self, needed: u64, free: u64) -> StoreError {
        StoreError::NoSpace { needed, reserve: self.reserve, free, root: self.root.clone() }
    }
}

/// Room promised to one writer; what it has not used is free again when this is dropped.
pub(super) struct Claim {
    promised: Arc<AtomicU64>,
    left: u64,
}

impl Claim {
    /// `bytes` of the promise are on the disk now.
    pub(super) fn used(&mut self, bytes: u64) {
        let bytes = bytes.min(self.left);
        self.left -= bytes;
        self.promised.fetch_sub(bytes, Ordering::SeqCst);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.promised.fetch_sub(self.left, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(free: u64) -> Space {
        Space::new("/store".into(), Arc::new(move |_| Ok(free)), 100)
    }

    #[test]
    fn two_writers_are_not_promised_the_same_room() {
        let space = space(250);
        let first = space.claim(100, false).unwrap();
        assert!(matches!(space.claim(100, false), Err(StoreError::NoSpace { needed: 100, free: 250, .. })));
        drop(first);
        assert!(space.claim(100, false).is_ok());
    }

    #[test]
    fn what_is_written_no_longer_counts_as_promised() {
        let space = space(250);
        let mut first = space.claim(100, false).unwrap();
        first.used(60);
        assert!(space.claim(110, false).is_ok());
        assert!(space.claim(111, false).is_err());
    }

    #[test]
    fn only_small_reports_use_the_reserve() {
        assert!(may_use_reserve("a.blend/report.json", 10));
        assert!(may_use_reserve(".farm/renders/1/plan.json", 10));
        assert!(!may_use_reserve("a.blend/report.json", SMALL));
        assert!(!may_use_reserve("a.blend/frame_0001.png", 10));
    }
}
