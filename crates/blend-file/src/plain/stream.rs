//! A compressed file that can only be unpacked from its beginning: gzip, and Zstandard without a
//! table of its frames.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::FrameDecoder;

use super::zstd;
use crate::error::{BlendError, ReadError};
use crate::source::{Limits, Metered};

/// Read of the source at once.
const PIECE: usize = 1 << 20;
/// Bytes that a Zstandard frame may refer back to: as many as every decoder has to know.
const LARGEST_WINDOW: u64 = 8 << 20;

pub(super) struct Stream<'s> {
    /// None only while it starts over.
    decoder: Option<Decoder<'s>>,
    /// Offset of the next byte that the decoder gives.
    at: u64,
    left: u64,
    size: u64,
}

enum Decoder<'s> {
    Gzip(Box<MultiGzDecoder<Feed<'s>>>),
    Zstd(Box<Zstd<'s>>),
}

impl<'s> Stream<'s> {
    pub(super) fn gzip(source: Metered<'s>, limits: &Limits) -> Self {
        let size = source.size();
        let decoder = Some(Decoder::Gzip(Box::new(MultiGzDecoder::new(Feed::new(source)))));
        Self { decoder, at: 0, left: limits.unpacked_bytes, size }
    }

    pub(super) fn zstd(source: Metered<'s>, limits: &Limits) -> Self {
        let size = source.size();
        let decoder = Some(Decoder::Zstd(Box::new(Zstd::new(Feed::new(source)))));
        Self { decoder, at: 0, left: limits.unpacked_bytes, size }
    }

    pub(super) fn file_size(&self) -> u64 {
        self.size
    }

    pub(super) fn bytes(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, ReadError> {
        if offset < self.at {
            self.at = 0;
            self.decoder = self.decoder.take().map(|decoder| match decoder {
                Decoder::Gzip(decoder) => {
                    Decoder::Gzip(Box::new(MultiGzDecoder::new(decoder.into_inner().again())))
                }
                Decoder::Zstd(zstd) => Decoder::Zstd(Box::new(Zstd::new(zstd.feed.again()))),
            });
        }
        let mut scratch = [0; 16 << 10];
        while self.at < offset {
            let most = usize::try_from(offset - self.at).unwrap_or(usize::MAX).min(scratch.len());
            let got = self.next(scratch.get_mut(..most).unwrap_or_default())?;
            if got == 0 {
                return Ok(Vec::new());
            }
        }
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let most = (length - bytes.len()).min(scratch.len());
            let got = self.next(scratch.get_mut(..most).unwrap_or_default())?;
            if got == 0 {
                break;
            }
            bytes.extend_from_slice(scratch.get(..got).unwrap_or_default());
        }
        Ok(bytes)
    }

    fn next(&mut self, target: &mut [u8]) -> Result<usize, ReadError> {
        let Some(decoder) = &mut self.decoder else { return Ok(0) };
        let outcome = match decoder {
            Decoder::Gzip(decoder) => decoder.read(target),
            Decoder::Zstd(zstd) => zstd.read(target),
        };
        let feed = match decoder {
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zstd(zstd) => &mut zstd.feed,
        };
        if let Some(failure) = feed.failure.take() {
            return Err(failure);
        }
        let got = match outcome {
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(BlendError::Truncated { size: self.size }.into());
            }
            Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                return Err(BlendError::TooMuch.into());
            }
            Err(_) => return Err(super::frames::damaged().into()),
        };
        self.at += got as u64;
        self.left = self.left.checked_sub(got as u64).ok_or(BlendError::TooMuch)?;
        Ok(got)
    }
}

/// The source, for decoders that pull.
struct Feed<'s> {
    source: Metered<'s>,
    /// Offset of the piece.
    at: u64,
    piece: Vec<u8>,
    taken: usize,
    /// Why the source failed: a decoder passes only an [`io::Error`] on.
    failure: Option<ReadError>,
}

impl<'s> Feed<'s> {
    fn new(source: Metered<'s>) -> Self {
        Self { source, at: 0, piece: Vec::new(), taken: 0, failure: None }
    }

    fn again(mut self) -> Self {
        if self.at == 0 {
            // What was read of a small file is still there.
            self.taken = 0;
            return self;
        }
        Self::new(self.source)
    }
}

impl Read for Feed<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?.read(target)?;
        self.consume(got);
        Ok(got)
    }
}

impl BufRead for Feed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken >= self.piece.len() {
            let next = self.at + self.piece.len() as u64;
            if next < self.source.size() {
                match self.source.up_to(next, PIECE) {
                    Ok(piece) => (self.at, self.piece, self.taken) = (next, piece, 0),
                    Err(failure) => {
                        self.failure = Some(failure);
                        return Err(io::Error::other("the source failed"));
                    }
                }
            }
        }
        Ok(self.piece.get(self.taken..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count).min(self.piece.len());
    }
}

/// A row of frames, some of which hold nothing.
struct Zstd<'s> {
    feed: Feed<'s>,
    decoder: FrameDecoder,
    inside: bool,
}

impl<'s> Zstd<'s> {
    fn new(feed: Feed<'s>) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LARGEST_WINDOW);
        Self { feed, decoder, inside: false }
    }

    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.inside {
                if self.decoder.can_collect() > 0 {
                    return self.decoder.read(target);
                }
                if !self.decoder.is_finished() {
                    zstd::step(&mut self.decoder, &mut self.feed)?;
                    continue;
                }
                self.inside = false;
            }
            if self.feed.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.inside = zstd::begin(&mut self.decoder, &mut self.feed)?;
        }
    }
}
