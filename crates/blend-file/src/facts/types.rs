//! What is known of a file, in Blender's own words: names and values are those of its Python API
//! (`bpy`), as it would give them right after opening the file.

use crate::{ByteOrder, Compression, Version};

/// What a file says about itself.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Facts {
    /// The Blender that saved the file.
    pub version: Version,
    /// How the file is compressed.
    pub compression: Compression,
    /// Bytes in a pointer on the machine that saved it: 4 or 8.
    pub pointer_size: u8,
    /// Order of bytes in the file's numbers.
    pub byte_order: ByteOrder,
    /// Name of the current scene: the one that is rendered.
    pub scene: String,
    /// All scenes of the file itself, in the file's order; linked ones are not in it.
    pub scenes: Vec<Scene>,
    /// Names of all camera objects of the file itself, sorted.
    pub cameras: Vec<String>,
    /// Every file that this one names, in the file's order.
    pub files: Vec<ExternalFile>,
    /// Names of the text blocks that Blender runs when the file is opened (`Text.use_module`).
    pub scripts: Vec<String>,
    /// Scripted expressions that drive values.
    pub drivers: Vec<Driver>,
    /// Everything that a render computes from frame to frame, and whether it is baked. What is hidden in
    /// renders or turned off is not here.
    pub simulations: Vec<Simulation>,
    /// Linked data-blocks by their library, as the file names them; what is in them is not here.
    pub linked: Vec<LinkedBlock>,
}

/// A scene and how it is rendered.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Scene {
    /// Its name.
    pub name: String,
    /// First frame.
    pub frame_start: i32,
    /// Last frame, included.
    pub frame_end: i32,
    /// Frames from one rendered frame to the next.
    pub frame_step: i32,
    /// Frames per second before division (`RenderSettings.fps`).
    pub fps: i32,
    /// What [`fps`](Self::fps) is divided by (`RenderSettings.fps_base`).
    pub fps_base: f64,
    /// Width in pixels at 100 %.
    pub resolution_x: i32,
    /// Height in pixels at 100 %.
    pub resolution_y: i32,
    /// Per cent of the resolution that are rendered.
    pub resolution_percentage: i32,
    /// Whether only a part of the picture is rendered (`use_border`).
    pub use_border: bool,
    /// Whether the picture is cut to that part (`use_crop_to_border`).
    pub use_crop_to_border: bool,
    /// Left, right, lower and upper edge of that part, as shares of the whole
    /// (`border_min_x`, `border_max_x`, `border_min_y`, `border_max_y`).
    pub border: [f32; 4],
    /// `CYCLES`, `BLENDER_EEVEE`, `BLENDER_EEVEE_NEXT`, `BLENDER_WORKBENCH` or an add-on's name,
    /// as the Blender that saved the file calls it.
    pub engine: String,
    /// Samples per pixel: of Cycles, or of EEVEE where that is the engine; none for other engines.
    pub samples: Option<i32>,
    /// Cycles' device, `CPU` or `GPU`; none for other engines.
    pub device: Option<String>,
    /// Whether Cycles denoises (`cycles.use_denoising`); none for other engines.
    pub use_denoising: Option<bool>,
    /// Where and how pictures are written.
    pub output: Output,
    /// Name of the scene's own camera object.
    pub camera: Option<String>,
    /// Names of the camera objects that markers switch to, in the order of the markers' list.
    pub marker_cameras: Vec<String>,
    /// Whether several views are rendered (stereo).
    pub use_multiview: bool,
    /// `STEREO_3D` or `MULTIVIEW` (`RenderSettings.views_format`).
    pub views_format: String,
    /// The views, used or not.
    pub views: Vec<View>,
    /// Whether the compositor runs behind the render (`RenderSettings.use_compositing`).
    pub use_compositing: bool,
    /// Whether the scene has a compositor: `use_nodes` and a node tree before 5.0, a node group
    /// from 5.0 on.
    pub compositor: bool,
    /// File Output nodes of the compositor, those inside groups too.
    pub file_outputs: Vec<FileOutput>,
    /// Whether the sequencer runs behind the render (`RenderSettings.use_sequencer`).
    pub use_sequencer: bool,
    /// Whether the sequencer has strips that make a picture: any that are not muted, sound or
    /// scene strips.
    pub strips: bool,
    /// Whether Simplify is on.
    pub use_simplify: bool,
    /// The most subdivisions rendered where Simplify is on (`simplify_subdivision_render`).
    pub simplify_subdivision_render: i32,
    /// The view layers, rendered or not.
    pub view_layers: Vec<ViewLayer>,
    /// Whether Freestyle draws lines (`RenderSettings.use_freestyle`).
    pub use_freestyle: bool,
    /// Whether the background is transparent.
    pub film_transparent: bool,
}

impl Scene {
    /// Frames per second.
    pub fn frames_per_second(&self) -> f64 {
        f64::from(self.fps) / self.fps_base
    }
}

/// Where and how a scene's pictures are written (`RenderSettings.image_settings`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Output {
    /// The path as it is written in the file.
    pub filepath: String,
    /// `PNG`, `JPEG`, `OPEN_EXR`, `OPEN_EXR_MULTILAYER`, `TIFF`, `FFMPEG` and so on. A format that
    /// this reader does not know is its number.
    pub file_format: String,
    /// `IMAGE`, `MULTI_LAYER_IMAGE` or `VIDEO`; none before 5.0.
    pub media_type: Option<String>,
    /// `BW`, `RGB` or `RGBA`.
    pub color_mode: String,
    /// Bits per channel: `8`, `10`, `12`, `16` or `32`.
    pub color_depth: String,
    /// Compression of PNG in per cent.
    pub compression: i32,
    /// Quality of JPEG and the like in per cent.
    pub quality: i32,
    /// `NONE`, `ZIP`, `PIZ`, `DWAA` and so on.
    pub exr_codec: String,
    /// How views become files: `INDIVIDUAL`, `STEREO_3D` or `MULTIVIEW`.
    pub views_format: String,
    /// Container and codec where the format is `FFMPEG`.
    pub ffmpeg: Option<Ffmpeg>,
}

/// How a movie is written (`RenderSettings.ffmpeg`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Ffmpeg {
    /// Container: `MPEG4`, `MKV`, `QUICKTIME` and so on.
    pub format: String,
    /// Codec of the picture: `H264`, `FFV1`, `NONE` and so on.
    pub codec: String,
}

/// One view of several (`SceneRenderView`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct View {
    /// Its name, such as `left`.
    pub name: String,
    /// What is added to the names of its files.
    pub file_suffix: String,
    /// What is added to the camera's name to find the view's own camera.
    pub camera_suffix: String,
    /// Whether it is rendered.
    #[cfg_attr(feature = "serde", serde(rename = "use"))]
    pub used: bool,
}

/// A view layer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ViewLayer {
    /// Its name.
    pub name: String,
    /// Whether it is rendered.
    #[cfg_attr(feature = "serde", serde(rename = "use"))]
    pub used: bool,
    /// Whether Freestyle draws lines in it.
    pub use_freestyle: bool,
    /// Whether Freestyle runs Python scripts in it (`freestyle_settings.mode` is `SCRIPT`).
    pub freestyle_script: bool,
}

/// A File Output node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FileOutput {
    /// The node's name.
    pub node: String,
    /// The node's label; empty where it has none.
    pub label: String,
    /// The folder as it is written in the file: `base_path` before 5.0, `directory` from then on.
    pub path: String,
    /// `file_name` from 5.0 on; none before.
    pub file_name: Option<String>,
    /// As [`Output::file_format`].
    pub file_format: String,
    /// Whether the node is muted.
    pub mute: bool,
    /// Paths of the slots before 5.0, names of the items from then on. A file of several layers
    /// (`OPEN_EXR_MULTILAYER`) has them as its layers.
    pub items: Vec<String>,
}

/// A file that the `.blend` names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ExternalFile {
    /// What it is to Blender.
    pub kind: FileKind,
    /// Name of the data-block that names it; of the object where that is a modifier or a cache, of
    /// the strip where it is a strip.
    pub owner: String,
    /// Name of the modifier, node or cache within the owner.
    pub part: Option<String>,
    /// The path exactly as it is written in the file: `//` stands for the file's own folder. Empty
    /// where other nodes compute it, and for a cache in Blender's own folder beside the file
    /// (`blendcache_` and the file's name).
    pub path: String,
    /// Whether its content is in the `.blend` itself.
    pub packed: bool,
    /// Whether anything but the wish to keep it refers to the data-block.
    pub used: bool,
    /// Whether a material, world, light, texture, node group, line style or scene refers to the image,
    /// or a property of an object, unlike one that an empty or a brush shows. True for all other kinds.
    pub drawn: bool,
    /// Whether it is left out of the render: a muted node or strip, a modifier hidden in renders.
    pub muted: bool,
    /// Path of the library that the data-block came from, where it is packed with its library
    /// into this file (5.0).
    pub library: Option<String>,
    /// Whether it is a file per frame, of which the path names one: an image, volume, Alembic or USD
    /// file, or clip for tracking that is a sequence.
    pub is_sequence: bool,
    /// Numbers of a tiled image's tiles, 1001 and up, in the image's order.
    pub tiles: Vec<i32>,
    /// Frames of a sequence, once for each node that shows it.
    pub sequences: Vec<Sequence>,
}

impl ExternalFile {
    /// Whether it is an asset that comes with Blender, on whatever machine the file was saved.
    pub fn is_blenders_own(&self) -> bool {
        let path = self.path.replace('\\', "/");
        // What lies beside the file or below is the file's own; Blender may be on the way up.
        if self.path.starts_with("//") && !path.starts_with("//../") {
            return false;
        }
        path.contains("/datafiles/assets/")
            || self.kind == FileKind::Library
                && path.rsplit('/').next().is_some_and(|name| name.starts_with("essentials_brushes"))
    }
}

/// What a file is to Blender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum FileKind {
    /// An image of one file.
    Image,
    /// An image of a file per frame; the path is that of one of them.
    ImageSequence,
    /// A movie used as an image.
    Movie,
    /// An image of a file per tile; the path holds `<UDIM>` or `<UVTILE>`.
    TiledImage,
    /// A linked `.blend`.
    Library,
    /// A sound.
    Sound,
    /// A font.
    Font,
    /// A volume of one file.
    Volume,
    /// A volume of a file per frame.
    VolumeSequence,
    /// An Alembic or USD file.
    CacheFile,
    /// A movie or sequence for tracking.
    MovieClip,
    /// The file of a Mesh Cache modifier.
    MeshCache,
    /// A picture or a row of pictures in the sequencer; one entry for each.
    SequencerImage,
    /// A movie in the sequencer.
    SequencerMovie,
    /// A folder of a simulation's cache, kept beside the file.
    PointCache,
    /// The folder of a fluid domain's cache.
    FluidCache,
    /// A file that a node reads: IES light, OSL script, import in geometry nodes.
    NodeFile,
}

/// Which frames of a sequence are shown when (`ImageUser`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Sequence {
    /// Frames in the sequence.
    pub frame_duration: i32,
    /// Frame of the scene at which it starts.
    pub frame_start: i32,
    /// Added to the number of the frame in the file's name.
    pub frame_offset: i32,
    /// Whether it starts over at its end.
    pub use_cyclic: bool,
}

/// A scripted expression that drives a value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Driver {
    /// The data-block that is driven, with its kind in two letters, such as `OBCube`. A node tree
    /// inside a material or a scene counts as that.
    pub owner: String,
    /// Path of the property within the data-block, such as `location`.
    pub data_path: String,
    /// Index within the property, where it has several values.
    pub array_index: i32,
    /// The expression in Python.
    pub expression: String,
    /// Whether Blender computes the expression without Python (`is_simple_expression`): such a one
    /// runs in a file that is not trusted too.
    pub simple: bool,
}

/// Something that is computed from frame to frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Simulation {
    /// The object; the scene where it is a rigid body world.
    pub object: String,
    /// What is computed.
    pub kind: SimulationKind,
    /// Name of the modifier or of the particle system; empty where there is none.
    pub name: String,
    /// Whether all of it is computed and kept. What geometry nodes have baked to a folder beside the
    /// file counts as not baked: the file does not say what is there.
    pub baked: bool,
}

/// What is computed from frame to frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum SimulationKind {
    /// Cloth.
    Cloth,
    /// Soft body.
    SoftBody,
    /// The domain of a fluid: smoke, fire or liquid.
    Fluid,
    /// The canvas of dynamic paint.
    DynamicPaint,
    /// A scene's rigid body world.
    RigidBody,
    /// Particles that move; hair that only grows is none.
    ParticleSystem,
    /// A simulation zone in geometry nodes.
    SimulationNodes,
}

/// A data-block that lives in another file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LinkedBlock {
    /// Its name with its kind in two letters, such as `OBCube`.
    pub name: String,
    /// The library's path as it is written in the file.
    pub library: String,
}

#[cfg(test)]
mod tests {
    use super::{ExternalFile, FileKind};

    #[test]
    fn what_comes_with_blender_lies_beside_no_file() {
        let file = |kind, path: &str| ExternalFile {
            kind,
            owner: String::new(),
            part: None,
            path: path.to_owned(),
            packed: false,
            used: true,
            drawn: true,
            muted: false,
            library: None,
            is_sequence: false,
            tiles: Vec::new(),
            sequences: Vec::new(),
        };
        let own = |kind, path| file(kind, path).is_blenders_own();
        let assets = "/opt/blender/5.0/datafiles/assets/brushes/essentials_brushes-mesh_sculpt.blend";
        assert!(own(FileKind::Library, assets));
        assert!(own(FileKind::Library, "C:\\Blender\\5.0\\datafiles\\assets\\hair.blend"));
        assert!(own(FileKind::Library, "//../../usr/share/blender/4.1/datafiles/assets/hair.blend"));
        assert!(own(FileKind::Library, "//..\\Blender\\datafiles\\assets\\hair.blend"));
        assert!(!own(FileKind::Library, "//datafiles/assets/tree.blend"));
        assert!(!own(FileKind::Library, "//lib/essentials_brushes.blend"));
    }
}
