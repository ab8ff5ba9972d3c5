//! From an upload to its plan: what the tags ask for, what the file holds, how it is shared out.
//!
//! Pure: what was read from the bucket goes in, a plan or a fault for the report comes out.

use farm_contract::Fault;
use farm_contract::keys::BlendKey;
use farm_contract::measured::Measured;
use farm_contract::plan::{Layout, Plan, RenderId, Source, SourceId};
use farm_contract::preview::Preview;
use farm_contract::report::{Frames, Report, State};
use farm_contract::tags::{Chunk, Request};
use farm_intake::{Question, Verdict, judge};
use farm_plan::{Choice, Model, assess, choose};

use crate::allowed_time;
use crate::config::Config;
use crate::read::Scene;
use crate::storage::Object;

/// All that is known of an upload when it is planned.
#[derive(Debug, Clone)]
pub struct Intake<'a> {
    /// The render that the upload event makes.
    pub render: &'a RenderId,
    /// The upload.
    pub key: &'a BlendKey,
    /// The event's place among those of its key.
    pub sequencer: &'a str,
    /// The object.
    pub object: &'a Object,
    /// What its tags ask for.
    pub request: &'a Request,
    /// What it holds.
    pub scene: &'a Scene,
    /// What the tasks of an earlier render of this name measured.
    pub measured: Option<&'a Measured>,
}

/// Plans a render; the claim's holder and time are `holder` and `now`.
///
/// # Errors
/// The upload cannot be rendered as it is: the faults are for its report.
pub fn plan(intake: &Intake<'_>, config: &Config, holder: &str, now: u64) -> Result<Plan, Vec<Fault>> {
    let Intake { request, scene, object, key, .. } = *intake;
    let Scene { known, project } = scene;
    let blenders = config.versions();
    let verdict = judge(&Question { request, known, project, blenders: &blenders });
    let Verdict { blender, frames, order, frames_per_second, mut errors, mut warnings, .. } = verdict;
    let blender = blender.map(|version| version.to_string());
    let main = key.is_archive().then(|| project.main.clone());
    let like = Measured::of(blender.as_deref(), main.as_deref(), &request.settings);
    let model = match intake.measured.filter(|measured| measured.is_like(&like)) {
        Some(measured) => config.model.fitted(measured),
        None => config.model,
    };
    let layout = frames.as_ref().and_then(|spec| {
        let count = spec.frames().len();
        let Choice { estimate, warnings: unmet } = share(&model, count, request);
        warnings.extend(unmet);
        Layout::new(count, estimate.chunk).map_err(|fault| errors.push(fault)).ok()
    });
    let (Some(blender), Some(frames), Some(layout), []) = (blender, frames, layout, errors.as_slice()) else {
        return Err(errors);
    };
    let list = request.project.clone().filter(|_| main.is_none());
    if request.main.is_some() && main.is_none() {
        warnings.push("The tag `main` was ignored: it chooses a file of an archive.".to_owned());
    }
    if request.project.is_some() && main.is_some() {
        warnings.push("The tag `project` was ignored: an archive has its files with it.".to_owned());
    }
    let id = SourceId::of(key.as_str(), &object.etag, &blender).of_project(main.as_deref(), list.as_ref());
    let source = Source {
        etag: object.etag.clone(),
        version_id: object.version_id.clone(),
        size: object.size,
        id: id.with(&request.settings).allowing(request.allowed),
        saved_by: known.version().to_string(),
        main,
        project: list,
    };
    let speed = Preview::of(&frames, frames_per_second);
    let draft = Plan::draft(intake.render.clone(), &config.bucket, key.as_str(), source, &frames.to_string());
    Ok(Plan {
        chunk: layout.chunk,
        order,
        max_cost: request.limits.max_cost_text(),
        attempt_seconds: Some(allowed_time::of(config.frame_seconds, layout.chunk, &model)),
        sequencer: Some(intake.sequencer.to_owned()),
        allowed: request.allowed,
        settings: request.settings.clone(),
        blender: Some(blender),
        preview: speed.filter(|_| request.preview),
        speed,
        claimed_by: holder.to_owned(),
        claimed_at: now,
        begun_at: now,
        arrays: layout.arrays,
        warnings,
        ..draft
    })
}

/// How the frames are shared out, and which limits that does not keep.
fn share(model: &Model, frames: usize, request: &Request) -> Choice {
    let frames = u32::try_from(frames).unwrap_or(u32::MAX);
    match request.chunk {
        Chunk::Auto => choose(model, frames, &request.limits),
        Chunk::Frames(chunk) => assess(model, frames, chunk, &request.limits),
    }
}

/// The report of a plan that was accepted.
///
/// # Errors
/// The plan's frames cannot be read: it was damaged.
pub fn accepted(plan: &Plan, key: &BlendKey, now: u64) -> Result<Report, Fault> {
    let frames = plan.frame_list()?;
    let planned = plan.frames.clone();
    let blender = plan.blender.as_ref().map(|version| format!(" with Blender {version}")).unwrap_or_default();
    let tasks: u32 = plan.arrays.iter().map(|array| array.children).sum();
    let message = format!(
        "Rendering {} ({planned}){blender} in {}. Each frame will be in `{}` as soon as it is done, and all of them \
         in `{}` at the end.",
        counted(frames.len() as u64, "frame"),
        counted(tasks.into(), "task"),
        key.folder(),
        key.frames_zip(),
    );
    let mut report = Report::of_plan(State::Accepted, message, plan, now);
    report.frames = Some(frames_of(frames.len(), planned));
    Ok(report)
}

/// The report of a plan whose jobs Batch refused, in Batch's `words`.
///
/// # Errors
/// The plan's frames cannot be read: it was damaged.
pub fn refused_by_batch(plan: &Plan, words: &str, now: u64) -> Result<Report, Fault> {
    let frames = plan.frame_list()?;
    let planned = plan.frames.clone();
    let message = format!("AWS Batch refused the render: {words}");
    let mut report = Report::of_plan(State::Failed, message, plan, now);
    report.hint = Some("Deploy the farm again, then upload the file again.".to_owned());
    let mut counted = frames_of(frames.len(), planned.clone());
    counted.missing = planned;
    report.frames = Some(counted);
    Ok(report)
}

fn frames_of(count: usize, planned: String) -> Frames {
    Frames { planned, count: count as u64, ..Frames::default() }
}

pub(crate) fn counted(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use blend_file::{ByteOrder, Compression, Head, SceneRange};
    use farm_intake::{Known, Project};

    use crate::config::Blender;
    use farm_contract::notify::Notify;
    use farm_contract::settings::Settings;

    fn config() -> Config {
        let blender = |version: &str, definition: &str| Blender {
            version: version.parse().expect("a version"),
            definition: definition.to_owned(),
            large_definition: format!("{definition}-large"),
        };
        Config {
            bucket: "farm".into(),
            job_queue: "q".into(),
            blenders: vec![blender("4.5", "r45"), blender("4.1", "r41")],
            zip_definition: "z".into(),
            model: Model::of_farm(32.0, 4.0, 0.2),
            frame_seconds: 900,
            topic: None,
            notify: Notify::default(),
        }
    }

    /// A file that Blender `version` saved, of which only the beginning is known.
    fn scene(version: &str, start: i32, end: i32) -> Scene {
        let head = Head {
            version: version.parse().expect("a version"),
            compression: Compression::None,
            pointer_size: 8,
            byte_order: ByteOrder::Little,
            scene: SceneRange { name: "Shot 1".into(), start, end },
        };
        Scene { known: Known::Head(head, "Why not.".into()), project: Project::alone("a.blend") }
    }

    fn planned(key: &str, tags: &[(&str, &str)], scene: &Scene) -> Result<Plan, Vec<Fault>> {
        after(None, key, tags, scene)
    }

    /// Planned after an earlier render of the same name.
    fn after(
        measured: Option<&Measured>,
        key: &str,
        tags: &[(&str, &str)],
        scene: &Scene,
    ) -> Result<Plan, Vec<Fault>> {
        let intake = Intake {
            render: &RenderId::of_event("farm", key, "v", "1"),
            key: &BlendKey::parse(key).expect("a key"),
            sequencer: "1",
            object: &Object { etag: "\"e\"".into(), version_id: None, size: 7 },
            request: &Request::from_tags(tags.iter().copied()).map_err(|fault| vec![fault])?,
            scene,
            measured,
        };
        plan(&intake, &config(), "request", 7)
    }

    #[test]
    fn a_plan_holds_what_tags_and_file_say() {
        let tags = [("frame", "3"), ("chunk", "2")];
        let plan = planned("a.blend", &tags, &scene("4.5", 10, 250)).expect("good");
        assert_eq!((plan.frames.as_str(), plan.chunk, plan.arrays.len()), ("10-12", 2, 1));
        assert_eq!(plan.arrays[0].children, 2);
        assert_eq!(plan.source.id, SourceId::of("a.blend", "e", "4.5"));
        assert_eq!((plan.source.saved_by.as_str(), plan.blender.as_deref()), ("4.5", Some("4.5")));
        assert_eq!((plan.claimed_by.as_str(), plan.claimed_at), ("request", 7));
        assert!(!plan.is_submitted());
        let own = planned("a.blend", &[("frames", "scene")], &scene("4.5", 10, 12)).expect("good");
        assert_eq!(own.frames, "10-12");
        assert_eq!(own.preview.map(|preview| preview.frames.get()), Some(24), "its speed is unknown");
    }

    #[test]
    fn the_blender_is_chosen_by_the_file_or_named() {
        let of = |tags: &[(&str, &str)], version| planned("a.blend", tags, &scene(version, 1, 9));
        let older = of(&[("frame", "1")], "4.0").expect("good");
        assert_eq!(older.blender.as_deref(), Some("4.1"));
        assert_eq!(older.source.id, SourceId::of("a.blend", "e", "4.1"));
        let named = of(&[("frame", "1"), ("blender", "4.5")], "4.0").expect("good");
        assert_eq!(named.blender.as_deref(), Some("4.5"));
        assert_eq!(of(&[("frame", "1")], "4.6").expect_err("newer").len(), 1);
    }

    #[test]
    fn whatever_changes_the_picture_stands_in_the_plan_and_makes_other_frames() {
        let list = farm_contract::project::ContentHash::of(b"a list").to_string();
        let of = |more: &[(&str, &str)]| {
            let tags: Vec<_> = [("frame", "3")].iter().chain(more).copied().collect();
            planned("a.blend", &tags, &scene("4.5", 1, 9)).expect("good")
        };
        let plans = [
            of(&[]),
            of(&[("missing", "allow"), ("scripts", "allow")]),
            of(&[("samples", "16")]),
            of(&[("view_layer", "Fog")]),
            of(&[("project", &list)]),
        ];
        for (at, plan) in plans.iter().enumerate() {
            assert!(plans[..at].iter().all(|other| other.source.id != plan.source.id), "{plan:?}");
        }
        assert!(plans[1].allowed.missing && plans[1].allowed.scripts);
        assert_eq!(plans[2].settings.samples, Some(16));
        assert_eq!(plans[4].source.project.as_ref().map(|list| list.to_string()), Some(list));
        assert_eq!(of(&[("chunk", "1")]).source.id, plans[0].source.id, "how it is shared out is no picture");
        let still = of(&[("preview", "off")]);
        assert_eq!((still.source.id, still.preview), (plans[0].source.id.clone(), None));
    }

    #[test]
    fn the_file_of_an_archive_that_is_rendered_stands_in_the_plan() {
        let archive = planned("a.blend.zip", &[("frame", "1")], &scene("4.5", 1, 9)).expect("good");
        assert_eq!(archive.source.main.as_deref(), Some("a.blend"));
        let alone = planned("a.blend", &[("frame", "1"), ("main", "b.blend")], &scene("4.5", 1, 9));
        let alone = alone.expect("good");
        assert!(alone.source.main.is_none() && alone.warnings.iter().any(|warning| warning.contains("main")));
    }

    #[test]
    fn all_that_is_in_the_way_is_told_at_once() {
        let tags = [("frames", "1-200001"), ("chunk", "1")];
        let faults = planned("a.blend", &tags, &scene("5.0", 1, 24)).expect_err("two things");
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].message.contains("5.0") && faults[1].message.contains("200001"), "{faults:?}");
    }

    #[test]
    fn the_accepted_report_says_how_many_and_where() {
        let plan =
            planned("a.blend", &[("frame", "3"), ("chunk", "2")], &scene("4.5", 10, 250)).expect("good");
        let report = accepted(&plan, &BlendKey::parse("a.blend").expect("a key"), 9).expect("frames");
        for part in ["3 frames (10-12) with Blender 4.5", "2 tasks", "a.blend/", "a.blend/frames.zip"] {
            assert!(report.message.contains(part), "{}", report.message);
        }
        assert_eq!(report.state, State::Accepted);
        assert_eq!(report.render, Some(plan.render));
        assert_eq!(report.frames.map(|frames| (frames.count, frames.done)), Some((3, 0)));
    }

    #[test]
    fn an_earlier_render_of_the_same_settings_tells_how_long_a_frame_takes() {
        let scene = scene("4.5", 1, 250);
        let tags = [("frames", "scene"), ("percentage", "50")];
        let of = |measured: Option<&Measured>| after(measured, "a.blend", &tags, &scene).expect("good");
        let settings = of(None).settings;
        let times = |blender, settings: &Settings| Measured {
            tasks: 4,
            frames: 250,
            load_seconds: 5.0,
            frame_seconds: 0.5,
            ..Measured::of(Some(blender), None, settings)
        };
        let quick = of(Some(&times("4.5", &settings)));
        assert!(quick.chunk > of(None).chunk, "{} {}", quick.chunk, of(None).chunk);
        let slow = of(Some(&Measured { frame_seconds: 600.0, ..times("4.5", &settings) }));
        assert!(slow.chunk < of(None).chunk, "{}", slow.chunk);
        let odd = Measured { frame_seconds: f64::NAN, ..times("4.5", &settings) };
        for other in [times("5.0", &settings), times("4.5", &Settings::default()), odd] {
            assert_eq!(of(Some(&other)), of(None), "{other:?}");
        }
        let named = [("frames", "scene"), ("chunk", "3")];
        let named =
            after(Some(&times("4.5", &Settings::default())), "a.blend", &named, &scene).expect("good");
        assert_eq!(named.chunk, 3);
    }

    #[test]
    fn limits_choose_the_chunk_and_one_that_cannot_be_kept_is_told() {
        let of = |more: &[(&str, &str)]| {
            let tags: Vec<_> = [("frames", "1-16")].iter().chain(more).copied().collect();
            planned("a.blend", &tags, &scene("4.5", 1, 9)).expect("good")
        };
        let (soon, late) = (of(&[("deadline", "3m")]), of(&[("deadline", "10h")]));
        assert!(soon.chunk < late.chunk, "{} {}", soon.chunk, late.chunk);
        let told = |plan: &Plan| -> Vec<String> {
            plan.warnings.iter().filter(|warning| warning.contains("hardly be kept")).cloned().collect()
        };
        assert!(told(&soon).is_empty() && told(&late).is_empty(), "{soon:?}");
        assert_eq!(soon.source.id, late.source.id, "how soon it is done is no picture");
        for (tag, value) in [("deadline", "1m"), ("budget", "0.01")] {
            let [warning] = told(&of(&[(tag, value)])).try_into().expect("one warning");
            assert!(warning.contains(&format!("{tag}={value}")) && warning.contains("assumed"), "{warning}");
            let [warning] = told(&of(&[(tag, value), ("chunk", "16")])).try_into().expect("one warning");
            assert!(warning.contains("without the tag `chunk`"), "{warning}");
        }
    }

    #[test]
    fn what_a_render_may_cost_is_in_its_plan() {
        let plan = |tags: &[(&str, &str)]| planned("a.blend", tags, &scene("4.5", 1, 9)).expect("good");
        assert_eq!(plan(&[("frames", "scene"), ("max_cost", "2.5")]).max_cost.as_deref(), Some("2.50"));
        assert_eq!(plan(&[("frames", "scene")]).max_cost, None);
    }

    #[test]
    fn a_plan_of_an_older_function_gets_the_time_of_its_frames() {
        let plan = planned("a.blend", &[("frame", "3"), ("chunk", "3")], &scene("4.5", 1, 9)).expect("good");
        assert_eq!(allowed_time::of_plan(&plan, &config()), 2700);
        let older = Plan { attempt_seconds: None, chunk: 2, ..plan };
        assert_eq!(allowed_time::of_plan(&older, &config()), 1800);
    }
}
