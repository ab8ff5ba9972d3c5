//! A file's uncompressed bytes, whatever compression lies between: as a row of first bytes
//! ([`first`]), or by offset ([`Plain`]) with no more read and unpacked than is asked for.

mod first;
mod frames;
mod stream;
mod window;
mod zstd;

use std::borrow::Cow;

pub(crate) use first::{Rest, plain};

use crate::Compression;
use crate::error::{BlendError, ReadError};
use crate::source::{Limits, Metered, Source};
use first::Packing;

/// The uncompressed bytes of a file by offset.
pub(crate) struct Plain<'s> {
    /// How the file is compressed.
    pub(crate) compression: Compression,
    access: Access<'s>,
}

enum Access<'s> {
    Window(window::Window<'s>),
    Frames(frames::Frames<'s>),
    Stream(stream::Stream<'s>),
}

impl<'s> Plain<'s> {
    /// Looks at the file's first bytes, and for the table of its frames at its last ones.
    pub(crate) fn open(source: &'s mut dyn Source, limits: &Limits) -> Result<Self, ReadError> {
        let mut window = window::Window::new(Metered::new(source, limits), limits);
        if window.size() == 0 {
            return Err(BlendError::Empty.into());
        }
        let first = window.bytes(0, first::SIGN)?.into_owned();
        let (compression, access) = match first::packing(&first) {
            Some(Packing::Gzip) => {
                let stream = stream::Stream::gzip(window.into_source(), limits);
                (Compression::Gzip, Access::Stream(stream))
            }
            Some(Packing::Zstd) => match frames::table(&mut window)? {
                Some(table) => {
                    (Compression::Zstd, Access::Frames(frames::Frames::new(window, table, limits)))
                }
                None => {
                    let stream = stream::Stream::zstd(window.into_source(), limits);
                    (Compression::Zstd, Access::Stream(stream))
                }
            },
            None => (Compression::None, Access::Window(window)),
        };
        let mut plain = Self { compression, access };
        let bytes = plain.bytes(0, crate::walk::MAGIC.len())?;
        if !bytes.is_empty() && crate::walk::MAGIC.starts_with(&bytes) {
            return Ok(plain);
        }
        let found = match compression {
            Compression::None => first::describe(&first),
            Compression::Gzip | Compression::Zstd => first::COMPRESSED_OTHER,
        };
        Err(BlendError::NotBlend { found }.into())
    }

    /// The bytes from `offset` on: `length` of them, or fewer where the file ends.
    pub(crate) fn bytes(&mut self, offset: u64, length: usize) -> Result<Cow<'_, [u8]>, ReadError> {
        match &mut self.access {
            Access::Window(window) => window.bytes(offset, length),
            Access::Frames(frames) => frames.bytes(offset, length),
            Access::Stream(stream) => stream.bytes(offset, length).map(Cow::Owned),
        }
    }

    /// Whether reading backwards costs no more than reading on.
    pub(crate) fn is_random(&self) -> bool {
        !matches!(self.access, Access::Stream(_))
    }

    /// Uncompressed bytes in all, where that is known without unpacking them.
    pub(crate) fn size(&self) -> Option<u64> {
        match &self.access {
            Access::Window(window) => Some(window.size()),
            Access::Frames(frames) => Some(frames.size()),
            Access::Stream(_) => None,
        }
    }

    /// Bytes of the file as it is.
    pub(crate) fn file_size(&self) -> u64 {
        match &self.access {
            Access::Window(window) => window.size(),
            Access::Frames(frames) => frames.file_size(),
            Access::Stream(stream) => stream.file_size(),
        }
    }
}
