//! The numbers in an archive's headers, one behind the other.

use std::io::{Read, Seek, SeekFrom};

use crate::error::UnpackError;

/// Bytes that are read from the front. Nothing is read past their end.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next `count` bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}

/// What counts of the additional fields of a header.
#[derive(Default)]
pub(crate) struct Extra<'a> {
    /// Numbers that are too large for the header itself.
    pub(crate) large: Option<Fields<'a>>,
    /// The name again, in UTF-8.
    pub(crate) name: Option<&'a [u8]>,
}

impl<'a> Extra<'a> {
    /// `None` where a field reaches past the end or stands there twice.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        const LARGE: u16 = 0x0001;
        const NAME: u16 = 0x7075;
        let mut found = Self::default();
        let mut rest = Fields(bytes);
        // Fewer than four bytes are padding: some programs align their entries with it.
        while rest.0.len() >= 4 {
            let (id, length) = (rest.u16()?, rest.u16()?);
            let mut content = Fields(rest.bytes(usize::from(length))?);
            match id {
                LARGE if found.large.is_none() => found.large = Some(content),
                NAME if found.name.is_none() => {
                    let (_version, _checksum) = (content.u8()?, content.u32()?);
                    found.name = Some(content.0);
                }
                LARGE | NAME => return None,
                _ => {}
            }
        }
        Some(found)
    }
}

/// A header keeps this where the number itself stands among the additional fields.
pub(crate) const ELSEWHERE: u32 = u32::MAX;

/// The number of a header, from wherever it stands. `large` is consumed in the order in which the
/// header has its numbers; without it, the number is as it is.
pub(crate) fn number(in_header: u32, large: &mut Option<Fields<'_>>) -> Option<u64> {
    match large {
        Some(large) if in_header == ELSEWHERE => large.u64(),
        _ => Some(u64::from(in_header)),
    }
}

/// The `count` bytes of the archive from `at` on. `count` is never more than a few headers have.
pub(crate) fn read_at(
    archive: &mut (impl Read + Seek),
    at: u64,
    count: usize,
) -> Result<Vec<u8>, UnpackError> {
    let mut bytes = vec![0; count];
    archive.seek(SeekFrom::Start(at)).map_err(UnpackError::Read)?;
    archive.read_exact(&mut bytes).map_err(UnpackError::Read)?;
    Ok(bytes)
}
