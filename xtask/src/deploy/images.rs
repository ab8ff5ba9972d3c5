//! The images of a farm: what each is made of, and so what it is called.
//!
//! A tag names all that an image is made of. So an image that the registry has under its tag need be
//! neither built nor pushed, whoever made it, and one that changes gets another tag.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::engine::Build;
use super::programs::{self, Programs};
use crate::folders;
use crate::output::Advice;

/// The Blenders that there are images of.
const BLENDERS: &str = include_str!("../../../render-task/image/blenders");

/// An image that the farm wants.
#[derive(Debug)]
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
        let mut images = Vec::new();
        for version in blenders {
            let pinned = pinned(version)?;
            let parts = Parts::of("render-task", &programs.render_task)?.and(pinned);
            let tag = format!("render-{}-{}", version.replace('.', "-"), parts.name());
            let blender = pinned.split_whitespace().next().map(str::to_owned);
            images.push(Self { of: version.clone(), tag, blender });
        }
        let parts = Parts::of("zip-task", &programs.zip_task)?;
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

    /// Its name on this machine.
    pub fn name(&self) -> String {
        format!("blender-render-farm:{}", self.tag)
    }

    /// Has it built.
    ///
    /// # Errors
    /// It does not build.
    pub fn build(&self, engine: &super::engine::Engine, programs: &Programs) -> Result<()> {
        let (dockerfile, program) = match self.blender {
            Some(_) => ("render-task/Dockerfile", &programs.render_task),
            None => ("zip-task/Dockerfile", &programs.zip_task),
        };
        programs::place(program)?;
        let mut arguments = Vec::new();
        if let Some(version) = &self.blender {
            arguments.push(("BLENDER", version.clone()));
            arguments.push(("BLENDER_MIRROR", mirror()));
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

/// Where Blender is fetched from instead of its own site, for those who have a mirror.
fn mirror() -> String {
    std::env::var("BLENDER_MIRROR").unwrap_or_default()
}

/// The line of a Blender: the first that begins with its version.
fn pinned(version: &str) -> Result<&'static str> {
    let lines = || BLENDERS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = |line: &&str| {
        let pinned = line.split_whitespace().next().unwrap_or_default();
        pinned == version || pinned.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'))
    };
    lines().find(first).ok_or_else(|| {
        let known: Vec<&str> = lines().filter_map(|line| line.split_whitespace().next()).collect();
        Advice::error(
            format!("There is no Blender {version} to build an image of."),
            format!("Known are {}; render-task/image/blenders tells how to add one.", known.join(", ")),
        )
    })
}

/// What an image is made of.
struct Parts(Sha256);

impl Parts {
    /// A crate's Dockerfile and all that it copies, and the program.
    fn of(package: &str, program: &Path) -> Result<Self> {
        let folder = folders::workspace().join(package);
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
    fn a_blender_is_found_by_its_series_or_its_patch() {
        let version = |wanted| pinned(wanted).unwrap().split_whitespace().next().unwrap();
        assert_eq!((version("4.1"), version("4.1.1")), ("4.1.1", "4.1.1"));
        assert!(version("4.5").starts_with("4.5."));
        for wanted in ["3.6", "4.1.2", "45", ""] {
            let error = pinned(wanted).unwrap_err().to_string();
            assert!(error.contains("There is no Blender"), "{wanted}");
        }
    }

    #[test]
    fn an_image_is_named_after_all_that_it_is_made_of() {
        let folder = tempfile::tempdir().unwrap();
        let program = |bytes: &[u8]| {
            let path = folder.path().join("program");
            fs::write(&path, bytes).unwrap();
            path
        };
        let tags = |bytes: &[u8]| {
            let program = program(bytes);
            let programs =
                Programs { render_task: program.clone(), zip_task: program.clone(), trigger_lambda: program };
            let images = Image::all(&["4.5".to_owned(), "4.1".to_owned()], &programs).unwrap();
            images.into_iter().map(|image| image.tag).collect::<Vec<_>>()
        };
        let first = tags(b"first");
        assert_eq!(first, tags(b"first"));
        assert!(first[0].starts_with("render-4-5-") && first[2].starts_with("zip-"), "{first:?}");
        assert!(first.iter().zip(tags(b"second")).all(|(first, second)| *first != second));
        assert_ne!(first[0].rsplit('-').next(), first[1].rsplit('-').next(), "another Blender");
    }
}
