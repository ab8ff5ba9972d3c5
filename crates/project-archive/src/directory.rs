//! The table of contents at the end of an archive, which says what each entry is.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use crate::Limits;
use crate::end::End;
use crate::error::{UnpackError, shown};
use crate::fields::{Extra, Fields, number};
use crate::header::{Header, raw};
use crate::names::{self, Tree};

const SIGNATURE: &[u8] = b"PK\x01\x02";
const HEADER: usize = 46;
/// No table is larger: 100,000 entries with names of 600 bytes. It is what bounds the memory.
const MOST_BYTES: u64 = 64 << 20;
/// How many bytes of it are read at once.
const BUFFER: usize = 64 * 1024;

/// A file or folder, as the table of contents has it. What it says is checked against itself and
/// against the other entries, but not against what stands in front of the packed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// With `/` between the parts, and without the slash behind a folder's.
    pub name: String,
    /// Bytes, unpacked.
    pub size: u64,
    /// Bytes in the archive.
    pub packed_size: u64,
    /// The bytes stand in the archive as they are, rather than deflated.
    pub is_stored: bool,
    pub(crate) is_folder: bool,
    /// One of those that macOS adds.
    pub(crate) left_out: bool,
    pub(crate) crc: u32,
    /// Where the header in front of its bytes stands.
    pub(crate) offset: u64,
}

impl Entry {
    /// Whether it is a file that is unpacked.
    pub(crate) fn is_file(&self) -> bool {
        !self.is_folder && !self.left_out
    }
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
    if end.directory.end - end.directory.start > MOST_BYTES {
        return Err(UnpackError::TooLongTable);
    }
    // What came with the end is not read again: a read may be a request to a server.
    let (front, kept) = end.tail.split(&end.directory);
    if !front.is_empty() {
        archive.seek(SeekFrom::Start(front.start)).map_err(UnpackError::Read)?;
    }
    let mut table = BufReader::with_capacity(BUFFER, archive.take(front.end - front.start).chain(kept));
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

/// What the table has of an entry in front of its name.
struct Listed {
    header: Header,
    comment_length: u16,
    disk: u16,
    attributes: u32,
    offset: u32,
}

impl Listed {
    /// `None` where something else stands there.
    fn read(mut fields: Fields<'_>) -> Option<Self> {
        if fields.bytes(SIGNATURE.len())? != SIGNATURE {
            return None;
        }
        let _made_by = fields.u16()?;
        let header = Header::read(&mut fields)?;
        let (comment_length, disk) = (fields.u16()?, fields.u16()?);
        let _is_text = fields.u16()?;
        let (attributes, offset) = (fields.u32()?, fields.u32()?);
        Some(Self { header, comment_length, disk, attributes, offset })
    }
}

fn entry(table: &mut impl Read, limits: &Limits) -> Result<Entry, UnpackError> {
    const DAMAGED: UnpackError = UnpackError::Damaged { what: "its table of contents cannot be read" };
    let listed = Listed::read(Fields(&bytes(table, HEADER)?)).ok_or(DAMAGED)?;
    let header = &listed.header;
    let name = bytes(table, header.name_length.into())?;
    let extra = bytes(table, header.extra_length.into())?;
    let extra = Extra::read(&extra).ok_or(DAMAGED)?;
    bytes(table, listed.comment_length.into())?;

    if header.is_encrypted() {
        return Err(UnpackError::Encrypted { name: shown(&name) });
    }
    let (name, is_folder) = names::check(&name, limits)?;
    let shown_name = || shown(name.as_bytes());
    if extra.name.is_some_and(|other| other != raw(&name, is_folder).as_bytes()) {
        return Err(UnpackError::TwoNames { name: shown_name() });
    }
    kind(listed.attributes, &name, is_folder)?;
    let is_stored =
        header.is_stored().map_err(|method| UnpackError::UnknownMethod { name: shown_name(), method })?;
    let mut large = extra.large;
    // In this order where the large numbers stand, which is not the header's.
    let size = number(header.size, &mut large).ok_or(DAMAGED)?;
    let packed_size = number(header.packed_size, &mut large).ok_or(DAMAGED)?;
    let offset = number(listed.offset, &mut large).ok_or(DAMAGED)?;
    let disk = match &mut large {
        Some(large) if listed.disk == u16::MAX => large.u32().ok_or(DAMAGED)?,
        _ => listed.disk.into(),
    };
    if disk != 0 {
        return Err(UnpackError::Split);
    }
    if (is_folder && size != 0) || (is_stored && size != packed_size) {
        return Err(UnpackError::WrongSize { name: shown_name() });
    }
    let left_out = names::is_of_macos(&name);
    Ok(Entry { name, size, packed_size, is_stored, is_folder, left_out, crc: header.crc, offset })
}

/// Whether the entry is a plain file or folder, and one that all readers take for the same.
fn kind(attributes: u32, name: &str, is_folder: bool) -> Result<(), UnpackError> {
    const UNIX_FOLDER: u32 = 0o040_000;
    const UNIX_FILE: u32 = 0o100_000;
    const UNIX_LINK: u32 = 0o120_000;
    const DOS_FOLDER: u32 = 1 << 4;
    let name = || shown(name.as_bytes());
    // Whatever system the header names: some readers go by the attributes alone.
    match attributes >> 16 & 0o170_000 {
        UNIX_LINK => Err(UnpackError::Link { name: name() }),
        UNIX_FOLDER if !is_folder => Err(UnpackError::UnclearKind { name: name() }),
        UNIX_FILE if is_folder => Err(UnpackError::UnclearKind { name: name() }),
        0 | UNIX_FOLDER | UNIX_FILE if !is_folder && attributes & DOS_FOLDER != 0 => {
            Err(UnpackError::UnclearKind { name: name() })
        }
        0 | UNIX_FOLDER | UNIX_FILE => Ok(()),
        _ => Err(UnpackError::Special { name: name() }),
    }
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
