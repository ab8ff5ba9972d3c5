//! Which blocks hold facts, by the names of their structs.

use crate::blocks::Head;
use crate::dna::Dna;

/// What becomes of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Nothing.
    Pass,
    /// It is noted where it stands.
    Note,
    /// It is kept.
    Keep,
}

/// What becomes of a block, and how many first bytes of it matter.
pub(crate) struct Front {
    pub(crate) want: Want,
    pub(crate) most: u64,
}

/// Structs that are looked into.
const KEPT: &[&str] = &[
    // data-blocks
    "Brush",
    "CacheFile",
    "Camera",
    "Image",
    "Library",
    "MovieClip",
    "Object",
    "ParticleSettings",
    "Scene",
    "Speaker",
    "Tex",
    "Text",
    "VFont",
    "Volume",
    "bNodeTree",
    "bSound",
    "Curve",
    "ID",
    // of scenes
    "Editing",
    "FileGlobal",
    "SceneRenderView",
    "Sequence",
    "Strip",
    "StripElem",
    "TimeMarker",
    "ToolSettings",
    "ViewLayer",
    "RigidBodyWorld",
    "RigidBodyWorld_Shared",
    "IDProperty",
    // of images
    "ImagePackedFile",
    "ImageTile",
    "ImageUser",
    "CameraBGImage",
    // of node trees
    "bNode",
    "NodeTexImage",
    "NodeTexEnvironment",
    "NodeImageMultiFile",
    "NodeImageMultiFileSocket",
    "NodeCompositorFileOutputItem",
    "NodeShaderTexIES",
    "NodeShaderScript",
    "bNodeSocketValueImage",
    // of objects
    "MeshCacheModifierData",
    "MeshSeqCacheModifierData",
    "ClothModifierData",
    "SoftbodyModifierData",
    "FluidModifierData",
    "FluidDomainSettings",
    "DynamicPaintModifierData",
    "DynamicPaintCanvasSettings",
    "DynamicPaintSurface",
    "NodesModifierData",
    "NodesModifierBake",
    "ParticleSystem",
    "PointCache",
    "SoftBody",
    "SoftBody_Shared",
    // of drivers
    "AnimData",
    "FCurve",
    "ChannelDriver",
    "DriverVar",
];

/// Structs of which a file may have very many and of which few are looked into.
const NOTED: &[&str] = &["bNodeSocket", "bNodeSocketValueString", "bTransformCacheConstraint"];

/// Blocks without a struct, such as texts, are this long at most.
const LONGEST_TEXT: u64 = 4096;
/// Such texts are kept as they pass: names and paths of properties.
const SHORT_TEXT: u64 = 256;

/// What becomes of each struct's blocks.
pub(crate) struct Wanted {
    by_kind: Vec<Want>,
    properties: Option<usize>,
    curves: Option<usize>,
    /// Bytes at the front of each data-block that name it.
    id_size: u64,
    noted: Want,
}

impl Wanted {
    /// Where reading backwards is dear all that is noted is kept.
    pub(crate) fn new(dna: &Dna, is_random: bool) -> Self {
        let noted = if is_random { Want::Note } else { Want::Keep };
        let want = |name: &str| {
            if KEPT.contains(&name) {
                Want::Keep
            } else if NOTED.contains(&name) {
                noted
            } else {
                Want::Pass
            }
        };
        let by_kind = dna.structs().iter().map(|each| want(&each.name)).collect();
        let id_size = dna.number("ID").and_then(|id| dna.get(id)).map_or(0, |id| id.size as u64);
        let (properties, curves) = (dna.number("IDProperty"), dna.number("FCurve"));
        Self { by_kind, properties, curves, id_size, noted }
    }

    /// What becomes of a block that belongs to a data-block with this code. None where nothing does.
    pub(crate) fn front(&self, head: &Head, owner: [u8; 4]) -> Option<Front> {
        let kind = self.by_kind.get(head.kind).copied().unwrap_or(Want::Pass);
        if head.is_data_block() {
            // Every one has a name, and others belong to it.
            let most = if kind == Want::Keep { u64::MAX } else { self.id_size };
            return Some(Front { want: Want::Keep, most });
        }
        // Animations have curves without end, and drivers are no part of them.
        if &owner == b"AC\0\0" && (head.kind == 0 || Some(head.kind) == self.curves) {
            return None;
        }
        let want = match kind {
            _ if head.kind == 0 && head.length <= SHORT_TEXT => Want::Keep,
            _ if head.kind == 0 && head.length <= LONGEST_TEXT => self.noted,
            Want::Keep if Some(head.kind) == self.properties && &owner != b"SC\0\0" => Want::Pass,
            kind => kind,
        };
        (want != Want::Pass).then_some(Front { want, most: u64::MAX })
    }
}
