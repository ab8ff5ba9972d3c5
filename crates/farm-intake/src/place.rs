//! Where the files of a scene lie: paths as they are written in a `.blend`, and as they are in a project.

use std::collections::BTreeSet;

use blend_file::{ExternalFile, FileKind};

/// The files that come with an upload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// Path of the file that is rendered: relative, `/` between the parts.
    pub main: String,
    /// Paths of all files, in the same form.
    pub files: BTreeSet<String>,
}

/// What a written path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A path in the project's folder, whether or not there is a file.
    Inside(String),
    /// A place that is no part of any project: another disk, the root of this one, above the project.
    Outside,
    /// An address in a network.
    Address,
}

impl Project {
    /// A single file with nothing beside it.
    pub fn alone(main: &str) -> Self {
        Self::new(main, [])
    }

    /// A main file and the others.
    pub fn new(main: &str, files: impl IntoIterator<Item = String>) -> Self {
        let mut files: BTreeSet<String> = files.into_iter().collect();
        files.insert(main.to_owned());
        Self { main: main.to_owned(), files }
    }

    /// What a path means that is written in the main file.
    pub fn place(&self, written: &str) -> Place {
        self.place_from(&self.main, written)
    }

    /// What a path means that is written in the file `blend` of this project.
    pub fn place_from(&self, blend: &str, written: &str) -> Place {
        let slashed = written.replace('\\', "/");
        if is_address(&slashed) {
            return Place::Address;
        }
        let Some(relative) = slashed.strip_prefix("//") else { return Place::Outside };
        let folder = blend.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => return Place::Outside,
                ".." => {}
                part => parts.push(part),
            }
        }
        Place::Inside(parts.join("/"))
    }

    /// Whether there is such a file, or, of a folder, any file in it.
    pub fn has(&self, path: &str) -> bool {
        self.files.contains(path) || {
            let folder = format!("{path}/");
            self.files.range(folder.clone()..).next().is_some_and(|next| next.starts_with(&folder))
        }
    }

    /// A file that differs from `path` in capital letters alone: one that an artist's Windows or macOS
    /// takes for it.
    pub fn nearly(&self, path: &str) -> Option<&str> {
        let wanted = path.to_lowercase();
        self.files.iter().map(String::as_str).find(|file| file.to_lowercase() == wanted)
    }
}

/// The file that the paths of an external file are relative to: the main one, or the library that it was
/// packed with.
pub fn base_of(project: &Project, main: &str, file: &ExternalFile) -> String {
    match file.library.as_deref().map(|library| project.place_from(main, library)) {
        Some(Place::Inside(library)) => library,
        _ => main.to_owned(),
    }
}

/// The paths of the single files that an external file stands for, as they are written in the file `blend`:
/// each tile of a tiled image. Of a sequence, that which is written. A simulation's cache that names no folder
/// lies in one that is named after the file.
pub fn paths_of(blend: &str, file: &ExternalFile) -> Vec<String> {
    match file.kind {
        FileKind::PointCache if file.path.is_empty() => return vec![cache_beside(blend)],
        FileKind::TiledImage => {}
        _ => return vec![file.path.clone()],
    }
    let tile = |number: &i32| {
        let (u, v) = ((number - 1001).rem_euclid(10) + 1, (number - 1001).div_euclid(10) + 1);
        file.path.replace("<UDIM>", &number.to_string()).replace("<UVTILE>", &format!("u{u}_v{v}"))
    };
    file.tiles.iter().map(tile).collect()
}

/// Where Blender keeps the caches of a file: `//blendcache_shot` for `shot.blend`.
fn cache_beside(blend: &str) -> String {
    let name = blend.rsplit('/').next().unwrap_or(blend);
    format!("//blendcache_{}", name.strip_suffix(".blend").unwrap_or(name))
}

/// Whether a reader of movies would take the path for something else than a file, as the driver of the
/// tasks tells it.
fn is_address(path: &str) -> bool {
    let scheme = |text: &str| {
        let word = text.rsplit('/').next().unwrap_or(text);
        // A drive of Windows has one letter.
        word.len() > 1
            && word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "+.,_-".contains(c))
    };
    path.match_indices(":/").any(|(at, _)| scheme(&path[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn inside(path: &str) -> Place {
        Place::Inside(path.to_owned())
    }

    #[test]
    fn written_paths_are_found_in_the_project() {
        let project = Project::alone("shots/a.blend");
        for (written, place) in [
            ("//tex/a.png", inside("shots/tex/a.png")),
            ("//../tex/./a.png", inside("tex/a.png")),
            ("//..\\tex\\a.png", inside("tex/a.png")),
            ("\\\\tex\\a.png", inside("shots/tex/a.png")),
            ("//", inside("shots")),
            ("//../../a.png", Place::Outside),
            ("/home/ana/a.png", Place::Outside),
            ("C:\\tex\\a.png", Place::Outside),
            ("tex/a.png", Place::Outside),
            ("", Place::Outside),
            ("https://host/a.mp4", Place::Address),
            ("//a/rtmp://host/b", Place::Address),
        ] {
            assert_eq!(project.place(written), place, "{written}");
        }
        assert_eq!(project.place_from("lib/deep/b.blend", "//../t.png"), inside("lib/t.png"));
    }

    #[test]
    fn files_and_folders_are_there_or_nearly() {
        let project = Project::new("a.blend", ["tex/A.png".to_owned(), "cache/x/1.bphys".to_owned()]);
        for there in ["a.blend", "tex/A.png", "tex", "cache", "cache/x"] {
            assert!(project.has(there), "{there}");
        }
        for gone in ["tex/a.png", "te", "cache/y", "b.blend"] {
            assert!(!project.has(gone), "{gone}");
        }
        assert_eq!(project.nearly("TEX/a.PNG"), Some("tex/A.png"));
        assert_eq!(project.nearly("tex/b.png"), None);
    }

    proptest! {
        #[test]
        fn no_path_leaves_the_project(written in "[/\\\\.a:]{0,12}|\\PC{0,20}") {
            if let Place::Inside(path) = Project::alone("shots/a.blend").place(&written) {
                prop_assert!(!path.split('/').any(|part| part == ".."));
                prop_assert!(!path.starts_with('/'));
            }
        }
    }
}
