//! What holds for any course of events.

use proptest::prelude::*;

use super::*;

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
