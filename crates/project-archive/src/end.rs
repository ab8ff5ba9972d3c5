//! The end of an archive: how many entries it has, and where its table of contents stands.
//!
//! Readers look for this record from the end of the file backwards, each in its own way. So it must
//! be found in one way only, everything must fit exactly, and the archive must begin with its
//! first byte.

use std::io::{Read, Seek};
use std::ops::Range;

use crate::error::UnpackError;
use crate::fields::{Fields, read_at};

const SIGNATURE: [u8; 4] = *b"PK\x05\x06";
/// The record without the comment behind it, which has up to 65,535 bytes.
const SIZE: usize = 22;
const LARGE_SIGNATURE: &[u8] = b"PK\x06\x06";
const LARGE_SIZE: usize = 56;
const LOCATOR_SIGNATURE: &[u8] = b"PK\x06\x07";
const LOCATOR_SIZE: usize = 20;

/// How many of the last bytes the record can begin in.
const SEARCHED: usize = SIZE + u16::MAX as usize;

/// What the end of an archive says.
pub(crate) struct End {
    /// How many entries the table of contents has.
    pub(crate) entries: u64,
    /// Where the table of contents stands, which is inside the file.
    pub(crate) directory: Range<u64>,
    /// What was read on the way.
    pub(crate) tail: Tail,
}

/// The last bytes of an archive: all that its end can take, and often the table of contents.
pub(crate) struct Tail {
    /// Where in the archive they begin.
    start: u64,
    bytes: Vec<u8>,
}

impl Tail {
    fn read(archive: &mut (impl Read + Seek), length: u64) -> Result<Self, UnpackError> {
        const MOST: u64 = (LARGE_SIZE + LOCATOR_SIZE + SEARCHED) as u64;
        let kept = length.min(MOST);
        let start = length - kept;
        Ok(Self { start, bytes: read_at(archive, start, kept as usize)? })
    }

    /// What has to be read of a part of the archive, and what is here of it and stands behind that.
    pub(crate) fn split(&self, part: &Range<u64>) -> (Range<u64>, &[u8]) {
        let from = part.start.max(self.start).min(part.end);
        let index = |at: u64| usize::try_from(at.saturating_sub(self.start)).unwrap_or(usize::MAX);
        (part.start..from, self.bytes.get(index(from)..index(part.end)).unwrap_or_default())
    }

    /// The `count` bytes of the archive from `at` on, read only where they are not here.
    fn at(&self, archive: &mut (impl Read + Seek), at: u64, count: usize) -> Result<Vec<u8>, UnpackError> {
        match self.split(&(at..at.saturating_add(count as u64))) {
            (front, kept) if front.is_empty() && kept.len() == count => Ok(kept.to_vec()),
            _ => read_at(archive, at, count),
        }
    }
}

/// Finds the end of an archive that has `length` bytes.
pub(crate) fn find(archive: &mut (impl Read + Seek), length: u64) -> Result<End, UnpackError> {
    let tail = Tail::read(archive, length)?;
    let beginning = begins_as_archive(&tail.at(archive, 0, length.min(8) as usize)?);
    match (beginning, look(archive, length, tail)) {
        (Ok(()), end) => end,
        // The last part of a split archive is the one named `.zip`, and begins anywhere.
        (Err(UnpackError::NotZip { .. }), Err(UnpackError::Split)) => Err(UnpackError::Split),
        (Err(error), _) => Err(error),
    }
}

fn look(archive: &mut (impl Read + Seek), length: u64, tail: Tail) -> Result<End, UnpackError> {
    let searched = tail.bytes.get(tail.bytes.len().saturating_sub(SEARCHED)..).unwrap_or_default();
    let at = record(searched)?;
    let Some((small, small_disks)) = searched.get(at + 4..).and_then(|bytes| small(Fields(bytes))) else {
        return Err(UnpackError::CutOff);
    };
    let position = length - searched.len() as u64 + at as u64;

    let (numbers, disks, directory_end) = match large(archive, position, &tail)? {
        None => (small, small_disks, position),
        Some((large, disks, large_position)) => {
            // Some readers take the large record only where the small one has no room.
            let agree = |small: u64, none: u64, large: u64| small == none || small == large;
            if !(agree(small.entries, u64::from(u16::MAX), large.entries)
                && agree(small.size, u64::from(u32::MAX), large.size)
                && agree(small.offset, u64::from(u32::MAX), large.offset))
            {
                return Err(UnpackError::TwoEnds);
            }
            (large, disks || small_disks, large_position)
        }
    };
    if disks {
        return Err(UnpackError::Split);
    }
    // Also what is put in front of an archive is found here: it shifts every offset.
    if numbers.offset.checked_add(numbers.size) != Some(directory_end) {
        return Err(UnpackError::Damaged { what: "its table of contents is not where its end says" });
    }
    Ok(End { entries: numbers.entries, directory: numbers.offset..directory_end, tail })
}

/// The numbers of either record.
struct Numbers {
    entries: u64,
    size: u64,
    offset: u64,
}

fn begins_as_archive(first: &[u8]) -> Result<(), UnpackError> {
    const KNOWN: [(&[u8], &str); 8] = [
        (b"BLENDER", "it is a Blender file"),
        (b"\x28\xb5\x2f\xfd", "it is a file that Zstandard compressed, as Blender does"),
        (b"\x1f\x8b", "it is a file that gzip compressed"),
        (b"7z\xbc\xaf", "it is a 7-Zip archive"),
        (b"Rar!", "it is a RAR archive"),
        (b"MZ", "it is a program"),
        (b"PK\x07\x08", "it is the first part of a split archive"),
        (b"<", "it is a web page or an XML file"),
    ];
    if first.is_empty() {
        return Err(UnpackError::NotZip { found: "it is empty" });
    }
    if first.starts_with(b"PK\x03\x04") || first.starts_with(&SIGNATURE) {
        return Ok(());
    }
    let known = KNOWN.iter().find(|(magic, _)| first.starts_with(magic));
    Err(UnpackError::NotZip { found: known.map_or("it does not begin as one", |(_, found)| found) })
}

/// Where in the last bytes of a file the one record stands whose comment reaches to the end.
fn record(tail: &[u8]) -> Result<usize, UnpackError> {
    let mut last = None;
    let mut fitting = Vec::new();
    for (at, window) in tail.windows(SIGNATURE.len()).enumerate() {
        if window == SIGNATURE {
            let comment =
                Fields(&tail[at..]).bytes(SIZE).and_then(|record| Fields(&record[SIZE - 2..]).u16());
            if comment.is_some_and(|comment| at + SIZE + usize::from(comment) == tail.len()) {
                fitting.push(at);
            }
            last = Some(at);
        }
    }
    // A signature in front of the record may be by chance, or an archive inside this one; behind
    // it, or as fitting as it, it is another answer to the same question.
    match (last, fitting.as_slice()) {
        (None, _) => Err(UnpackError::CutOff),
        (Some(last), [at]) if last == *at => Ok(last),
        (Some(last), []) if tail.len() - last < SIZE => Err(UnpackError::CutOff),
        (Some(_), []) => Err(UnpackError::Damaged { what: "it does not end where it says" }),
        _ => Err(UnpackError::TwoEnds),
    }
}

/// The record's numbers, and whether it is one of several files. Begins behind the signature.
fn small(mut fields: Fields<'_>) -> Option<(Numbers, bool)> {
    let (disk, directory_disk) = (fields.u16()?, fields.u16()?);
    let (entries_here, entries) = (fields.u16()?, fields.u16()?);
    let (size, offset) = (fields.u32()?, fields.u32()?);
    // The large record has them where these are full.
    let is_split = |disk: u16| disk != 0 && disk != u16::MAX;
    let split = is_split(disk) || is_split(directory_disk) || entries_here != entries;
    Some((Numbers { entries: entries.into(), size: size.into(), offset: offset.into() }, split))
}

/// The same of an archive that is too large for the record, and where that larger record stands.
/// It is found by a third record right in front of the small one, which stands at `end`.
fn large(
    archive: &mut (impl Read + Seek),
    end: u64,
    tail: &Tail,
) -> Result<Option<(Numbers, bool, u64)>, UnpackError> {
    let Some(locator) = end.checked_sub(LOCATOR_SIZE as u64) else { return Ok(None) };
    let bytes = tail.at(archive, locator, LOCATOR_SIZE)?;
    let Some(bytes) = bytes.strip_prefix(LOCATOR_SIGNATURE) else { return Ok(None) };
    let read = |mut fields: Fields<'_>| Some((fields.u32()?, fields.u64()?, fields.u32()?));
    const DAMAGED: UnpackError = UnpackError::Damaged { what: "its end contradicts itself" };
    let (directory_disk, position, disks) = read(Fields(bytes)).ok_or(DAMAGED)?;
    if position.checked_add(LARGE_SIZE as u64).is_none_or(|least| least > locator) {
        return Err(DAMAGED);
    }
    let bytes = tail.at(archive, position, LARGE_SIZE)?;
    let bytes = bytes.strip_prefix(LARGE_SIGNATURE).ok_or(DAMAGED)?;
    let (numbers, size, split) = large_record(Fields(bytes)).ok_or(DAMAGED)?;
    // The size leaves out the signature and itself.
    if position.checked_add(12).and_then(|from| from.checked_add(size)) != Some(locator) {
        return Err(DAMAGED);
    }
    Ok(Some((numbers, split || directory_disk != 0 || disks > 1, position)))
}

fn large_record(mut fields: Fields<'_>) -> Option<(Numbers, u64, bool)> {
    let record_size = fields.u64()?;
    let _versions = fields.u32()?;
    let (disk, directory_disk) = (fields.u32()?, fields.u32()?);
    let (entries_here, entries) = (fields.u64()?, fields.u64()?);
    let (size, offset) = (fields.u64()?, fields.u64()?);
    let split = disk != 0 || directory_disk != 0 || entries_here != entries;
    Some((Numbers { entries, size, offset }, record_size, split))
}
