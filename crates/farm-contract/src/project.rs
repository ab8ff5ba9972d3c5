//! A project whose files lie one by one in the bucket, each under the hash of its content: what was
//! sent once is not sent again, whichever project it belongs to.
//!
//! Its main file is the upload; the tag [`PROJECT`] names the list of the others.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::fault::Fault;
use crate::keys::hex;
use crate::versioned;

/// Tag: the project's [`Manifest`], by the hash of its bytes.
pub const PROJECT: &str = "project";
/// Tag and flag: the file of an archive that is rendered.
pub const MAIN: &str = "main";

/// Version of [`Manifest`]'s JSON.
pub const MANIFEST_VERSION: u32 = 1;

/// The longest list that is read, in bytes: some 100,000 files.
pub const MAX_MANIFEST_BYTES: u64 = 32 << 20;
/// Bytes of a path in a project, and of each part of it.
const PATH_BYTES: usize = 1000;
const PART_BYTES: usize = 255;
/// Folders in each other.
const DEPTH: usize = 32;

/// SHA-256 of some content: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ContentHash(String);

impl ContentHash {
    /// Of bytes that are in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_digest(&Sha256::digest(bytes))
    }

    /// From the 32 bytes of a digest.
    pub fn from_digest(digest: &[u8]) -> Self {
        Self(hex(digest, 64))
    }

    /// The hash's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ContentHash {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let good = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        good.then(|| Self(text.to_owned())).ok_or_else(|| {
            Fault::new(
                format!("`{text}` names no content."),
                "`farm submit` sets the tag `project` by itself; upload a project with it.",
            )
        })
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The files of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_VERSION`].
    pub version: u32,
    /// Where in the project the upload itself belongs.
    pub main: String,
    /// All others, in the order of their paths.
    pub files: Vec<ProjectFile>,
}

/// One file of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectFile {
    /// Path in the project: relative, `/` between the parts.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// What it holds.
    pub sha256: ContentHash,
}

impl Manifest {
    /// A list of these files.
    ///
    /// # Errors
    /// A path leaves the project, or stands there twice.
    pub fn new(main: impl Into<String>, mut files: Vec<ProjectFile>) -> Result<Self, Fault> {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { version: MANIFEST_VERSION, main: main.into(), files }.checked()
    }

    /// Reads a list.
    ///
    /// # Errors
    /// It is damaged, of another version, or names a path that leaves the project.
    pub fn from_json(json: &[u8]) -> Result<Self, Fault> {
        versioned::read::<Self>(json, "The list of the project's files", MANIFEST_VERSION)?.checked()
    }

    fn checked(self) -> Result<Self, Fault> {
        let mut seen = BTreeSet::new();
        let paths = || self.files.iter().map(|file| file.path.as_str()).chain([self.main.as_str()]);
        for path in paths() {
            check_path(path)?;
            if !seen.insert(path) {
                return Err(Fault::new(
                    format!("The project has `{path}` twice."),
                    "Submit it again with `farm submit`.",
                ));
            }
        }
        // A file in whose place another one has a folder.
        for path in paths() {
            let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
            if let Some(both) = folders.into_iter().find(|folder| seen.contains(folder)) {
                return Err(Fault::new(
                    format!("`{both}` is a file and a folder of the project."),
                    "Submit it again with `farm submit`.",
                ));
            }
        }
        Ok(self)
    }

    /// Bytes of all files but the main one.
    pub fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size))
    }
}

/// That a path stays in its project, on whichever system it is unpacked.
///
/// # Errors
/// It does not; the message names it.
pub fn check_path(path: &str) -> Result<(), Fault> {
    let part_is_good = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.len() <= PART_BYTES
            && !part.contains(|c: char| c.is_control() || c == '\\')
    };
    let good =
        path.len() <= PATH_BYTES && path.split('/').count() <= DEPTH && path.split('/').all(part_is_good);
    if good {
        return Ok(());
    }
    let shown: String = path.escape_debug().take(200).collect();
    Err(Fault::new(
        format!("`{shown}` cannot be the path of a file in a project."),
        "Give its files and folders shorter names of letters, digits, spaces and ordinary signs.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(path: &str) -> ProjectFile {
        ProjectFile { path: path.into(), size: 3, sha256: ContentHash::of(b"abc") }
    }

    #[test]
    fn content_is_named_by_sha256() {
        let hash = ContentHash::of(b"abc");
        assert_eq!(hash.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hash.as_str().parse(), Ok(hash.clone()));
        for text in ["", "ba78", &hash.as_str().to_uppercase(), &format!("{hash}0"), "../../etc/passwd"] {
            assert!(text.parse::<ContentHash>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_list_is_the_same_however_its_files_were_found() {
        let one = Manifest::new("a.blend", vec![file("b"), file("a/c")]).expect("good");
        let other = Manifest::new("a.blend", vec![file("a/c"), file("b")]).expect("good");
        assert_eq!(serde_json::to_vec(&one).expect("JSON"), serde_json::to_vec(&other).expect("JSON"));
        assert_eq!(Manifest::from_json(&serde_json::to_vec(&one).expect("JSON")), Ok(one.clone()));
        assert_eq!(one.bytes(), 6);
    }

    #[test]
    fn nothing_leaves_the_project() {
        for path in
            ["", "/etc/passwd", "../a", "a/../b", "a//b", "a/", "./a", "a\\b", "a\nb", &"a".repeat(256)]
        {
            assert!(Manifest::new("a.blend", vec![file(path)]).is_err(), "{path}");
            assert!(Manifest::new(path, vec![]).is_err(), "{path}");
            let json = serde_json::json!({"version": 1, "main": path, "files": []});
            assert!(Manifest::from_json(json.to_string().as_bytes()).is_err(), "{path}");
        }
        for path in ["a", "a b/ç.png", "..a/b..", "C:/a"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn two_files_cannot_have_one_place() {
        assert!(Manifest::new("a.blend", vec![file("a.blend")]).is_err());
        assert!(Manifest::new("a.blend", vec![file("b"), file("b")]).is_err());
        assert!(Manifest::new("a.blend", vec![file("b"), file("b/c")]).is_err());
        assert!(Manifest::new("b/a.blend", vec![file("b")]).is_err());
    }

    #[test]
    fn a_list_that_is_none_is_refused() {
        for json in [
            "",
            "{",
            r#"{"version":2}"#,
            r#"{"version":1,"main":"a","files":[{"path":"b","size":1,"sha256":"x"}]}"#,
        ] {
            assert!(Manifest::from_json(json.as_bytes()).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_judged_without_panic(path in "\\PC{0,40}") {
            let _ = check_path(&path);
        }
    }
}
