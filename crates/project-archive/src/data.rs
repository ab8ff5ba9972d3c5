//! The bytes of one entry, unpacked through buffers of a fixed size.

use std::io::{self, Read};

use crc32fast::Hasher;

use crate::contents::Member;
use crate::error::{UnpackError, shown};
use crate::inflate::{Failed, Inflate};

const BUFFER: usize = 64 * 1024;

/// What all entries are unpacked through, one after the other.
pub(crate) struct Buffers {
    plain: Vec<u8>,
    inflate: Inflate,
}

impl Buffers {
    pub(crate) fn new() -> Self {
        Self { plain: vec![0; BUFFER], inflate: Inflate::new() }
    }
}

/// Unpacks an entry whose packed bytes are the next of `archive`. `write` is handed no byte more
/// than the entry says it has.
pub(crate) fn unpack(
    archive: &mut impl Read,
    entry: &Member,
    buffers: &mut Buffers,
    write: impl FnMut(&[u8]) -> Result<(), UnpackError>,
) -> Result<(), UnpackError> {
    let Buffers { plain, inflate } = buffers;
    let damaged = || UnpackError::DamagedData { name: shown(entry.name.as_bytes()) };
    let mut sink = Sink { entry, left: entry.size, checksum: Hasher::new(), write };
    let mut source = Source { archive, left: entry.packed_size };
    inflate.reset();
    loop {
        let count = if entry.is_stored {
            source.fill(plain).map_err(UnpackError::Read)?
        } else {
            inflate.next(plain, |packed| source.fill(packed)).map_err(|failed| match failed {
                Failed::Damaged => damaged(),
                Failed::Read(error) => UnpackError::Read(error),
            })?
        };
        match plain.get(..count) {
            Some(bytes) if !bytes.is_empty() => sink.take(bytes)?,
            _ => break,
        }
    }
    // What follows inside the entry would be for other readers than this one.
    if source.left != 0 || !inflate.is_empty() {
        return Err(damaged());
    }
    sink.finish()
}

/// The packed bytes of one entry.
struct Source<'a, R> {
    archive: &'a mut R,
    left: u64,
}

impl<R: Read> Source<'_, R> {
    /// Fills the front of `buffer` and says how far: not at all behind the entry's last byte.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        self.archive.read_exact(buffer.get_mut(..count).unwrap_or_default())?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Where the plain bytes of one entry go.
struct Sink<'a, W> {
    entry: &'a Member,
    left: u64,
    checksum: Hasher,
    write: W,
}

impl<W: FnMut(&[u8]) -> Result<(), UnpackError>> Sink<'_, W> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), UnpackError> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            return Err(UnpackError::WrongSize { name: self.name() });
        };
        self.left = left;
        self.checksum.update(bytes);
        (self.write)(bytes)
    }

    fn finish(self) -> Result<(), UnpackError> {
        if self.left != 0 {
            return Err(UnpackError::WrongSize { name: self.name() });
        }
        if self.checksum.clone().finalize() != self.entry.crc {
            return Err(UnpackError::WrongChecksum { name: self.name() });
        }
        Ok(())
    }

    fn name(&self) -> String {
        shown(self.entry.name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::DeflateEncoder;

    use super::*;

    #[test]
    fn no_byte_more_is_written_than_an_entry_says_it_has() {
        let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&[7; 1_000_000]).expect("into memory");
        let packed = encoder.finish().expect("into memory");
        for size in [0, 1, 70_000, 999_999] {
            let entry = Member {
                name: "a".to_owned(),
                size,
                packed_size: packed.len() as u64,
                start: 0,
                is_stored: false,
                is_folder: false,
                left_out: false,
                crc: 0,
            };
            let mut written = 0;
            let outcome = unpack(&mut packed.as_slice(), &entry, &mut Buffers::new(), |bytes| {
                written += bytes.len() as u64;
                Ok(())
            });
            assert!(matches!(outcome, Err(UnpackError::WrongSize { .. })), "{outcome:?}");
            assert!(written <= size, "{written} of {size}");
        }
    }
}
