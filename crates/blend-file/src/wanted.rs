//! Which blocks hold facts, by the names of their structs.

use crate::blocks::Head;
use crate::dna::Dna;
use crate::walk::Layout;

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
    /// Whether a longer block is too much to look at, rather than known by its first bytes.
    pub(crate) is_whole: bool,
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
    // of materials
    "MaterialGPencilStyle",
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
    // of cache files
    "CacheFileLayer",
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
    "ParticleSystemModifierData",
    "bTransformCacheConstraint",
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
const NOTED: &[&str] = &["bNodeSocket", "bNodeSocketValueString"];

/// Data-blocks with properties that matter: settings of Cycles, inputs of geometry nodes.
const PROPERTIES_OF: [&[u8; 4]; 2] = [b"SC\0\0", b"OB\0\0"];
/// A property that is a data-block.
const DATA_BLOCK: i64 = 7;

/// Blocks without a struct, such as texts, are this long at most.
const LONGEST_TEXT: u64 = 4096;
/// Other blocks are known by so many first bytes.
const LARGEST: u64 = 1 << 20;
/// Pictures of one strip, some 270 bytes each.
const LARGEST_STRIP: u64 = 16 << 20;
/// Such texts are kept as they pass: names and paths of properties.
const SHORT_TEXT: u64 = 256;

/// Whether blocks of a struct are looked into.
pub(crate) fn is_looked_into(dna: &Dna, kind: usize) -> bool {
    is_one_of(dna, kind, KEPT)
}

fn is_one_of(dna: &Dna, kind: usize, names: &[&str]) -> bool {
    dna.get(kind).is_some_and(|found| names.contains(&&*found.name))
}

/// What becomes of each struct's blocks.
pub(crate) struct Wanted {
    by_kind: Vec<Want>,
    properties: Option<usize>,
    /// Where a property says what kind it is of.
    of_property: Option<usize>,
    curves: Option<usize>,
    pictures: Option<usize>,
    /// Bytes at the front of each data-block that name it.
    id_size: u64,
    noted: Want,
    object: Option<ObjectFields>,
    layout: Layout,
}

/// Where an object says what it is.
struct ObjectFields {
    kind: usize,
    of_type: usize,
    soft: usize,
}

/// Objects of which a scene may have very many, and of which the name is all that is asked: meshes,
/// lights, armatures, without soft bodies.
const PLAIN_OBJECTS: [i64; 3] = [1, 10, 25];

impl Wanted {
    /// Where reading backwards is dear all that is noted is kept.
    pub(crate) fn new(dna: &Dna, layout: &Layout, is_random: bool) -> Self {
        let noted = if is_random { Want::Note } else { Want::Keep };
        let want = |kind: usize| {
            if is_looked_into(dna, kind) {
                Want::Keep
            } else if is_one_of(dna, kind, NOTED) {
                noted
            } else {
                Want::Pass
            }
        };
        let by_kind = (0..dna.structs().len()).map(want).collect();
        let id_size = dna.number("ID").and_then(|id| dna.get(id)).map_or(0, |id| id.size as u64);
        let (properties, curves) = (dna.number("IDProperty"), dna.number("FCurve"));
        let of_property = properties.and_then(|kind| Some(dna.field(kind, "type")?.0));
        let pictures = dna.number("StripElem");
        let object = dna.number("Object").and_then(|kind| {
            Some(ObjectFields { kind, of_type: dna.field(kind, "type")?.0, soft: dna.field(kind, "soft")?.0 })
        });
        Self { by_kind, properties, of_property, curves, pictures, id_size, noted, object, layout: *layout }
    }

    /// Whether a block is a property of an object that names no data-block, of which there may be very many.
    pub(crate) fn is_idle(&self, head: &Head, owner: [u8; 4], bytes: &[u8]) -> bool {
        let value = |at| self.layout.byte_order.int(bytes, at, 1);
        &owner == b"OB\0\0"
            && head.kind != 0
            && Some(head.kind) == self.properties
            && self.of_property.and_then(value).is_some_and(|kind| kind != DATA_BLOCK)
    }

    /// How many first bytes of a block that is kept matter.
    pub(crate) fn length(&self, head: &Head, bytes: &[u8]) -> usize {
        let Some(object) = self.object.as_ref().filter(|object| object.kind == head.kind) else {
            return bytes.len();
        };
        let order = self.layout.byte_order;
        let of_type = order.int(bytes, object.of_type, 2);
        let soft = order.uint(bytes, object.soft, usize::from(self.layout.pointer_size));
        let is_plain = of_type.is_some_and(|of_type| PLAIN_OBJECTS.contains(&of_type)) && soft == Some(0);
        let id_size = usize::try_from(self.id_size).unwrap_or(usize::MAX);
        if is_plain { id_size.min(bytes.len()) } else { bytes.len() }
    }

    /// What becomes of a block that belongs to a data-block with this code. None where nothing does.
    pub(crate) fn front(&self, head: &Head, owner: [u8; 4]) -> Option<Front> {
        let kind = self.by_kind.get(head.kind).copied().unwrap_or(Want::Pass);
        if head.is_data_block() {
            // Every one has a name, and others belong to it.
            let most = if kind == Want::Keep { LARGEST } else { self.id_size };
            return Some(Front { want: Want::Keep, most, is_whole: false });
        }
        // Animations have curves without end, and drivers are no part of them.
        if &owner == b"AC\0\0" && (head.kind == 0 || Some(head.kind) == self.curves) {
            return None;
        }
        let want = match kind {
            _ if head.kind == 0 && head.length <= SHORT_TEXT => Want::Keep,
            _ if head.kind == 0 && head.length <= LONGEST_TEXT => self.noted,
            Want::Keep if Some(head.kind) == self.properties && !PROPERTIES_OF.contains(&&owner) => {
                Want::Pass
            }
            kind => kind,
        };
        let is_whole = head.kind != 0 && Some(head.kind) == self.pictures;
        let most = if is_whole { LARGEST_STRIP } else { LARGEST };
        (want != Want::Pass).then_some(Front { want, most, is_whole })
    }
}
