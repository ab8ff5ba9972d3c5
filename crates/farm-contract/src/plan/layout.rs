//! How frames become children and arrays.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// Children that one Batch array job may have.
pub const ARRAY_CHILDREN: std::ops::RangeInclusive<u32> = 2..=10_000;
/// Jobs that one job may depend on: the most arrays that can share a zip job.
pub const MAX_ARRAYS: u32 = 20;
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
    /// Shares `frames` frames out, `chunk` to a child, as long as Batch can take it.
    ///
    /// # Errors
    /// There are no frames, or more children than twenty arrays hold.
    pub fn new(frames: usize, chunk: u32) -> Result<Self, Fault> {
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        if frames == 0 {
            return Err(Fault::new("No frames are named.", "Name at least one frame: frame=1."));
        }
        let chunk = chunk.max(1);
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

    fn layout(frames: usize, chunk: u32) -> Layout {
        Layout::new(frames, chunk).expect("a layout")
    }

    #[test]
    fn one_frame_is_a_plain_job_and_two_are_an_array() {
        assert_eq!(layout(1, 1).arrays[0].children, 1);
        assert_eq!(layout(2, 1).arrays[0].children, 2);
    }

    #[test]
    fn beyond_ten_thousand_children_there_are_more_arrays_up_to_twenty() {
        assert_eq!(layout(10_000, 1).arrays.len(), 1);
        let more = layout(10_001, 1);
        assert_eq!(more.arrays.len(), 2);
        assert_eq!(more.arrays[1].first_child, more.arrays[0].children);
        assert_eq!(layout(1_048_574, 6).arrays.len(), 18);
        let fault = Layout::new(200_001, 1).expect_err("too many");
        assert!(fault.hint.contains("chunk=auto") && fault.hint.contains("at least 2"), "{fault:?}");
    }

    proptest! {
        #[test]
        fn every_layout_is_one_that_batch_takes(frames in 1usize..300_000, chunk in 0u32..50) {
            if let Ok(layout) = Layout::new(frames, chunk) {
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
