//! The plan of a render, and how frames become children and arrays.
//!
//! A plan is put once, on condition that none is there: that put is the claim. Later writes
//! only add job ids, each on condition that nobody else wrote in between.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::allowances::Allowances;
use crate::fault::Fault;
use crate::frames::FrameSpec;
use crate::keys::hex;
use crate::tags::Chunk;

/// Version of [`Plan`]'s JSON. A reader refuses any other.
pub const PLAN_VERSION: u32 = 1;

/// Children that one Batch array job may have.
pub const ARRAY_CHILDREN: std::ops::RangeInclusive<u32> = 2..=10_000;
/// Jobs that one job may depend on: the most arrays that can share a zip job.
pub const MAX_ARRAYS: u32 = 20;
/// The most frames that `chunk=auto` puts into one child while children may still be added:
/// what a lost child costs again.
const AUTO_CHUNK_MAX: u32 = 16;
/// Rounds of children that `chunk=auto` aims at, so that slow frames even out.
const AUTO_ROUNDS: u32 = 4;

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

/// Which bytes a render is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// ETag of the upload, quotes included as S3 gives it.
    pub etag: String,
    /// Version of the upload, in a bucket that keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Size in bytes.
    pub size: u64,
    /// What frames of this source are marked with.
    pub id: SourceId,
    /// The Blender that saved the file, as `4.5`.
    pub saved_by: String,
}

impl Source {
    /// Of an upload in a bucket that keeps no versions, saved by the Blender that renders it.
    pub fn of(key: &str, etag: &str, size: u64, blender: &str) -> Self {
        Self {
            etag: etag.to_owned(),
            version_id: None,
            size,
            id: SourceId::of(key, etag, blender),
            saved_by: blender.to_owned(),
        }
    }
}

/// One submitted array (or plain) render job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrayJob {
    /// Number of its first child in the whole render.
    pub first_child: u32,
    /// How many children it has; a job of one child is a plain job.
    pub children: u32,
    /// Batch's id, once submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The job that tries those of its children once more that ran out of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large: Option<LargeJob>,
    /// Whether it is known, after it failed, which of its children ran out of memory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looked_through: bool,
}

impl ArrayJob {
    /// A job that is not yet submitted.
    pub fn new(first_child: u32, children: u32) -> Self {
        Self { first_child, children, job_id: None, large: None, looked_through: false }
    }

    /// Batch's ids of the job and of what followed from it, as far as they are submitted.
    pub fn job_ids(&self) -> impl Iterator<Item = &String> {
        self.job_id.iter().chain(self.large.iter().filter_map(|large| large.job_id.as_ref()))
    }
}

/// A job with more memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeJob {
    /// Its [`Children`](crate::children::Children), as text.
    pub children: String,
    /// Batch's id, once submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
}

/// `plan.json`: the claim on an upload event, and all that was decided for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_VERSION`].
    pub version: u32,
    /// The render.
    pub render: RenderId,
    /// Bucket of the upload.
    pub bucket: String,
    /// Key of the upload.
    pub key: String,
    /// Orders the uploads of one key: that of the upload event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
    /// Which bytes it renders.
    pub source: Source,
    /// Frames, canonical text of a [`FrameSpec`].
    pub frames: String,
    /// Frames that one child renders.
    pub chunk: u32,
    /// What is let pass that is refused otherwise.
    #[serde(default, skip_serializing_if = "Allowances::is_none")]
    pub allowed: Allowances,
    /// Who holds the claim: the function's request id.
    pub claimed_by: String,
    /// When the claim was made or taken over, milliseconds since 1970.
    pub claimed_at: u64,
    /// The render jobs, in order of their frames.
    pub arrays: Vec<ArrayJob>,
    /// Batch's id of the zip job, once submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip_job_id: Option<String>,
    /// Notes for the report.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl Plan {
    /// A plan of one frame in each child, which nobody holds and of which nothing is submitted.
    pub fn draft(render: RenderId, bucket: &str, key: &str, source: Source, frames: &str) -> Self {
        Self {
            version: PLAN_VERSION,
            render,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            sequencer: None,
            source,
            frames: frames.to_owned(),
            chunk: 1,
            allowed: Allowances::default(),
            claimed_by: String::new(),
            claimed_at: 0,
            arrays: Vec::new(),
            zip_job_id: None,
            warnings: Vec::new(),
        }
    }

    /// Reads `plan.json`.
    ///
    /// # Errors
    /// It is cut off, not a plan, or of a version that this program does not know.
    pub fn from_json(json: &[u8]) -> Result<Self, Fault> {
        read_versioned(json, "plan.json", PLAN_VERSION)
    }

    /// The frames as a list.
    ///
    /// # Errors
    /// The text is not a frame list; the plan was damaged.
    pub fn frame_list(&self) -> Result<Vec<i32>, Fault> {
        Ok(self.frames.parse::<FrameSpec>()?.frames())
    }

    /// Whether every job is submitted.
    pub fn is_submitted(&self) -> bool {
        self.zip_job_id.is_some() && self.arrays.iter().all(|array| array.job_id.is_some())
    }
}

/// Reads JSON that has a `version`, and tells a newer version from a damaged file.
pub(crate) fn read_versioned<T: for<'a> Deserialize<'a>>(
    json: &[u8],
    what: &str,
    version: u32,
) -> Result<T, Fault> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let damaged = |error: serde_json::Error| {
        Fault::new(format!("{what} is damaged: {error}."), "Upload the file again; nothing was overwritten.")
    };
    let found: Versioned = serde_json::from_slice(json).map_err(damaged)?;
    if found.version != version {
        return Err(Fault::new(
            format!("{what} has version {}; this program knows version {version}.", found.version),
            "Deploy the farm again so that all of its programs are of one version.",
        ));
    }
    serde_json::from_slice(json).map_err(damaged)
}

/// How frames are shared out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Frames that one child renders.
    pub chunk: u32,
    /// The jobs; `job_id` not yet set.
    pub arrays: Vec<ArrayJob>,
}

impl Layout {
    /// Shares `frames` frames out to children of which `parallel` can run at once.
    ///
    /// `chunk=auto` gives each of the parallel children a few rounds of work: fewer start-ups
    /// than a child per frame, and still an even finish. It grows where an array would
    /// otherwise be too long. A chunk that the user named is kept as long as Batch can take it.
    ///
    /// # Errors
    /// There are no frames, or more children than twenty arrays hold.
    pub fn new(frames: usize, chunk: Chunk, parallel: u32) -> Result<Self, Fault> {
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        if frames == 0 {
            return Err(Fault::new("No frames are named.", "Name at least one frame: frame=1."));
        }
        let chunk = match chunk {
            Chunk::Frames(chunk) => chunk,
            Chunk::Auto => {
                let even = frames.div_ceil(parallel.max(1).saturating_mul(AUTO_ROUNDS));
                even.clamp(1, AUTO_CHUNK_MAX).max(frames.div_ceil(*ARRAY_CHILDREN.end()))
            }
        };
        let children = frames.div_ceil(chunk);
        let most = ARRAY_CHILDREN.end() * MAX_ARRAYS;
        if children > most {
            return Err(Fault::new(
                format!("{frames} frames at chunk={chunk} make {children} tasks; one render holds {most}."),
                format!(
                    "Leave the chunk to the farm (chunk=auto), or make it at least {}.",
                    frames.div_ceil(most)
                ),
            ));
        }
        Ok(Self { chunk, arrays: arrays(children) })
    }
}

fn arrays(children: u32) -> Vec<ArrayJob> {
    let jobs = children.div_ceil(*ARRAY_CHILDREN.end());
    // Even shares, so that no array is left with a single child.
    (0..jobs)
        .map(|job| {
            let first_child = children / jobs * job + (children % jobs).min(job);
            let next = children / jobs * (job + 1) + (children % jobs).min(job + 1);
            ArrayJob::new(first_child, next - first_child)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn layout(frames: usize, chunk: Chunk) -> Layout {
        Layout::new(frames, chunk, 64).expect("a layout")
    }

    #[test]
    fn one_frame_is_a_plain_job_and_two_are_an_array() {
        assert_eq!(layout(1, Chunk::Auto).arrays[0].children, 1);
        assert_eq!(layout(2, Chunk::Auto).arrays[0].children, 2);
    }

    #[test]
    fn beyond_ten_thousand_children_auto_grows_the_chunk_and_a_named_chunk_gets_more_arrays() {
        assert_eq!(layout(10_000, Chunk::Frames(1)).arrays.len(), 1);
        let auto = layout(20_000, Chunk::Auto);
        assert_eq!(auto.arrays.len(), 1);
        let named = layout(10_001, Chunk::Frames(1));
        assert_eq!(named.arrays.len(), 2);
        assert_eq!(named.arrays[1].first_child, named.arrays[0].children);
        assert!(Layout::new(200_001, Chunk::Frames(1), 64).is_err());
        assert!(layout(1_048_574, Chunk::Auto).arrays.len() == 1);
    }

    #[test]
    fn ids_tell_their_parts_apart() {
        let id = RenderId::of_event("b", "k", "v", "s");
        assert_eq!(id, RenderId::of_event("b", "k", "v", "s"));
        assert_ne!(id, RenderId::of_event("bk", "", "v", "s"));
        assert_eq!(RenderId::parse(id.as_str()).expect("an id"), id);
        assert!(RenderId::parse("../../etc/passwd").is_err());
        assert_eq!(SourceId::of("k", "\"e\"", "4.5"), SourceId::of("k", "e", "4.5"));
        assert_ne!(SourceId::of("k", "e", "4.5"), SourceId::of("k", "e", "5.0"));
        let allowing =
            |missing, scripts| SourceId::of("k", "e", "4.5").allowing(Allowances { missing, scripts });
        let all = [(false, false), (false, true), (true, false), (true, true)].map(|(m, s)| allowing(m, s));
        assert_eq!(all[0], SourceId::of("k", "e", "4.5"));
        assert!(all.iter().enumerate().all(|(at, id)| !all[..at].contains(id)), "{all:?}");
    }

    #[test]
    fn a_damaged_or_newer_plan_is_told_apart() {
        assert!(Plan::from_json(b"{\"version\":1").expect_err("cut").message.contains("damaged"));
        assert!(Plan::from_json(b"{\"version\":2}").expect_err("newer").message.contains("version 2"));
        assert!(Plan::from_json(b"").is_err());
    }

    proptest! {
        #[test]
        fn every_layout_is_one_that_batch_takes(frames in 1usize..300_000, chunk in 0u32..50, parallel in 0u32..500) {
            let chunk = if chunk == 0 { Chunk::Auto } else { Chunk::Frames(chunk) };
            if let Ok(layout) = Layout::new(frames, chunk, parallel) {
                let children: u32 = layout.arrays.iter().map(|array| array.children).sum();
                prop_assert_eq!(children, (frames as u32).div_ceil(layout.chunk));
                prop_assert!(layout.arrays.len() <= 20);
                let mut next = 0;
                for array in &layout.arrays {
                    prop_assert_eq!(array.first_child, next);
                    prop_assert!(array.children == 1 && children == 1 || ARRAY_CHILDREN.contains(&array.children));
                    next += array.children;
                }
            }
        }
    }
}
