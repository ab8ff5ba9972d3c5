//! The sequencer's strips.

use std::collections::HashSet;

use super::files::file;
use super::types::{ExternalFile, FileKind};
use crate::blend::Blend;
use crate::record::Record;

/// Bit of `Sequence.flag`.
const MUTED: i32 = 1 << 5;

/// Kinds of strips, numbers of `Sequence.type`.
const IMAGE: i32 = 0;
const META: i32 = 1;
const SCENE: i32 = 2;
const MOVIE: i32 = 3;
const SOUNDS: [i32; 2] = [4, 5];

/// Whether a scene has strips of which a picture is made.
pub(super) fn make_a_picture(scene: &Record<'_, '_>) -> bool {
    let Some(editing) = scene.follow("ed") else { return false };
    let mut strips = editing.list("seqbase");
    let mut looked_at = 0;
    while let Some(strip) = strips.pop() {
        looked_at += 1;
        // A muted meta mutes what is in it.
        if strip.flag("flag", MUTED) {
            continue;
        }
        let kind = strip.int("type").unwrap_or(META);
        if kind != SCENE && !SOUNDS.contains(&kind) {
            return true;
        }
        // Metas inside metas of a damaged file may run in circles.
        if looked_at < 100_000 {
            strips.extend(strip.list("seqbase"));
        }
    }
    false
}

/// Numbers of the entries of all strips that are inside muted metas.
fn inside_muted(blend: &Blend<'_>) -> HashSet<usize> {
    let muted = blend.all("Sequence").filter(|strip| strip.flag("flag", MUTED));
    let mut metas: Vec<Record<'_, '_>> = muted.filter(|strip| strip.int("type") == Some(META)).collect();
    let mut inside = HashSet::new();
    while let Some(meta) = metas.pop() {
        let strips = meta.list("seqbase").into_iter().filter(|strip| inside.insert(strip.entry()));
        metas.extend(strips.filter(|strip| strip.int("type") == Some(META)));
    }
    inside
}

/// Pictures and movies that strips show.
pub(super) fn files(blend: &Blend<'_>, files: &mut Vec<ExternalFile>) {
    let inside_muted = inside_muted(blend);
    for strip in blend.all("Sequence") {
        let kind = match strip.int("type") {
            Some(IMAGE) => FileKind::SequencerImage,
            Some(MOVIE) => FileKind::SequencerMovie,
            _ => continue,
        };
        let Some(data) = strip.follow("strip") else { continue };
        let folder = data.text("dir").unwrap_or_default();
        // Older versions keep two letters before the name that no one sees.
        let name = strip.text("name").unwrap_or_default();
        let owner = name.strip_prefix("SQ").unwrap_or(&name);
        let elements = data.follow("stripdata").map(|first| first.array()).unwrap_or_default();
        for element in elements {
            let path = join(&folder, &element.text("name").unwrap_or_default());
            blend.charge(path.len() + owner.len());
            let muted = strip.flag("flag", MUTED) || inside_muted.contains(&strip.entry());
            files.push(ExternalFile { muted, ..file(&element, kind, owner.to_owned(), path) });
            if kind == FileKind::SequencerMovie {
                break;
            }
        }
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() || folder.ends_with(['/', '\\']) {
        format!("{folder}{name}")
    } else {
        format!("{folder}/{name}")
    }
}
