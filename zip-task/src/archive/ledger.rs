//! Checks that what was read of each entry is what the archive's headers promise.

use std::collections::BTreeMap;

use crc32fast::Hasher;

use super::Entry;

/// The content of an entry is not what its size and CRC-32 say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry} reads as CRC-32 {read:08x}, not {stated:08x}")]
pub struct Mismatch {
    /// Index of the entry.
    pub entry: usize,
    /// CRC-32 of what was read.
    pub read: u32,
    /// CRC-32 that the header states.
    pub stated: u32,
}

/// Collects the CRC-32s of the ranges that were read, in whatever order they come, and compares
/// each entry once all of its ranges are there.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Ranges of entries not yet whole: entry -> start -> range.
    open: BTreeMap<usize, BTreeMap<u64, Hasher>>,
}

impl Ledger {
    /// Notes that the bytes of `entry` from `start` on were read. `hasher` has seen exactly
    /// them.
    ///
    /// # Errors
    /// The entry is now read whole and its CRC-32 is not the stated one.
    pub fn note(&mut self, index: usize, entry: &Entry, start: u64, hasher: Hasher) -> Result<(), Mismatch> {
        let ranges = self.open.entry(index).or_default();
        ranges.insert(start, hasher);
        if ranges.values().map(Hasher::total_len).sum::<u64>() < entry.size {
            return Ok(());
        }
        let ranges = self.open.remove(&index).unwrap_or_default();
        compare(index, entry, &ranges)
    }

    /// Checks that no entry was read only in part.
    ///
    /// # Errors
    /// One was.
    pub fn close(self, entries: &[Entry]) -> Result<(), Mismatch> {
        self.open.iter().try_for_each(|(index, ranges)| compare(*index, &entries[*index], ranges))
    }
}

fn compare(index: usize, entry: &Entry, ranges: &BTreeMap<u64, Hasher>) -> Result<(), Mismatch> {
    let mut whole = Hasher::new();
    for range in ranges.values() {
        whole.combine(range);
    }
    let read = whole.finalize();
    let good = read == entry.crc32;
    if good { Ok(()) } else { Err(Mismatch { entry: index, read, stated: entry.crc32 }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(content: &[u8]) -> Hasher {
        let mut hasher = Hasher::new();
        hasher.update(content);
        hasher
    }

    fn entry(content: &[u8]) -> Entry {
        Entry { name: "e".into(), size: content.len() as u64, crc32: crc32fast::hash(content) }
    }

    #[test]
    fn one_flipped_byte_is_told_once_the_entry_is_whole() {
        let entry = entry(b"frame");
        let mut ledger = Ledger::default();
        assert_eq!(ledger.note(0, &entry, 3, read(b"mE")), Ok(()));
        let mismatch = ledger.note(0, &entry, 0, read(b"fra")).expect_err("flipped");
        assert_eq!((mismatch.entry, mismatch.stated), (0, entry.crc32));
        assert_eq!(ledger.close(&[entry]), Ok(()));
    }

    #[test]
    fn an_entry_that_was_read_in_part_is_not_good() {
        let entry = entry(b"frame");
        let mut ledger = Ledger::default();
        assert_eq!(ledger.note(0, &entry, 0, read(b"fra")), Ok(()));
        assert!(ledger.close(&[entry]).is_err());
    }

    proptest! {
        #[test]
        fn ranges_may_come_in_any_order(content in proptest::collection::vec(0u8.., 1..200), cuts in proptest::collection::vec(0usize..200, 0..6), turn in 0usize..7) {
            let entry = entry(&content);
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < content.len()).chain([0, content.len()]).collect();
            cuts.sort_unstable();
            cuts.dedup();
            let mut ranges: Vec<_> = cuts.windows(2).map(|pair| pair[0]..pair[1]).collect();
            let turn = turn % ranges.len();
            ranges.rotate_left(turn);
            let mut ledger = Ledger::default();
            for range in ranges {
                prop_assert_eq!(ledger.note(0, &entry, range.start as u64, read(&content[range])), Ok(()));
            }
            prop_assert_eq!(ledger.close(&[entry]), Ok(()));
        }
    }
}
