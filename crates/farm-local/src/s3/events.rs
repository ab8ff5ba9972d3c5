//! What the store announces, and the counter that orders it.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::content::write_whole;
use super::error::StoreError;
use super::object::now_ms;

/// An object that was created, announced once the object and its tags can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectCreated {
    /// The bucket.
    pub bucket: String,
    /// The key, as it is (not URL-encoded).
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// The ETag without quotes.
    pub etag: String,
    /// Sixteen hex digits; later events have greater ones, also after a restart.
    pub sequencer: String,
    /// `ObjectCreated:Put`, `ObjectCreated:Copy` or `ObjectCreated:CompleteMultipartUpload`.
    pub event_name: &'static str,
    /// Milliseconds since 1970.
    pub time_ms: u64,
}

/// Those who want to know.
#[derive(Default)]
pub(super) struct Subscribers(Mutex<Vec<UnboundedSender<ObjectCreated>>>);

impl Subscribers {
    pub(super) fn add(&self) -> UnboundedReceiver<ObjectCreated> {
        let (sender, receiver) = unbounded_channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    pub(super) fn announce(&self, event: &ObjectCreated) {
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A closed channel is a subscriber that has gone.
        senders.retain(|sender| sender.send(event.clone()).is_ok());
    }
}

/// Numbers that only ever grow: sequencers, and names of files that never come twice.
///
/// The upper half counts how often the store was opened, the lower half what it did since.
pub(super) struct Sequence {
    next: AtomicU64,
}

impl Sequence {
    /// Takes the next epoch and notes it in `file`. Starting at the clock keeps the numbers
    /// growing even where the file was lost.
    pub(super) fn open(file: &Path) -> Result<Self, StoreError> {
        let clock = u32::try_from(now_ms() / 1000).unwrap_or(u32::MAX);
        let last = fs::read_to_string(file)
            .ok()
            .and_then(|text| u32::from_str_radix(text.trim(), 16).ok())
            .unwrap_or(0);
        let epoch = clock.max(last.saturating_add(1));
        let fresh = file.with_extension("new");
        write_whole(&fresh, format!("{epoch:08x}\n").as_bytes())
            .map_err(StoreError::io("cannot write", &fresh))?;
        fs::rename(&fresh, file).map_err(StoreError::io("cannot write", file))?;
        Ok(Self { next: AtomicU64::new(u64::from(epoch) << 32) })
    }

    /// The next number, as sixteen hex digits.
    pub(super) fn next(&self) -> String {
        format!("{:016x}", self.next.fetch_add(1, Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_across_restarts_and_a_lost_or_damaged_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sequence");
        let mut seen = Vec::new();
        for _ in 0..3 {
            let sequence = Sequence::open(&file).unwrap();
            seen.push(sequence.next());
            seen.push(sequence.next());
        }
        assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
        assert!(seen.iter().all(|number| number.len() == 16));
        fs::write(&file, "not a number").unwrap();
        assert!(!Sequence::open(&file).unwrap().next().is_empty());
    }
}
