//! The archive as a plan: every byte of `frames.zip` is known before one is read.
//!
//! Sizes and CRC-32s of the entries are known from the bucket, entries are stored and not
//! compressed, so the place of everything is fixed: [`Layout`] gives the length and, for any
//! range of bytes, the pieces it is made of. Each part of an upload is then a range of its own,
//! in any order and as often as it takes.
//!
//! Nothing here reads or writes anything, and the same entries always give the same bytes.
//!
//! Start reading at [`Layout::pieces`]; the bytes of the records are in `records`.

mod dos_time;
mod ledger;
mod records;

use std::ops::Range;

pub use dos_time::DosTime;
pub use ledger::{Ledger, Mismatch};

/// One file in the archive, in the order of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path in the archive, `/` between its parts; at most 65,535 bytes.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// CRC-32 (IEEE) of the content.
    pub crc32: u32,
}

/// An entry whose name no archive can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name of an entry has {bytes} bytes; an archive holds names of up to 65535")]
pub struct NameTooLong {
    /// Length of the name.
    pub bytes: usize,
}

/// What a range of the archive is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of the archive's own: headers and directory.
    Bytes(Vec<u8>),
    /// Content of an entry, never empty.
    Content {
        /// Index of the entry.
        entry: usize,
        /// First byte within the entry.
        start: u64,
        /// How many bytes.
        len: u64,
    },
}

impl Piece {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Content { len, .. } => *len,
        }
    }

    /// Whether the piece holds no bytes; [`Layout::pieces`] gives none such.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where everything of an archive lies.
#[derive(Debug)]
pub struct Layout {
    entries: Vec<Entry>,
    /// Offset of each entry's local header.
    local: Vec<u64>,
    /// Offset of each entry's record in the central directory.
    central: Vec<u64>,
    directory: Range<u64>,
    end: Vec<u8>,
    modified: DosTime,
}

impl Layout {
    /// Places `entries` one after the other, each said to be last modified at `modified`.
    ///
    /// # Errors
    /// A name is longer than an archive can hold.
    pub fn new(entries: Vec<Entry>, modified: DosTime) -> Result<Self, NameTooLong> {
        if let Some(entry) = entries.iter().find(|entry| entry.name.len() > usize::from(u16::MAX)) {
            return Err(NameTooLong { bytes: entry.name.len() });
        }
        let mut at = 0u64;
        let mut local = Vec::with_capacity(entries.len());
        for entry in &entries {
            local.push(at);
            at = at.saturating_add(records::local_len(entry)).saturating_add(entry.size);
        }
        let start = at;
        let mut central = Vec::with_capacity(entries.len());
        for (entry, offset) in entries.iter().zip(&local) {
            central.push(at);
            at = at.saturating_add(records::central_len(entry, *offset));
        }
        let directory = start..at;
        let end = records::end(entries.len() as u64, &directory);
        Ok(Self { entries, local, central, directory, end, modified })
    }

    /// Length of the archive in bytes.
    pub fn len(&self) -> u64 {
        self.directory.end.saturating_add(self.end.len() as u64)
    }

    /// Never: even an archive without entries has an end record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What the bytes of `range` are made of, in order. A range beyond the end is cut off
    /// there. Only headers within the range are made.
    pub fn pieces(&self, range: Range<u64>) -> Vec<Piece> {
        let end = range.end.min(self.len());
        let mut at = range.start;
        let mut pieces = Vec::new();
        while at < end {
            at += if at < self.directory.start {
                self.content(at, end, &mut pieces)
            } else if at < self.directory.end {
                let index = self.central.partition_point(|start| *start <= at) - 1;
                let record = records::central(&self.entries[index], self.local[index], self.modified);
                copy(&record, at - self.central[index], end - at, &mut pieces)
            } else {
                copy(&self.end, at - self.directory.end, end - at, &mut pieces)
            };
        }
        pieces
    }

    /// Adds the piece that begins at `at`, before the directory, and gives its length.
    fn content(&self, at: u64, end: u64, pieces: &mut Vec<Piece>) -> u64 {
        let index = self.local.partition_point(|start| *start <= at) - 1;
        let entry = &self.entries[index];
        let within = at - self.local[index];
        let header = records::local_len(entry);
        if within < header {
            return copy(&records::local(entry, self.modified), within, end - at, pieces);
        }
        let start = within - header;
        let len = (entry.size - start).min(end - at);
        pieces.push(Piece::Content { entry: index, start, len });
        len
    }
}

/// Adds up to `most` bytes of `record` from its byte `from` on, and gives how many.
fn copy(record: &[u8], from: u64, most: u64, pieces: &mut Vec<Piece>) -> u64 {
    // A record is a few kilobytes at most, so these casts keep the value.
    let rest = &record[from as usize..];
    let bytes = &rest[..most.min(rest.len() as u64) as usize];
    match pieces.last_mut() {
        Some(Piece::Bytes(before)) => before.extend_from_slice(bytes),
        _ => pieces.push(Piece::Bytes(bytes.to_vec())),
    }
    bytes.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(sizes: &[u64]) -> Layout {
        let entries = sizes.iter().enumerate();
        let entries =
            entries.map(|(at, size)| Entry { name: format!("{at}"), size: *size, crc32: 0 }).collect();
        Layout::new(entries, DosTime::from_unix_millis(0)).expect("short names")
    }

    #[test]
    fn a_range_holds_only_what_lies_in_it() {
        let layout = layout(&[10, 0, 5]);
        // 30 bytes of header and a name of one.
        assert_eq!(layout.pieces(31..41), [Piece::Content { entry: 0, start: 0, len: 10 }]);
        assert_eq!(layout.pieces(35..36), [Piece::Content { entry: 0, start: 4, len: 1 }]);
        // The headers of 1, which is empty, and of 2 lie together.
        let pieces = layout.pieces(40..104);
        assert_eq!(pieces[0], Piece::Content { entry: 0, start: 9, len: 1 });
        assert_eq!(pieces[1].len(), 62);
        assert_eq!(pieces[2], Piece::Content { entry: 2, start: 0, len: 1 });
        assert_eq!(pieces.len(), 3);
        assert!(layout.pieces(7..7).is_empty());
        assert!(layout.pieces(layout.len()..layout.len() + 9).is_empty());
    }

    #[test]
    fn an_archive_of_nothing_is_its_end_record() {
        assert_eq!(layout(&[]).len(), 22);
    }

    #[test]
    fn a_name_beyond_what_the_format_holds_is_refused() {
        let entry = Entry { name: "n".repeat(65_536), size: 0, crc32: 0 };
        let error = Layout::new(vec![entry], DosTime::from_unix_millis(0)).expect_err("too long");
        assert_eq!(error.bytes, 65_536);
    }
}
