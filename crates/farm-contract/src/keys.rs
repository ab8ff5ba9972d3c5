//! The bucket's layout: which key holds what, spelt here and nowhere else.
//!
//! | key | what |
//! | --- | --- |
//! | `KEY` ending in `.blend` or `.blend.zip` | the upload |
//! | `KEY/frame_0001.png` | a frame |
//! | `KEY/frames.zip` | all frames of the render |
//! | `KEY/preview.mp4` | they as a film |
//! | `KEY/contact-sheet.gif` | they at one glance, moving |
//! | `KEY/report.json` | what became of the upload |
//! | `.farm/renders/ID/plan.json` | the claim and the plan |
//! | `.farm/renders/ID/tasks/INDEX.json` | what a child did |
//! | `.farm/renders/ID/spending/NOTE` | what a task costs |
//! | `.farm/renders/ID/stop.json` | that the render is to end |
//! | `.farm/renders/ID/notices/STATE.json` | that somebody is told of this end |
//! | `.farm/renders/ID/page/WORD/` | a published page |
//! | `.farm/files/SHA256` | a file of projects, by its content |
//! | `.farm/projects/SHA256.json` | which files a project has, by the content of this list |
//! | `.farm/farm.json` | what farm this is |
//! | `.farm/rejected/HASH/report.json` | the report of an upload whose own folder cannot hold one |

use std::fmt;

use sha2::{Digest, Sha256};

use crate::fault::Fault;
use crate::plan::RenderId;
use crate::project::ContentHash;
use crate::report::State;

/// Key suffixes that start a render: the bucket's notification filter, and what the tasks'
/// roles are denied to write.
pub const TRIGGER_SUFFIXES: [&str; 2] = [".blend", ".blend.zip"];

/// Prefix of everything that is the farm's own.
pub const FARM_PREFIX: &str = ".farm/";

/// What farm this is.
pub const OFFER: &str = ".farm/farm.json";

/// S3's limit for a key, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 1024;

/// The longest upload key whose frames still fit under [`MAX_KEY_BYTES`]
/// (`/frame_-1048574_L.tiff` is about the longest name that a frame has).
pub const MAX_UPLOAD_KEY_BYTES: usize = 1000;

/// The key of an upload, as its owner wrote it (not URL-encoded).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlendKey(String);

impl BlendKey {
    /// Checks that a key can be an upload.
    ///
    /// # Errors
    /// The key does not end in a trigger suffix, is the farm's own, or is too long for its
    /// frames to be stored below it.
    pub fn parse(key: &str) -> Result<Self, Fault> {
        if !TRIGGER_SUFFIXES.iter().any(|suffix| key.ends_with(suffix)) {
            return Err(Fault::new(
                format!("`{key}` is not the name of a Blender file."),
                "Upload a file whose name ends in .blend (lower case).",
            ));
        }
        if key.starts_with(FARM_PREFIX) {
            return Err(Fault::new(
                format!("`{key}` lies in `{FARM_PREFIX}`, which is the farm's own."),
                "Upload the file under another name.",
            ));
        }
        if key.contains(|c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
            return Err(Fault::new(
                "The name of the upload has a control character in it, which a listing of the bucket cannot show.",
                "Upload the file under a name of letters, digits, spaces and ordinary signs.",
            ));
        }
        if key.len() > MAX_UPLOAD_KEY_BYTES {
            return Err(Fault::new(
                format!(
                    "The name of the upload has {} bytes. Its frames are stored below it, which \
                     leaves it {MAX_UPLOAD_KEY_BYTES} of the {MAX_KEY_BYTES} that S3 allows.",
                    key.len()
                ),
                "Upload the file under a shorter name.",
            ));
        }
        Ok(Self(key.to_owned()))
    }

    /// The upload that a folder belongs to: the inverse of [`BlendKey::folder`]. The closing
    /// slash may be missing.
    ///
    /// # Errors
    /// As for [`BlendKey::parse`].
    pub fn from_folder(folder: &str) -> Result<Self, Fault> {
        Self::parse(folder.strip_suffix('/').unwrap_or(folder))
    }

    /// The key itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key's last part: the file name.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The file name without its ending.
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        let name = name.strip_suffix(".zip").unwrap_or(name);
        name.strip_suffix(".blend").unwrap_or(name)
    }

    /// Whether the upload is a project archive rather than a single file.
    pub fn is_archive(&self) -> bool {
        self.0.ends_with(".zip")
    }

    /// `KEY/`: the prefix of all that a render makes.
    pub fn folder(&self) -> String {
        format!("{}/", self.0)
    }

    /// `KEY/name`.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }

    /// `KEY/frame_`: the prefix of all frames.
    pub fn frames_prefix(&self) -> String {
        self.file(FRAME_PREFIX)
    }

    /// `KEY/frame_0001`: the prefix of one frame's own files. Other frames' names can begin
    /// with it (`frame_00011`), so names below it are to be parsed with [`FrameName::parse`].
    pub fn frame_prefix(&self, frame: i32) -> String {
        self.file(&frame_stem(frame))
    }

    /// `KEY/frames.zip`.
    pub fn frames_zip(&self) -> String {
        self.file(FRAMES_ZIP)
    }

    /// `KEY/preview.mp4`.
    pub fn preview(&self) -> String {
        self.file(PREVIEW)
    }

    /// `KEY/contact-sheet.gif`.
    pub fn contact_sheet(&self) -> String {
        self.file(CONTACT_SHEET)
    }

    /// `KEY/report.json`.
    pub fn report(&self) -> String {
        self.file(REPORT)
    }
}

impl fmt::Display for BlendKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the report of an upload goes that [`BlendKey::parse`] refused: beside it where that
/// fits, else below [`FARM_PREFIX`] under a hash of the key.
pub fn report_of_refused(key: &str) -> String {
    let beside = format!("{key}/report.json");
    if beside.len() <= MAX_KEY_BYTES && !key.starts_with(FARM_PREFIX) {
        return beside;
    }
    let hash = hex(&Sha256::digest(key.as_bytes()), 20);
    format!("{FARM_PREFIX}rejected/{hash}/report.json")
}

const FRAME_PREFIX: &str = "frame_";

/// All frames of the render.
pub const FRAMES_ZIP: &str = "frames.zip";
/// They as a film.
pub const PREVIEW: &str = "preview.mp4";
/// They at one glance, moving.
pub const CONTACT_SHEET: &str = "contact-sheet.gif";
/// What became of the upload.
pub const REPORT: &str = "report.json";

/// What the farm itself makes below an upload's key: no file of a frame may have one of these names.
pub const OWN_NAMES: [&str; 4] = [FRAMES_ZIP, PREVIEW, CONTACT_SHEET, REPORT];

/// `frame_0001`: at least four digits, the minus sign of a negative frame counted, as Blender
/// numbers its own files.
pub fn frame_stem(frame: i32) -> String {
    format!("{FRAME_PREFIX}{frame:04}")
}

/// The name of one of a frame's own files: `frame_0007.png`, or `frame_0007_L.png` where a
/// frame has several views.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameName {
    /// Absolute frame number.
    pub frame: i32,
    /// What follows the number, extension included: `.png` or `_L.png`.
    pub rest: String,
}

impl FrameName {
    /// Reads the last part of a key. `None` where it is not a frame's name.
    pub fn parse(name: &str) -> Option<Self> {
        let tail = name.strip_prefix(FRAME_PREFIX)?;
        let digits = tail.strip_prefix('-').unwrap_or(tail);
        let signed = usize::from(digits.len() != tail.len());
        let end = signed + digits.find(|c: char| !c.is_ascii_digit())?;
        let (number, rest) = tail.split_at_checked(end)?;
        let frame: i32 = number.parse().ok()?;
        let named = (rest.starts_with('.') || rest.starts_with('_')) && !rest.contains('/');
        (named && frame_stem(frame) == format!("{FRAME_PREFIX}{number}"))
            .then(|| Self { frame, rest: rest.to_owned() })
    }
}

impl fmt::Display for FrameName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", frame_stem(self.frame), self.rest)
    }
}

/// Prefix of all that belongs to one render: `.farm/renders/ID/`.
pub fn render_prefix(render: &RenderId) -> String {
    format!("{RENDERS_PREFIX}{render}/")
}

/// The claim and the plan of a render.
pub fn plan(render: &RenderId) -> String {
    format!("{}plan.json", render_prefix(render))
}

/// Prefix of the records of a render's children.
pub fn tasks_prefix(render: &RenderId) -> String {
    format!("{}tasks/", render_prefix(render))
}

/// The record of one child, by its number in the whole render.
pub fn task(render: &RenderId, child: u32) -> String {
    format!("{}{child}.json", tasks_prefix(render))
}

/// Prefix of what the tasks of a render note of its cost.
pub fn spending_prefix(render: &RenderId) -> String {
    format!("{}spending/", render_prefix(render))
}

/// How the key of a [`stop`] ends: the bucket's notification filter.
pub const STOP_SUFFIX: &str = "/stop.json";
/// Prefix of all renders' own.
pub const RENDERS_PREFIX: &str = ".farm/renders/";

/// That a render is to end.
pub fn stop(render: &RenderId) -> String {
    format!("{RENDERS_PREFIX}{render}{STOP_SUFFIX}")
}

/// The render that a [`stop`] is of. `None` for other keys.
pub fn render_of_stop(key: &str) -> Option<RenderId> {
    RenderId::parse(key.strip_prefix(RENDERS_PREFIX)?.strip_suffix(STOP_SUFFIX)?).ok()
}

/// Who tells of this end of an upload, and whether it is told. An upload that is rejected has no plan, and an id
/// all the same.
pub fn notice(render: &RenderId, state: State) -> String {
    format!("{}notices/{}.json", render_prefix(render), state.word())
}

/// Prefix of a page that is published of a render, under a word of its own: no other takes its files over.
pub fn page_prefix(render: &RenderId, word: &str) -> String {
    format!("{}page/{word}/", render_prefix(render))
}

/// A file of projects.
pub fn project_file(content: &ContentHash) -> String {
    format!("{FARM_PREFIX}files/{content}")
}

/// The list of a project's files.
pub fn project(list: &ContentHash) -> String {
    format!("{FARM_PREFIX}projects/{list}.json")
}

/// A key from a list that was asked for in URL encoding, as S3 writes it there: a space as `+`, other
/// bytes as `%XX`. What is no UTF-8 then, no program of the farm wrote: it is marked as such.
pub fn decode_listed(encoded: &str) -> String {
    let spaced = encoded.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// The first `digits` hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8], digits: usize) -> String {
    let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_longest_upload_key_leaves_room_for_its_longest_frame() {
        let key = format!("{}.blend", "k".repeat(MAX_UPLOAD_KEY_BYTES - 6));
        let key = BlendKey::parse(&key).expect("fits");
        let longest = FrameName { frame: -1_048_574, rest: "_L.tiff".into() };
        assert!(key.file(&longest.to_string()).len() <= MAX_KEY_BYTES);
        assert!(BlendKey::parse(&format!("k{key}")).is_err());
    }

    #[test]
    fn keys_that_are_no_upload_are_refused_with_a_way_out() {
        for key in ["a\u{1}.blend", "scene.BLEND", "scene.blend/report.json", "a.blend1", ".farm/x.blend", ""]
        {
            let fault = BlendKey::parse(key).expect_err(key);
            assert!(!fault.hint.is_empty());
        }
    }

    #[test]
    fn a_stop_is_of_its_render() {
        let id = RenderId::of_event("b", "k", "v", "s");
        assert_eq!(render_of_stop(&stop(&id)), Some(id.clone()));
        for other in [plan(&id), format!("{RENDERS_PREFIX}x/y/stop.json"), "a/stop.json".into()] {
            assert_eq!(render_of_stop(&other), None, "{other}");
        }
    }

    #[test]
    fn a_refused_upload_has_a_report_that_fits() {
        assert_eq!(report_of_refused("a.blend"), "a.blend/report.json");
        let long = format!("{}.blend", "k".repeat(1018));
        assert!(report_of_refused(&long).starts_with(".farm/rejected/"));
    }

    #[test]
    fn listed_keys_are_decoded_once() {
        assert_eq!(decode_listed("my+shot+1%2B2+%C3%A9.blend/%01"), "my shot 1+2 é.blend/\u{1}");
        assert_eq!(decode_listed("a%252F"), "a%2F");
        assert_eq!(decode_listed("%FF%"), "\u{fffd}%");
    }

    #[test]
    fn names_that_only_look_like_frames_are_none() {
        for name in [
            "frame_.png",
            "frame_7.png",
            "frame_0007",
            "frame_00007.png",
            "frame_0007x.png",
            "frame_0007.png/a",
            "Frame_0007.png",
            "frame_--07.png",
            "frame_99999999999.png",
        ] {
            assert_eq!(FrameName::parse(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_frame_name_reads_back(frame in -1_048_574..=1_048_574, rest in "(_[A-Za-z]{1,5})?\\.[a-z]{3,4}") {
            let name = FrameName { frame, rest };
            prop_assert_eq!(FrameName::parse(&name.to_string()), Some(name));
        }

        #[test]
        fn a_folder_leads_back_to_its_upload(stem in "\\PC{0,40}") {
            if let Ok(key) = BlendKey::parse(&format!("{stem}.blend")) {
                prop_assert_eq!(BlendKey::from_folder(&key.folder()), Ok(key));
            }
        }

        #[test]
        fn any_name_is_read_without_panic(name in "\\PC*") {
            let _ = FrameName::parse(&name);
            let _ = BlendKey::parse(&name);
            prop_assert!(report_of_refused(&name).len() <= MAX_KEY_BYTES);
        }
    }
}
