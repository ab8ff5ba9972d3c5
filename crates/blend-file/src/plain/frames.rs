//! A Zstandard file with a table of its frames, as Blender writes them: only the frames that are
//! asked for are read and unpacked.
//!
//! ```text
//! frame, frame, ..., 5e 2a 4d 18, length u32, entries, footer
//! entry    packed size u32, unpacked size u32, checksum u32 where the footer says so
//! footer   number of frames u32, descriptor u8 (0x80: checksums), b1 ea 92 8f
//! ```
//! Blender begins a new frame with every block of more than 1 MiB and behind it, so the small
//! blocks that matter share frames, and the frames of large ones are jumped over.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::first;
use super::window::Window;
use crate::error::{BlendError, ReadError};
use crate::source::Limits;

const FOOTER: usize = 9;
const FOOTER_SIGN: [u8; 4] = [0xb1, 0xea, 0x92, 0x8f];
const TABLE_SIGN: [u8; 4] = [0x5e, 0x2a, 0x4d, 0x18];
/// A file with more or larger frames is unpacked from its beginning instead; Blender's have at
/// most 2 MiB, and 256 GiB of them make so many.
const MOST_FRAMES: usize = 1 << 18;
const LARGEST_FRAME: u32 = 2 << 20;
/// Of a frame that is larger than this the front alone is read where that does.
const WORTH_SPLITTING: usize = 256 << 10;
/// Read along at once where frame follows on frame.
const MOST_AT_ONCE: usize = 1 << 20;
/// Unpacked frames that are kept.
const KEPT: usize = 4;

/// Where each frame begins, packed and unpacked, and where the last one ends.
pub(super) struct Table {
    starts: Vec<(u64, u64)>,
}

/// The table at the end of the file; none where there is none that can be trusted.
pub(super) fn table(window: &mut Window<'_>) -> Result<Option<Table>, ReadError> {
    let size = window.size();
    let Some(footer_at) = size.checked_sub(FOOTER as u64) else { return Ok(None) };
    // Most tables are in these bytes, so that one request does.
    let tail_at = size.saturating_sub(16 << 10);
    let tail = window.bytes(tail_at, 16 << 10)?.into_owned();
    let Some((_, footer)) = tail.split_last_chunk::<FOOTER>() else { return Ok(None) };
    let [a, b, c, d, descriptor, sign @ ..] = *footer;
    let count = u32::from_le_bytes([a, b, c, d]) as usize;
    // The bits between are reserved.
    if sign != FOOTER_SIGN || descriptor & 0x7c != 0 || count == 0 || count > MOST_FRAMES {
        return Ok(None);
    }
    let entry = if descriptor & 0x80 == 0 { 8 } else { 12 };
    let length = count * entry;
    let Some(table_at) = footer_at.checked_sub(length as u64 + 8) else { return Ok(None) };
    let stored;
    let inside = table_at.checked_sub(tail_at).and_then(|from| usize::try_from(from).ok());
    let bytes = match inside.and_then(|from| tail.get(from..)) {
        Some(bytes) => bytes,
        None => {
            stored = window.once(table_at, length + 8)?;
            &stored
        }
    };
    let Some((head, entries)) = bytes.split_first_chunk::<8>() else { return Ok(None) };
    let [sign @ .., e, f, g, h] = *head;
    if sign != TABLE_SIGN || u32::from_le_bytes([e, f, g, h]) as usize != length + FOOTER {
        return Ok(None);
    }
    let (mut packed, mut unpacked) = (0_u64, 0_u64);
    let mut starts = Vec::with_capacity(count + 1);
    for entry in entries.chunks_exact(entry).take(count) {
        let Some((packed_size, rest)) = entry.split_first_chunk() else { return Ok(None) };
        let Some((unpacked_size, _)) = rest.split_first_chunk() else { return Ok(None) };
        let (packed_size, unpacked_size) =
            (u32::from_le_bytes(*packed_size), u32::from_le_bytes(*unpacked_size));
        if unpacked_size > LARGEST_FRAME || packed_size > LARGEST_FRAME + LARGEST_FRAME / 16 {
            return Ok(None);
        }
        starts.push((packed, unpacked));
        packed += u64::from(packed_size);
        unpacked += u64::from(unpacked_size);
    }
    starts.push((packed, unpacked));
    Ok((packed <= table_at).then_some(Table { starts }))
}

pub(super) struct Frames<'s> {
    window: Window<'s>,
    table: Table,
    /// The latest last.
    kept: VecDeque<Frame>,
    /// Packed frames that were read along.
    along: VecDeque<(usize, Vec<u8>)>,
    /// The frame that was read last, and how many were read along with it.
    latest: Option<(usize, usize)>,
    /// Bytes that may still be unpacked.
    left: u64,
}

/// A frame's bytes, or its first ones.
struct Frame {
    number: usize,
    unpacked: Vec<u8>,
    /// The packed bytes of a frame of which only the front was read.
    front: Option<Vec<u8>>,
}

impl<'s> Frames<'s> {
    pub(super) fn new(window: Window<'s>, table: Table, limits: &Limits) -> Self {
        let left = limits.unpacked_bytes;
        Self { window, table, kept: VecDeque::new(), along: VecDeque::new(), latest: None, left }
    }

    pub(super) fn size(&self) -> u64 {
        self.table.starts.last().map_or(0, |(_, unpacked)| *unpacked)
    }

    pub(super) fn file_size(&self) -> u64 {
        self.window.size()
    }

    pub(super) fn bytes(&mut self, offset: u64, length: usize) -> Result<Cow<'_, [u8]>, ReadError> {
        let there = usize::try_from(self.size().saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = length.min(there);
        if length == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        let number = self.frame_at(offset);
        let from = self.within(number, offset);
        if from + length <= self.unpacked_size(number) {
            let unpacked = self.frame(number, from + length)?;
            return Ok(Cow::Borrowed(unpacked.get(from..from + length).unwrap_or_default()));
        }
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let at = offset + bytes.len() as u64;
            let number = self.frame_at(at);
            let from = self.within(number, at);
            let to = self.unpacked_size(number).min(from + length - bytes.len());
            let unpacked = self.frame(number, to)?;
            let part = unpacked.get(from..to).unwrap_or_default();
            if part.is_empty() {
                return Err(damaged().into());
            }
            bytes.extend_from_slice(part);
        }
        Ok(Cow::Owned(bytes))
    }

    /// The frame that holds the byte at an offset; frames of no bytes hold none.
    fn frame_at(&self, offset: u64) -> usize {
        self.table.starts.partition_point(|(_, unpacked)| *unpacked <= offset).saturating_sub(1)
    }

    fn start(&self, number: usize) -> (u64, u64) {
        self.table.starts.get(number).copied().unwrap_or_default()
    }

    fn within(&self, number: usize, offset: u64) -> usize {
        usize::try_from(offset.saturating_sub(self.start(number).1)).unwrap_or(usize::MAX)
    }

    fn packed_size(&self, number: usize) -> usize {
        usize::try_from(self.start(number + 1).0.saturating_sub(self.start(number).0)).unwrap_or(usize::MAX)
    }

    fn unpacked_size(&self, number: usize) -> usize {
        usize::try_from(self.start(number + 1).1.saturating_sub(self.start(number).1)).unwrap_or(usize::MAX)
    }

    /// At least the first `needed` bytes of a frame.
    fn frame(&mut self, number: usize, needed: usize) -> Result<&[u8], ReadError> {
        let held = self.kept.iter().position(|frame| frame.number == number);
        let enough =
            held.and_then(|at| self.kept.get(at)).is_some_and(|frame| frame.unpacked.len() >= needed);
        let frame = match held.and_then(|at| self.kept.remove(at)) {
            Some(frame) if enough => frame,
            partly => self.load(number, needed, partly.and_then(|frame| frame.front))?,
        };
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(frame);
        Ok(self.kept.back().map(|frame| frame.unpacked.as_slice()).unwrap_or_default())
    }

    fn load(&mut self, number: usize, needed: usize, front: Option<Vec<u8>>) -> Result<Frame, ReadError> {
        let (packed_size, unpacked_size) = (self.packed_size(number), self.unpacked_size(number));
        self.left = self.left.checked_sub(unpacked_size as u64).ok_or(BlendError::TooMuch)?;
        let packed = match front {
            Some(mut packed) => {
                let rest = packed_size.saturating_sub(packed.len());
                let more = self.window.once(self.start(number).0 + packed.len() as u64, rest)?;
                packed.extend_from_slice(&more);
                packed
            }
            None => {
                // As much as that share of the bytes takes, and a block that may be cut.
                let share = packed_size as u64 * needed as u64 / (unpacked_size as u64).max(1);
                let front = usize::try_from(share).unwrap_or(usize::MAX).saturating_add(132 << 10);
                if packed_size > WORTH_SPLITTING && front < packed_size / 4 * 3 {
                    let packed = self.window.once(self.start(number).0, front)?;
                    let unpacked = first::front(&packed, unpacked_size).unwrap_or_default();
                    if unpacked.len() >= needed {
                        self.latest = Some((number, 0));
                        return Ok(Frame { number, unpacked, front: Some(packed) });
                    }
                    return self.load(number, needed, Some(packed));
                }
                self.packed(number)?
            }
        };
        let unpacked = first::front(&packed, unpacked_size).filter(|bytes| bytes.len() == unpacked_size);
        Ok(Frame { number, unpacked: unpacked.ok_or_else(damaged)?, front: None })
    }

    /// A whole packed frame. Where frame follows on frame, ever more are read at once.
    fn packed(&mut self, number: usize) -> Result<Vec<u8>, ReadError> {
        let along = self.along.iter().position(|(along, _)| *along == number);
        if let Some((_, packed)) = along.and_then(|at| self.along.remove(at)) {
            return Ok(packed);
        }
        let ahead = match self.latest {
            Some((latest, along)) if latest + along + 1 == number => (2 * along).max(1),
            _ => 0,
        };
        let mut sizes = vec![self.packed_size(number)];
        let mut sum = self.packed_size(number);
        let last = self.table.starts.len().saturating_sub(2);
        for next in (number + 1..=last).take(ahead) {
            sum += self.packed_size(next);
            if sum > MOST_AT_ONCE {
                break;
            }
            sizes.push(self.packed_size(next));
        }
        let bytes = self.window.once(self.start(number).0, sizes.iter().sum())?;
        self.latest = Some((number, sizes.len() - 1));
        let mut rest = bytes.as_slice();
        let mut frames = VecDeque::new();
        for (size, number) in sizes.into_iter().zip(number..) {
            let (frame, behind) = rest.split_at_checked(size).ok_or_else(damaged)?;
            frames.push_back((number, frame.to_vec()));
            rest = behind;
        }
        let first = frames.pop_front().map(|(_, packed)| packed).unwrap_or_default();
        self.along = frames;
        Ok(first)
    }
}

pub(super) fn damaged() -> BlendError {
    BlendError::Damaged { what: "its compressed data cannot be unpacked" }
}
