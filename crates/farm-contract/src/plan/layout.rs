//! How frames become children and arrays.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::tags::Chunk;

/// Children that one Batch array job may have.
pub const ARRAY_CHILDREN: std::ops::RangeInclusive<u32> = 2..=10_000;
/// Jobs that one job may depend on: the most arrays that can share a zip job.
pub const MAX_ARRAYS: u32 = 20;
/// The most frames that `chunk=auto` puts into one child while children may still be added:
/// what a lost child costs again.
const AUTO_CHUNK_MAX: u32 = 16;
/// Rounds of children that `chunk=auto` aims at, so that slow frames even out.
const AUTO_ROUNDS: u32 = 4;

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
