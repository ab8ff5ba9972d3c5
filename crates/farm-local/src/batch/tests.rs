//! The engine on its own: no process, no clock, thousands of children in no time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

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
        command: Vec::new(),
        environment: BTreeMap::new(),
        resource_requirements: Vec::new(),
        attempts: 1,
        evaluate_on_exit: Vec::new(),
        timeout: None,
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

#[test]
fn a_parent_is_pending_until_its_last_child_and_fails_with_any() {
    let mut world = World::new(2);
    world.submit("a", spec("a", Some(3)));
    assert_eq!(world.state("a"), JobStatus::Pending);
    world.finish(0, Outcome::Exited(0));
    world.finish(0, Outcome::Exited(1));
    assert_eq!(world.state("a"), JobStatus::Pending);
    world.finish(0, Outcome::Exited(0));
    assert_eq!(world.state("a"), JobStatus::Failed);
    assert_eq!(world.reason("a").unwrap(), "Array Child Job failed");
    assert_eq!(world.reason("a:1").unwrap(), "Essential container in task exited");
    world.check();
}

#[test]
fn ten_thousand_children_run_in_order_of_their_index() {
    let mut world = World::new(4);
    world.submit("a", spec("a", Some(10_000)));
    let mut after = spec("zip", None);
    after.after = vec!["a".to_owned()];
    world.submit("zip", after);
    assert_eq!(world.state("zip"), JobStatus::Pending);
    let mut started = Vec::new();
    while let Some(unit) = world.active.first() {
        started.push((unit.job, unit.index));
        world.finish(0, Outcome::Exited(0));
    }
    let expected: Vec<_> = (0..10_000).map(|index| (0, index)).chain([(1, 0)]).collect();
    assert_eq!(started, expected);
    assert_eq!(world.state("a"), JobStatus::Succeeded);
    assert_eq!(world.state("zip"), JobStatus::Succeeded);
}

#[test]
fn a_chain_of_ten_thousand_fails_through_without_running() {
    let mut world = World::new(4);
    let mut chain = spec("a", Some(10_000));
    chain.sequential = true;
    world.submit("a", chain);
    assert_eq!(world.active.len(), 1);
    world.finish(0, Outcome::Exited(0));
    world.finish(0, Outcome::Exited(1));
    assert_eq!(world.active.len(), 0);
    assert_eq!(world.state("a"), JobStatus::Failed);
    assert_eq!(world.attempts("a:9999"), 0);
    assert_eq!(world.reason("a:9999").unwrap(), "Dependent Job failed");
    world.check();
}

#[test]
fn n_to_n_follows_child_by_child() {
    let mut world = World::new(4);
    world.submit("a", spec("a", Some(2)));
    let mut follower = spec("b", Some(2));
    follower.n_to_n = vec!["a".to_owned()];
    world.submit("b", follower.clone());
    assert_eq!(world.active.len(), 2);
    world.finish(0, Outcome::Exited(0));
    assert_eq!(world.state("b:0"), JobStatus::Starting);
    assert_eq!(world.state("b:1"), JobStatus::Pending);
    world.finish(0, Outcome::Exited(1));
    assert_eq!(world.reason("b:1").unwrap(), "Dependent Job failed");
    world.finish_all(0);
    assert_eq!(world.state("b:0"), JobStatus::Succeeded);
    assert_eq!(world.reason("b").unwrap(), "Array Child Job failed");

    let mut late = follower.clone();
    late.n_to_n = vec!["a".to_owned()];
    world.submit("late", late);
    assert_eq!(world.state("late:0"), JobStatus::Starting);
    assert_eq!(world.state("late:1"), JobStatus::Failed);

    let mut other_size = spec("c", Some(3));
    other_size.n_to_n = vec!["a".to_owned()];
    let refused = world.engine.submit(Arc::from("c"), other_size, 0).unwrap_err();
    assert!(refused.message.contains("same size"), "{refused:?}");
}

#[test]
fn a_dependent_of_what_is_over_runs_or_fails_at_once() {
    let mut world = World::new(1);
    world.submit("good", spec("good", None));
    world.finish_all(0);
    world.submit("bad", spec("bad", None));
    world.finish_all(1);
    for (id, after, expected) in
        [("1", vec!["good"], JobStatus::Starting), ("2", vec!["good", "bad"], JobStatus::Failed)]
    {
        let mut job = spec(id, None);
        job.after = after.into_iter().map(str::to_owned).collect();
        world.submit(id, job);
        assert_eq!(world.state(id), expected);
    }
    assert_eq!(world.reason("2").unwrap(), "Dependent Job failed");
    let mut array = spec("3", Some(3));
    array.after = vec!["bad".to_owned()];
    world.submit("3", array);
    assert_eq!(world.state("3"), JobStatus::Failed);
    assert_eq!(world.reason("3").unwrap(), "Dependent Job failed");
    let mut unknown = spec("4", None);
    unknown.after = vec!["nobody".to_owned()];
    let refused = world.engine.submit(Arc::from("4"), unknown, 0).unwrap_err();
    assert_eq!(refused.message, "Job dependency nobody does not exist");
}

#[test]
fn rules_decide_what_is_tried_again_and_it_goes_first() {
    let mut world = World::new(1);
    let mut array = spec("a", Some(3));
    array.attempts = 3;
    array.evaluate_on_exit = vec![
        EvaluateOnExit {
            on_exit_code: Some("75".to_owned()),
            on_reason: None,
            on_status_reason: None,
            action: RetryAction::Retry,
        },
        EvaluateOnExit {
            on_exit_code: None,
            on_reason: Some("*".to_owned()),
            on_status_reason: None,
            action: RetryAction::Exit,
        },
    ];
    world.submit("a", array);
    world.finish(0, Outcome::Exited(75));
    assert_eq!(world.active, [UnitKey { job: 0, index: 0 }], "to the front of the queue");
    world.finish(0, Outcome::Exited(0));
    assert_eq!(world.state("a:0"), JobStatus::Succeeded);
    assert_eq!(world.attempts("a:0"), 2);
    world.finish(0, Outcome::Exited(65));
    assert_eq!((world.state("a:1"), world.attempts("a:1")), (JobStatus::Failed, 1));
    for _ in 0..3 {
        world.finish(0, Outcome::Exited(75));
    }
    assert_eq!((world.state("a:2"), world.attempts("a:2")), (JobStatus::Failed, 3));
}

#[test]
fn a_timeout_is_not_tried_again_but_a_failed_start_is() {
    let mut world = World::new(1);
    let mut job = spec("a", None);
    job.attempts = 3;
    world.submit("a", job);
    world.finish(0, Outcome::CannotStart("no such file".to_owned()));
    assert_eq!(world.state("a"), JobStatus::Starting);
    world.finish(0, Outcome::TimedOut(0));
    assert_eq!((world.state("a"), world.attempts("a")), (JobStatus::Failed, 2));
    assert_eq!(world.reason("a").unwrap(), "Job attempt duration exceeded timeout");
    let last = world.changes.last().unwrap();
    assert_eq!(&*last.attempts[0].status_reason, "Task failed to start");
    assert_eq!(last.attempts[0].container.reason.as_deref(), Some("CannotStartContainerError: no such file"));
    assert_eq!(last.attempts[0].container.exit_code, None);
}

#[test]
fn cancel_leaves_what_runs_and_terminate_does_not() {
    let mut world = World::new(1);
    let mut array = spec("a", Some(3));
    array.attempts = 5;
    world.submit("a", array);
    world.stop("a", StopKind::Cancel);
    assert_eq!(world.state("a:0"), JobStatus::Starting);
    assert_eq!(world.state("a:1"), JobStatus::Failed);
    assert_eq!(world.state("a"), JobStatus::Pending);
    assert!(world.stopping.is_empty());
    world.finish(0, Outcome::Exited(75));
    assert_eq!(
        (world.state("a:0"), world.attempts("a:0")),
        (JobStatus::Failed, 1),
        "cancelled: not tried again"
    );
    assert_eq!(world.reason("a").unwrap(), "enough");

    let mut array = spec("b", Some(3));
    array.attempts = 5;
    world.submit("b", array);
    world.stop("b", StopKind::Terminate);
    assert_eq!(world.stopping.len(), 1);
    world.finish(0, Outcome::Exited(0));
    assert_eq!(world.state("b:0"), JobStatus::Failed, "terminated, whatever its exit code");
    for id in ["b", "b:0", "b:1", "b:2"] {
        assert_eq!(world.reason(id).unwrap(), "enough", "{id}");
    }
    world.check();
}

#[test]
fn a_pending_job_is_cancelled_when_its_dependencies_are_over() {
    for code in [0, 1] {
        let mut world = World::new(1);
        world.submit("a", spec("a", None));
        let mut zip = spec("zip", None);
        zip.after = vec!["a".to_owned()];
        world.submit("zip", zip);
        world.stop("zip", StopKind::Cancel);
        assert_eq!(world.state("zip"), JobStatus::Pending);
        world.finish(0, Outcome::Exited(code));
        assert_eq!((world.state("zip"), world.attempts("zip")), (JobStatus::Failed, 0));
        assert_eq!(world.reason("zip").unwrap(), "enough");
    }
}

#[test]
fn a_shut_down_engine_starts_and_takes_nothing() {
    let mut world = World::new(1);
    world.submit("a", spec("a", Some(2)));
    world.engine.shut_down(0);
    world.turn();
    assert_eq!(world.stopping.len(), 1);
    world.finish(0, Outcome::Exited(143));
    assert!(world.active.is_empty());
    assert_eq!(world.state("a:1"), JobStatus::Runnable);
    assert_eq!(world.engine.submit(Arc::from("b"), spec("b", None), 0).unwrap_err().status, 500);
}

#[derive(Debug, Clone)]
enum Op {
    Submit {
        size: usize,
        after: Vec<usize>,
        n_to_n: Option<usize>,
        sequential: bool,
        share: u8,
        attempts: u32,
    },
    Finish {
        which: usize,
        outcome: u8,
    },
    Stop {
        which: usize,
        child: Option<usize>,
        terminate: bool,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let submit = (
        0usize..6,
        prop::collection::vec(0usize..20, 0..3),
        prop::option::weighted(0.2, 0usize..20),
        prop::bool::weighted(0.2),
        0u8..3,
        1u32..4,
    );
    prop_oneof![
        2 => submit.prop_map(|(size, after, n_to_n, sequential, share, attempts)| {
            Op::Submit { size, after, n_to_n, sequential, share, attempts }
        }),
        6 => (0usize..8, 0u8..8).prop_map(|(which, outcome)| Op::Finish { which, outcome }),
        1 => (0usize..20, prop::option::of(0usize..5), any::<bool>())
            .prop_map(|(which, child, terminate)| Op::Stop { which, child, terminate }),
    ]
}

fn outcome(number: u8) -> Outcome {
    match number {
        0..=4 => Outcome::Exited(0),
        5 => Outcome::Exited(75),
        6 => Outcome::TimedOut(143),
        _ => Outcome::CannotStart("no".to_owned()),
    }
}

proptest! {
    /// Whatever is submitted, ended and stopped in whatever order: never more children than
    /// slots, never an idle slot, every job ends exactly once, and what depends runs if and
    /// only if all it depends on succeeded.
    #[test]
    fn the_engine_keeps_its_promises(slots in 1usize..4, ops in prop::collection::vec(op(), 1..60)) {
        let mut world = World::new(slots);
        let mut jobs = 0usize;
        for op in ops {
            match op {
                Op::Submit { size, after, n_to_n, sequential, share, attempts } => {
                    let array = (size >= 2).then_some(size);
                    let mut job = spec("job", array);
                    let known = |which: usize| (jobs > 0).then(|| which % jobs);
                    job.after = after.into_iter().filter_map(known).map(|job| job.to_string()).collect();
                    let same = |other: &usize| array.is_some() && world.engine.jobs[*other].spec.array_size == array;
                    job.n_to_n = n_to_n.and_then(known).filter(same).map(|job| job.to_string()).into_iter().collect();
                    job.sequential = sequential && array.is_some();
                    job.share.identifier = Some(Arc::from(share.to_string()));
                    job.attempts = attempts;
                    world.submit(&jobs.to_string(), job);
                    jobs += 1;
                }
                Op::Finish { which, outcome: number } if !world.active.is_empty() => {
                    world.finish(which % world.active.len(), outcome(number));
                }
                Op::Stop { which, child, terminate } if jobs > 0 => {
                    let job = which % jobs;
                    let array = world.engine.jobs[job].spec.array_size;
                    let id = match (child, array) {
                        (Some(child), Some(size)) => format!("{job}:{}", child % size),
                        _ => job.to_string(),
                    };
                    world.stop(&id, if terminate { StopKind::Terminate } else { StopKind::Cancel });
                }
                Op::Finish { .. } | Op::Stop { .. } => {}
            }
            world.check();
        }
        world.finish_all(0);
        world.check();
        for job in &world.engine.jobs {
            prop_assert!(job.status().is_terminal(), "{} never ended", job.id);
            let succeeded = |id: &String| world.state(id) == JobStatus::Succeeded;
            let good = job.spec.after.iter().all(succeeded);
            for (index, unit) in job.units.iter().enumerate() {
                prop_assert!(unit.status.is_terminal());
                let before = job.spec.sequential && index > 0
                    && job.units[index - 1].status != JobStatus::Succeeded;
                let peers = job.spec.n_to_n.iter().all(|id| succeeded(&format!("{id}:{index}")));
                let may_run = good && peers && !before;
                if unit.stop.is_none() {
                    prop_assert_eq!(!unit.attempts.is_empty(), may_run, "{}:{}", job.id, index);
                } else {
                    prop_assert!(may_run || unit.attempts.is_empty());
                }
            }
        }
        let ends = world.changes.iter().filter(|change| change.status.is_terminal()).count();
        let all: usize = world.engine.jobs.iter().map(|job| job.units.len() + usize::from(job.parent.is_some())).sum();
        prop_assert_eq!(ends, all, "every job ends exactly once");
    }
}
