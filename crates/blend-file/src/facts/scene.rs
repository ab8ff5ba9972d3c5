//! Scenes: which frames, how large, by which engine, through which camera.

use super::output::{output, word};
use super::types::{Scene, View, ViewLayer};
use super::{nodes, strips};
use crate::Version;
use crate::blend::Blend;
use crate::record::Record;

/// Bits of `RenderData.mode`.
mod mode {
    pub(super) const BORDER: i32 = 1 << 9;
    pub(super) const CROP: i32 = 1 << 11;
    pub(super) const SIMPLIFY: i32 = 1 << 24;
    pub(super) const FREESTYLE: i32 = 1 << 25;
}

/// Bits of `RenderData.scemode`.
mod scene_mode {
    pub(super) const SEQUENCER: i32 = 1 << 0;
    pub(super) const COMPOSITOR: i32 = 1 << 6;
    pub(super) const MULTIVIEW: i32 = 1 << 21;
}

/// Names of all camera objects, sorted.
pub(super) fn cameras(blend: &Blend<'_>) -> Vec<String> {
    const CAMERA: i32 = 11;
    let cameras = blend.all("Object").filter(|object| object.int("type") == Some(CAMERA));
    let mut names: Vec<String> =
        cameras.inspect(|_| blend.charge_for::<String>()).map(|object| object.name()).collect();
    names.sort();
    names
}

/// The file's own scenes.
pub(super) fn scenes(blend: &Blend<'_>) -> Vec<Scene> {
    let scenes = blend.all("Scene").filter(|scene| scene.has("id"));
    scenes.filter_map(|scene| self::scene(blend, &scene)).collect()
}

fn scene(blend: &Blend<'_>, scene: &Record<'_, '_>) -> Option<Scene> {
    let render = scene.inner("r")?;
    blend.charge_for::<Scene>();
    let int = |path: &str| render.int(path).unwrap_or_default();
    let engine = render.text("engine").unwrap_or_default();
    let markers = scene.list("markers");
    let tree = nodes::compositor(scene);
    let cycles = (engine == "CYCLES").then(|| Cycles::of(scene, blend.layout.version));
    let samples = match &cycles {
        Some(cycles) => Some(cycles.samples),
        None if engine.contains("EEVEE") => scene.int("eevee.taa_render_samples"),
        None => None,
    };
    let border = |edge: &str| render.float(&format!("border.{edge}")).unwrap_or_default();
    Some(Scene {
        name: scene.name(),
        frame_start: int("sfra"),
        frame_end: int("efra"),
        // It stood in `RenderData` under another name in files that are no longer read.
        frame_step: render.int("frame_step").unwrap_or(1),
        fps: int("frs_sec"),
        fps_base: f64::from(render.float("frs_sec_base").unwrap_or(1.0)),
        resolution_x: int("xsch"),
        resolution_y: int("ysch"),
        resolution_percentage: int("size"),
        use_border: render.flag("mode", mode::BORDER),
        use_crop_to_border: render.flag("mode", mode::CROP),
        border: ["xmin", "xmax", "ymin", "ymax"].map(border),
        samples,
        device: cycles.as_ref().map(|cycles| cycles.device.to_owned()),
        use_denoising: cycles.as_ref().and_then(|cycles| cycles.use_denoising),
        engine,
        output: output(&render),
        camera: scene.follow("camera").map(|camera| camera.name()),
        marker_cameras: markers
            .iter()
            .filter_map(|marker| marker.follow("camera"))
            .map(|camera| camera.name())
            .collect(),
        use_multiview: render.flag("scemode", scene_mode::MULTIVIEW),
        views_format: word(&[(0, "STEREO_3D"), (1, "MULTIVIEW")], int("views_format")),
        views: render.list("views").iter().map(view).collect(),
        use_compositing: render.flag("scemode", scene_mode::COMPOSITOR),
        compositor: tree.is_some(),
        file_outputs: tree.map(|tree| nodes::file_outputs(&tree)).unwrap_or_default(),
        use_sequencer: render.flag("scemode", scene_mode::SEQUENCER),
        strips: strips::make_a_picture(scene),
        use_simplify: render.flag("mode", mode::SIMPLIFY),
        simplify_subdivision_render: int("simplify_subsurf_render"),
        view_layers: scene.list("view_layers").iter().map(view_layer).collect(),
        use_freestyle: render.flag("mode", mode::FREESTYLE),
        film_transparent: int("alphamode") == 1,
    })
}

fn view(view: &Record<'_, '_>) -> View {
    const OFF: i32 = 1;
    let suffix = view.text("suffix").unwrap_or_default();
    View {
        name: view.text("name").unwrap_or_default(),
        file_suffix: suffix.clone(),
        camera_suffix: suffix,
        used: !view.flag("viewflag", OFF),
    }
}

fn view_layer(layer: &Record<'_, '_>) -> ViewLayer {
    const RENDER: i32 = 1 << 0;
    const FREESTYLE: i32 = 1 << 2;
    ViewLayer {
        name: layer.text("name").unwrap_or_default(),
        used: layer.flag("flag", RENDER),
        use_freestyle: layer.flag("flag", FREESTYLE),
        freestyle_script: layer.int("freestyle_config.mode") == Some(1),
    }
}

/// What Cycles keeps as properties of a scene. It writes only what was changed.
struct Cycles {
    samples: i32,
    device: &'static str,
    use_denoising: Option<bool>,
}

impl Cycles {
    fn of(scene: &Record<'_, '_>, version: Version) -> Self {
        let since_3 = version.major >= 3;
        let root = ["id.system_properties", "id.properties"].into_iter().find_map(|properties| {
            let group = scene.follow(properties)?.list("data.group");
            group.into_iter().find(|property| property.text("name").as_deref() == Some("cycles"))
        });
        let properties = root.map(|cycles| cycles.list("data.group")).unwrap_or_default();
        let int = |name: &str| {
            let property =
                properties.iter().find(|property| property.text("name").as_deref() == Some(name))?;
            property.int("data.val")
        };
        // Before 2.90 denoising was a matter of view layers.
        let knows_denoising = since_3 || (version.major, version.minor) >= (2, 90);
        Self {
            samples: int("samples").unwrap_or(if since_3 { 4096 } else { 128 }),
            device: if int("device") == Some(1) { "GPU" } else { "CPU" },
            use_denoising: knows_denoising.then(|| int("use_denoising").map_or(since_3, |value| value != 0)),
        }
    }
}
