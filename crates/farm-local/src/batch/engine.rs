//! The state machine: jobs, their states, who runs next and what follows an exit.
//!
//! It knows no process and no clock. What happens is told to it ([`Engine::submit`],
//! [`Engine::started`], [`Engine::exited`], [`Engine::stop`]); what should happen it leaves as
//! [`Order`]s, and every change of state as a [`JobDetail`] of that very moment. After each
//! call its owner calls [`Engine::schedule`] and takes both.
//!
//! What follows from the end of a job for others is in [`dependency`](super::dependency).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::describe;
use super::error::ApiError;
use super::fair_share::FairShare;
use super::job::{Attempt, Counts, Job, JobSpec, JobStatus, Parent, Stop, StopKind, Unit, UnitKey};
use super::model::JobDetail;
use super::retry::{self, RetryAction};

/// Batch's word for the end of a process, whatever its exit code.
pub(super) const EXITED: &str = "Essential container in task exited";
/// Batch's word for an attempt that took too long.
pub(super) const TIMED_OUT: &str = "Job attempt duration exceeded timeout";
/// Batch's word for an attempt that never ran.
pub(super) const NOT_STARTED: &str = "Task failed to start";

/// What the owner of the engine must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Start this attempt (from 1) and report `started` and `exited`, or only `exited`.
    Start { unit: UnitKey, attempt: usize },
    /// Stop what was started, gently first.
    Stop { unit: UnitKey },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// By itself or by a signal: 128 + n.
    Exited(i32),
    /// Stopped for its timeout, with the exit code that came of it.
    TimedOut(i32),
    /// It never ran.
    CannotStart(String),
}

/// Something that has ended and may concern others.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ended {
    Unit(UnitKey),
    Job(usize),
}

pub(super) struct Engine {
    pub(super) jobs: Vec<Job>,
    by_id: HashMap<Arc<str>, usize>,
    arn_prefix: String,
    pub(super) pool: FairShare<UnitKey>,
    slots: usize,
    /// Exit codes after which there is one slot fewer.
    fewer_after: Vec<i32>,
    running: usize,
    open: bool,
    orders: Vec<Order>,
    /// Only while somebody listens.
    changes: Option<Vec<JobDetail>>,
    pub(super) ended: VecDeque<Ended>,
}

impl Engine {
    pub fn new(slots: usize, arn_prefix: String) -> Self {
        Self {
            jobs: Vec::new(),
            by_id: HashMap::new(),
            arn_prefix,
            pool: FairShare::new(),
            slots,
            fewer_after: Vec::new(),
            running: 0,
            open: true,
            orders: Vec::new(),
            changes: None,
            ended: VecDeque::new(),
        }
    }

    /// After a child that exits with one of `codes` there is one slot fewer, down to one.
    pub fn fewer_after(&mut self, codes: &[i32]) {
        self.fewer_after = codes.to_vec();
    }

    /// Whether to keep every change of state for [`take_changes`](Self::take_changes).
    pub fn observe(&mut self, observe: bool) {
        if observe {
            self.changes.get_or_insert_default();
        } else {
            self.changes = None;
        }
    }

    pub fn arn_prefix(&self) -> &str {
        &self.arn_prefix
    }

    pub fn take_orders(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }

    pub fn take_changes(&mut self) -> Vec<JobDetail> {
        self.changes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub fn job(&self, unit: UnitKey) -> &Job {
        &self.jobs[unit.job]
    }

    /// Finds a job by its id; the index of the child for `<parent>:<index>`.
    pub fn find(&self, id: &str) -> Option<(usize, Option<usize>)> {
        if let Some(job) = self.by_id.get(id) {
            return Some((*job, None));
        }
        let (parent, index) = id.rsplit_once(':')?;
        let job = *self.by_id.get(parent)?;
        let canonical = index.parse::<usize>().ok().filter(|number| number.to_string() == index)?;
        let array = &self.jobs[job];
        (array.parent.is_some() && canonical < array.units.len()).then_some((job, Some(canonical)))
    }

    /// Takes a job in. It is refused if it depends on a job that is not there.
    pub fn submit(&mut self, id: Arc<str>, spec: JobSpec, now: i64) -> Result<(), ApiError> {
        if !self.open {
            return Err(ApiError::server("The local Batch is shutting down; nothing more is taken"));
        }
        let after = spec.after.iter().map(|id| self.resolve(id)).collect::<Result<Vec<_>, _>>()?;
        let n_to_n = spec.n_to_n.iter().map(|id| self.resolve(id)).collect::<Result<Vec<_>, _>>()?;
        if let Some(other) = n_to_n.iter().find(|other| !self.same_array(**other, spec.array_size)) {
            return Err(ApiError::invalid(format!(
                "N_TO_N dependency requires two array jobs of the same size, and {} is not one of this size",
                self.jobs[*other].id
            )));
        }
        let size = spec.array_size.unwrap_or(1);
        let first = if spec.array_size.is_some() { JobStatus::Pending } else { JobStatus::Submitted };
        let parent = spec.array_size.map(|size| Parent {
            status: JobStatus::Submitted,
            status_reason: None,
            stopped_at: None,
            stop: None,
            counts: Counts::all(size, JobStatus::Pending),
            counted_at: now,
        });
        let job = self.jobs.len();
        self.by_id.insert(id.clone(), job);
        self.jobs.push(Job {
            id,
            spec,
            created_at: now,
            waiting: 0,
            dependency_failed: false,
            dependents: Vec::new(),
            n_to_n_dependents: Vec::new(),
            parent,
            units: std::iter::repeat_with(|| Unit::new(first)).take(size).collect(),
        });
        self.link(job, &after, &n_to_n, now);
        self.settle(now);
        Ok(())
    }

    fn resolve(&self, id: &str) -> Result<usize, ApiError> {
        let missing = || ApiError::invalid(format!("Job dependency {id} does not exist"));
        self.by_id.get(id).copied().ok_or_else(missing)
    }

    fn same_array(&self, other: usize, size: Option<usize>) -> bool {
        size.is_some() && self.jobs[other].spec.array_size == size
    }

    /// Gives free slots to those whose turn it is.
    pub fn schedule(&mut self, now: i64) {
        while self.open && self.running < self.slots {
            let jobs = &self.jobs;
            let runnable = |unit: &UnitKey| jobs[unit.job].units[unit.index].status == JobStatus::Runnable;
            let Some(unit) = self.pool.take(runnable) else { break };
            self.running += 1;
            self.set_status(unit, JobStatus::Starting, None, now);
            let attempt = self.unit(unit).attempts.len() + 1;
            self.orders.push(Order::Start { unit, attempt });
        }
    }

    /// The process of a unit runs.
    pub fn started(&mut self, unit: UnitKey, now: i64) {
        if self.unit(unit).status == JobStatus::Starting {
            self.unit_mut(unit).started_at = Some(now);
            self.set_status(unit, JobStatus::Running, None, now);
        }
    }

    /// The process of a unit is gone, with everything it started.
    pub fn exited(&mut self, key: UnitKey, outcome: Outcome, now: i64) {
        if !matches!(self.unit(key).status, JobStatus::Starting | JobStatus::Running) {
            tracing::error!(?key, ?outcome, "an exit was reported of a job that does not run");
            return;
        }
        let share = self.jobs[key.job].spec.share.clone();
        self.running -= 1;
        self.pool.done(&share);

        let stop = self.unit(key).stop.clone();
        // One that was stopped may have been killed for it.
        if let (Outcome::Exited(code), None) = (&outcome, &stop)
            && self.slots > 1
            && self.fewer_after.contains(code)
        {
            self.slots -= 1;
            tracing::warn!("memory ran out: at most {} at once from now on", self.slots);
        }
        let terminated = stop.as_ref().filter(|stop| stop.kind == StopKind::Terminate);
        let (exit_code, reason, status_reason) = match &outcome {
            Outcome::Exited(code) => (Some(*code), None, EXITED),
            Outcome::TimedOut(code) => (Some(*code), None, TIMED_OUT),
            Outcome::CannotStart(why) => {
                (None, Some(Arc::from(format!("CannotStartContainerError: {why}"))), NOT_STARTED)
            }
        };
        let status_reason: Arc<str> =
            terminated.map_or_else(|| Arc::from(status_reason), |stop| stop.reason.clone());
        let unit = self.unit_mut(key);
        unit.attempts.push(Attempt {
            started_at: unit.started_at,
            stopped_at: now,
            exit_code,
            reason: reason.clone(),
            status_reason: status_reason.clone(),
        });
        let attempts = unit.attempts.len();

        let spec = &self.jobs[key.job].spec;
        let again = terminated.is_none()
            && !matches!(outcome, Outcome::TimedOut(_))
            && attempts < spec.attempts as usize
            && retry::decide(&spec.evaluate_on_exit, exit_code, reason.as_deref(), &status_reason)
                == RetryAction::Retry;
        let (status, status_reason) = match (outcome, terminated, stop.as_ref()) {
            (Outcome::Exited(0), None, _) => (JobStatus::Succeeded, status_reason),
            // Cancelled while it ran: what has ended is not begun again.
            (_, None, Some(stop)) if again => (JobStatus::Failed, stop.reason.clone()),
            _ if again => (JobStatus::Runnable, status_reason),
            _ => (JobStatus::Failed, status_reason),
        };
        if status == JobStatus::Runnable {
            self.unit_mut(key).started_at = None;
            self.pool.push_front(&share, key);
        }
        self.set_status(key, status, Some(status_reason), now);
        self.settle(now);
    }

    /// Cancels or terminates a job, with all children of an array. False if there is none.
    pub fn stop(&mut self, id: &str, stop: &Stop, now: i64) -> bool {
        let Some((job, index)) = self.find(id) else { return false };
        match index {
            Some(index) => self.stop_unit(UnitKey { job, index }, stop, now),
            None => {
                if let Some(parent) = &mut self.jobs[job].parent
                    && !parent.status.is_terminal()
                {
                    renew(&mut parent.stop, stop);
                }
                for index in 0..self.jobs[job].units.len() {
                    self.stop_unit(UnitKey { job, index }, stop, now);
                }
            }
        }
        self.settle(now);
        true
    }

    fn stop_unit(&mut self, key: UnitKey, stop: &Stop, now: i64) {
        let unit = self.unit_mut(key);
        if unit.status.is_terminal() {
            return;
        }
        let renewed = renew(&mut unit.stop, stop);
        match unit.status {
            JobStatus::Runnable => self.set_status(key, JobStatus::Failed, Some(stop.reason.clone()), now),
            JobStatus::Starting | JobStatus::Running if renewed && stop.kind == StopKind::Terminate => {
                self.orders.push(Order::Stop { unit: key });
            }
            // What waits for others ends when they have: see `ready` and `dependency_ended`.
            _ => {}
        }
    }

    /// No new starts and no new jobs; stops everything that runs.
    pub fn shut_down(&mut self, now: i64) {
        self.open = false;
        let stop = Stop { kind: StopKind::Terminate, reason: Arc::from("The local Batch is shutting down") };
        for job in 0..self.jobs.len() {
            for index in 0..self.jobs[job].units.len() {
                let key = UnitKey { job, index };
                if matches!(self.unit(key).status, JobStatus::Starting | JobStatus::Running) {
                    self.stop_unit(key, &stop, now);
                }
            }
        }
    }

    pub(super) fn unit(&self, key: UnitKey) -> &Unit {
        &self.jobs[key.job].units[key.index]
    }

    fn unit_mut(&mut self, key: UnitKey) -> &mut Unit {
        &mut self.jobs[key.job].units[key.index]
    }

    pub(super) fn set_status(&mut self, key: UnitKey, status: JobStatus, reason: Option<Arc<str>>, now: i64) {
        let job = &mut self.jobs[key.job];
        let unit = &mut job.units[key.index];
        if let Some(parent) = &mut job.parent {
            parent.counts.shift(unit.status, status);
            parent.counted_at = now;
        }
        unit.status = status;
        unit.status_reason = reason;
        if status.is_terminal() {
            unit.stopped_at = Some(now);
            self.ended.push_back(Ended::Unit(key));
        }
        if let Some(changes) = &mut self.changes {
            changes.push(describe::unit(job, key.index, &self.arn_prefix));
        }
    }

    pub(super) fn set_parent_status(
        &mut self,
        job: usize,
        status: JobStatus,
        reason: Option<Arc<str>>,
        now: i64,
    ) {
        let job = &mut self.jobs[job];
        let Some(parent) = &mut job.parent else { return };
        parent.status = status;
        parent.status_reason = reason;
        parent.stopped_at = status.is_terminal().then_some(now);
        if let Some(changes) = &mut self.changes {
            changes.push(describe::job(job, &self.arn_prefix));
        }
    }
}

/// Notes a wish to stop. The first reason stays, unless a cancel becomes a terminate.
fn renew(slot: &mut Option<Stop>, stop: &Stop) -> bool {
    let stronger = match slot {
        None => true,
        Some(old) => old.kind == StopKind::Cancel && stop.kind == StopKind::Terminate,
    };
    if stronger {
        *slot = Some(stop.clone());
    }
    stronger
}
