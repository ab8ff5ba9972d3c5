//! What a render and its pixels are named by.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::allowances::Allowances;
use crate::fault::Fault;
use crate::keys::hex;
use crate::project::ContentHash;
use crate::settings::Settings;

/// Names one render: one accepted upload event. Twenty hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RenderId(String);

impl RenderId {
    /// The same event always gives the same id, however often and in which order it arrives.
    pub fn of_event(bucket: &str, key: &str, version: &str, sequencer: &str) -> Self {
        Self(digest(&["render", bucket, key, version, sequencer]))
    }

    /// Reads an id from a command line or a job name.
    ///
    /// # Errors
    /// It is not twenty lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let good = text.len() == 20 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        good.then(|| Self(text.to_owned())).ok_or_else(|| {
            Fault::new(
                format!("`{text}` is not the id of a render."),
                "An id has twenty hexadecimal digits; report.json names it.",
            )
        })
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RenderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names what the pixels depend on: the bytes of the upload and the settings that change the
/// picture. Two renders of the same bytes with the same settings share it, and so share frames.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(String);

impl SourceId {
    /// From the upload's ETag, quotes or not, and the farm's Blender as `4.5`: another Blender
    /// makes another picture.
    pub fn of(key: &str, etag: &str, blender: &str) -> Self {
        Self(digest(&["source", key, etag.trim_matches('"'), blender]))
    }

    /// The same bytes, with what is let pass: that too makes another picture.
    pub fn allowing(self, allowed: Allowances) -> Self {
        if allowed.is_none() {
            return self;
        }
        let mut parts = vec!["allowing", self.as_str()];
        for name in allowed.names() {
            parts.push(name);
        }
        Self(digest(&parts))
    }

    /// The same bytes as part of a project: with the file that is rendered in an archive, or with the
    /// list of the files beside it.
    pub fn of_project(self, main: Option<&str>, list: Option<&ContentHash>) -> Self {
        match (main, list) {
            (None, None) => self,
            (main, list) => Self(digest(&[
                "project",
                self.as_str(),
                main.unwrap_or_default(),
                list.map_or("", ContentHash::as_str),
            ])),
        }
    }

    /// The same bytes with other settings than the file's own.
    pub fn with(self, settings: &Settings) -> Self {
        if settings.is_none() {
            return self;
        }
        let pairs = settings.pairs();
        let mut parts = vec!["settings", self.as_str()];
        for (name, value) in &pairs {
            parts.extend([*name, value]);
        }
        Self(digest(&parts))
    }

    /// What a frame of this source is marked with that is to be rendered again: for a task it is then a frame of something
    /// else, and where nothing takes its place it counts all the same.
    pub fn again(&self) -> Self {
        Self(format!("again{}", self.0))
    }

    /// Takes an id from a command line or from metadata; any text that is none matches none.
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // Lengths first, so that no two lists of parts read the same.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize(), 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_their_parts_apart() {
        let id = RenderId::of_event("b", "k", "v", "s");
        assert_eq!(id, RenderId::of_event("b", "k", "v", "s"));
        assert_ne!(id, RenderId::of_event("bk", "", "v", "s"));
        assert_eq!(RenderId::parse(id.as_str()).expect("an id"), id);
        assert!(RenderId::parse("../../etc/passwd").is_err());
        assert_eq!(SourceId::of("k", "\"e\"", "4.5"), SourceId::of("k", "e", "4.5"));
    }

    #[test]
    fn whatever_changes_the_picture_makes_another_source() {
        let id = || SourceId::of("k", "e", "4.5");
        let allowing = |missing, scripts| id().allowing(Allowances { missing, scripts });
        let with = |name, value| {
            let mut settings = Settings::default();
            assert_eq!(settings.take(name, value), Ok(true));
            id().with(&settings)
        };
        let list = ContentHash::of(b"a list");
        let all = [
            id(),
            SourceId::of("k", "e", "5.0"),
            SourceId::of("k", "f", "4.5"),
            allowing(false, true),
            allowing(true, false),
            allowing(true, true),
            with("scene", "A"),
            with("camera", "A"),
            with("view_layer", "A"),
            with("camera", "B"),
            with("samples", "16"),
            with("percentage", "16"),
            with("format", "PNG"),
            with("engine", "CYCLES"),
            id().of_project(Some("a.blend"), None),
            id().of_project(Some("b.blend"), None),
            id().of_project(None, Some(&list)),
        ];
        assert!(all.iter().enumerate().all(|(at, id)| !all[..at].contains(id)), "{all:?}");
        // Frames of before there were settings are still known.
        let none = id().of_project(None, None).with(&Settings::default()).allowing(Allowances::default());
        assert_eq!(none, id());
    }
}
