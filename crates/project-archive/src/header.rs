//! What both headers of an entry say: the one in the table of contents and the one in front of it.

use crate::fields::Fields;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// The numbers that both headers have, in their order.
pub(crate) struct Header {
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    pub(crate) packed_size: u32,
    pub(crate) size: u32,
    pub(crate) name_length: u16,
    pub(crate) extra_length: u16,
}

impl Header {
    /// How many bytes they take.
    pub(crate) const SIZE: usize = 26;

    /// Begins behind what only one of the headers has. `None` where too few bytes are left.
    pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let _needs = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _modified = fields.u32()?;
        let (crc, packed_size, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name_length, extra_length) = (fields.u16()?, fields.u16()?);
        Some(Self { flags, method, crc, packed_size, size, name_length, extra_length })
    }

    /// Whether the entry is encrypted: itself, in a newer way, or its headers.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.flags & (1 | 1 << 6 | 1 << 13) != 0
    }

    /// Whether the entry's bytes are stored as they are, rather than deflated. For any other method,
    /// this is its name.
    pub(crate) fn is_stored(&self) -> Result<bool, String> {
        let known = match self.method {
            STORED => return Ok(true),
            DEFLATED => return Ok(false),
            1..=6 => "a method of old times",
            9 => "Deflate64",
            12 => "BZIP2",
            14 => "LZMA",
            20 | 93 => "Zstandard",
            95 => "XZ",
            98 => "PPMd",
            number => return Err(format!("method {number}")),
        };
        Err(known.to_owned())
    }
}

/// The name as the headers have it.
pub(crate) fn raw(name: &str, is_folder: bool) -> String {
    format!("{name}{}", if is_folder { "/" } else { "" })
}
