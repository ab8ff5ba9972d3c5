//! The images of a farm: what each is made of, and so what it is called.
//!
//! A tag names all that an image is made of. So an image that the registry has under its tag need be
//! neither built nor pushed, whoever made it, and one that changes gets another tag.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::engine::{Build, Engine};
use super::programs::Programs;
use crate::folders;
use crate::output::Advice;

/// The Blenders that there are images of.
const BLENDERS: &str = include_str!("../../../render-task/image/blenders");

/// Where Blender is fetched from instead of its own site and PyPI.
const PLACES: [&str; 2] = ["BLENDER_MIRROR", "BLENDER_INDEX"];

/// An image that the farm wants.
#[derive(Debug, PartialEq, Eq)]
pub struct Image {
    /// What `stack deploy --image` calls it: a Blender's version, or `zip`.
    pub of: String,
    /// Its tag in the registry.
    pub tag: String,
    /// The Blender in it, with its patch.
    blender: Option<String>,
}

impl Image {
    /// Those of a farm with these Blenders.
    ///
    /// # Errors
    /// There is no image of one of them, or a file cannot be read.
    pub fn all(blenders: &[String], programs: &Programs) -> Result<Vec<Self>> {
        Self::all_in(folders::workspace(), blenders, programs)
    }

    fn all_in(root: &Path, blenders: &[String], programs: &Programs) -> Result<Vec<Self>> {
        let mut images = Vec::new();
        for version in blenders {
            let pinned = pinned(version)?;
            let parts = Parts::of(&root.join("render-task"), &programs.render_task)?.and(pinned);
            let tag = format!("render-{}-{}", version.replace('.', "-"), parts.name());
            let blender = pinned.split_whitespace().next().map(str::to_owned);
            images.push(Self { of: version.clone(), tag, blender });
        }
        let parts = Parts::of(&root.join("zip-task"), &programs.zip_task)?;
        images.push(Self { of: "zip".to_owned(), tag: format!("zip-{}", parts.name()), blender: None });
        Ok(images)
    }

    /// What a person calls it.
    pub fn what(&self) -> String {
        match &self.blender {
            Some(version) => format!("the image with Blender {version}"),
            None => "the image of zip-task".to_owned(),
        }
    }

    /// Whether a Blender is in it.
    pub fn has_blender(&self) -> bool {
        self.blender.is_some()
    }

    /// Its name on this machine.
    pub fn name(&self) -> String {
        format!("blender-render-farm:{}", self.tag)
    }

    /// Has it built.
    ///
    /// # Errors
    /// It does not build.
    pub fn build(&self, engine: &Engine) -> Result<()> {
        let dockerfile = if self.has_blender() { "render-task/Dockerfile" } else { "zip-task/Dockerfile" };
        let mut arguments = Vec::new();
        if let Some(version) = &self.blender {
            arguments.push(("BLENDER", version.clone()));
            // For those who have a mirror.
            arguments.extend(PLACES.map(|name| (name, std::env::var(name).unwrap_or_default())));
        }
        let (what, name) = (self.what(), self.name());
        engine.build(&Build { what: &what, dockerfile, arguments: &arguments, name: &name })
    }
}

/// That there are images of these Blenders.
///
/// # Errors
/// There is none of one of them; the error says of which there are.
pub fn known(blenders: &[String]) -> Result<()> {
    blenders.iter().try_for_each(|version| pinned(version).map(drop))
}

/// The line of a Blender: the first of its series, such as 4.5. A farm has one of each.
fn pinned(series: &str) -> Result<&'static str> {
    fn of(line: &str) -> &str {
        let version = line.split_whitespace().next().unwrap_or_default();
        version.rsplit_once('.').map_or(version, |(series, _)| series)
    }
    let lines = || BLENDERS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines().find(|line| of(line) == series).ok_or_else(|| {
        let mut known: Vec<&str> = lines().map(of).collect();
        known.dedup();
        Advice::error(
            format!("There is no Blender {series} to build an image of."),
            format!("Known are {}; render-task/image/blenders tells how to add one.", known.join(", ")),
        )
    })
}

/// What an image is made of.
struct Parts(Sha256);

impl Parts {
    /// A crate's Dockerfile and all that it copies, and the program.
    fn of(folder: &Path, program: &Path) -> Result<Self> {
        let read = |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let mut parts = Self(Sha256::new()).and_bytes(&read(&folder.join("Dockerfile"))?);
        let image = folder.join("image");
        let entries = fs::read_dir(&image).with_context(|| format!("cannot read {}", image.display()))?;
        let mut files = Vec::new();
        for entry in entries {
            files.push(entry.with_context(|| format!("cannot read {}", image.display()))?.path());
        }
        files.sort();
        // Of the list of Blenders an image has one line, and changes with no other.
        for file in files.iter().filter(|file| !file.ends_with("blenders")) {
            parts =
                parts.and(&file.file_name().unwrap_or_default().to_string_lossy()).and_bytes(&read(file)?);
        }
        Ok(parts.and_bytes(&read(program)?))
    }

    fn and(self, text: &str) -> Self {
        self.and_bytes(text.as_bytes())
    }

    fn and_bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    fn name(self) -> String {
        self.0.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blender_is_found_by_its_series() {
        let version = |wanted| pinned(wanted).unwrap().split_whitespace().next().unwrap();
        assert_eq!(version("4.1"), "4.1.1");
        assert!(version("4.5").starts_with("4.5."));
        // A farm has one of each series, so a patch names none.
        for wanted in ["3.6", "4.1.1", "45", "4", ""] {
            let error = pinned(wanted).unwrap_err().to_string();
            assert!(error.contains("There is no Blender"), "{wanted}");
        }
    }

    #[test]
    fn an_image_is_named_after_all_that_it_is_made_of() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let parts = ["program", "render-task/Dockerfile", "render-task/image/trim.sh", "zip-task/Dockerfile"];
        parts.iter().chain(&["zip-task/image/system.sh"]).for_each(|path| write(path, "first"));
        write("render-task/image/blenders", "");
        let tags = || {
            let program = root.join("program");
            let programs =
                Programs { render_task: program.clone(), zip_task: program.clone(), trigger_lambda: program };
            let images = Image::all_in(root, &["4.5".to_owned(), "4.1".to_owned()], &programs).unwrap();
            images.into_iter().map(|image| image.tag).collect::<Vec<_>>()
        };
        let changed = |path: &str| {
            let before = tags();
            write(path, "second");
            before.iter().zip(tags()).map(|(before, after)| *before != after).collect::<Vec<_>>()
        };
        let first = tags();
        assert!(first[0].starts_with("render-4-5-") && first[2].starts_with("zip-"), "{first:?}");
        assert_ne!(first[0].rsplit('-').next(), first[1].rsplit('-').next(), "another Blender");
        assert_eq!(changed("program"), [true, true, true]);
        assert_eq!(changed("render-task/Dockerfile"), [true, true, false]);
        assert_eq!(changed("render-task/image/trim.sh"), [true, true, false]);
        assert_eq!(changed("zip-task/image/system.sh"), [false, false, true]);
        // Of the list an image has its own line alone.
        assert_eq!(changed("render-task/image/blenders"), [false, false, false]);
    }
}
