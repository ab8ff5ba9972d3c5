//! The table of a scene.

use blend_file::{Facts, Output, Scene};
use farm_contract::frames::FrameRange;
use farm_intake::Known;
use farm_terminal::{Look, count, size};

use super::Inspection;
use super::content;
use super::sheet::Sheet;

pub(super) fn of(inspection: &Inspection, look: Look, width: Option<usize>) -> String {
    let mut sheet = Sheet::new(look, width);
    sheet.heading(&inspection.path.display().to_string());
    let compression = match &inspection.known {
        Known::Facts(facts) => facts.compression,
        Known::Head(head, _) => head.compression,
    };
    let packed = match compression {
        blend_file::Compression::None => "not compressed",
        blend_file::Compression::Gzip => "compressed (gzip)",
        blend_file::Compression::Zstd => "compressed (zstd)",
    };
    sheet.row("saved by", &format!("Blender {}", inspection.known.version()));
    sheet.row("size", &format!("{}, {packed}", size(inspection.size)));
    match &inspection.known {
        Known::Head(head, why) => {
            sheet.row("scene", &head.scene.name);
            sheet.row("frames", &frames(head.scene.start, head.scene.end, 1));
            sheet.row("no more", &format!("Only the beginning of the file was looked at: {why}"));
        }
        Known::Facts(facts) => {
            let (rendered, others): (Vec<_>, Vec<_>) =
                facts.scenes.iter().partition(|scene| scene.name == facts.scene);
            for scene in rendered.into_iter().chain(others) {
                of_scene(&mut sheet, facts, scene);
            }
            content::of(&mut sheet, facts, &inspection.states);
        }
    }
    sheet.end()
}

fn of_scene(sheet: &mut Sheet, facts: &Facts, scene: &Scene) {
    let current =
        if scene.name == facts.scene && facts.scenes.len() > 1 { ", which is rendered" } else { "" };
    sheet.heading(&format!("Scene `{}`{current}", scene.name));
    sheet.row("frames", &frames(scene.frame_start, scene.frame_end, scene.frame_step));
    sheet.row("speed", &format!("{} fps", rounded(scene.frames_per_second())));
    sheet.row("picture", &picture(scene));
    sheet.row("engine", &engine(scene));
    sheet.row("output", &output(&scene.output));
    sheet.row("path", &scene.output.filepath);
    let camera = match (&scene.camera, scene.use_sequencer && scene.strips) {
        (Some(name), _) => name.clone(),
        (None, true) => "none: the sequencer makes the picture".to_owned(),
        (None, false) if scene.marker_cameras.is_empty() => "none".to_owned(),
        (None, false) => "none of its own".to_owned(),
    };
    sheet.row("camera", &camera);
    if !scene.marker_cameras.is_empty() {
        sheet.row("markers", &format!("switch to {}", scene.marker_cameras.join(", ")));
    }
    let layers = scene.view_layers.iter().map(|layer| off(&layer.name, layer.used));
    sheet.row("view layers", &layers.collect::<Vec<_>>().join(", "));
    if scene.use_multiview {
        let views = scene.views.iter().map(|view| off(&view.name, view.used));
        let how = if scene.views_format == "MULTIVIEW" { "several views" } else { "stereo" };
        sheet.row("views", &format!("{how}: {}", views.collect::<Vec<_>>().join(", ")));
    }
    sheet.row("compositor", if scene.use_compositing && scene.compositor { "runs" } else { "" });
    for node in &scene.file_outputs {
        let name = if node.label.is_empty() { &node.node } else { &node.label };
        let path = format!("{}{}", node.path, node.file_name.as_deref().unwrap_or_default());
        let muted = if node.mute { " (muted)" } else { "" };
        let items = count(node.items.len() as u64, "input");
        sheet.row("file output", &format!("{name}{muted}: {items} as {} to {path}", node.file_format));
    }
    sheet.row("sequencer", if scene.use_sequencer && scene.strips { "runs" } else { "" });
    if scene.use_simplify {
        sheet.row("simplify", &format!("at most {}", count(levels(scene), "subdivision")));
    }
    let freestyle = scene.view_layers.iter().any(|layer| layer.use_freestyle && layer.used);
    sheet.row("freestyle", if scene.use_freestyle && freestyle { "draws lines" } else { "" });
}

fn levels(scene: &Scene) -> u64 {
    u64::try_from(scene.simplify_subdivision_render).unwrap_or_default()
}

fn off(name: &str, used: bool) -> String {
    if used { name.to_owned() } else { format!("{name} (off)") }
}

fn frames(start: i32, end: i32, step: i32) -> String {
    let step = u32::try_from(step).unwrap_or(1).max(1);
    match FrameRange::with_step(start, end, step) {
        Ok(range) => {
            let number = u64::from(end.abs_diff(start)) / u64::from(step) + 1;
            format!("{range} ({})", count(number, "frame"))
        }
        Err(_) => format!("{start}-{end} (none)"),
    }
}

/// A number without zeros at its end.
fn rounded(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn picture(scene: &Scene) -> String {
    let share = |pixels: i32| i64::from(pixels) * i64::from(scene.resolution_percentage) / 100;
    let mut text = format!("{} x {}", share(scene.resolution_x), share(scene.resolution_y));
    if scene.resolution_percentage != 100 {
        text += &format!(
            " ({} % of {} x {})",
            scene.resolution_percentage, scene.resolution_x, scene.resolution_y
        );
    }
    if scene.use_border {
        let [left, right, lower, upper] = scene.border.map(|share| (share * 100.0).round());
        let how = if scene.use_crop_to_border { "cut to" } else { "only" };
        text += &format!(", {how} {left}-{right} % across, {lower}-{upper} % up");
    }
    if scene.film_transparent {
        text += ", transparent";
    }
    text
}

fn engine(scene: &Scene) -> String {
    let name = match scene.engine.as_str() {
        "CYCLES" => "Cycles",
        "BLENDER_WORKBENCH" => "Workbench",
        eevee if eevee.contains("EEVEE") => "EEVEE",
        other => other,
    };
    let samples = scene.samples.and_then(|samples| u64::try_from(samples).ok());
    let said = [
        Some(name.to_owned()),
        scene.device.clone(),
        samples.map(|samples| count(samples, "sample")),
        scene.use_denoising.map(|denoised| if denoised { "denoised" } else { "not denoised" }.to_owned()),
    ];
    said.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn output(output: &Output) -> String {
    let mut text = format!("{} {} {} bit", output.file_format, output.color_mode, output.color_depth);
    if output.file_format.starts_with("OPEN_EXR") {
        text += &format!(", {}", output.exr_codec);
    }
    if let Some(ffmpeg) = &output.ffmpeg {
        text +=
            &format!(", {} {}: a movie, which the farm renders as PNG frames", ffmpeg.format, ffmpeg.codec);
    }
    text
}

#[cfg(test)]
mod tests {
    use blend_file::{
        Driver, ExternalFile, Ffmpeg, FileKind, FileOutput, Simulation, SimulationKind, ViewLayer,
    };

    use super::*;
    use crate::project::State;
    use crate::project::samples::{external, facts, scene};

    fn rich() -> Inspection {
        let owned = |kind, owner: &str, path| ExternalFile { owner: owner.into(), ..external(kind, path) };
        let mut facts = facts(vec![
            owned(FileKind::Image, "Wood", "//../textures/wood/planks/old/wood_planks_old_diffuse_4k.png"),
            ExternalFile { packed: true, ..owned(FileKind::Image, "Stone", "//tex/stone.png") },
            owned(FileKind::Library, "chars.blend", "//../lib/chars.blend"),
            ExternalFile { drawn: false, ..owned(FileKind::Image, "Reference", "//ref.png") },
            ExternalFile {
                tiles: vec![1001, 1002],
                ..owned(FileKind::TiledImage, "Skin", "//skin.<UDIM>.png")
            },
            ExternalFile { muted: true, ..owned(FileKind::MeshCache, "Flag", "/mnt/cache/flag.mdd") },
            owned(FileKind::Movie, "Clip", "https://host/a.mp4"),
            owned(FileKind::Library, "smooth.blend", "/b/datafiles/assets/smooth.blend"),
        ]);
        let mut other = scene("Lookdev");
        (other.frame_start, other.frame_end, other.frame_step) = (10, 20, 2);
        (other.fps, other.fps_base) = (30, 1.001);
        (other.resolution_percentage, other.use_border, other.use_crop_to_border) = (50, true, true);
        other.border = [0.1, 0.9, 0.25, 0.75];
        (other.engine, other.samples) = ("BLENDER_EEVEE_NEXT".into(), Some(1));
        (other.device, other.use_denoising, other.camera) = (None, None, None);
        other.marker_cameras = vec!["Left".into(), "Right".into()];
        other.output.file_format = "FFMPEG".into();
        other.output.ffmpeg = Some(Ffmpeg { format: "MPEG4".into(), codec: "H264".into() });
        (other.use_multiview, other.use_simplify, other.simplify_subdivision_render) = (true, true, 1);
        (other.compositor, other.strips, other.film_transparent) = (true, true, true);
        other.views[1].used = false;
        other.file_outputs.push(FileOutput {
            node: "File Output".into(),
            label: String::new(),
            path: "//passes/".into(),
            file_name: Some("mist".into()),
            file_format: "OPEN_EXR_MULTILAYER".into(),
            mute: true,
            items: vec!["Image".into(), "Mist".into()],
        });
        let fog =
            ViewLayer { name: "Fog".into(), used: false, use_freestyle: false, freestyle_script: false };
        other.view_layers.push(fog);
        facts.scenes.push(other);
        facts.scripts.push("rig_ui.py".into());
        let driver = |expression: &str, simple| Driver {
            owner: "OBCube".into(),
            data_path: "location".into(),
            array_index: 2,
            expression: expression.into(),
            simple,
        };
        facts.drivers = vec![driver("sin(frame)", true), driver("my_function(frame)", false)];
        let simulation = |object: &str, kind, baked| Simulation {
            object: object.into(),
            kind,
            name: String::new(),
            baked,
        };
        facts.simulations = vec![
            simulation("Flag", SimulationKind::Cloth, true),
            simulation("Smoke", SimulationKind::Fluid, false),
        ];
        let states = vec![
            State::There(1),
            State::Packed,
            State::Missing(vec!["/p/lib/chars.blend".into()]),
            State::There(1),
            State::Missing(vec!["/p/skin.1002.png".into()]),
            State::Outside,
            State::Address,
            State::OfBlender,
        ];
        let known = Known::Facts(Box::new(facts));
        Inspection { path: "shots/a.blend".into(), size: 12_345_678, known, states }
    }

    #[test]
    fn a_scene_is_a_table() {
        insta::assert_snapshot!(rich().table(Look { colour: false }, None));
    }

    #[test]
    fn a_narrow_terminal_has_a_narrow_table() {
        let table = rich().table(Look { colour: false }, Some(60));
        assert!(table.lines().all(|line| line.chars().count() <= 60), "{table}");
        insta::assert_snapshot!(table);
    }

    #[test]
    fn colours_are_for_what_shows_them() {
        assert!(rich().table(Look { colour: true }, None).contains("\x1b[31mmissing"));
        assert!(!rich().table(Look { colour: false }, None).contains('\x1b'));
    }

    #[test]
    fn of_a_file_that_was_not_looked_through_its_beginning_is_told() {
        let head = blend_file::Head {
            version: blend_file::Version { major: 2, minor: 93 },
            compression: blend_file::Compression::Gzip,
            pointer_size: 8,
            byte_order: blend_file::ByteOrder::Little,
            scene: blend_file::SceneRange { name: "Shot".into(), start: 3, end: 9 },
        };
        let known = Known::Head(head, "It is too long.".into());
        let inspection = Inspection { path: "a.blend".into(), size: 5, known, states: Vec::new() };
        let table = inspection.table(Look { colour: false }, None);
        assert!(table.contains("3-9 (7 frames)") && table.contains("It is too long."), "{table}");
        assert_eq!(inspection.json().expect("JSON")["frame_end"], 9);
    }
}
