//! From an upload to its plan: what the tags ask for, what the file holds, how it is shared out.
//!
//! Pure: what was read from the bucket goes in, a plan or a fault for the report comes out.

use blend_file::Head;
use farm_contract::Fault;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::BlendKey;
use farm_contract::plan::{Layout, Plan, RenderId, Source, SourceId};
use farm_contract::report::{Frames, Report, State};
use farm_contract::tags::{FramesAsked, Request};

use crate::config::Config;
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
    /// Its tags.
    pub tags: &'a [(String, String)],
    /// Its first bytes.
    pub first_bytes: &'a [u8],
}

/// Plans a render; the claim's holder and time are `holder` and `now`.
///
/// # Errors
/// The upload cannot be rendered as it is: the fault is for its report.
pub fn plan(intake: &Intake<'_>, config: &Config, holder: &str, now: u64) -> Result<Plan, Fault> {
    if intake.key.is_archive() {
        return Err(Fault::new(
            format!("`{}` is an archive, and the farm renders single .blend files.", intake.key.file_name()),
            "Pack everything into the .blend (in Blender: File > External Data > Pack Resources), save it, \
             and upload the .blend.",
        ));
    }
    let request = Request::from_tags(intake.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))?;
    let head = blend_file::read_head(intake.first_bytes, intake.object.size)
        .map_err(|error| Fault::new(error.to_string(), error.hint()))?;
    if head.version > config.blender {
        return Err(Fault::new(
            format!(
                "The file was saved by Blender {}; the farm renders with Blender {}, which cannot be \
                 trusted to read it.",
                head.version, config.blender
            ),
            format!(
                "Save it with Blender {}, or deploy the farm with Blender {}, and upload it again.",
                config.blender, head.version
            ),
        ));
    }
    let spec = request.frames.resolve(head.scene.start, head.scene.end)?;
    let layout = Layout::new(spec.frames().len(), request.chunk, config.parallel)?;
    let mut warnings = request.warnings;
    warnings.extend(past_the_end(&request.frames, &spec, &head));
    let source = Source {
        etag: intake.object.etag.clone(),
        version_id: intake.object.version_id.clone(),
        size: intake.object.size,
        id: SourceId::of(intake.key.as_str(), &intake.object.etag, &config.blender.to_string())
            .allowing(request.allowed),
        saved_by: head.version.to_string(),
    };
    let draft =
        Plan::draft(intake.render.clone(), &config.bucket, intake.key.as_str(), source, &spec.to_string());
    Ok(Plan {
        chunk: layout.chunk,
        sequencer: Some(intake.sequencer.to_owned()),
        allowed: request.allowed,
        claimed_by: holder.to_owned(),
        claimed_at: now,
        arrays: layout.arrays,
        warnings,
        ..draft
    })
}

/// `frame=N` counts from the scene's first frame, so it is easily meant otherwise.
fn past_the_end(asked: &FramesAsked, spec: &FrameSpec, head: &Head) -> Option<String> {
    let FramesAsked::Count(count) = asked else { return None };
    let last = *spec.frames().last()?;
    (last > head.scene.end).then(|| {
        format!(
            "frame={count} renders the frames {spec}, but the scene `{}` ends at frame {}. For the scene's \
             own range ({}-{}), upload the file with the tag frames=scene.",
            head.scene.name, head.scene.end, head.scene.start, head.scene.end
        )
    })
}

/// The report of a plan that was accepted.
///
/// # Errors
/// The plan's frames cannot be read: it was damaged.
pub fn accepted(plan: &Plan, key: &BlendKey, now: u64) -> Result<Report, Fault> {
    let frames = plan.frame_list()?;
    let planned = plan.frames.clone();
    let tasks: u32 = plan.arrays.iter().map(|array| array.children).sum();
    let message = format!(
        "Rendering {} ({planned}) in {}. Each frame will be in `{}` as soon as it is done, and all of them \
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

fn counted(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Seconds that a child may take which renders `chunk` frames: what Batch is told, within what
/// Fargate allows.
pub fn attempt_seconds(frame_seconds: u32, chunk: u32) -> i32 {
    const FARGATE: std::ops::RangeInclusive<u32> = 60..=14 * 24 * 60 * 60;
    let seconds = frame_seconds.saturating_mul(chunk).clamp(*FARGATE.start(), *FARGATE.end());
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The first bytes of a file that Blender `version` (405 is 4.5) saved, with the scene's range.
    fn blend(version: u16, start: i32, end: i32) -> Vec<u8> {
        let mut bytes = format!("BLENDER-v{version}REND").into_bytes();
        let scene = [&start.to_le_bytes()[..], &end.to_le_bytes(), b"Shot 1"].concat();
        bytes.extend(72_u32.to_le_bytes());
        bytes.extend([0; 8 + 4]);
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(&scene);
        bytes.resize(bytes.len() + 72 - scene.len(), 0);
        bytes.extend([0; 256]);
        bytes
    }

    fn config() -> Config {
        Config {
            bucket: "farm".into(),
            job_queue: "q".into(),
            render_definition: "r".into(),
            large_definition: "l".into(),
            zip_definition: "z".into(),
            blender: blend_file::Version { major: 4, minor: 5 },
            parallel: 8,
            frame_seconds: 900,
        }
    }

    fn planned(key: &str, tags: &[(&str, &str)], bytes: &[u8]) -> Result<Plan, Fault> {
        let intake = Intake {
            render: &RenderId::of_event("farm", key, "v", "1"),
            key: &BlendKey::parse(key)?,
            sequencer: "1",
            object: &Object { etag: "\"e\"".into(), version_id: None, size: bytes.len() as u64 },
            tags: &tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>(),
            first_bytes: bytes,
        };
        plan(&intake, &config(), "request", 7)
    }

    #[test]
    fn a_plan_holds_what_tags_and_file_say() {
        let plan = planned("a.blend", &[("frame", "3"), ("chunk", "2")], &blend(405, 10, 250)).expect("good");
        assert_eq!((plan.frames.as_str(), plan.chunk, plan.arrays.len()), ("10-12", 2, 1));
        assert_eq!(plan.arrays[0].children, 2);
        assert_eq!(plan.source.id, SourceId::of("a.blend", "e", "4.5"));
        assert_eq!(plan.source.saved_by, "4.5");
        assert_eq!((plan.claimed_by.as_str(), plan.claimed_at), ("request", 7));
        assert!(plan.warnings.is_empty() && !plan.is_submitted());
        let own = planned("a.blend", &[("frames", "scene")], &blend(405, 10, 12)).expect("good");
        assert_eq!(own.frames, "10-12");
    }

    #[test]
    fn what_is_allowed_stands_in_the_plan_and_makes_other_frames() {
        let plain = planned("a.blend", &[("frame", "3")], &blend(405, 1, 9)).expect("good");
        let tags = [("frame", "3"), ("missing", "allow"), ("scripts", "allow")];
        let allowed = planned("a.blend", &tags, &blend(405, 1, 9)).expect("good");
        assert!(plain.allowed.is_none() && allowed.allowed.missing && allowed.allowed.scripts);
        assert_ne!(plain.source.id, allowed.source.id);
    }

    #[test]
    fn a_count_past_the_scenes_end_is_rendered_with_a_warning() {
        let plan = planned("a.blend", &[("frame", "120")], &blend(405, 1, 24)).expect("good");
        assert_eq!(plan.frames, "1-120");
        let [warning] = plan.warnings.as_slice() else { panic!("{:?}", plan.warnings) };
        for part in ["1-120", "24", "Shot 1", "frames=scene"] {
            assert!(warning.contains(part), "{warning}");
        }
        // Frames that are named were meant.
        let plan = planned("a.blend", &[("frames", "1-120")], &blend(405, 1, 24)).expect("good");
        assert!(plan.warnings.is_empty());
        let plan = planned("a.blend", &[("frame", "24")], &blend(405, 1, 24)).expect("good");
        assert!(plan.warnings.is_empty());
    }

    #[test]
    fn what_cannot_be_rendered_is_a_fault_with_a_way_out() {
        let frame: &[(&str, &str)] = &[("frame", "1")];
        let good = blend(405, 1, 24);
        for (key, tags, bytes, part) in [
            ("a.blend.zip", frame, good.clone(), "archive"),
            ("a.blend", &[], good.clone(), "no `frame`"),
            ("a.blend", frame, blend(406, 1, 24), "4.6"),
            ("a.blend", frame, Vec::new(), "empty"),
            ("a.blend", frame, b"PK\x03\x04 is a zip archive".to_vec(), "not a Blender file"),
            ("a.blend", frame, good[..40].to_vec(), "cut off"),
            ("a.blend", &[("frames", "1-200001"), ("chunk", "1")], good.clone(), "200001"),
        ] {
            let fault = planned(key, tags, &bytes).expect_err(part);
            assert!(fault.message.contains(part), "{fault:?}");
            assert!(!fault.hint.is_empty(), "{fault:?}");
        }
        let fault = planned("a.blend", frame, &blend(406, 1, 24)).expect_err("newer");
        assert!(fault.message.contains("4.5") && fault.hint.contains("4.5"), "{fault:?}");
        assert!(planned("a.blend", frame, &blend(404, 1, 24)).is_ok(), "older ones are read");
    }

    #[test]
    fn the_accepted_report_says_how_many_and_where() {
        let plan = planned("a.blend", &[("frame", "3"), ("chunk", "2")], &blend(405, 10, 250)).expect("good");
        let report = accepted(&plan, &BlendKey::parse("a.blend").expect("a key"), 9).expect("frames");
        for part in ["3 frames (10-12)", "2 tasks", "a.blend/", "a.blend/frames.zip"] {
            assert!(report.message.contains(part), "{}", report.message);
        }
        assert_eq!(report.state, State::Accepted);
        assert_eq!(report.render, Some(plan.render));
        assert_eq!(report.frames.map(|frames| (frames.count, frames.done)), Some((3, 0)));
    }

    #[test]
    fn a_child_gets_the_time_of_its_frames_within_fargates_limits() {
        assert_eq!(attempt_seconds(900, 4), 3600);
        assert_eq!(attempt_seconds(1, 1), 60);
        assert_eq!(attempt_seconds(u32::MAX, 3), 14 * 24 * 60 * 60);
    }

    proptest! {
        #[test]
        fn any_upload_is_planned_or_refused_without_panic(
            tag in "(1|3-9|\\PC{0,8})",
            start in any::<i32>(),
            end in any::<i32>(),
            cut in 0usize..400,
        ) {
            let bytes = blend(405, start, end);
            let _ = planned("a.blend", &[("frames", &tag)], &bytes[..cut.min(bytes.len())]);
            let _ = planned("a.blend", &[("frame", &tag)], &bytes);
        }
    }
}
