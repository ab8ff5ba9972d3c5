//! Which of the plan's frames are there, which are missing, and why.

use farm_contract::frames::FrameSpec;
use farm_contract::measured::Measured;
use farm_contract::plan::Plan;
use farm_contract::record::FrameFault;

use crate::frames::{Found, FrameFile};
use crate::records::Records;

/// The state of a render, as the archive and the report tell it.
#[derive(Debug)]
pub struct Census {
    /// How many frames the plan has.
    pub planned: usize,
    /// Files of the frames that are there, in the order of the archive: by frame, a frame's own
    /// files before its extra ones, then by name.
    pub files: Vec<FrameFile>,
    /// Missing frames in ascending order, each with the reason.
    pub missing: Vec<FrameFault>,
    /// What the artist should know.
    pub warnings: Vec<String>,
    /// Seconds that Blender took for the frames that are there, whichever attempt rendered
    /// them.
    pub seconds: f64,
    /// How long the tasks of this render took, if they rendered anything.
    pub measured: Option<Measured>,
}

impl Census {
    /// From what was found of the `planned` frames of `plan`, ascending, and what the tasks
    /// wrote down.
    pub fn take(plan: &Plan, planned: &[i32], mut found: Found, records: &Records) -> Self {
        let mut census = Self {
            planned: planned.len(),
            files: Vec::new(),
            missing: Vec::new(),
            warnings: plan.warnings.clone(),
            seconds: 0.0,
            measured: records.measured(plan),
        };
        let children = plan.order.children(planned.len(), plan.chunk);
        for (frame, child) in planned.iter().zip(children) {
            let whole = found.whole(*frame).is_some();
            let files = found.frames.remove(frame);
            match files {
                Some(files) if whole => {
                    census.seconds += files.first().map_or(0.0, |own| own.seconds);
                    census.files.extend(files);
                }
                files => {
                    let there = files.and_then(|files| Some((files.len(), files.first()?.files)));
                    let stopped = plan.stopped.as_deref();
                    let fault = records.reason(*frame, child, there, stopped);
                    census.missing.push(FrameFault { frame: *frame, fault });
                }
            }
        }
        if !found.older.is_empty() {
            census.warnings.push(format!(
                "Of the frames {} the ones of before are in the archive: they were to be rendered again, and were not.",
                FrameSpec::describe(&found.older)
            ));
        }
        census.warnings.extend(found.warnings);
        census.warnings.extend(records.warnings());
        census
    }

    /// How many frames are there.
    pub fn done(&self) -> usize {
        self.planned - self.missing.len()
    }

    /// The missing frames' numbers.
    pub fn missing_frames(&self) -> Vec<i32> {
        self.missing.iter().map(|missing| missing.frame).collect()
    }
}
