//! The bytes of one entry, unpacked through buffers of a fixed size.

use std::io::Read;

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

use crate::directory::{Entry, Method};
use crate::error::{UnpackError, shown};

const BUFFER: usize = 64 * 1024;

/// What all entries are unpacked through, one after the other.
pub(crate) struct Buffers {
    packed: Vec<u8>,
    plain: Vec<u8>,
    inflate: Decompress,
}

impl Buffers {
    pub(crate) fn new() -> Self {
        // No header in front of it: that is zlib's, not of archives.
        Self { packed: vec![0; BUFFER], plain: vec![0; BUFFER], inflate: Decompress::new(false) }
    }
}

/// Unpacks an entry whose packed bytes are the next of `archive`. `write` is handed no byte more
/// than the entry says it has.
pub(crate) fn unpack(
    archive: &mut impl Read,
    entry: &Entry,
    buffers: &mut Buffers,
    write: impl FnMut(&[u8]) -> Result<(), UnpackError>,
) -> Result<(), UnpackError> {
    let mut sink = Sink { entry, left: entry.size, checksum: Hasher::new(), write };
    let mut source = Source { archive, left: entry.packed_size };
    match entry.method {
        Method::Stored => {
            while let Some(count) = source.fill(&mut buffers.packed)? {
                sink.take(&buffers.packed[..count])?;
            }
        }
        Method::Deflated => inflate(&mut source, buffers, &mut sink)?,
    }
    sink.finish()
}

/// The packed bytes of one entry.
struct Source<'a, R> {
    archive: &'a mut R,
    left: u64,
}

impl<R: Read> Source<'_, R> {
    /// Fills the front of `buffer` and says how far; `None` behind the entry's last byte.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, UnpackError> {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if count == 0 {
            return Ok(None);
        }
        self.archive.read_exact(&mut buffer[..count]).map_err(UnpackError::Read)?;
        self.left -= count as u64;
        Ok(Some(count))
    }
}

/// Where the plain bytes of one entry go.
struct Sink<'a, W> {
    entry: &'a Entry,
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

fn inflate<R: Read, W: FnMut(&[u8]) -> Result<(), UnpackError>>(
    source: &mut Source<'_, R>,
    buffers: &mut Buffers,
    sink: &mut Sink<'_, W>,
) -> Result<(), UnpackError> {
    let Buffers { packed, plain, inflate } = buffers;
    let damaged = |name| UnpackError::DamagedData { name };
    inflate.reset(false);
    let mut filled = 0..0;
    loop {
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let status = inflate
            .decompress(&packed[filled.clone()], plain, FlushDecompress::None)
            .map_err(|_| damaged(sink.name()))?;
        // Neither is more than a buffer has.
        let (read, written) =
            ((inflate.total_in() - read) as usize, (inflate.total_out() - written) as usize);
        filled.start += read;
        sink.take(&plain[..written])?;
        if status == Status::StreamEnd {
            // What follows inside the entry would be for other readers than this one.
            return if filled.is_empty() && source.left == 0 { Ok(()) } else { Err(damaged(sink.name())) };
        }
        if filled.is_empty() && written < plain.len() {
            // Everything it was given is unpacked, and it does not end there.
            let count = source.fill(packed)?.ok_or_else(|| damaged(sink.name()))?;
            filled = 0..count;
        } else if read == 0 && written == 0 {
            return Err(damaged(sink.name()));
        }
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
            let entry = Entry {
                name: "a".to_owned(),
                is_folder: false,
                left_out: false,
                method: Method::Deflated,
                crc: 0,
                packed_size: packed.len() as u64,
                size,
                offset: 0,
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
