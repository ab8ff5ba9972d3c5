//! What Blender prints when a picture comes out wrong and it goes on as if nothing were.
//!
//! Lines of Blender 4 begin with the words below; Blender 5 puts a time and a category before
//! some of them, so words are looked for anywhere in a line.
//!
//! What it prints of a missing library is no sign: `assets.py` may find it after that, and `faults.py`
//! sees in the data what is still missing.

use farm_contract::Fault;

/// What a printed line says that something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// What kind of thing is wrong.
    pub kind: Kind,
    /// The same in the artist's words.
    pub fault: Fault,
}

/// Kinds of signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The picture is not what the scene says.
    Wrong,
    /// A file is missing, which an upload may allow.
    Missing,
    /// There was not enough memory.
    OutOfMemory,
}

/// A sign of a wrong picture.
struct Pattern {
    kind: Kind,
    /// All of these stand in the line.
    words: &'static [&'static str],
    /// What that means.
    meaning: &'static str,
    /// What to do about it.
    hint: &'static str,
}

const PACK: &str =
    "In Blender choose File > External Data > Pack Resources, save, and upload the file again.";
/// What helps a scene that needs more memory than there is.
pub const LIGHTER: &str = "Make the scene lighter (smaller textures, less subdivision, Simplify), or give the farm's tasks more memory \
     (`memory` in farm.toml).";
const DENOISER: &str = "Switch off Denoise in the render properties and in the compositor, or deploy the farm with another build of Blender.";

const PATTERNS: &[Pattern] = &[
    Pattern {
        kind: Kind::Wrong,
        words: &["Error in PyDriver"],
        meaning: "A driver with a Python expression could not run",
        hint: "Use an expression of numbers, variables and plain functions (no bpy), or bake the animation; then save and \
               upload the file again.",
    },
    Pattern {
        kind: Kind::Wrong,
        words: &["skipping driver"],
        meaning: "A driver with a Python expression was left out",
        hint: "Use an expression of numbers, variables and plain functions (no bpy), or bake the animation; then save and \
               upload the file again.",
    },
    Pattern {
        kind: Kind::Wrong,
        words: &["Build without OpenImageDenoise"],
        meaning: "The farm's Blender is built without the denoiser",
        hint: DENOISER,
    },
    Pattern {
        kind: Kind::Missing,
        words: &["Image file", "does not exist"],
        meaning: "An image is not with the upload",
        hint: PACK,
    },
    Pattern {
        kind: Kind::Wrong,
        words: &["Error writing render result"],
        meaning: "Blender could not write a file of the frame",
        hint: "Check the names in the file's File Output nodes, and upload it again.",
    },
    Pattern {
        kind: Kind::Wrong,
        words: &["Render error", "cannot save"],
        meaning: "Blender could not write the picture",
        hint: "Upload the file again; if it fails again, give the task more storage.",
    },
    out_of_memory(&["Out of memory"]),
    out_of_memory(&["alloc", "returns null"]),
    out_of_memory(&["System is out of GPU"]),
];

const fn out_of_memory(words: &'static [&'static str]) -> Pattern {
    Pattern { kind: Kind::OutOfMemory, words, meaning: "Blender ran out of memory", hint: LIGHTER }
}

/// What a line says about the picture, if it says that it is wrong.
pub fn wrong_picture(line: &str) -> Option<Sign> {
    let found = PATTERNS.iter().find(|pattern| pattern.words.iter().all(|word| line.contains(word)))?;
    let fault = Fault::new(format!("{}. Blender said: {}", found.meaning, line.trim()), found.hint);
    Some(Sign { kind: found.kind, fault })
}

/// Whether a line tells nobody anything: how far a frame is, which Blender prints thousands of times,
/// or that something of the window is not there, which an image leaves out on purpose.
pub fn is_noise(line: &str) -> bool {
    let line = line.trim_start();
    // `Fra:1 Mem:8.5M (Peak 9M) | Time:00:00.05 | Sample 4/16`
    line.starts_with("Fra:") && line.contains('|')
        // Add-ons that its factory settings name; no others are switched on here.
        || line.starts_with("Add-on not loaded: ")
        || line.contains("BLT_lang_init: Falling back to standard locale")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_a_wrong_picture_are_seen_in_the_words_of_every_blender() {
        for line in [
            "Error in PyDriver: expression failed: bpy.context.scene.frame_current*2",
            "skipping driver 'frame', automatic scripts are disabled",
            "Build without OpenImageDenoiser",
            "00:00.227  cycles | ERROR Image file '/s/gone.png' does not exist.",
            "Error writing render result, Permission denied",
            "Malloc returns null: len=8589934592 in imbuf, total 123",
            "Calloc array returns null: len=4x5 in x, total 1",
            "System is out of GPU and shared host memory",
            "ERROR Out of memory",
        ] {
            let Sign { kind, fault } = wrong_picture(line).unwrap_or_else(|| panic!("{line}"));
            assert!(fault.message.contains(line), "{fault:?}");
            assert!(!fault.hint.is_empty());
            let words = line.to_lowercase();
            assert_eq!(
                kind == Kind::OutOfMemory,
                words.contains("memory") || words.contains("null"),
                "{line}"
            );
            assert_eq!(kind == Kind::Missing, words.contains("does not exist"), "{line}");
        }
    }

    #[test]
    fn ordinary_lines_are_left_alone() {
        for line in [
            "",
            "Read blend: \"/s/scene.blend\"",
            "Saved: '/s/frame_0001.png'",
            "00:00.276  cycles           | WARNING CUEW initialization failed: Error opening the library",
            "Unable to initialise audio",
            "Time: 00:00.16 (Saving: 00:00.00)",
            "Info: Cannot find lib '/usr/share/blender/4.5/datafiles/assets/geometry_nodes/smooth_by_angle.blend'",
        ] {
            assert_eq!(wrong_picture(line), None);
            assert!(!is_noise(line), "{line}");
        }
        for line in [
            "Fra:2 Mem:11.13M (Peak 11.13M) | Time:00:00.11 | Scene, ViewLayer | Sample 2/2",
            "Add-on not loaded: \"io_anim_bvh\", cause: No module named 'io_anim_bvh'",
        ] {
            assert!(is_noise(line), "{line}");
        }
    }
}
