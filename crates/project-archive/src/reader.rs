//! Any bytes of one file of an archive, unpacked without the others.

use std::io::{self, Read, Seek, SeekFrom};

use crate::contents::Member;
use crate::error::{UnpackError, shown};
use crate::inflate::{Failed, Inflate};

/// How many plain bytes are kept, and of these, how many from before the ones that come next.
const WINDOW: usize = 64 * 1024;
const BEFORE: usize = WINDOW / 2;

/// Reads a member's unpacked bytes, from `archive`, which is the one that the member is of.
/// Nothing is read before it is asked for.
pub fn open_member<R: Read + Seek>(archive: R, member: &Member) -> Reader<R> {
    let source = Source { archive, at: None };
    Reader {
        source,
        name: shown(member.name.as_bytes()),
        start: member.start,
        packed_size: member.packed_size,
        size: member.size,
        window: (!member.is_stored).then(Window::new),
        position: 0,
    }
}

/// One file of an archive. As [`Read`], it is read from its first byte to its last.
///
/// Never gives more bytes than the archive's table of contents says the file has, and keeps no more
/// than 128 KiB of it in memory. The file's checksum is not checked: bytes from the middle have none.
/// [`unpack`](crate::unpack) is what checks it.
pub struct Reader<R> {
    source: Source<R>,
    /// As it is shown in messages.
    name: String,
    start: u64,
    packed_size: u64,
    size: u64,
    /// What deflated bytes come through; stored ones come as they are.
    window: Option<Window>,
    /// How far it was read as [`Read`].
    position: u64,
}

impl<R: Read + Seek> Reader<R> {
    /// How many bytes the file has, unpacked.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The `length` bytes from byte `offset` of the file on.
    ///
    /// Of a stored file, nothing else is read. A deflated one is inflated from where the last bytes
    /// came from, and all over again from its first byte for bytes more than 32 KiB in front of those:
    /// read what is far apart in the order of the file.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if the file has no `length` bytes there, and nothing is read
    /// then; [`io::ErrorKind::InvalidData`] if its packed bytes are damaged, with an
    /// [`UnpackError::DamagedData`] inside; [`io::ErrorKind::OutOfMemory`] if there is no room for
    /// `length` bytes; and whatever the archive fails with. After any of these it can be read on.
    pub fn read_at(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        if offset.checked_add(length as u64).is_none_or(|last| last > self.size) {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("`{}` has no {length} bytes from byte {offset} on", self.name),
            ));
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length)?;
        bytes.resize(length, 0);
        self.fill(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// Fills all of `buffer` with the bytes from `offset` on, which are there.
    fn fill(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if buffer.is_empty() {
            return Ok(());
        }
        let Some(window) = &mut self.window else {
            return self.source.read_exact_at(self.start.saturating_add(offset), buffer);
        };
        let (source, start, packed_size) = (&mut self.source, self.start, self.packed_size);
        let filled = window.fill(offset, buffer, |taken, packed| {
            let left = usize::try_from(packed_size - taken).unwrap_or(usize::MAX);
            let packed = packed.split_at_mut(left.min(packed.len())).0;
            if !packed.is_empty() {
                source.read_exact_at(start.saturating_add(taken), packed)?;
            }
            Ok(packed.len())
        });
        filled.map_err(|failed| match failed {
            Failed::Read(error) => error,
            Failed::Damaged => {
                // Nobody knows what would come out of it next.
                window.restart();
                let name = self.name.clone();
                io::Error::new(io::ErrorKind::InvalidData, UnpackError::DamagedData { name })
            }
        })
    }
}

impl<R: Read + Seek> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let buffer = buffer.split_at_mut(left.min(buffer.len())).0;
        self.fill(self.position, buffer)?;
        self.position += buffer.len() as u64;
        Ok(buffer.len())
    }
}

/// The archive, and where it stands if that is known. Some throw away what they have read ahead
/// when they are told to go where they are.
struct Source<R> {
    archive: R,
    at: Option<u64>,
}

impl<R: Read + Seek> Source<R> {
    fn read_exact_at(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        if self.at.take() != Some(at) {
            self.archive.seek(SeekFrom::Start(at))?;
        }
        self.archive.read_exact(buffer)?;
        self.at = at.checked_add(buffer.len() as u64);
        Ok(())
    }
}

/// The part of a file that was inflated last.
struct Window {
    inflate: Inflate,
    /// How many packed bytes were read.
    taken: u64,
    plain: Vec<u8>,
    /// How many of `plain` are some.
    filled: usize,
    /// Where in the file these begin.
    start: u64,
}

impl Window {
    fn new() -> Self {
        Self { inflate: Inflate::new(), taken: 0, plain: vec![0; WINDOW], filled: 0, start: 0 }
    }

    fn restart(&mut self) {
        self.inflate.reset();
        (self.taken, self.filled, self.start) = (0, 0, 0);
    }

    /// Fills all of `buffer` with the bytes from `offset` on. `read` fills the front of a buffer with
    /// packed bytes from a place among them, and says how far.
    fn fill(
        &mut self,
        mut offset: u64,
        mut buffer: &mut [u8],
        mut read: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
    ) -> Result<(), Failed> {
        if offset < self.start {
            self.restart();
        }
        while !buffer.is_empty() {
            let here = self.from(offset);
            if here.is_empty() {
                self.more(&mut read)?;
                continue;
            }
            let count = here.len().min(buffer.len());
            let (front, rest) = buffer.split_at_mut(count);
            front.copy_from_slice(here.split_at(count).0);
            buffer = rest;
            offset += count as u64;
        }
        Ok(())
    }

    /// What is here from byte `offset` of the file on, which is not in front of the window.
    fn from(&self, offset: u64) -> &[u8] {
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        self.plain.get(from..self.filled).unwrap_or_default()
    }

    /// Inflates more, once there is room for it.
    fn more(&mut self, read: &mut impl FnMut(u64, &mut [u8]) -> io::Result<usize>) -> Result<(), Failed> {
        if self.filled == WINDOW {
            self.plain.copy_within(WINDOW - BEFORE.., 0);
            self.filled = BEFORE;
            self.start += (WINDOW - BEFORE) as u64;
        }
        let room = self.plain.get_mut(self.filled..).unwrap_or_default();
        let taken = &mut self.taken;
        let count = self.inflate.next(room, |packed| {
            let count = read(*taken, packed)?;
            *taken += count as u64;
            Ok(count)
        })?;
        if count == 0 {
            // It has fewer bytes than the table says.
            return Err(Failed::Damaged);
        }
        self.filled += count;
        Ok(())
    }
}
