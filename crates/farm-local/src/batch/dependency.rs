//! What the end of one job means for others: dependents, the next child, the parent.
//!
//! Ends are worked off from a queue and never by recursion: a chain may be 10,000 long.

use std::sync::Arc;

use super::engine::{Ended, Engine};
use super::job::{JobStatus, UnitKey};

/// Batch's word for a job that was not run because another failed.
pub(super) const DEPENDENT_FAILED: &str = "Dependent Job failed";
/// Batch's word for the parent of a child that failed.
pub(super) const CHILD_FAILED: &str = "Array Child Job failed";

impl Engine {
    /// Ties a new job to those it depends on and lets go what depends on nothing.
    pub(super) fn link(&mut self, job: usize, after: &[usize], n_to_n: &[usize], now: i64) {
        let mut failed = false;
        for other in after {
            match self.jobs[*other].status() {
                JobStatus::Succeeded => {}
                JobStatus::Failed => failed = true,
                _ => {
                    self.jobs[*other].dependents.push(job);
                    self.jobs[job].waiting += 1;
                }
            }
        }
        self.jobs[job].dependency_failed = failed;
        if self.jobs[job].parent.is_some() {
            self.set_parent_status(job, JobStatus::Pending, None, now);
        } else if !after.is_empty() {
            self.set_status(UnitKey { job, index: 0 }, JobStatus::Pending, None, now);
        }
        for other in n_to_n {
            self.jobs[*other].n_to_n_dependents.push(job);
        }
        let sequential = self.jobs[job].spec.sequential;
        for index in 0..self.jobs[job].units.len() {
            let key = UnitKey { job, index };
            let mut unit_failed = failed;
            let mut waiting = usize::from(sequential && index > 0);
            for other in n_to_n {
                match self.jobs[*other].units[index].status {
                    JobStatus::Succeeded => {}
                    JobStatus::Failed => unit_failed = true,
                    _ => waiting += 1,
                }
            }
            self.jobs[job].units[index].waiting = waiting;
            if unit_failed {
                self.set_status(key, JobStatus::Failed, Some(Arc::from(DEPENDENT_FAILED)), now);
            } else {
                self.release(key, now);
            }
        }
    }

    /// Works off everything that follows from what has ended.
    pub(super) fn settle(&mut self, now: i64) {
        while let Some(ended) = self.ended.pop_front() {
            match ended {
                Ended::Unit(key) => self.unit_ended(key, now),
                Ended::Job(job) => self.job_ended(job, now),
            }
        }
    }

    fn unit_ended(&mut self, key: UnitKey, now: i64) {
        let UnitKey { job, index } = key;
        let succeeded = self.unit(key).status == JobStatus::Succeeded;
        for dependent in 0..self.jobs[job].n_to_n_dependents.len() {
            let job = self.jobs[job].n_to_n_dependents[dependent];
            self.dependency_ended(UnitKey { job, index }, succeeded, now);
        }
        let this = &self.jobs[job];
        if this.spec.sequential && index + 1 < this.units.len() {
            self.dependency_ended(UnitKey { job, index: index + 1 }, succeeded, now);
        }
        let this = &self.jobs[job];
        let Some(parent) = &this.parent else {
            self.ended.push_back(Ended::Job(job));
            return;
        };
        let failed = parent.counts.get(JobStatus::Failed);
        let over = failed + parent.counts.get(JobStatus::Succeeded) == this.units.len();
        // Several children may have ended at once; the parent ends with the first that is told.
        if !over || parent.status.is_terminal() {
            return;
        }
        let (status, reason) = if failed == 0 {
            (JobStatus::Succeeded, None)
        } else if let Some(stop) = &parent.stop {
            (JobStatus::Failed, Some(stop.reason.clone()))
        } else if this.dependency_failed {
            (JobStatus::Failed, Some(Arc::from(DEPENDENT_FAILED)))
        } else {
            (JobStatus::Failed, Some(Arc::from(CHILD_FAILED)))
        };
        self.set_parent_status(job, status, reason, now);
        self.ended.push_back(Ended::Job(job));
    }

    fn job_ended(&mut self, job: usize, now: i64) {
        let succeeded = self.jobs[job].status() == JobStatus::Succeeded;
        for dependent in std::mem::take(&mut self.jobs[job].dependents) {
            let this = &mut self.jobs[dependent];
            this.waiting -= 1;
            this.dependency_failed |= !succeeded;
            if succeeded && this.waiting > 0 {
                continue;
            }
            for index in 0..self.jobs[dependent].units.len() {
                let key = UnitKey { job: dependent, index };
                if succeeded {
                    self.release(key, now);
                } else {
                    self.fail_waiting(key, now);
                }
            }
        }
    }

    /// One of the children that a unit waits for has ended.
    fn dependency_ended(&mut self, key: UnitKey, succeeded: bool, now: i64) {
        if succeeded {
            let unit = &mut self.jobs[key.job].units[key.index];
            unit.waiting = unit.waiting.saturating_sub(1);
            self.release(key, now);
        } else {
            self.fail_waiting(key, now);
        }
    }

    /// Makes a unit RUNNABLE if it waits for nothing any more.
    fn release(&mut self, key: UnitKey, now: i64) {
        let job = &self.jobs[key.job];
        let unit = &job.units[key.index];
        let waits = matches!(unit.status, JobStatus::Submitted | JobStatus::Pending);
        if !waits || unit.waiting > 0 || job.waiting > 0 {
            return;
        }
        let ended =
            unit.stop.as_ref().map(|stop| stop.reason.clone()).or_else(|| job.spec.unstartable.clone());
        if ended.is_some() {
            self.set_status(key, JobStatus::Failed, ended, now);
        } else {
            let share = job.spec.share.clone();
            self.set_status(key, JobStatus::Runnable, None, now);
            self.pool.push_back(&share, key);
        }
    }

    /// Fails a unit that waits, because what it waits for has failed.
    fn fail_waiting(&mut self, key: UnitKey, now: i64) {
        let unit = self.unit(key);
        if unit.status == JobStatus::Pending {
            let cancelled = unit.stop.as_ref().map(|stop| stop.reason.clone());
            let reason = cancelled.unwrap_or_else(|| Arc::from(DEPENDENT_FAILED));
            self.set_status(key, JobStatus::Failed, Some(reason), now);
        }
    }
}
