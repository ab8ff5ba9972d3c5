//! A whole file, its blocks found and those that matter kept.
//!
//! The DNA is looked for at the end of the file, where every Blender has put it; with it known, one
//! walk over the heads of all blocks tells which of them hold facts. Those are kept as they pass.
//! Large blocks are jumped over.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::blocks::{self, Head};
use crate::dna::Dna;
use crate::error::{BlendError, ReadError};
use crate::plain::Plain;
use crate::source::{Limits, Source};
use crate::walk::Layout;
use crate::wanted::{Want, Wanted};
use crate::{ByteOrder, Compression};

/// A file with more blocks is not looked through.
const MOST_BLOCKS: usize = 1 << 23;
/// Blender's DNA has some 100 KiB.
const LARGEST_DNA: u64 = 4 << 20;
/// So many places at the end that look like the DNA are tried.
const MOST_TRIED: usize = 16;
/// How many last bytes are searched for the DNA: nearly always enough, and always.
const TAILS: [u64; 2] = [192 << 10, 1 << 20];
/// Bytes that a kept block takes beside its own.
const COUNTS: usize = 32;

/// A file whose blocks are found.
pub(crate) struct Blend<'s> {
    pub(crate) layout: Layout,
    pub(crate) compression: Compression,
    pub(crate) dna: Dna,
    /// In the file's order.
    entries: Vec<Entry>,
    /// Numbers of the entries, sorted by address.
    by_address: Vec<u32>,
    plain: RefCell<Plain<'s>>,
    /// Bytes that what is told of the file may still take.
    left_to_tell: Cell<usize>,
    /// What went wrong first when a block was read later on.
    failure: RefCell<Option<ReadError>>,
    /// Name in the file's first REND block.
    pub(crate) first_scene: Option<String>,
}

/// A block that may hold facts.
pub(crate) struct Entry {
    pub(crate) code: [u8; 4],
    address: u64,
    at: u64,
    length: u32,
    pub(crate) kind: u32,
    /// The entry of the data-block that it belongs to.
    pub(crate) owner: u32,
    kept: Option<Rc<[u8]>>,
}

impl<'s> Blend<'s> {
    /// Finds the blocks of a file.
    pub(crate) fn open(source: &'s mut dyn Source, limits: &Limits) -> Result<Self, ReadError> {
        let mut plain = Plain::open(source, limits)?;
        let (layout, first) = blocks::layout(&mut plain)?;
        let dna = match dna_at_end(&mut plain, &layout)? {
            Some(dna) => dna,
            None => dna_on_the_way(&mut plain, &layout, first)?,
        };
        let compression = plain.compression;
        let mut blend = Self {
            layout,
            compression,
            dna,
            entries: Vec::new(),
            by_address: Vec::new(),
            plain: RefCell::new(plain),
            left_to_tell: Cell::new(limits.memory_bytes),
            failure: RefCell::new(None),
            first_scene: None,
        };
        blend.walk(first, limits)?;
        Ok(blend)
    }

    fn walk(&mut self, first: u64, limits: &Limits) -> Result<(), ReadError> {
        let plain = self.plain.get_mut();
        let wanted = Wanted::new(&self.dna, &self.layout, plain.is_random());
        let mut memory_left = limits.memory_bytes;
        // Blocks that are not kept are read again where they are needed; a place for each must be.
        let for_places = limits.memory_bytes / 4;
        let mut owner = Owner { entry: u32::MAX, code: [0; 4] };
        let mut at = first;
        for _ in 0..MOST_BLOCKS {
            let head = blocks::head(plain, &self.layout, at)?;
            at = head.end();
            if &head.code == b"ENDB" {
                self.by_address = (0..u32::try_from(self.entries.len()).unwrap_or(0)).collect();
                let entries = &self.entries;
                let address = |number: &u32| entries.get(*number as usize).map_or(0, |entry| entry.address);
                self.by_address.sort_by_key(address);
                return Ok(());
            }
            if &head.code == b"REND" && self.first_scene.is_none() && (9..=4096).contains(&head.length) {
                let bytes = plain.bytes(head.at, head.length as usize)?;
                self.first_scene = Some(text(bytes.get(8..).unwrap_or_default()));
            }
            if head.is_data_block() {
                owner =
                    Owner { entry: u32::try_from(self.entries.len()).unwrap_or(u32::MAX), code: head.code };
            }
            let Some(front) = wanted.front(&head, owner.code) else { continue };
            let place = size_of::<Entry>() + size_of::<u32>();
            memory_left = memory_left.checked_sub(place).ok_or(BlendError::TooMuch)?;
            if head.length > front.most && front.is_whole {
                return Err(BlendError::TooMuch.into());
            }
            let mut length = head.length.min(front.most);
            let left_to_keep = memory_left.saturating_sub(for_places + COUNTS);
            let kept = if front.want == Want::Keep && length <= left_to_keep as u64 {
                let bytes = plain.bytes(head.at, length as usize)?;
                if wanted.is_idle(&head, owner.code, &bytes) {
                    memory_left += place;
                    continue;
                }
                let front = bytes.get(..wanted.length(&head, &bytes)).unwrap_or(&bytes);
                length = front.len() as u64;
                memory_left = memory_left.saturating_sub(front.len() + COUNTS);
                Some(Rc::from(front))
            } else {
                None
            };
            self.entries.push(Entry {
                code: head.code,
                address: head.address,
                at: head.at,
                length: length as u32,
                kind: u32::try_from(head.kind).unwrap_or(u32::MAX),
                owner: owner.entry,
                kept,
            });
        }
        Err(BlendError::TooMuch.into())
    }

    pub(crate) fn order(&self) -> ByteOrder {
        self.layout.byte_order
    }

    pub(crate) fn entry(&self, number: usize) -> Option<&Entry> {
        self.entries.get(number)
    }

    /// Entries in the file's order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().enumerate()
    }

    /// The entry of the block that a pointer names.
    pub(crate) fn at_address(&self, address: u64) -> Option<usize> {
        let of = |number: &u32| self.entries.get(*number as usize).map_or(0, |entry| entry.address);
        let at = self.by_address.partition_point(|number| of(number) < address);
        let number = self.by_address.get(at).filter(|number| of(number) == address && address != 0)?;
        Some(*number as usize)
    }

    /// The content of a block. None where it cannot be read, which [`Blend::finish`] tells.
    pub(crate) fn content(&self, number: usize) -> Option<Rc<[u8]>> {
        let entry = self.entries.get(number)?;
        if self.is_full() {
            return None;
        }
        if let Some(kept) = &entry.kept {
            return Some(Rc::clone(kept));
        }
        self.charge(entry.length as usize / 64);
        match self.plain.borrow_mut().bytes(entry.at, entry.length as usize) {
            Ok(bytes) => Some(Rc::from(&*bytes)),
            Err(failure) => {
                *self.failure.borrow_mut() = Some(failure);
                None
            }
        }
    }

    /// Counts what is told of the file. Blocks may name each other in rings and fans, so that a small
    /// damaged file has endless lists; from too many bytes on there are no more blocks.
    pub(crate) fn charge(&self, bytes: usize) {
        match self.left_to_tell.get().checked_sub(bytes) {
            Some(left) => self.left_to_tell.set(left),
            None => drop(self.failure.borrow_mut().get_or_insert(BlendError::TooMuch.into())),
        }
    }

    /// Counts something that is told, with the short texts in it, which nothing else counts.
    pub(crate) fn charge_for<T>(&self) {
        self.charge(size_of::<T>() + 128);
    }

    /// Whether too much was told, or something could not be read.
    pub(crate) fn is_full(&self) -> bool {
        self.failure.borrow().is_some()
    }

    /// Whether everything that was asked for could be read.
    pub(crate) fn finish(&self) -> Result<(), ReadError> {
        self.failure.borrow_mut().take().map_or(Ok(()), Err)
    }
}

struct Owner {
    entry: u32,
    code: [u8; 4],
}

/// Text up to its first zero.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

/// The DNA where it is the last block but ENDB.
fn dna_at_end(plain: &mut Plain<'_>, layout: &Layout) -> Result<Option<Dna>, ReadError> {
    let Some(size) = plain.size() else { return Ok(None) };
    let head_size = blocks::head_size(layout);
    let mut tried = 0;
    for tail in TAILS {
        let from = size.saturating_sub(tail);
        let bytes = plain.bytes(from, tail as usize)?;
        // The last one that fits: its bytes may occur anywhere.
        for at in (0..bytes.len().saturating_sub(4))
            .rev()
            .filter(|at| bytes.get(*at..).is_some_and(|bytes| bytes.starts_with(b"DNA1")))
        {
            let rest = bytes.get(at..).unwrap_or_default();
            let Ok(Some(head)) = blocks::parse(rest, layout, from + at as u64) else { continue };
            let Ok(length) = usize::try_from(head.length) else { continue };
            let Some((content, end)) = rest.get(head_size..).and_then(|rest| rest.split_at_checked(length))
            else {
                continue;
            };
            if end.len() != head_size || !end.starts_with(b"ENDB") {
                continue;
            }
            if let Ok(dna) = Dna::parse(content, layout.byte_order, layout.pointer_size) {
                return Ok(Some(dna));
            }
            tried += 1;
            if tried >= MOST_TRIED {
                return Ok(None);
            }
        }
        if from == 0 {
            break;
        }
    }
    Ok(None)
}

/// The DNA wherever it stands.
fn dna_on_the_way(plain: &mut Plain<'_>, layout: &Layout, first: u64) -> Result<Dna, ReadError> {
    let mut at = first;
    for _ in 0..MOST_BLOCKS {
        let head: Head = blocks::head(plain, layout, at)?;
        match &head.code {
            b"DNA1" if head.length <= LARGEST_DNA => {
                let size = plain.file_size();
                let content = plain.bytes(head.at, head.length as usize)?;
                if (content.len() as u64) < head.length {
                    return Err(BlendError::Truncated { size }.into());
                }
                return Ok(Dna::parse(&content, layout.byte_order, layout.pointer_size)?);
            }
            b"ENDB" => {
                return Err(BlendError::Damaged { what: "the description of its data is missing" }.into());
            }
            _ => at = head.end(),
        }
    }
    Err(BlendError::TooMuch.into())
}
