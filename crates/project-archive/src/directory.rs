//! The table of contents at the end of an archive, which says what each entry is.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use crate::Limits;
use crate::end::End;
use crate::error::{UnpackError, shown};
use crate::fields::{Extra, Fields, number};
use crate::names::{self, Tree};

const SIGNATURE: &[u8] = b"PK\x01\x02";
const HEADER: usize = 46;
/// No table is larger: 100,000 entries with names of 600 bytes. It is what bounds the memory.
const MOST_BYTES: u64 = 64 << 20;

/// One entry, as the table of contents has it.
pub(crate) struct Entry {
    /// Without the slash behind a folder's.
    pub(crate) name: String,
    pub(crate) is_folder: bool,
    /// One of those that macOS adds.
    pub(crate) left_out: bool,
    pub(crate) method: Method,
    pub(crate) crc: u32,
    pub(crate) packed_size: u64,
    pub(crate) size: u64,
    /// Where the header in front of its bytes stands.
    pub(crate) offset: u64,
}

/// How an entry is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Stored,
    Deflated,
}

impl Method {
    /// The number that headers have for it.
    pub(crate) const fn number(self) -> u16 {
        match self {
            Self::Stored => 0,
            Self::Deflated => 8,
        }
    }
}

/// Whether an entry's flags say that it is encrypted: itself, in a newer way, or its headers.
pub(crate) fn is_encrypted(flags: u16) -> bool {
    flags & (1 | 1 << 6 | 1 << 13) != 0
}

/// Reads the table of contents and judges everything that stands in it.
pub(crate) fn read(
    archive: &mut (impl Read + Seek),
    end: &End,
    limits: &Limits,
) -> Result<Vec<Entry>, UnpackError> {
    if end.entries > limits.entries {
        return Err(UnpackError::TooManyEntries { limit: limits.entries });
    }
    let length = end.directory.end - end.directory.start;
    if length > MOST_BYTES {
        return Err(UnpackError::TooLongTable);
    }
    archive.seek(SeekFrom::Start(end.directory.start)).map_err(UnpackError::Read)?;
    let mut table = BufReader::new(archive.take(length));
    let mut tree = Tree::new(limits.entries);
    let mut entries = Vec::new();
    for _ in 0..end.entries {
        let entry = entry(&mut table, limits)?;
        tree.add(&entry.name, entry.is_folder)?;
        entries.push(entry);
    }
    // More entries than the end says would be there for some readers only.
    if table.read(&mut [0]).map_err(UnpackError::Read)? != 0 {
        return Err(UnpackError::Damaged { what: "its table of contents is longer than its end says" });
    }
    Ok(entries)
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
    comment_length: u16,
    disk: u16,
    attributes: u32,
    offset: u32,
}

impl Header {
    /// `None` where something else stands there.
    fn read(mut fields: Fields<'_>) -> Option<Self> {
        if fields.bytes(SIGNATURE.len())? != SIGNATURE {
            return None;
        }
        let (_made_by, _needs) = (fields.u16()?, fields.u16()?);
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _modified = fields.u32()?;
        let (crc, packed_size, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name_length, extra_length) = (fields.u16()?, fields.u16()?);
        let (comment_length, disk) = (fields.u16()?, fields.u16()?);
        let _is_text = fields.u16()?;
        let (attributes, offset) = (fields.u32()?, fields.u32()?);
        Some(Self {
            flags,
            method,
            crc,
            packed_size,
            size,
            name_length,
            extra_length,
            comment_length,
            disk,
            attributes,
            offset,
        })
    }
}

fn entry(table: &mut impl Read, limits: &Limits) -> Result<Entry, UnpackError> {
    const DAMAGED: UnpackError = UnpackError::Damaged { what: "its table of contents cannot be read" };
    let header = Header::read(Fields(&bytes(table, HEADER)?)).ok_or(DAMAGED)?;
    let name = bytes(table, header.name_length.into())?;
    let extra = bytes(table, header.extra_length.into())?;
    let extra = Extra::read(&extra).ok_or(DAMAGED)?;
    bytes(table, header.comment_length.into())?;

    if is_encrypted(header.flags) {
        return Err(UnpackError::Encrypted { name: shown(&name) });
    }
    let (name, is_folder) = names::check(&name, limits)?;
    if extra.name.is_some_and(|other| other != raw(&name, is_folder).as_bytes()) {
        return Err(UnpackError::TwoNames { name: shown(name.as_bytes()) });
    }
    kind(&header, &name, is_folder)?;
    let method = match header.method {
        0 => Method::Stored,
        8 => Method::Deflated,
        number => {
            return Err(UnpackError::UnknownMethod {
                name: shown(name.as_bytes()),
                method: method_name(number),
            });
        }
    };
    let mut large = extra.large;
    // In this order where the large numbers stand, which is not the header's.
    let size = number(header.size, &mut large).ok_or(DAMAGED)?;
    let packed_size = number(header.packed_size, &mut large).ok_or(DAMAGED)?;
    let offset = number(header.offset, &mut large).ok_or(DAMAGED)?;
    let disk = match &mut large {
        Some(large) if header.disk == u16::MAX => large.u32().ok_or(DAMAGED)?,
        _ => header.disk.into(),
    };
    if disk != 0 {
        return Err(UnpackError::Split);
    }
    if is_folder && size != 0 {
        return Err(UnpackError::WrongSize { name: shown(name.as_bytes()) });
    }
    let left_out = names::is_of_macos(&name);
    Ok(Entry { name, is_folder, left_out, method, crc: header.crc, packed_size, size, offset })
}

/// The name as the headers have it.
pub(crate) fn raw(name: &str, is_folder: bool) -> String {
    format!("{name}{}", if is_folder { "/" } else { "" })
}

/// Whether the entry is a plain file or folder, and one that all readers take for the same.
fn kind(header: &Header, name: &str, is_folder: bool) -> Result<(), UnpackError> {
    const UNIX_FOLDER: u32 = 0o040_000;
    const UNIX_FILE: u32 = 0o100_000;
    const UNIX_LINK: u32 = 0o120_000;
    const DOS_FOLDER: u32 = 1 << 4;
    let name = || shown(name.as_bytes());
    // Whatever system the header names: some readers go by the attributes alone.
    match header.attributes >> 16 & 0o170_000 {
        UNIX_LINK => Err(UnpackError::Link { name: name() }),
        UNIX_FOLDER if !is_folder => Err(UnpackError::UnclearKind { name: name() }),
        UNIX_FILE if is_folder => Err(UnpackError::UnclearKind { name: name() }),
        0 | UNIX_FOLDER | UNIX_FILE if !is_folder && header.attributes & DOS_FOLDER != 0 => {
            Err(UnpackError::UnclearKind { name: name() })
        }
        0 | UNIX_FOLDER | UNIX_FILE => Ok(()),
        _ => Err(UnpackError::Special { name: name() }),
    }
}

fn method_name(number: u16) -> String {
    let known = match number {
        1..=6 => "a method of old times",
        9 => "Deflate64",
        12 => "BZIP2",
        14 => "LZMA",
        20 | 93 => "Zstandard",
        95 => "XZ",
        98 => "PPMd",
        _ => return format!("method {number}"),
    };
    known.to_owned()
}

/// The next bytes of the table.
fn bytes(table: &mut impl Read, count: usize) -> Result<Vec<u8>, UnpackError> {
    let mut bytes = vec![0; count];
    table.read_exact(&mut bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            UnpackError::Damaged { what: "its table of contents is shorter than its end says" }
        }
        _ => UnpackError::Read(error),
    })?;
    Ok(bytes)
}
