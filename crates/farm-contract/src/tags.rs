//! The tags on an upload: what the user asks for.
//!
//! S3 allows letters, digits, spaces and `+ - = . _ : / @` in a tag value: no comma.

use crate::allowances::{Allowances, MISSING, SCRIPTS};
use crate::fault::Fault;
use crate::frames::{EXAMPLES, FrameRange, FrameSpec};
use crate::limits::{BUDGET, DEADLINE, Limits, MAX_COST};
use crate::order::{ORDER, Order};
use crate::preview::{self, PREVIEW};
use crate::project::{ContentHash, MAIN, PROJECT, check_path};
use crate::settings::{self, Settings};

/// That many frames from the scene's first: the original contract.
pub const FRAME: &str = "frame";
/// Frames by their absolute numbers, or `scene`.
pub const FRAMES: &str = "frames";
/// Frames that one child renders, or `auto`.
pub const CHUNK: &str = "chunk";

/// The value of [`FRAMES`] that means the file's own range.
pub const SCENE: &str = "scene";

/// The Blender that renders, as `4.5`; else the farm picks one by the file.
pub const BLENDER: &str = "blender";

/// Tags that a later version of the farm honours. Ignoring one would render a picture that
/// nobody asked for, so until then they are refused.
pub const RESERVED: [&str; 1] = ["spot"];

/// All tags that are honoured.
pub fn names() -> impl Iterator<Item = &'static str> {
    [FRAME, FRAMES, CHUNK, ORDER, DEADLINE, BUDGET, MAX_COST, BLENDER, MAIN, PROJECT, MISSING, SCRIPTS]
        .into_iter()
        .chain(settings::NAMES)
        .chain([PREVIEW])
}

/// Which frames an upload asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FramesAsked {
    /// `frame=N`: that many from the scene's first.
    Count(u32),
    /// `frames=...`: these.
    Spec(FrameSpec),
    /// `frames=scene`: the file's own range.
    Scene,
}

impl FramesAsked {
    /// The frames in absolute numbers, given the range of the file's own scene, with its step.
    ///
    /// # Errors
    /// They leave what Blender knows, or the scene's own range runs backwards.
    pub fn resolve(&self, scene_start: i32, scene_end: i32, step: u32) -> Result<FrameSpec, Fault> {
        match self {
            Self::Spec(spec) => Ok(spec.clone()),
            Self::Scene => FrameRange::with_step(scene_start, scene_end, step).map(FrameSpec::range),
            Self::Count(count) => {
                let last = i64::from(scene_start) + i64::from(*count) - 1;
                let last = i32::try_from(last).map_err(|_| {
                    Fault::new(
                        format!("frame={count} asks for more frames than Blender knows."),
                        format!("Frames are written like this: {EXAMPLES}."),
                    )
                })?;
                FrameRange::new(scene_start, last).map(FrameSpec::range)
            }
        }
    }
}

/// Frames that one child renders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chunk {
    /// As many as the farm finds best.
    #[default]
    Auto,
    /// This many.
    Frames(u32),
}

/// All that the tags of an upload ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which frames.
    pub frames: FramesAsked,
    /// Frames that one child renders.
    pub chunk: Chunk,
    /// In which order; left out, the farm chooses.
    pub order: Option<Order>,
    /// When it is to be done, and what it may cost: what the farm chooses a chunk by.
    pub limits: Limits,
    /// What it lets pass that the farm refuses otherwise.
    pub allowed: Allowances,
    /// What it wants otherwise than the file has it.
    pub settings: Settings,
    /// The Blender that it names, as `4.5`.
    pub blender: Option<String>,
    /// Whether moving pictures are made of the frames, where there are two of them.
    pub preview: bool,
    /// Of an archive: the file that is rendered, by its path in it or the end of that.
    pub main: Option<String>,
    /// The list of the project's other files.
    pub project: Option<ContentHash>,
    /// Tags that look like ours but are not, in words for the report.
    pub warnings: Vec<String>,
}

impl Request {
    /// Reads the tags of an upload. Tags that the farm does not know are somebody else's and
    /// are left alone.
    ///
    /// # Errors
    /// No tag names frames, two do, or one is written wrongly. The hint shows how to write it.
    pub fn from_tags<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Fault> {
        let (mut frame, mut frames, mut chunk) = (None, None, Chunk::Auto);
        let (mut order, mut blender, mut main, mut project) = (None, None, None, None);
        let (mut allowed, mut settings) = (Allowances::default(), Settings::default());
        let mut limits = Limits::default();
        let mut preview = true;
        let mut warnings = Vec::new();
        for (key, value) in tags {
            match key {
                _ if allowed.take(key, value)?
                    || settings.take(key, value)?
                    || limits.take(key, value)? => {}
                FRAME => frame = Some(count(value)?),
                FRAMES if value.trim() == SCENE => frames = Some(FramesAsked::Scene),
                FRAMES => frames = Some(FramesAsked::Spec(value.parse()?)),
                CHUNK => chunk = read_chunk(value)?,
                ORDER => order = Some(value.parse()?),
                BLENDER => blender = Some(read_blender(value)?),
                PREVIEW => preview = preview::read(value)?,
                MAIN => {
                    check_path(value.trim())?;
                    main = Some(value.trim().to_owned());
                }
                PROJECT => project = Some(value.trim().parse()?),
                _ if RESERVED.contains(&key) => {
                    return Err(Fault::new(
                        format!("The tag `{key}` is not honoured by this version of the farm."),
                        format!("Set it in the .blend file, and upload the file without the tag `{key}`."),
                    ));
                }
                _ => {
                    let lower = key.trim().to_ascii_lowercase();
                    if names().any(|name| name == lower) {
                        warnings.push(format!("The tag `{key}` was ignored: it is written `{lower}`."));
                    }
                }
            }
        }
        let frames = match (frame, frames) {
            (Some(_), Some(_)) => {
                return Err(Fault::new(
                    "The upload has both a `frame` and a `frames` tag.",
                    "Keep one of them: `frame` is a number of frames, `frames` names them.",
                ));
            }
            (Some(count), None) => FramesAsked::Count(count),
            (None, Some(frames)) => frames,
            (None, None) => {
                let mut message =
                    "The upload has no `frame` or `frames` tag, so nothing was rendered.".to_owned();
                for warning in &warnings {
                    message = format!("{message} {warning}");
                }
                return Err(Fault::new(
                    message,
                    format!(
                        "Upload the file again with a tag: aws s3api put-object --bucket BUCKET --key KEY \
                         --body FILE --tagging frame=120. A tag that is added later starts nothing. Frames are \
                         written like this: {EXAMPLES}."
                    ),
                ));
            }
        };
        Ok(Self {
            frames,
            chunk,
            order,
            limits,
            allowed,
            settings,
            blender,
            preview,
            main,
            project,
            warnings,
        })
    }
}

fn count(value: &str) -> Result<u32, Fault> {
    match value.trim().parse::<u32>() {
        Ok(0) => {
            Err(Fault::new("frame=0 asks for no frame.", format!("Ask for one or more frames: {EXAMPLES}.")))
        }
        Ok(count) if value.trim().bytes().all(|b| b.is_ascii_digit()) => Ok(count),
        _ => {
            // Frames that are listed under the tag that counts them: show the tag that lists them.
            let meant = value
                .parse::<FrameSpec>()
                .map(|spec| format!("To render just these frames, write frames={spec}. "));
            Err(Fault::new(
                format!("frame={value} is not a number of frames."),
                format!("{}Frames are written like this: {EXAMPLES}.", meant.unwrap_or_default()),
            ))
        }
    }
}

/// A version of Blender: `4.5`, or `4.5.15`, of which every patch is as good as another.
fn read_blender(value: &str) -> Result<String, Fault> {
    let numbers: Vec<&str> = value.trim().split('.').collect();
    let digits =
        |part: &&str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
    match numbers.as_slice() {
        [major, minor] | [major, minor, _] if numbers.iter().all(digits) => Ok(format!("{major}.{minor}")),
        _ => Err(Fault::new(
            format!("blender={value} is not a version of Blender."),
            "Write major and minor version, such as blender=4.5, or leave the tag out: the farm picks by the file.",
        )),
    }
}

fn read_chunk(value: &str) -> Result<Chunk, Fault> {
    match value.trim() {
        "auto" => Ok(Chunk::Auto),
        digits => match digits.parse() {
            Ok(frames) if frames > 0 => Ok(Chunk::Frames(frames)),
            _ => Err(Fault::new(
                format!("chunk={value} is not a number of frames."),
                "Write chunk=auto, or the frames that one task renders: chunk=10.",
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(tags: &[(&str, &str)]) -> Result<Request, Fault> {
        Request::from_tags(tags.iter().copied())
    }

    #[test]
    fn the_original_tag_counts_from_the_scenes_own_first_frame() {
        let asked = read(&[("frame", "3")]).expect("good").frames;
        assert_eq!(asked.resolve(10, 250, 2).expect("fits").frames(), [10, 11, 12]);
        assert!(FramesAsked::Count(u32::MAX).resolve(10, 250, 1).is_err());
        assert!(FramesAsked::Scene.resolve(5, 4, 1).is_err());
        assert_eq!(FramesAsked::Scene.resolve(1, 8, 3).expect("stepped").frames(), [1, 4, 7]);
    }

    #[test]
    fn tags_of_others_are_left_alone() {
        let request = read(&[("owner", "ana"), ("frames", "scene"), ("chunk", "4")]).expect("good");
        assert_eq!(request.frames, FramesAsked::Scene);
        assert_eq!(request.chunk, Chunk::Frames(4));
        assert!(request.warnings.is_empty());
    }

    #[test]
    fn limits_are_taken_beside_frames() {
        let request = read(&[("frame", "3"), ("deadline", "90m"), ("budget", "2.50")]).expect("good");
        assert_eq!((request.limits.deadline(), request.limits.budget()), (Some(5400.0), Some(2.5)));
        let warned = read(&[("frame", "3"), ("Budget", "5")]).expect("good");
        assert!(warned.limits.budget().is_none() && warned.warnings[0].contains("`budget`"), "{warned:?}");
    }

    #[test]
    fn there_is_a_preview_unless_the_upload_wants_none() {
        assert!(read(&[("frame", "3")]).expect("good").preview);
        assert!(!read(&[("frame", "3"), ("preview", "off")]).expect("good").preview);
    }

    #[test]
    fn what_is_refused_otherwise_is_allowed_by_its_own_tag() {
        assert!(read(&[("frame", "3")]).expect("good").allowed.is_none());
        let request = read(&[("frame", "3"), ("missing", "allow")]).expect("good");
        assert_eq!(request.allowed, Allowances { missing: true, scripts: false });
        let request = read(&[("scripts", "allow"), ("frame", "3")]).expect("good");
        assert_eq!(request.allowed, Allowances { missing: false, scripts: true });
        let warned = read(&[("frame", "3"), ("Scripts", "allow")]).expect("good");
        assert!(warned.allowed.is_none() && warned.warnings[0].contains("`scripts`"), "{warned:?}");
    }

    #[test]
    fn settings_blender_and_project_are_taken() {
        let hash = ContentHash::of(b"a list").to_string();
        let tags = [
            ("frames", "scene"),
            ("scene", "Shot 2"),
            ("samples", "16"),
            ("blender", "4.5.15"),
            ("main", "shots/a.blend"),
            ("project", hash.as_str()),
        ];
        let request = read(&tags).expect("good");
        assert_eq!(request.settings.pairs(), [("scene", "Shot 2".to_owned()), ("samples", "16".to_owned())]);
        assert_eq!(request.blender.as_deref(), Some("4.5"));
        assert_eq!(request.main.as_deref(), Some("shots/a.blend"));
        assert_eq!(request.project.map(|list| list.to_string()), Some(hash));
        let warned = read(&[("frame", "3"), ("Camera", "Left")]).expect("good");
        assert!(warned.warnings[0].contains("`camera`"), "{warned:?}");
    }

    #[test]
    fn every_bad_tag_is_refused_with_the_way_to_write_it() {
        let tags: [&[(&str, &str)]; 26] = [
            &[],
            &[("frame", "0")],
            &[("frame", "abc")],
            &[("frame", "1,5")],
            &[("frame", "-3")],
            &[("frame", "+3")],
            &[("frame", "")],
            &[("frames", "10-1")],
            &[("frames", "")],
            &[("frame", "3"), ("frames", "1-3")],
            &[("frame", "3"), ("chunk", "0")],
            &[("frame", "3"), ("chunk", "many")],
            &[("frame", "3"), ("deadline", "soon")],
            &[("frame", "3"), ("budget", "$5")],
            &[("frame", "3"), ("spot", "no")],
            &[("frame", "3"), ("order", "random")],
            &[("frame", "3"), ("camera", "")],
            &[("frame", "3"), ("blender", "4")],
            &[("frame", "3"), ("blender", "4.x")],
            &[("frame", "3"), ("blender", "4.5 LTS")],
            &[("frame", "3"), ("main", "../a.blend")],
            &[("frame", "3"), ("project", "abc")],
            &[("frame", "3"), ("scripts", "yes")],
            &[("frame", "3"), ("missing", "")],
            &[("frame", "3"), ("preview", "no")],
            &[("Frame", "3")],
        ];
        for tags in tags {
            assert!(!read(tags).expect_err("bad").hint.is_empty(), "{tags:?}");
        }
        let fault = read(&[("frame", "1,5")]).expect_err("a list");
        assert!(fault.hint.contains("frames=1 5"), "{fault:?}");
        let fault = read(&[("Frame", "3")]).expect_err("capital");
        assert!(fault.message.contains("it is written `frame`"), "{fault:?}");
    }

    proptest! {
        #[test]
        fn any_tags_are_read_without_panic(tags in proptest::collection::vec(("(frame|frames|chunk|order|deadline|budget|missing|scripts|scene|samples|blender|main|project|format|preview|\\PC*)", "\\PC*"), 0..4)) {
            let _ = Request::from_tags(tags.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        }
    }
}
