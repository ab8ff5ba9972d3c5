//! Facts and folders made by hand, for tests.

use blend_file::{
    ByteOrder, Compression, ExternalFile, Facts, FileKind, Output, Scene, Version, View, ViewLayer,
};

/// A file of this kind, named in this way, that the picture needs.
pub(crate) fn external(kind: FileKind, path: &str) -> ExternalFile {
    ExternalFile {
        kind,
        owner: "Thing".into(),
        part: None,
        path: path.into(),
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

/// Saved by 4.5: a scene of 24 frames that names these files.
pub(crate) fn facts(files: Vec<ExternalFile>) -> Facts {
    Facts {
        version: Version { major: 4, minor: 5 },
        compression: Compression::Zstd,
        pointer_size: 8,
        byte_order: ByteOrder::Little,
        scene: "Shot".into(),
        scenes: vec![scene("Shot")],
        cameras: vec!["Left".into(), "Right".into()],
        files,
        scripts: Vec::new(),
        drivers: Vec::new(),
        simulations: Vec::new(),
        linked: Vec::new(),
    }
}

/// A scene of 24 frames that the farm renders.
pub(crate) fn scene(name: &str) -> Scene {
    let view = |name: &str, suffix: &str| View {
        name: name.into(),
        file_suffix: suffix.into(),
        camera_suffix: suffix.into(),
        used: true,
    };
    Scene {
        name: name.into(),
        frame_start: 1,
        frame_end: 24,
        frame_step: 1,
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
        views: vec![view("left", "_L"), view("right", "_R")],
        use_compositing: true,
        compositor: false,
        file_outputs: Vec::new(),
        use_sequencer: true,
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

/// A folder with these files in it, each of which holds its own path.
pub(crate) fn disk(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for file in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, file).expect("written");
    }
    folder
}
