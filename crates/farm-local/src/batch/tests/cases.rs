//! One course of events each.

use super::*;

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
    assert_eq!(
        last.attempts[0].task_properties[0].containers[0].reason.as_deref(),
        Some("CannotStartContainerError: no such file")
    );
    assert_eq!(last.attempts[0].task_properties[0].containers[0].exit_code, None);
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

#[test]
fn after_a_child_that_memory_ran_out_for_one_fewer_runs_at_once_down_to_one() {
    let mut world = World::new(3);
    world.engine.fewer_after(&[68, 137]);
    world.submit("array", spec("array", Some(8)));
    assert_eq!(world.active.len(), 3);
    world.finish(0, Outcome::Exited(1));
    assert_eq!(world.active.len(), 3, "another failure tells nothing of memory");
    world.finish(0, Outcome::Exited(68));
    assert_eq!(world.active.len(), 2);
    world.finish(0, Outcome::Exited(137));
    world.finish(0, Outcome::Exited(68));
    assert_eq!(world.active.len(), 1, "one always runs");
    world.finish(0, Outcome::Exited(0));
    assert_eq!(world.active.len(), 1);
}

#[test]
fn a_child_that_is_killed_to_stop_it_tells_nothing_of_memory() {
    let mut world = World::new(2);
    world.engine.fewer_after(&[137]);
    world.submit("first", spec("first", None));
    world.submit("array", spec("array", Some(4)));
    world.stop("first", StopKind::Terminate);
    world.finish(0, Outcome::Exited(137));
    assert_eq!(world.active.len(), 2);
}
