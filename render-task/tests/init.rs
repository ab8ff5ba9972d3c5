//! The first process of a container: passes signals on, and leaves nobody behind unburied.
//!
//! One test in a process of its own: it waits for every child that there is.
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use render_task::init::supervise;
use rustix::process::{Signal, getpid, kill_process, set_child_subreaper, test_kill_process};

#[test]
fn orphans_are_waited_for_and_signals_passed_on() {
    // As the first process of a container is: orphans become our children.
    set_child_subreaper(Some(getpid())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = |script: &str| {
        let mut shell = Command::new("sh");
        runtime.block_on(supervise(shell.args(["-c", script]).current_dir(folder.path()))).unwrap()
    };

    // The orphan ends while the task still runs.
    let ended = run(
        "(sh -c 'echo $$ > orphan; exit 3' &); while [ ! -s orphan ]; do sleep 0.01; done; sleep 0.5; exit 7",
    );
    assert_eq!(ended.code(), Some(7));
    let orphan = std::fs::read_to_string(folder.path().join("orphan")).unwrap();
    let orphan = rustix::process::Pid::from_raw(orphan.trim().parse().unwrap()).unwrap();
    assert!(test_kill_process(orphan).is_err(), "it is no zombie");

    assert_eq!(run("kill -9 $$").signal(), Some(9), "how it was killed is told");

    // A signal to us is a signal to the task.
    let ask = std::thread::spawn({
        let ready = folder.path().join("ready");
        move || {
            while !ready.exists() {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            kill_process(getpid(), Signal::TERM).unwrap();
        }
    });
    let ended = run("trap 'exit 75' TERM; : > ready; while :; do sleep 0.01; done");
    assert_eq!(ended.code(), Some(75));
    ask.join().unwrap();
}
