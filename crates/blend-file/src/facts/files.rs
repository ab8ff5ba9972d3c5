//! Every file that a `.blend` names.

use std::collections::{HashMap, HashSet};

use super::types::{ExternalFile, FileKind, Sequence};
use super::uses::{Use, uses};
use super::{nodes, strips};
use crate::blend::Blend;
use crate::record::Record;

/// Bit of `ID.flag`: kept though nothing uses it.
const FAKE_USER: i32 = 1 << 9;

pub(super) fn files(blend: &Blend<'_>) -> Vec<ExternalFile> {
    let uses = uses(blend);
    let mut files = Vec::new();
    images(blend, &uses, &mut files);
    libraries(blend, &mut files);
    data_blocks(blend, &uses, &mut files);
    modifiers(blend, &mut files);
    caches(blend, &mut files);
    node_files(blend, &mut files);
    strips::files(blend, &mut files);
    files
}

/// A file that a block names, that is used, and of which nothing else is known.
pub(super) fn file(of: &Record<'_, '_>, kind: FileKind, owner: String, path: String) -> ExternalFile {
    of.blend().charge_for::<ExternalFile>();
    ExternalFile {
        kind,
        owner,
        part: None,
        path,
        packed: false,
        used: true,
        drawn: true,
        muted: false,
        library: None,
        is_sequence: matches!(kind, FileKind::ImageSequence | FileKind::VolumeSequence),
        tiles: Vec::new(),
        sequences: Vec::new(),
    }
}

/// A file of a data-block.
fn block_file(
    block: &Record<'_, '_>,
    kind: FileKind,
    path: &str,
    uses: &HashMap<usize, Use>,
) -> ExternalFile {
    let any = uses.get(&block.entry()).is_some_and(|uses| uses.any);
    ExternalFile {
        packed: block.address("packedfile").is_some(),
        // A data-block that nothing uses is not saved, unless it is to be kept.
        used: any || !block.flag("id.flag", FAKE_USER),
        library: block.follow("id.lib").and_then(|library| library.text("name")),
        ..file(block, kind, block.name(), block.text(path).unwrap_or_default())
    }
}

fn images(blend: &Blend<'_>, uses: &HashMap<usize, Use>, files: &mut Vec<ExternalFile>) {
    const FILE: i32 = 1;
    const SEQUENCE: i32 = 2;
    const MOVIE: i32 = 3;
    const TILED: i32 = 6;
    let sequences = sequences(blend);
    for image in blend.all("Image") {
        let kind = match image.int("source") {
            Some(FILE) => FileKind::Image,
            Some(SEQUENCE) => FileKind::ImageSequence,
            Some(MOVIE) => FileKind::Movie,
            Some(TILED) => FileKind::TiledImage,
            // Generated, and what a render left.
            _ => continue,
        };
        let tiles = match kind {
            FileKind::TiledImage => {
                image.list("tiles").iter().filter_map(|tile| tile.int("tile_number")).collect()
            }
            _ => Vec::new(),
        };
        let found = block_file(&image, kind, "name", uses);
        files.push(ExternalFile {
            packed: found.packed || !image.list("packedfiles").is_empty(),
            drawn: uses.get(&image.entry()).is_some_and(|uses| uses.drawn),
            tiles,
            sequences: match kind {
                FileKind::ImageSequence | FileKind::Movie => {
                    sequences.get(&image.entry()).cloned().unwrap_or_default()
                }
                _ => Vec::new(),
            },
            ..found
        });
    }
}

/// The frames that nodes show of each image, by the number of its entry.
fn sequences(blend: &Blend<'_>) -> HashMap<usize, Vec<Sequence>> {
    let mut sequences: HashMap<usize, Vec<Sequence>> = HashMap::new();
    for node in blend.all("bNode").filter(|node| !nodes::is_muted(node)) {
        let Some(image) = node.follow("id").filter(|image| image.is("Image")) else { continue };
        let Some(storage) = node.follow("storage") else { continue };
        let user = if storage.is("ImageUser") { Some(storage) } else { storage.inner("iuser") };
        if let Some(user) = user {
            sequences.entry(image.entry()).or_default().push(Sequence {
                frame_duration: user.int("frames").unwrap_or_default(),
                frame_start: user.int("sfra").unwrap_or_default(),
                frame_offset: user.int("offset").unwrap_or_default(),
                use_cyclic: user.flag("cycl", 1),
            });
        }
    }
    sequences
}

fn libraries(blend: &Blend<'_>, files: &mut Vec<ExternalFile>) {
    for library in blend.all("Library") {
        // A part of this file that holds packed data of another library (5.0).
        if library.address("archive_parent_library").is_some() {
            continue;
        }
        let path = library.text("name").unwrap_or_default();
        let packed = library.address("packedfile").is_some();
        files.push(ExternalFile { packed, ..file(&library, FileKind::Library, library.name(), path) });
    }
}

/// Sounds, fonts, volumes, caches, clips.
fn data_blocks(blend: &Blend<'_>, uses: &HashMap<usize, Use>, files: &mut Vec<ExternalFile>) {
    const HIDDEN_LAYER: i32 = 1 << 0;
    const CLIP_SEQUENCE: i32 = 1;
    for sound in blend.all("bSound") {
        files.push(block_file(&sound, FileKind::Sound, "name", uses));
    }
    for font in blend.all("VFont") {
        let found = block_file(&font, FileKind::Font, "name", uses);
        if found.path != "<builtin>" {
            files.push(found);
        }
    }
    for volume in blend.all("Volume") {
        let is_sequence = volume.flag("is_sequence", 1);
        let kind = if is_sequence { FileKind::VolumeSequence } else { FileKind::Volume };
        let mut found = block_file(&volume, kind, "filepath", uses);
        if is_sequence {
            found.sequences.push(Sequence {
                frame_duration: volume.int("frame_duration").unwrap_or_default(),
                frame_start: volume.int("frame_start").unwrap_or_default(),
                frame_offset: volume.int("frame_offset").unwrap_or_default(),
                use_cyclic: volume.int("sequence_mode") == Some(2),
            });
        }
        files.push(found);
    }
    for cache in blend.all("CacheFile") {
        let found = ExternalFile {
            is_sequence: cache.flag("is_sequence", 1),
            ..block_file(&cache, FileKind::CacheFile, "filepath", uses)
        };
        // From 3.0 on other files may be laid over it.
        for layer in cache.list("layers") {
            let path = layer.text("filepath").unwrap_or_default();
            let muted = layer.flag("flag", HIDDEN_LAYER);
            blend.charge_for::<ExternalFile>();
            files.push(ExternalFile { path, muted, is_sequence: false, ..found.clone() });
        }
        files.push(found);
    }
    for clip in blend.all("MovieClip") {
        files.push(ExternalFile {
            is_sequence: clip.int("source") == Some(CLIP_SEQUENCE),
            ..block_file(&clip, FileKind::MovieClip, "name", uses)
        });
    }
}

fn modifiers(blend: &Blend<'_>, files: &mut Vec<ExternalFile>) {
    const RENDER: i32 = 1 << 1;
    for modifier in blend.all("MeshCacheModifierData") {
        let path = modifier.text("filepath").unwrap_or_default();
        files.push(ExternalFile {
            part: modifier.text("modifier.name"),
            muted: !modifier.flag("modifier.mode", RENDER),
            ..file(&modifier, FileKind::MeshCache, owner_name(&modifier), path)
        });
    }
}

/// Caches of simulations that are kept beside the file.
fn caches(blend: &Blend<'_>, files: &mut Vec<ExternalFile>) {
    const ON_DISK: i32 = 1 << 6;
    const EXTERNAL: i32 = 1 << 9;
    // Those of fluids are there for files of old, and hold nothing.
    let holders = [
        ("ClothModifierData", "point_cache"),
        ("SoftBody", "pointcache"),
        ("SoftBody_Shared", "pointcache"),
        ("ParticleSystem", "pointcache"),
        ("RigidBodyWorld", "pointcache"),
        ("RigidBodyWorld_Shared", "pointcache"),
        ("DynamicPaintSurface", "pointcache"),
    ];
    let held = holders
        .into_iter()
        .flat_map(|(holder, field)| blend.all(holder).filter_map(move |holder| holder.follow(field)));
    let mut seen = HashSet::new();
    for cache in held.filter(|cache| cache.flag("flag", ON_DISK | EXTERNAL)) {
        if !seen.insert(cache.entry()) {
            continue;
        }
        let path =
            if cache.flag("flag", EXTERNAL) { cache.text("path").unwrap_or_default() } else { String::new() };
        let name = cache.text("name").filter(|name| !name.is_empty());
        files.push(ExternalFile {
            part: name,
            ..file(&cache, FileKind::PointCache, owner_name(&cache), path)
        });
    }
    for domain in blend.all("FluidDomainSettings") {
        let path = domain.text("cache_directory").unwrap_or_default();
        files.push(file(&domain, FileKind::FluidCache, owner_name(&domain), path));
    }
}

/// Files that nodes read by themselves.
fn node_files(blend: &Blend<'_>, files: &mut Vec<ExternalFile>) {
    const EXTERNAL: i32 = 1;
    for node in blend.all("bNode") {
        let Some(kind) = node.text("idname") else { continue };
        let path = match kind.as_str() {
            "ShaderNodeTexIES" | "ShaderNodeScript" => {
                let storage = node.follow("storage");
                let outside = storage.filter(|storage| storage.int("mode") == Some(EXTERNAL));
                outside.and_then(|storage| storage.text("filepath"))
            }
            kind if kind.starts_with("GeometryNodeImport") => import_path(&node),
            _ => None,
        };
        if let Some(path) = path {
            files.push(ExternalFile {
                part: node.text("name"),
                muted: nodes::is_muted(&node),
                ..file(&node, FileKind::NodeFile, owner_name(&node), path)
            });
        }
    }
}

/// The path that a node imports; empty where other nodes compute it, none where there is none.
fn import_path(node: &Record<'_, '_>) -> Option<String> {
    const LINKED: i32 = 1 << 2;
    let inputs = node.list("inputs");
    let input = inputs.iter().find(|input| input.text("name").as_deref() == Some("Path"))?;
    if input.flag("flag", LINKED) {
        return Some(String::new());
    }
    input.follow("default_value")?.text("value").filter(|path| !path.is_empty())
}

fn owner_name(record: &Record<'_, '_>) -> String {
    record.owner().map(|owner| owner.name()).unwrap_or_default()
}
