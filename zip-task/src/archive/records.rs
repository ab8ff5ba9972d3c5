//! The bytes of the archive's own records (PKWARE APPNOTE 6.3, sections 4.3 and 4.5.3).
//!
//! ZIP64 fields are written only where a value does not fit its plain field, so that an
//! ordinary archive opens in the oldest of programs.

use std::ops::Range;

use super::{DosTime, Entry};

/// The value of a plain field that sends the reader to the ZIP64 one.
const FULL32: u64 = 0xFFFF_FFFF;
const FULL16: u64 = 0xFFFF;
/// Names are UTF-8. No bit 3: sizes and CRC-32 stand in the local header.
const FLAGS: u16 = 1 << 11;
const PLAIN: u16 = 20;
const ZIP64: u16 = 45;
/// Made on Unix, which is what makes the permissions below count.
const UNIX: u16 = 3 << 8;
const PERMISSIONS: u32 = 0o100_644 << 16;

/// Length of the local header, name and ZIP64 field included.
pub(super) fn local_len(entry: &Entry) -> u64 {
    30 + entry.name.len() as u64 + if big(entry.size) { 20 } else { 0 }
}

/// The local header of an entry.
pub(super) fn local(entry: &Entry, modified: DosTime) -> Vec<u8> {
    let mut extra = Vec::new();
    if big(entry.size) {
        // Here, unlike in the directory, both sizes must stand.
        extra = zip64(&[entry.size, entry.size]);
    }
    let mut record = Record::new(0x0403_4b50);
    record.u16(if extra.is_empty() { PLAIN } else { ZIP64 });
    record.common(entry, modified);
    record.u16(extra.len() as u16);
    record.bytes(entry.name.as_bytes()).bytes(&extra);
    record.0
}

/// Length of an entry's record in the central directory.
pub(super) fn central_len(entry: &Entry, offset: u64) -> u64 {
    (46 + entry.name.len() + central_extra(entry, offset).len()) as u64
}

/// An entry's record in the central directory; its local header is at `offset`.
pub(super) fn central(entry: &Entry, offset: u64, modified: DosTime) -> Vec<u8> {
    let extra = central_extra(entry, offset);
    let version = if extra.is_empty() { PLAIN } else { ZIP64 };
    let mut record = Record::new(0x0201_4b50);
    record.u16(UNIX | version).u16(version);
    record.common(entry, modified);
    record.u16(extra.len() as u16);
    // No comment, first disk, a binary file.
    record.u16(0).u16(0).u16(0);
    record.u32(PERMISSIONS).u32(offset.min(FULL32) as u32);
    record.bytes(entry.name.as_bytes()).bytes(&extra);
    record.0
}

/// What closes the archive, behind a directory of `entries` records.
pub(super) fn end(entries: u64, directory: &Range<u64>) -> Vec<u8> {
    let (size, offset) = (directory.end - directory.start, directory.start);
    let mut record = Record(Vec::new());
    if entries >= FULL16 || big(size) || big(offset) {
        record.u32(0x0606_4b50).u64(44).u16(UNIX | ZIP64).u16(ZIP64).u32(0).u32(0);
        record.u64(entries).u64(entries).u64(size).u64(offset);
        // Where the record above begins: right behind the directory.
        record.u32(0x0706_4b50).u32(0).u64(directory.end).u32(1);
    }
    let count = entries.min(FULL16) as u16;
    record.u32(0x0605_4b50).u16(0).u16(0).u16(count).u16(count);
    record.u32(size.min(FULL32) as u32).u32(offset.min(FULL32) as u32).u16(0);
    record.0
}

fn big(value: u64) -> bool {
    value >= FULL32
}

fn central_extra(entry: &Entry, offset: u64) -> Vec<u8> {
    match (big(entry.size), big(offset)) {
        (false, false) => Vec::new(),
        (false, true) => zip64(&[offset]),
        (true, false) => zip64(&[entry.size, entry.size]),
        (true, true) => zip64(&[entry.size, entry.size, offset]),
    }
}

fn zip64(values: &[u64]) -> Vec<u8> {
    let mut field = Record(Vec::new());
    field.u16(1).u16(8 * values.len() as u16);
    for value in values {
        field.u64(*value);
    }
    field.0
}

struct Record(Vec<u8>);

impl Record {
    fn new(signature: u32) -> Self {
        let mut record = Self(Vec::with_capacity(128));
        record.u32(signature);
        record
    }

    /// Flags to name length: the run that both kinds of header share.
    fn common(&mut self, entry: &Entry, modified: DosTime) {
        let size = entry.size.min(FULL32) as u32;
        self.u16(FLAGS).u16(0).u16(modified.time).u16(modified.date);
        self.u32(entry.crc32).u32(size).u32(size);
        // `Layout::new` has refused longer names.
        self.u16(entry.name.len() as u16);
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_records() {
        let modified = DosTime::from_unix_millis(0);
        for size in [0, 1, FULL32 - 1, FULL32, u64::from(u32::MAX) + 9] {
            let entry = Entry { name: "Bär 1.png".into(), size, crc32: 7 };
            assert_eq!(local(&entry, modified).len() as u64, local_len(&entry));
            for offset in [0, FULL32 - 1, FULL32, FULL32 * 3] {
                assert_eq!(central(&entry, offset, modified).len() as u64, central_len(&entry, offset));
            }
        }
    }

    #[test]
    fn zip64_is_written_only_where_a_value_does_not_fit() {
        assert_eq!(end(65_534, &(0..100)).len(), 22);
        assert_eq!(end(65_535, &(0..100)).len(), 56 + 20 + 22);
        assert_eq!(end(1, &(FULL32 - 1..FULL32)).len(), 22);
        assert_eq!(end(1, &(FULL32..FULL32 + 50)).len(), 98);
    }
}
