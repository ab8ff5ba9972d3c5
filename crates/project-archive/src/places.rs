//! Where the entries stand in an archive. In front of each, a header says again most of what the
//! table of contents says; some readers believe the one and some the other.

use std::io::{Read, Seek};

use crate::directory::Entry;
use crate::error::{UnpackError, shown};
use crate::fields::{Extra, Fields, number, read_at};
use crate::header::{Header, raw};

const SIGNATURE: &[u8] = b"PK\x03\x04";
const HEADER: usize = SIGNATURE.len() + Header::SIZE;
/// The sizes and the checksum stand behind the entry, not here.
const SIZES_FOLLOW: u16 = 1 << 3;
/// What programs commonly put behind a name, in bytes: times, owners, large sizes.
const COMMON_EXTRA: u64 = 64;

/// Whether the table of contents has the entries lie apart from each other and in front of `end`,
/// where entries end and the table begins. The headers in front of them are not looked at: each is
/// taken for as short as it can be.
pub(crate) fn room(entries: &[Entry], end: u64) -> Result<(), UnpackError> {
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        let header = (HEADER + raw(&entry.name, entry.is_folder).len()) as u64;
        let last = [header, entry.packed_size].into_iter().try_fold(entry.offset, u64::checked_add);
        let last = last.filter(|last| *last <= end).ok_or_else(|| beyond(entry))?;
        places.push((entry, last));
    }
    apart(places)
}

/// Holds each entry's header against the table of contents, and the entries against each other.
/// Returns where each entry's packed bytes begin.
pub(crate) fn starts(
    archive: &mut (impl Read + Seek),
    entries: &[Entry],
    end: u64,
) -> Result<Vec<u64>, UnpackError> {
    let mut starts = Vec::with_capacity(entries.len());
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        let start = start(archive, entry, end)?;
        starts.push(start);
        // It was found to end in front of `end`, so this sum fits.
        places.push((entry, start + entry.packed_size));
    }
    apart(places)?;
    Ok(starts)
}

/// Where one entry's packed bytes begin, once its header was found to say the same as the table
/// and they were found to end in front of the next entry.
pub(crate) fn start_of_one(
    archive: &mut (impl Read + Seek),
    entry: &Entry,
    entries: &[Entry],
    end: u64,
) -> Result<u64, UnpackError> {
    let start = start(archive, entry, end)?;
    let next = entries.iter().filter(|other| other.offset > entry.offset).min_by_key(|other| other.offset);
    match next {
        Some(next) if start + entry.packed_size > next.offset => Err(overlap(entry, next)),
        _ => Ok(start),
    }
}

/// Whether the entries, each with where it ends, lie behind one another from the first byte on.
fn apart(mut places: Vec<(&Entry, u64)>) -> Result<(), UnpackError> {
    places.sort_unstable_by_key(|(entry, last)| (entry.offset, *last));
    // An archive that begins with something else is something else to other programs.
    if places.first().is_some_and(|(entry, _)| entry.offset != 0) {
        return Err(UnpackError::Damaged { what: "it does not begin with one of its files" });
    }
    for pair in places.windows(2) {
        let [(before, last), (behind, _)] = pair else { continue };
        if *last > behind.offset {
            return Err(overlap(before, behind));
        }
    }
    Ok(())
}

/// Where an entry's packed bytes begin, once its header was found to say the same as the table.
fn start(archive: &mut (impl Read + Seek), entry: &Entry, end: u64) -> Result<u64, UnpackError> {
    let name = || shown(entry.name.as_bytes());
    let differs = || UnpackError::TwoHeaders { name: name() };
    let expected = raw(&entry.name, entry.is_folder);

    let room = end.checked_sub(entry.offset).filter(|room| *room >= HEADER as u64);
    let room = room.ok_or_else(|| beyond(entry))?;
    // Mostly the whole header comes with this read, which may be a request to a server.
    let likely = (HEADER + expected.len()) as u64 + COMMON_EXTRA;
    let mut bytes = read_at(archive, entry.offset, likely.min(room) as usize)?;
    let header = own(&mut Fields(&bytes)).ok_or_else(differs)?;
    let length = HEADER + usize::from(header.name_length) + usize::from(header.extra_length);
    let last = (length as u64).checked_add(entry.packed_size).filter(|last| *last <= room);
    if last.is_none() {
        return Err(beyond(entry));
    }
    if let Some(missing) = length.checked_sub(bytes.len()) {
        bytes.extend(read_at(archive, entry.offset + bytes.len() as u64, missing)?);
    }
    let mut variable = Fields(bytes.get(HEADER..).unwrap_or_default());
    let own_name = variable.bytes(header.name_length.into()).ok_or_else(differs)?;
    let extra = variable.bytes(header.extra_length.into()).and_then(Extra::read).ok_or_else(differs)?;

    if header.is_encrypted() {
        return Err(UnpackError::Encrypted { name: name() });
    }
    if own_name != expected.as_bytes() || extra.name.is_some_and(|other| other != expected.as_bytes()) {
        return Err(UnpackError::TwoNames { name: name() });
    }
    if header.is_stored() != Ok(entry.is_stored) {
        return Err(differs());
    }
    if header.flags & SIZES_FOLLOW == 0 {
        let mut large = extra.large;
        let size = number(header.size, &mut large);
        let packed_size = number(header.packed_size, &mut large);
        if (header.crc, size, packed_size) != (entry.crc, Some(entry.size), Some(entry.packed_size)) {
            return Err(differs());
        }
    }
    Ok(entry.offset + length as u64)
}

/// The numbers of the header in front of an entry. `None` where something else stands there.
fn own(fields: &mut Fields<'_>) -> Option<Header> {
    if fields.bytes(SIGNATURE.len())? != SIGNATURE {
        return None;
    }
    Header::read(fields)
}

fn beyond(entry: &Entry) -> UnpackError {
    UnpackError::BeyondEnd { name: shown(entry.name.as_bytes()) }
}

fn overlap(one: &Entry, other: &Entry) -> UnpackError {
    UnpackError::Overlap { name: shown(one.name.as_bytes()), other: shown(other.name.as_bytes()) }
}
