//! A scene that the farm renders as it is, to be changed.

use blend_file::{
    ByteOrder, Compression, ExternalFile, Facts, FileKind, Head, Output, Scene, SceneRange, Version,
    ViewLayer,
};

/// Saved by 4.5: a scene `Shot` of every second frame from 10 to 20, with two cameras.
pub fn facts() -> Facts {
    let version = Version { major: 4, minor: 5 };
    Facts {
        version,
        compression: Compression::None,
        pointer_size: 8,
        byte_order: ByteOrder::Little,
        scene: "Shot".into(),
        scenes: vec![scene()],
        cameras: vec!["Left".into(), "Right".into()],
        files: Vec::new(),
        scripts: Vec::new(),
        drivers: Vec::new(),
        simulations: Vec::new(),
        linked: Vec::new(),
    }
}

fn scene() -> Scene {
    Scene {
        name: "Shot".into(),
        frame_start: 10,
        frame_end: 20,
        frame_step: 2,
        fps: 24,
        fps_base: 1.0,
        resolution_x: 1920,
        resolution_y: 1080,
        resolution_percentage: 100,
        use_border: false,
        use_crop_to_border: false,
        border: [0.0, 1.0, 0.0, 1.0],
        engine: "CYCLES".into(),
        samples: Some(128),
        device: Some("CPU".into()),
        use_denoising: Some(true),
        output: Output {
            filepath: "//render/".into(),
            file_format: "PNG".into(),
            media_type: None,
            color_mode: "RGBA".into(),
            color_depth: "8".into(),
            compression: 15,
            quality: 90,
            exr_codec: "ZIP".into(),
            views_format: "INDIVIDUAL".into(),
            ffmpeg: None,
        },
        camera: Some("Left".into()),
        marker_cameras: Vec::new(),
        use_multiview: false,
        views_format: "STEREO_3D".into(),
        views: Vec::new(),
        use_compositing: true,
        compositor: false,
        file_outputs: Vec::new(),
        use_sequencer: false,
        strips: false,
        use_simplify: false,
        simplify_subdivision_render: 6,
        view_layers: vec![ViewLayer {
            name: "ViewLayer".into(),
            used: true,
            use_freestyle: false,
            freestyle_script: false,
        }],
        use_freestyle: false,
        film_transparent: false,
    }
}

/// A file that the picture needs, and that is not packed.
pub fn external(kind: FileKind, path: &str) -> ExternalFile {
    ExternalFile {
        kind,
        owner: "Thing".into(),
        part: None,
        path: path.to_owned(),
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

/// What is known of a file of which only the first bytes could be read.
pub fn head() -> Head {
    Head {
        version: Version { major: 4, minor: 5 },
        compression: Compression::Gzip,
        pointer_size: 8,
        byte_order: ByteOrder::Little,
        scene: SceneRange { name: "Shot".into(), start: 3, end: 9 },
    }
}
