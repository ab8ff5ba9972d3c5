//! Where a file's bytes come from, and how many of them may be asked for.

use std::io;

use crate::error::{BlendError, ReadError};

/// Bytes that can be read in ranges: a file, an object in a bucket, a member of an archive.
pub trait Source {
    /// Bytes in all.
    fn size(&self) -> u64;

    /// Exactly `length` bytes from `offset` on. The caller never asks beyond [`size`].
    ///
    /// # Errors
    /// Whatever keeps the bytes from being read; it ends the reading of the file.
    ///
    /// [`size`]: Source::size
    fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>>;
}

/// A whole file in memory.
#[derive(Debug, Clone, Copy)]
pub struct SliceSource<'a>(pub &'a [u8]);

impl Source for SliceSource<'_> {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let from = usize::try_from(offset).ok().and_then(|offset| self.0.get(offset..));
        let bytes = from.and_then(|bytes| bytes.get(..length));
        bytes.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// A file on disk.
#[derive(Debug)]
pub struct FileSource {
    file: std::fs::File,
    size: u64,
}

impl FileSource {
    /// Takes an open file, with the size that it has now.
    ///
    /// # Errors
    /// The file does not tell its size.
    pub fn new(file: std::fs::File) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

impl Source for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        use io::{Read, Seek};
        let mut bytes = vec![0; length];
        self.file.seek(io::SeekFrom::Start(offset))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// How much may be spent on one file, whatever it claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes read from the source, all reads together.
    pub read_bytes: u64,
    /// Bytes of memory for what is kept of the file, and as many again for what is told of it. Up to
    /// some 64 MiB come on top for what is being read and unpacked at the moment, nearly always
    /// less than 16.
    pub memory_bytes: usize,
    /// Bytes unpacked of a compressed file that can only be unpacked from its beginning.
    pub unpacked_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { read_bytes: 256 << 20, memory_bytes: 64 << 20, unpacked_bytes: 4 << 30 }
    }
}

/// A source of which no more is read than the limits allow.
pub(crate) struct Metered<'s> {
    source: &'s mut dyn Source,
    left: u64,
}

impl<'s> Metered<'s> {
    pub(crate) fn new(source: &'s mut dyn Source, limits: &Limits) -> Self {
        Self { source, left: limits.read_bytes }
    }

    pub(crate) fn size(&self) -> u64 {
        self.source.size()
    }

    /// The bytes from `offset` on, `length` of them or as many as there are.
    pub(crate) fn up_to(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, ReadError> {
        let there = self.size().saturating_sub(offset);
        let length = usize::try_from(there).map_or(length, |there| there.min(length));
        if length == 0 {
            return Ok(Vec::new());
        }
        self.left = self.left.checked_sub(length as u64).ok_or(BlendError::TooMuch)?;
        let bytes = self.source.read(offset, length)?;
        if bytes.len() == length {
            Ok(bytes)
        } else {
            Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
        }
    }
}
