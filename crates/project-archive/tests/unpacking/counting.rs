//! Archives that count what is asked of them, as a server would that is asked for ranges of one.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;

/// What was asked for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub reads: u64,
    pub seeks: u64,
    pub bytes: u64,
}

/// An archive, of which every read counts.
pub struct Counting<R> {
    archive: R,
    asked: Asked,
}

impl<R> Counting<R> {
    pub fn new(archive: R) -> Self {
        Self { archive, asked: Asked::default() }
    }

    /// What was asked for since the last time.
    pub fn since(&mut self) -> Asked {
        std::mem::take(&mut self.asked)
    }
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.archive.read(buffer)?;
        self.asked.reads += 1;
        self.asked.bytes += count as u64;
        Ok(count)
    }
}

impl<R: Seek> Seek for Counting<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.asked.seeks += 1;
        self.archive.seek(to)
    }
}

/// A long file that is all zeros but for a few parts, in order.
pub struct Sparse {
    pub parts: Vec<(u64, Vec<u8>)>,
    pub length: u64,
    pub at: u64,
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (self.length.saturating_sub(self.at)).min(buffer.len() as u64) as usize;
        let asked = self.at..self.at + count as u64;
        buffer[..count].fill(0);
        for (start, bytes) in &self.parts {
            let part = *start..start + bytes.len() as u64;
            let both = part.start.max(asked.start)..part.end.min(asked.end);
            if both.start < both.end {
                let within = |whole: &Range<u64>| {
                    (both.start - whole.start) as usize..(both.end - whole.start) as usize
                };
                buffer[within(&asked)].copy_from_slice(&bytes[within(&part)]);
            }
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        // Whatever a cursor would make of it, over as many bytes.
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => self.length.saturating_add_signed(by),
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

/// Gives a few bytes at a time, and fails once when a certain one is asked for.
pub struct Halting<'a> {
    pub archive: Cursor<&'a [u8]>,
    pub most: usize,
    pub fails_at: Option<u64>,
}

impl Read for Halting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.most);
        let at = self.archive.position();
        if self.fails_at.is_some_and(|failing| (at..at + count as u64).contains(&failing)) {
            self.fails_at = None;
            return Err(io::Error::other("the line is gone"));
        }
        self.archive.read(&mut buffer[..count])
    }
}

impl Seek for Halting<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.archive.seek(to)
    }
}
