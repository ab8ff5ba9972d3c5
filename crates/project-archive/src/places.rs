//! Where the entries stand in an archive. In front of each, a header says again most of what the
//! table of contents says; some readers believe the one and some the other.

use std::io::{Read, Seek, SeekFrom};

use crate::directory::{Entry, is_encrypted, raw};
use crate::error::{UnpackError, shown};
use crate::fields::{Extra, Fields, number};

const SIGNATURE: &[u8] = b"PK\x03\x04";
const HEADER: usize = 30;
/// The sizes and the checksum stand behind the entry, not here.
const SIZES_FOLLOW: u16 = 1 << 3;

/// Holds each entry's header against the table of contents, and the entries against each other.
/// `end` is where entries end and the table begins. Returns where each entry's packed bytes begin.
pub(crate) fn check(
    archive: &mut (impl Read + Seek),
    entries: &[Entry],
    end: u64,
) -> Result<Vec<u64>, UnpackError> {
    let mut starts = Vec::with_capacity(entries.len());
    for entry in entries {
        starts.push(start(archive, entry, end)?);
    }
    let mut in_order: Vec<_> = entries.iter().zip(&starts).collect();
    in_order.sort_unstable_by_key(|(entry, start)| (entry.offset, **start));
    // An archive that begins with something else is something else to other programs.
    if in_order.first().is_some_and(|(entry, _)| entry.offset != 0) {
        return Err(UnpackError::Damaged { what: "it does not begin with one of its files" });
    }
    for pair in in_order.windows(2) {
        let [(before, start), (behind, _)] = pair else { continue };
        // Each was found to end before `end`, so this sum fits.
        if *start + before.packed_size > behind.offset {
            let (name, other) = (shown(before.name.as_bytes()), shown(behind.name.as_bytes()));
            return Err(UnpackError::Overlap { name, other });
        }
    }
    Ok(starts)
}

/// The numbers of a header, in its order.
struct Header {
    flags: u16,
    method: u16,
    crc: u32,
    packed_size: u32,
    size: u32,
    name_length: u16,
    extra_length: u16,
}

impl Header {
    /// `None` where something else stands there.
    fn read(mut fields: Fields<'_>) -> Option<Self> {
        if fields.bytes(SIGNATURE.len())? != SIGNATURE {
            return None;
        }
        let _needs = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _modified = fields.u32()?;
        let (crc, packed_size, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name_length, extra_length) = (fields.u16()?, fields.u16()?);
        Some(Self { flags, method, crc, packed_size, size, name_length, extra_length })
    }
}

/// Where an entry's packed bytes begin, once its header was found to say the same as the table.
fn start(archive: &mut (impl Read + Seek), entry: &Entry, end: u64) -> Result<u64, UnpackError> {
    let name = || shown(entry.name.as_bytes());
    let beyond = || UnpackError::BeyondEnd { name: name() };
    let differs = || UnpackError::TwoHeaders { name: name() };

    let fixed_end = entry.offset.checked_add(HEADER as u64).filter(|at| *at <= end).ok_or_else(beyond)?;
    archive.seek(SeekFrom::Start(entry.offset)).map_err(UnpackError::Read)?;
    let mut fixed = [0; HEADER];
    archive.read_exact(&mut fixed).map_err(UnpackError::Read)?;
    let header = Header::read(Fields(&fixed)).ok_or_else(differs)?;
    let (name_length, extra_length) = (usize::from(header.name_length), usize::from(header.extra_length));
    let start = fixed_end + (name_length + extra_length) as u64;
    if start.checked_add(entry.packed_size).is_none_or(|last| last > end) {
        return Err(beyond());
    }
    let mut variable = vec![0; name_length + extra_length];
    archive.read_exact(&mut variable).map_err(UnpackError::Read)?;
    let (own_name, extra) = variable.split_at(name_length);
    let extra = Extra::read(extra).ok_or_else(differs)?;

    if is_encrypted(header.flags) {
        return Err(UnpackError::Encrypted { name: name() });
    }
    let expected = raw(&entry.name, entry.is_folder);
    if own_name != expected.as_bytes() || extra.name.is_some_and(|other| other != expected.as_bytes()) {
        return Err(UnpackError::TwoNames { name: name() });
    }
    if header.method != entry.method.number() {
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
    Ok(start)
}
