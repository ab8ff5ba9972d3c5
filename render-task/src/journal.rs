//! What the child has done so far, for its record and its exit.

use std::time::Instant;

use farm_contract::Fault;
use farm_contract::exit::TaskExit;
use farm_contract::frames::FrameSpec;
use farm_contract::log_line;
use farm_contract::record::{FrameFault, FrameRecord, Paid, RECORD_VERSION, TaskRecord, TaskSeconds};

use crate::environment::Environment;
use crate::failure::Failure;
use crate::machine::Machine;

/// Everything that the record will tell.
#[derive(Debug)]
pub struct Journal {
    started: Instant,
    child: u32,
    /// Frames that were good already.
    pub kept: Vec<i32>,
    /// Frames that were uploaded.
    pub rendered: Vec<FrameRecord>,
    /// What the artist should know.
    pub warnings: Vec<String>,
    /// Blender's version, once one was started.
    pub blender: String,
    /// Seconds for the download.
    pub download: f64,
    /// Seconds from the start of Blender until the file was open.
    pub open: f64,
    /// The most memory that a Blender held, in MiB.
    pub peak_memory_mib: u64,
    /// What somebody is billed for; none where nobody is.
    pub machine: Option<Machine>,
    /// What was paid for the attempts before this one.
    pub paid_before: Vec<Paid>,
    failed: Vec<FrameFault>,
    death: Option<Failure>,
}

impl Journal {
    /// The journal of a child that begins now.
    pub fn new(child: u32) -> Self {
        Self {
            started: Instant::now(),
            child,
            kept: Vec::new(),
            rendered: Vec::new(),
            warnings: Vec::new(),
            blender: String::new(),
            download: 0.0,
            open: 0.0,
            peak_memory_mib: 0,
            machine: None,
            paid_before: Vec::new(),
            failed: Vec::new(),
            death: None,
        }
    }

    /// A frame failed by itself.
    pub fn fail(&mut self, frame: i32, fault: Fault) {
        tracing::error!("{}", log_line::failed(frame, &fault));
        self.failed.push(FrameFault { frame, fault });
    }

    /// Takes note of what the artist should know, each thing once.
    pub fn warn(&mut self, warnings: Vec<String>) {
        for warning in warnings {
            tracing::warn!("warning: {warning}");
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }

    /// Blender died while it rendered a frame.
    pub fn die(&mut self, frame: i32, failure: Failure) {
        self.fail(frame, failure.fault.clone());
        self.death = Some(failure);
    }

    /// The death that came of too little memory, if one did.
    pub fn hungry(&mut self) -> Option<Failure> {
        self.death.take_if(|death| death.exit == TaskExit::OutOfMemory)
    }

    /// Seconds that are paid for so far; none where nobody is billed.
    pub fn paid_seconds(&self) -> f64 {
        self.machine.as_ref().map_or(0.0, |machine| machine.paid(self.started.elapsed()).seconds)
    }

    /// How the child ends that has tried all of its frames.
    ///
    /// # Errors
    /// Frames failed. A Blender that died decides how the child ends: its frame may well
    /// succeed elsewhere.
    pub fn verdict(&mut self) -> Result<(), Failure> {
        self.failed.sort_by_key(|failed| failed.frame);
        let Some(first) = self.failed.first() else { return Ok(()) };
        if let Some(death) = self.death.take() {
            return Err(death);
        }
        let frames: Vec<i32> = self.failed.iter().map(|failed| failed.frame).collect();
        let message = match frames.as_slice() {
            [frame] => format!("Frame {frame} could not be rendered: {}", first.fault.message),
            [frame, ..] => format!(
                "Frames {} could not be rendered. Frame {frame}: {}",
                FrameSpec::describe(&frames),
                first.fault.message
            ),
            [] => return Ok(()),
        };
        Err(Failure::new(TaskExit::Scene, message, &first.fault.hint))
    }

    /// The record of a child that ends so.
    pub fn record(&self, environment: &Environment, ended: &Result<(), Failure>) -> TaskRecord {
        let failure = ended.as_ref().err();
        let mut rendered = self.rendered.clone();
        rendered.sort_by_key(|frame| frame.frame);
        TaskRecord {
            version: RECORD_VERSION,
            child: self.child,
            attempt: environment.attempt,
            job_id: environment.job_id.clone(),
            rendered,
            kept: self.kept.clone(),
            failed: self.failed.clone(),
            fault: failure.map(|failure| failure.fault.clone()),
            blender: self.blender.clone(),
            warnings: self.warnings.clone(),
            seconds: TaskSeconds {
                download: self.download,
                open: self.open,
                total: self.started.elapsed().as_secs_f64(),
            },
            threads: environment.threads,
            peak_memory_mib: self.peak_memory_mib,
            exit_code: failure.map_or(TaskExit::Done, |failure| failure.exit).code(),
            paid: self.machine.as_ref().map(|machine| machine.paid(self.started.elapsed())),
            paid_before: self.paid_before.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(exit: TaskExit) -> Failure {
        Failure::new(exit, "It died.", "Try.")
    }

    #[test]
    fn a_child_is_done_only_if_no_frame_failed() {
        let mut journal = Journal::new(0);
        assert!(journal.verdict().is_ok());
        journal.fail(9, Fault::new("Second.", "b"));
        journal.fail(7, Fault::new("First.", "a"));
        let failure = journal.verdict().unwrap_err();
        assert_eq!(failure.exit, TaskExit::Scene);
        assert_eq!(failure.fault.message, "Frames 7 9 could not be rendered. Frame 7: First.");
        assert_eq!(failure.fault.hint, "a");
    }

    #[test]
    fn what_ran_out_of_memory_is_told_though_blender_crashed_after_it() {
        let mut journal = Journal::new(0);
        journal.die(3, failure(TaskExit::TryAgain));
        assert!(journal.hungry().is_none());
        journal.die(3, failure(TaskExit::OutOfMemory));
        assert_eq!(journal.hungry().unwrap().exit, TaskExit::OutOfMemory);
    }

    #[test]
    fn a_crash_is_tried_again_though_another_frame_has_a_fault_of_its_own() {
        let mut journal = Journal::new(0);
        journal.die(7, failure(TaskExit::TryAgain));
        journal.fail(8, Fault::new("Undecodable.", "a"));
        assert_eq!(journal.verdict().unwrap_err().exit, TaskExit::TryAgain);
    }
}
