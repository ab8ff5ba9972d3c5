//! What is in an archive, judged without unpacking it.

use std::io::{Read, Seek, SeekFrom};

use crate::directory::{self, Entry};
use crate::error::UnpackError;
use crate::{Limits, end, places};

/// What the table of contents at an archive's end says, as far as it can be judged by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    entries: Vec<Entry>,
    /// Where entries end and the table begins.
    end: u64,
    bytes: u64,
}

impl Table {
    /// The files that [`unpack`](crate::unpack) would write, in the archive's order: no folders, and
    /// none of what macOS adds.
    pub fn files(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_file())
    }

    /// Bytes of all these files together, unpacked.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Finds where the packed bytes of one of the [`files`](Self::files) begin, by one small read
    /// (two if its header is an unusual one). The header in front of them is held against the table,
    /// and they end in front of the next entry.
    ///
    /// # Errors
    /// [`UnpackError::Read`] if the archive cannot be read. All others say that the archive
    /// contradicts itself about this file, and `unpack` would refuse it.
    pub fn locate(&self, mut archive: impl Read + Seek, file: &Entry) -> Result<Member, UnpackError> {
        let start = places::start_of_one(&mut archive, file, &self.entries, self.end)?;
        Ok(Member::new(file.clone(), start))
    }
}

/// What is in an archive, as far as it can be judged without unpacking it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Folders and what is left out among them.
    pub(crate) members: Vec<Member>,
    bytes: u64,
}

impl Contents {
    /// The files that [`unpack`](crate::unpack) would write, in the archive's order: no folders, and
    /// none of what macOS adds.
    pub fn files(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| !member.is_folder && !member.left_out)
    }

    /// Bytes of all these files together, unpacked.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// A file or folder of an archive, and where it stands. Everything was checked that can be without
/// unpacking it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// With `/` between the parts, and without the slash behind a folder's.
    pub name: String,
    /// Bytes, unpacked.
    pub size: u64,
    /// Bytes in the archive.
    pub packed_size: u64,
    /// Where in the archive its packed bytes begin, in bytes. They all lie inside the archive.
    pub start: u64,
    /// The bytes stand in the archive as they are, rather than deflated.
    pub is_stored: bool,
    pub(crate) is_folder: bool,
    /// One of those that macOS adds.
    pub(crate) left_out: bool,
    pub(crate) crc: u32,
}

impl Member {
    fn new(entry: Entry, start: u64) -> Self {
        let Entry { name, size, packed_size, is_stored, is_folder, left_out, crc, offset: _ } = entry;
        Self { name, size, packed_size, start, is_stored, is_folder, left_out, crc }
    }
}

/// Reads the table of contents of `archive` and judges all that stands in it: names, sizes, how
/// tightly everything is packed, and whether the entries have room beside each other.
///
/// This is a look, for archives of which each read is a request to a server: it takes two or three
/// reads, of 64 KiB at the end and less, and one more for every 64 KiB of the table that these did
/// not bring, whatever the number of files. The headers in front of
/// the entries are not among them, so the archive may still be refused by [`contents`], which is
/// what [`unpack`](crate::unpack) begins with. [`Table::locate`] judges the header of one file.
///
/// # Errors
/// [`UnpackError::Read`] if the archive cannot be read. All others say that `unpack` would refuse
/// it, for the same reason or for one that it finds earlier, in a header.
pub fn table(mut archive: impl Read + Seek, limits: &Limits) -> Result<Table, UnpackError> {
    let (entries, end) = listed(&mut archive, limits)?;
    places::room(&entries, end)?;
    let bytes = not_a_bomb(&entries, limits)?;
    Ok(Table { entries, end, bytes })
}

/// Judges everything about `archive` that can be without unpacking it: what [`table`] does, and the
/// header in front of each entry.
///
/// That takes one more read for each entry, all over the archive.
///
/// # Errors
/// [`UnpackError::Read`] if the archive cannot be read. All others are those for which
/// [`unpack`](crate::unpack) refuses it before it writes anything.
pub fn contents(mut archive: impl Read + Seek, limits: &Limits) -> Result<Contents, UnpackError> {
    let (entries, end) = listed(&mut archive, limits)?;
    // This finds all that `room` would, and has better words for most of it.
    let starts = places::starts(&mut archive, &entries, end)?;
    let bytes = not_a_bomb(&entries, limits)?;
    let members = entries.into_iter().zip(starts).map(|(entry, start)| Member::new(entry, start));
    Ok(Contents { members: members.collect(), bytes })
}

/// What the table of contents lists, and where entries end and the table begins.
fn listed(archive: &mut (impl Read + Seek), limits: &Limits) -> Result<(Vec<Entry>, u64), UnpackError> {
    let length = archive.seek(SeekFrom::End(0)).map_err(UnpackError::Read)?;
    let end = end::find(archive, length)?;
    Ok((directory::read(archive, &end, limits)?, end.directory.start))
}

/// Entries say how large they are, unpacked. None is unpacked further than it says, so this holds
/// for what will be written as well. It was found before that all packed bytes have room in the
/// archive, so no two entries share theirs. Returns how many bytes will be written.
fn not_a_bomb(entries: &[Entry], limits: &Limits) -> Result<u64, UnpackError> {
    let written = || entries.iter().filter(|entry| !entry.left_out);
    let bytes = written().fold(0u64, |sum, entry| sum.saturating_add(entry.size));
    if bytes > limits.bytes {
        return Err(UnpackError::TooLarge { bytes, limit: limits.bytes });
    }
    let packed = written().fold(0u64, |sum, entry| sum.saturating_add(entry.packed_size));
    if bytes > limits.ratio_from && bytes > packed.saturating_mul(limits.ratio) {
        return Err(UnpackError::TooTight { bytes, packed, limit: limits.ratio });
    }
    Ok(bytes)
}
