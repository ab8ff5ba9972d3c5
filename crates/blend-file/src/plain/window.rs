//! The source's own bytes, read in pieces: small ones where the reader jumps, ever larger ones
//! where it goes on.

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::error::ReadError;
use crate::source::{Limits, Metered};

/// What is read behind a jump, and the most that is read at once.
const SMALLEST: usize = 32 << 10;
const LARGEST: usize = 1 << 20;
/// Pieces that are kept.
const PIECES: usize = 4;

pub(super) struct Window<'s> {
    source: Metered<'s>,
    /// The latest last.
    pieces: VecDeque<Piece>,
    /// Size of the next piece if it follows on the latest.
    next: usize,
    /// So few bytes between two reads are read along rather than jumped over.
    gap: u64,
}

struct Piece {
    offset: u64,
    bytes: Vec<u8>,
}

impl Piece {
    fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }

    fn part(&self, offset: u64, length: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.bytes.get(from..from.checked_add(length)?)
    }
}

impl<'s> Window<'s> {
    pub(super) fn new(source: Metered<'s>, limits: &Limits) -> Self {
        // A file of which all may be read is rather read whole than in many small requests.
        let all = source.size() <= limits.read_bytes / 2;
        Self { source, pieces: VecDeque::new(), next: SMALLEST, gap: if all { LARGEST as u64 } else { 0 } }
    }

    pub(super) fn size(&self) -> u64 {
        self.source.size()
    }

    pub(super) fn into_source(self) -> Metered<'s> {
        self.source
    }

    pub(super) fn bytes(&mut self, offset: u64, length: usize) -> Result<Cow<'_, [u8]>, ReadError> {
        let there = usize::try_from(self.size().saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = length.min(there);
        if length == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        if length > LARGEST {
            return self.once(offset, length).map(Cow::Owned);
        }
        let held = self.pieces.iter().position(|piece| piece.part(offset, length).is_some());
        let held = match held {
            Some(held) => held,
            None => self.load(offset, length)?,
        };
        Ok(Cow::Borrowed(
            self.pieces.get(held).and_then(|piece| piece.part(offset, length)).unwrap_or_default(),
        ))
    }

    /// Reads a piece that holds the range; gives its place.
    fn load(&mut self, offset: u64, length: usize) -> Result<usize, ReadError> {
        let goes_on = self
            .pieces
            .back()
            .is_some_and(|latest| (latest.offset..=latest.end().saturating_add(self.gap)).contains(&offset));
        self.next = if goes_on { (self.next * 4).min(LARGEST) } else { SMALLEST };
        let bytes = self.source.up_to(offset, length.max(self.next))?;
        if self.pieces.len() >= PIECES {
            self.pieces.pop_front();
        }
        self.pieces.push_back(Piece { offset, bytes });
        Ok(self.pieces.len() - 1)
    }

    /// Exactly this range, kept nowhere.
    pub(super) fn once(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, ReadError> {
        self.source.up_to(offset, length)
    }
}
