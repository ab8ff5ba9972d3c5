//! The engine on its own: no process, no clock, thousands of children in no time.
//!
//! Here is the world that it is turned in; `cases` are told one by one, `promises` hold for any
//! course of events.

mod cases;
mod promises;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::engine::{Engine, Order, Outcome};
use super::fair_share::Share;
use super::job::{JobSpec, JobStatus, Stop, StopKind, UnitKey};
use super::model::JobDetail;
use super::retry::{EvaluateOnExit, RetryAction};

fn spec(name: &str, array_size: Option<usize>) -> JobSpec {
    JobSpec {
        name: name.to_owned(),
        queue_arn: "arn:queue".to_owned(),
        queue_name: "queue".to_owned(),
        definition_arn: "arn:definition:1".to_owned(),
        share: Share { queue: 0, identifier: None },
        array_size,
        depends_on: Vec::new(),
        after: Vec::new(),
        n_to_n: Vec::new(),
        sequential: false,
        program: PathBuf::from("program"),
        container: "task".to_owned(),
        command: Vec::new(),
        environment: BTreeMap::new(),
        resource_requirements: Vec::new(),
        attempts: 1,
        evaluate_on_exit: Vec::new(),
        timeout: None,
        stop_timeout: Duration::from_secs(30),
        parameters: BTreeMap::new(),
        tags: BTreeMap::new(),
        propagate_tags: false,
        unstartable: None,
    }
}

fn stop(kind: StopKind) -> Stop {
    Stop { kind, reason: Arc::from("enough") }
}

/// An engine, its running units, and everything it said.
struct World {
    engine: Engine,
    slots: usize,
    now: i64,
    active: Vec<UnitKey>,
    stopping: HashSet<UnitKey>,
    status: HashMap<String, JobStatus>,
    changes: Vec<JobDetail>,
}

impl World {
    fn new(slots: usize) -> Self {
        let mut engine = Engine::new(slots, "arn:job/".to_owned());
        engine.observe(true);
        Self {
            engine,
            slots,
            now: 0,
            active: Vec::new(),
            stopping: HashSet::new(),
            status: HashMap::new(),
            changes: Vec::new(),
        }
    }

    fn submit(&mut self, id: &str, spec: JobSpec) {
        self.engine.submit(Arc::from(id), spec, self.now).unwrap();
        self.turn();
    }

    fn stop(&mut self, id: &str, kind: StopKind) {
        assert!(self.engine.stop(id, &stop(kind), self.now));
        self.turn();
    }

    /// Ends the n-th running unit.
    fn finish(&mut self, n: usize, outcome: Outcome) {
        let unit = self.active.remove(n);
        self.stopping.remove(&unit);
        if !matches!(outcome, Outcome::CannotStart(_)) {
            self.engine.started(unit, self.now);
        }
        self.engine.exited(unit, outcome, self.now);
        self.turn();
    }

    fn finish_all(&mut self, code: i32) {
        while !self.active.is_empty() {
            self.finish(0, Outcome::Exited(code));
        }
    }

    /// What the owner of an engine does after each call; checks what must always hold.
    fn turn(&mut self) {
        self.now += 1;
        self.engine.schedule(self.now);
        for order in self.engine.take_orders() {
            match order {
                Order::Start { unit, attempt } => {
                    assert!(!self.active.contains(&unit), "started twice at once");
                    assert_eq!(attempt, self.engine.unit(unit).attempts.len() + 1);
                    for other in &self.engine.job(unit).spec.after {
                        assert_eq!(self.state(other), JobStatus::Succeeded, "ran before its dependency");
                    }
                    self.active.push(unit);
                }
                Order::Stop { unit } => {
                    assert!(self.active.contains(&unit), "stopped what does not run");
                    assert!(self.stopping.insert(unit), "stopped twice");
                }
            }
        }
        assert!(self.active.len() <= self.slots, "more children than slots");
        for change in self.engine.take_changes() {
            let before = self.status.insert(change.job_id.clone(), change.status);
            assert!(follows(before, change.status), "{}: {before:?} -> {:?}", change.job_id, change.status);
            self.changes.push(change);
        }
    }

    /// What need not be looked at after each call, because it is slow.
    fn check(&self) {
        let mut runnable = 0;
        for job in &self.engine.jobs {
            for status in JobStatus::ALL {
                let counted = job.units.iter().filter(|unit| unit.status == status).count();
                if let Some(parent) = &job.parent {
                    assert_eq!(parent.counts.get(status), counted, "{status:?} of {}", job.id);
                }
                runnable += if status == JobStatus::Runnable { counted } else { 0 };
            }
            if let Some(parent) = &job.parent {
                let over = job.units.iter().all(|unit| unit.status.is_terminal());
                assert_eq!(parent.status.is_terminal(), over, "a parent ends with its last child");
            }
        }
        assert!(runnable == 0 || self.active.len() == self.slots, "a slot is idle while work waits");
    }

    fn state(&self, id: &str) -> JobStatus {
        let (job, index) = self.engine.find(id).unwrap();
        let job = &self.engine.jobs[job];
        index.map_or_else(|| job.status(), |index| job.units[index].status)
    }

    fn reason(&self, id: &str) -> Option<String> {
        let last = self.changes.iter().rev().find(|change| change.job_id == id).unwrap();
        last.status_reason.as_deref().map(str::to_owned)
    }

    fn attempts(&self, id: &str) -> usize {
        let (job, index) = self.engine.find(id).unwrap();
        self.engine.jobs[job].units[index.unwrap_or(0)].attempts.len()
    }
}

/// Whether a state may come after another; nothing comes after an end.
fn follows(before: Option<JobStatus>, after: JobStatus) -> bool {
    use JobStatus::{Failed, Pending, Runnable, Running, Starting, Submitted, Succeeded};
    match before {
        None | Some(Submitted) => matches!(after, Pending | Runnable | Failed),
        Some(Pending) => matches!(after, Runnable | Succeeded | Failed),
        Some(Runnable) => matches!(after, Starting | Failed),
        Some(Starting) => matches!(after, Running | Runnable | Failed),
        Some(Running) => matches!(after, Succeeded | Runnable | Failed),
        Some(Succeeded | Failed) => false,
    }
}
