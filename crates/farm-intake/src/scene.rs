//! The scene that is rendered, and its settings.

use blend_file::{Driver, Facts, Head, Scene};
use farm_contract::Fault;
use farm_contract::settings::{self, CYCLES, MOVIES};
use farm_contract::tags::{FramesAsked, Request};

use crate::Verdict;

/// Scripts that are told one by one.
const MOST_TOLD: usize = 8;

/// Judges what can be judged by the first bytes of a file.
pub(crate) fn judge_head(request: &Request, head: &Head, why: &str, verdict: &mut Verdict) {
    verdict.scene.clone_from(&head.scene.name);
    verdict.warnings.push(format!(
        "Only the beginning of the file was looked at: {why} What it lacks is found when it renders."
    ));
    let range = match &request.settings.scene {
        Some(name) if *name != head.scene.name => None,
        _ => Some((head.scene.start, head.scene.end)),
    };
    if let Some(name) = &request.settings.scene {
        verdict.scene.clone_from(name);
    }
    match (range, &request.frames) {
        (None, FramesAsked::Count(_) | FramesAsked::Scene) => verdict.errors.push(Fault::new(
            format!("The frames of the scene `{}` cannot be told: {why}", verdict.scene),
            "Name the frames, such as frames=1-120, and upload the file again.",
        )),
        (range, _) => {
            let (start, end) = range.unwrap_or_default();
            frames(request, start, end, 1, verdict);
        }
    }
}

/// The scene that is rendered. None where there is no such scene, which is told.
pub(crate) fn chosen<'a>(request: &Request, facts: &'a Facts, verdict: &mut Verdict) -> Option<&'a Scene> {
    let name = request.settings.scene.as_ref().unwrap_or(&facts.scene);
    verdict.scene.clone_from(name);
    let found = facts.scenes.iter().find(|scene| scene.name == *name);
    if found.is_none() {
        let known: Vec<&str> = facts.scenes.iter().map(|scene| scene.name.as_str()).collect();
        verdict.errors.push(match request.settings.scene {
            Some(_) => settings::unknown(settings::SCENE, "scene", name, &known),
            None => Fault::new(
                format!("The current scene of the file, `{name}`, is not in the file itself."),
                "Open the file in Blender, make a scene of its own the current one, save, and upload it again.",
            ),
        });
    }
    found
}

/// Judges the scene's settings, with what is asked for otherwise.
pub(crate) fn judge(request: &Request, facts: &Facts, scene: &Scene, verdict: &mut Verdict) {
    let step = u32::try_from(scene.frame_step).unwrap_or(1).max(1);
    frames(request, scene.frame_start, scene.frame_end, step, verdict);
    verdict.frames_per_second = Some(scene.frames_per_second());
    names(request, facts, scene, verdict);
    engine(request, scene, verdict);
    cameras(request, scene, verdict);
    layers(request, scene, verdict);
    output(request, scene, verdict);
    scripts(request, facts, verdict);
}

fn frames(request: &Request, start: i32, end: i32, step: u32, verdict: &mut Verdict) {
    let spec = match request.frames.resolve(start, end, step) {
        Ok(spec) => spec,
        Err(fault) => return verdict.errors.push(fault),
    };
    // `frame=N` counts from the scene's first frame, so it is easily meant otherwise.
    if let FramesAsked::Count(count) = request.frames
        && spec.frames().last().is_some_and(|last| *last > end)
    {
        verdict.warnings.push(format!(
            "frame={count} renders the frames {spec}, but the scene `{}` ends at frame {end}. For the scene's own \
             range ({start}-{end}), upload the file with the tag frames=scene.",
            verdict.scene
        ));
    }
    verdict.frames = Some(spec);
}

/// The names that the upload gives, of what the file must have.
fn names(request: &Request, facts: &Facts, scene: &Scene, verdict: &mut Verdict) {
    if let Some(name) = &request.settings.camera {
        // What a linked object is, its library knows.
        let linked = facts.linked.iter().any(|block| block.name.strip_prefix("OB") == Some(name));
        if !linked && !facts.cameras.contains(name) {
            let known: Vec<&str> = facts.cameras.iter().map(String::as_str).collect();
            verdict.errors.push(settings::unknown(settings::CAMERA, "camera", name, &known));
        }
    }
    if let Some(name) = &request.settings.view_layer
        && !scene.view_layers.iter().any(|layer| layer.name == *name)
    {
        let known: Vec<&str> = scene.view_layers.iter().map(|layer| layer.name.as_str()).collect();
        verdict.errors.push(settings::unknown(settings::VIEW_LAYER, "view layer", name, &known));
    }
}

fn engine(request: &Request, scene: &Scene, verdict: &mut Verdict) {
    let engine = request.settings.engine.as_ref().unwrap_or(&scene.engine);
    if engine == CYCLES {
        return;
    }
    let shown = match engine.as_str() {
        "BLENDER_WORKBENCH" => "Workbench",
        eevee if eevee.contains("EEVEE") => "EEVEE",
        other => other,
    };
    verdict.errors.push(Fault::new(
        format!(
            "The scene `{}` is set to render with {shown}, which needs a graphics card or a display.",
            scene.name
        ),
        "Set Render Engine to Cycles in the render properties of the file, save, and upload it again; or upload it \
         with the tag engine=CYCLES.",
    ));
}

fn cameras(request: &Request, scene: &Scene, verdict: &mut Verdict) {
    let has_one =
        request.settings.camera.is_some() || scene.camera.is_some() || !scene.marker_cameras.is_empty();
    let needs_none = scene.use_sequencer && scene.strips;
    if !has_one && !needs_none {
        verdict.errors.push(Fault::new(
            format!("The scene `{}` has no camera.", scene.name),
            "Add a camera, make it the scene's active one (View > Cameras > Set Active Object as Camera), save, and \
             upload the file again.",
        ));
    }
}

fn layers(request: &Request, scene: &Scene, verdict: &mut Verdict) {
    if request.settings.view_layer.is_none() && !scene.view_layers.iter().any(|layer| layer.used) {
        verdict.errors.push(Fault::new(
            format!("All view layers of the scene `{}` are switched off for rendering.", scene.name),
            "Tick Use for Rendering in the view layer properties, save, and upload the file again; or upload it with \
             the tag view_layer=NAME.",
        ));
    }
    let scripted = |layer: &blend_file::ViewLayer| layer.use_freestyle && layer.freestyle_script;
    if !request.allowed.scripts && scene.use_freestyle && scene.view_layers.iter().any(scripted) {
        verdict.errors.push(Fault::new(
            "Freestyle is set to run Python scripts, which the farm does not run.",
            "Set Freestyle's Control Mode to Parameter Editor, save, and upload the file again; or, if you trust the \
             file, upload it with the tag scripts=allow.",
        ));
    }
}

fn output(request: &Request, scene: &Scene, verdict: &mut Verdict) {
    let movie = MOVIES.contains(&scene.output.file_format.as_str())
        || scene.output.media_type.as_deref() == Some("VIDEO");
    if movie && request.settings.format.is_none() {
        verdict.warnings.push(
            "The scene's output format is a movie, which cannot be rendered frame by frame: the frames are rendered \
             as PNG."
                .to_owned(),
        );
    }
}

fn scripts(request: &Request, facts: &Facts, verdict: &mut Verdict) {
    if request.allowed.scripts {
        return;
    }
    // Most often a rig's panel, which no picture needs.
    verdict.warnings.extend(facts.scripts.iter().take(MOST_TOLD).map(|name| {
        format!(
            "The script `{name}` in the file is not run: the farm runs Python from a file only where the upload \
             has the tag scripts=allow."
        )
    }));
    let scripted = facts.drivers.iter().filter(|driver| !driver.simple);
    let (sure, perhaps): (Vec<&Driver>, Vec<&Driver>) =
        scripted.partition(|driver| surely_python(&driver.expression));
    if let Some(told) = told(&sure) {
        verdict.errors.push(Fault::new(
            format!("{told} Python, which the farm does not run."),
            "If you trust the file, upload it with the tag scripts=allow; or write the expression without calls of \
             Python, save, and upload the file again.",
        ));
    }
    if let Some(told) = told(&perhaps) {
        verdict.warnings.push(format!(
            "{told} more than plain arithmetic: where Blender cannot compute that without Python, the frames fail. If \
             you trust the file, upload it with the tag scripts=allow."
        ));
    }
}

/// Whether Blender cannot compute an expression unless it is let run Python: of what is not plain arithmetic
/// it computes some, but nothing that looks into an object.
fn surely_python(expression: &str) -> bool {
    let bytes = expression.as_bytes();
    let looks_into = bytes.windows(3).any(|three| {
        let [before, dot, after] = three else { return false };
        *dot == b'.' && (after.is_ascii_alphabetic() || *after == b'_') && !before.is_ascii_digit()
    });
    looks_into || expression.contains("__") || expression.contains("lambda")
}

/// The first of some drivers, how many more there are, and a verb.
fn told(drivers: &[&Driver]) -> Option<String> {
    let (first, rest) = drivers.split_first()?;
    // Two letters before an owner's name say its kind.
    let owner = first.owner.get(2..).unwrap_or(&first.owner);
    let one = format!("The driver of `{}` of `{owner}`, `{}`,", first.data_path, first.expression);
    Some(match rest.len() {
        0 => format!("{one} needs"),
        more => format!("{one} and {more} more need"),
    })
}
