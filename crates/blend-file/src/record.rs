//! Values in a block, by the names of their fields. A field that this file's structs do not have
//! gives nothing.

use std::collections::HashSet;
use std::rc::Rc;

use crate::blend::{Blend, text};
use crate::dna::{Field, Kind};

/// What an item of a list and of an array counts, as bytes that are told of a file.
const LIST_ITEM: usize = 128;
const ARRAY_ITEM: usize = 256;
/// Texts up to here count nothing: what they belong to does.
const SHORT: usize = 64;
/// A text is cut off here; Blender's names and paths have some 1000 bytes at most.
const LONGEST: usize = 4096;

/// One struct in a block.
#[derive(Clone)]
pub(crate) struct Record<'f, 's> {
    blend: &'f Blend<'s>,
    entry: usize,
    bytes: Rc<[u8]>,
    /// Where the struct begins in the block.
    base: usize,
    kind: usize,
}

impl<'s> Blend<'s> {
    /// A block by the number of its entry.
    pub(crate) fn record(&self, number: usize) -> Option<Record<'_, 's>> {
        let kind = self.entry(number)?.kind as usize;
        Some(Record { blend: self, entry: number, bytes: self.content(number)?, base: 0, kind })
    }

    /// All blocks of a struct, in the file's order.
    pub(crate) fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = Record<'f, 's>> {
        let kind = self.dna.number(name).and_then(|kind| u32::try_from(kind).ok());
        self.entries()
            .filter(move |(_, entry)| Some(entry.kind) == kind && entry.kind != 0)
            .filter_map(|(number, _)| self.record(number))
    }
}

impl<'f, 's> Record<'f, 's> {
    /// The number of its block's entry.
    pub(crate) fn entry(&self) -> usize {
        self.entry
    }

    /// The file that it is in.
    pub(crate) fn blend(&self) -> &'f Blend<'s> {
        self.blend
    }

    /// Whether it is of a struct.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.blend.dna.get(self.kind).is_some_and(|kind| *kind.name == *name)
    }

    /// Whether it is a struct with a field.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.blend.dna.field(self.kind, path).is_some()
    }

    fn field(&self, path: &str) -> Option<(usize, &'f Field)> {
        let (at, field) = self.blend.dna.field(self.kind, path)?;
        Some((self.base.checked_add(at)?, field))
    }

    /// A whole number.
    pub(crate) fn int(&self, path: &str) -> Option<i32> {
        let (at, field) = self.field(path)?;
        let order = self.blend.order();
        match field.kind {
            Kind::Signed => i32::try_from(order.int(&self.bytes, at, field.size)?).ok(),
            Kind::Unsigned => i32::try_from(order.uint(&self.bytes, at, field.size)?).ok(),
            _ => None,
        }
    }

    /// Whether any of these bits are set.
    pub(crate) fn flag(&self, path: &str, bits: i32) -> bool {
        self.int(path).is_some_and(|flags| flags & bits != 0)
    }

    /// A number with a fraction.
    pub(crate) fn float(&self, path: &str) -> Option<f32> {
        let (at, field) = self.field(path)?;
        if field.kind != Kind::Float || field.size != 4 {
            return None;
        }
        u32::try_from(self.blend.order().uint(&self.bytes, at, 4)?).ok().map(f32::from_bits)
    }

    /// The text of an array of characters, or of the block that a pointer to characters names.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let (at, field) = self.field(path)?;
        let found = if field.kind == Kind::Pointer {
            let followed = self.follow(path)?;
            text(followed.bytes.get(..LONGEST).unwrap_or(&followed.bytes))
        } else {
            let length = field.size.checked_mul(field.count)?.min(LONGEST);
            // The last block of a file that is cut off may end inside.
            let end = at.checked_add(length)?.min(self.bytes.len());
            text(self.bytes.get(at..end)?)
        };
        if found.len() > SHORT {
            self.blend.charge(found.len());
        }
        Some(found)
    }

    /// What a pointer holds; nothing where that is zero.
    pub(crate) fn address(&self, path: &str) -> Option<u64> {
        let (at, field) = self.field(path)?;
        if field.kind != Kind::Pointer {
            return None;
        }
        self.pointer(at)
    }

    fn pointer(&self, at: usize) -> Option<u64> {
        let size = usize::from(self.blend.layout.pointer_size);
        self.blend.order().uint(&self.bytes, at, size).filter(|address| *address != 0)
    }

    /// The block that a pointer names.
    pub(crate) fn follow(&self, path: &str) -> Option<Record<'f, 's>> {
        self.blend.record(self.blend.at_address(self.address(path)?)?)
    }

    /// A struct inside this one.
    pub(crate) fn inner(&self, path: &str) -> Option<Record<'f, 's>> {
        let (base, field) = self.field(path)?;
        let Kind::Struct(kind) = field.kind else { return None };
        Some(Record { base, kind, ..self.clone() })
    }

    /// The structs of a list, in its order. Each begins with the pointer to the next.
    pub(crate) fn list(&self, path: &str) -> Vec<Record<'f, 's>> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut next = self.address(&format!("{path}.first"));
        while let Some(number) = next.and_then(|address| self.blend.at_address(address)) {
            // A list of a damaged file may run in circles.
            if !seen.insert(number) {
                break;
            }
            let Some(record) = self.blend.record(number) else { break };
            self.blend.charge(LIST_ITEM);
            next = record.pointer(0);
            found.push(record);
        }
        found
    }

    /// The structs of the array that this one begins.
    pub(crate) fn array(&self) -> Vec<Record<'f, 's>> {
        let size = self.blend.dna.get(self.kind).map_or(0, |kind| kind.size).max(1);
        let bases =
            (self.base..self.bytes.len()).step_by(size).filter(|base| base + size <= self.bytes.len());
        let most = bases.clone().count();
        self.blend.charge(most.saturating_mul(ARRAY_ITEM));
        // Where that is too much there is no need to have them.
        if self.blend.is_full() {
            Vec::new()
        } else {
            bases.map(|base| Record { base, ..self.clone() }).collect()
        }
    }

    /// The data-block that it belongs to.
    pub(crate) fn owner(&self) -> Option<Record<'f, 's>> {
        self.blend.record(self.blend.entry(self.entry)?.owner as usize)
    }

    /// A data-block's name with its kind in two letters.
    pub(crate) fn full_name(&self) -> String {
        self.text("id.name").or_else(|| self.text("name")).unwrap_or_default()
    }

    /// A data-block's name.
    pub(crate) fn name(&self) -> String {
        let name = self.full_name();
        name.get(2..).unwrap_or_default().to_owned()
    }

    /// All pointers at these places, which are in order, that lead to a block; as numbers of entries.
    pub(crate) fn references(&self, places: &[usize]) -> Vec<usize> {
        let there =
            places.iter().map_while(|at| self.base.checked_add(*at)).take_while(|at| *at < self.bytes.len());
        there.filter_map(|at| self.blend.at_address(self.pointer(at)?)).collect()
    }
}
