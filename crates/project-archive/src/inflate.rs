//! Inflates packed bytes piece by piece, through a buffer of a fixed size.

use std::io;
use std::ops::Range;

use flate2::{Decompress, FlushDecompress, Status};

const BUFFER: usize = 64 * 1024;

/// Packed bytes on the way to being plain ones.
pub(crate) struct Inflate {
    state: Decompress,
    packed: Vec<u8>,
    /// Which of `packed` were not inflated yet.
    waiting: Range<usize>,
    has_ended: bool,
}

/// Why there are no more plain bytes.
pub(crate) enum Failed {
    /// The packed bytes make no sense, or end too early.
    Damaged,
    /// They cannot be read.
    Read(io::Error),
}

impl Inflate {
    pub(crate) fn new() -> Self {
        // No header in front of it: that is zlib's, not of archives.
        let state = Decompress::new(false);
        Self { state, packed: vec![0; BUFFER], waiting: 0..0, has_ended: false }
    }

    /// Begins with other packed bytes.
    pub(crate) fn reset(&mut self) {
        self.state.reset(false);
        (self.waiting, self.has_ended) = (0..0, false);
    }

    /// Puts the next plain bytes to the front of `room`, which is not empty, and says how many there
    /// are: one or more, and none behind the last. `fill` puts the next packed bytes to the front of
    /// a buffer, and says how many these are.
    pub(crate) fn next(
        &mut self,
        room: &mut [u8],
        mut fill: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> Result<usize, Failed> {
        while !self.has_ended {
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let waiting = self.packed.get(self.waiting.clone()).unwrap_or_default();
            let status = self.state.decompress(waiting, room, FlushDecompress::None);
            let status = status.map_err(|_| Failed::Damaged)?;
            // Neither is more than a buffer has.
            let read = (self.state.total_in() - read) as usize;
            let written = (self.state.total_out() - written) as usize;
            self.waiting.start += read;
            self.has_ended = status == Status::StreamEnd;
            if written > 0 {
                return Ok(written);
            }
            if self.has_ended {
                break;
            }
            if self.waiting.is_empty() {
                // Everything it was given is inflated, and it does not end there.
                self.waiting = match fill(&mut self.packed).map_err(Failed::Read)? {
                    0 => return Err(Failed::Damaged),
                    count => 0..count,
                };
            } else if read == 0 {
                return Err(Failed::Damaged);
            }
        }
        Ok(0)
    }

    /// Whether nothing of what it was given stands behind the last plain byte.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
