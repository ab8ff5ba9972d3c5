//! What refers to a data-block, found by looking at all pointers of the blocks that are looked into.

use std::collections::HashMap;

use crate::blend::Blend;
use crate::wanted::is_looked_into;

/// How a data-block is referred to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Use {
    /// At all.
    pub(super) any: bool,
    /// By something that draws it.
    pub(super) drawn: bool,
}

/// Codes of data-blocks whose files others refer to.
const WITH_FILES: [&[u8; 4]; 6] = [b"IM\0\0", b"VF\0\0", b"SO\0\0", b"VO\0\0", b"CF\0\0", b"MC\0\0"];
/// Codes of data-blocks whose images end up in the picture: materials, worlds, lights, node groups,
/// scenes, textures, line styles.
const DRAWING: [&[u8; 4]; 7] = [b"MA\0\0", b"WO\0\0", b"LA\0\0", b"NT\0\0", b"SC\0\0", b"TE\0\0", b"LS\0\0"];

/// The uses of each data-block with a file, by the number of its entry.
pub(super) fn uses(blend: &Blend<'_>) -> HashMap<usize, Use> {
    let mut uses: HashMap<usize, Use> = blend
        .entries()
        .filter(|(_, entry)| WITH_FILES.contains(&&entry.code))
        .map(|(number, _)| (number, Use::default()))
        .collect();
    if uses.is_empty() {
        return uses;
    }
    let mut places: HashMap<u32, Option<Vec<usize>>> = HashMap::new();
    for (number, entry) in blend.entries() {
        // Without a struct no pointers are known; libraries and windows use nothing.
        if entry.kind == 0 {
            continue;
        }
        let places = places.entry(entry.kind).or_insert_with(|| {
            // Of other data-blocks only the name is kept.
            let kind = entry.kind as usize;
            is_looked_into(&blend.dna, kind).then(|| blend.dna.pointers(kind))
        });
        let Some(places) = places else { continue };
        let Some(record) = blend.record(number) else { continue };
        let owner = blend.entry(entry.owner as usize).map(|owner| owner.code).unwrap_or_default();
        // A property of an object is an input of its geometry nodes, for all that is known.
        let drawing = DRAWING.contains(&&owner) || &owner == b"OB\0\0" && record.is("IDProperty");
        for found in record.references(places) {
            if let Some(found) = uses.get_mut(&found).filter(|_| found != number) {
                found.any = true;
                found.drawn |= drawing;
            }
        }
    }
    uses
}
