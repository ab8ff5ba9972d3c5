//! The process side of Blender, against a script that speaks the driver's protocol and misbehaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use farm_contract::allowances::Allowances;
use render_task::blender::confine::User;
use render_task::blender::protocol::{Command, Kind};
use render_task::blender::{Blender, Cause, Death, Reply, Setup};
use tempfile::TempDir;

fn setup(program: impl Into<PathBuf>) -> (Setup, TempDir) {
    let scratch = tempfile::tempdir().unwrap();
    let setup = Setup {
        task: env!("CARGO_BIN_EXE_render-task").into(),
        program: program.into(),
        threads: 2,
        scratch: scratch.path().to_owned(),
        user: User::Ourselves,
        allowed: Allowances::default(),
    };
    (setup, scratch)
}

async fn start() -> (Blender, TempDir) {
    let (setup, scratch) = setup(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blender-fake"));
    (Blender::start(&setup).await.unwrap().unwrap(), scratch)
}

async fn render(blender: &mut Blender, frame: i32) -> Result<Reply, Death> {
    blender.ask(Command::Render { frame, folder: Path::new("/nowhere"), stem: "frame" }).await
}

#[tokio::test]
async fn what_stands_before_our_own_hello_is_not_believed() {
    let (blender, _scratch) = start().await;
    assert_eq!(blender.version(), "9.9.9");
    blender.quit().await;
}

#[tokio::test]
async fn what_was_printed_belongs_to_the_frame_that_it_was_printed_for() {
    let (mut blender, _scratch) = start().await;
    let reply = render(&mut blender, 1).await.unwrap();
    assert_eq!((reply.wrong, reply.answer.peak_memory_mib), (None, 30));
    let reply = render(&mut blender, 2).await.unwrap();
    assert!(reply.wrong.unwrap().fault.message.contains("No space left"));
    assert!(matches!(reply.answer.kind, Kind::Failed { .. }));
    assert_eq!(render(&mut blender, 3).await.unwrap().wrong, None);
    blender.quit().await;
}

#[tokio::test]
async fn blender_sees_nothing_of_our_environment() {
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "there is something to be seen");
    let (mut blender, _scratch) = start().await;
    let reply = render(&mut blender, 4).await.unwrap();
    let Kind::Failed { message: names, .. } = reply.answer.kind else { panic!("{reply:?}") };
    // The last three are the shell's own.
    let allowed = ["HOME", "LANG", "PATH", "TMPDIR", "OLDPWD", "PWD", "SHLVL", "_"];
    for name in names.split_whitespace() {
        assert!(allowed.contains(&name), "{name}");
    }
    assert!(names.contains("TMPDIR"));
    blender.quit().await;
}

/// Only root can become somebody else: where the tests do not run as root, there is nothing to see.
#[tokio::test]
async fn under_root_blender_is_a_stranger_who_cannot_read_our_environment() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    // A checkout may lie where root alone may look.
    let open = tempfile::tempdir().unwrap();
    let copy = |from: &Path, name: &str| {
        let to = open.path().join(name);
        std::fs::copy(from, &to).unwrap();
        std::fs::set_permissions(&to, PermissionsExt::from_mode(0o755)).unwrap();
        to
    };
    let fake = copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blender-fake"), "blender-fake");
    let task = copy(Path::new(env!("CARGO_BIN_EXE_render-task")), "render-task");
    let (mut setup, scratch) = setup(&fake);
    let chosen = || User::choose(&fake, scratch.path());
    std::fs::set_permissions(open.path(), PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(chosen(), User::Ourselves, "a stranger could not get at the program");
    std::fs::set_permissions(open.path(), PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(chosen(), User::Stranger);
    (setup.user, setup.task) = (chosen(), task);
    let mut blender = Blender::start(&setup).await.unwrap().unwrap();
    let reply = render(&mut blender, 8).await.unwrap();
    let Kind::Failed { message, .. } = reply.answer.kind else { panic!("{reply:?}") };
    assert!(message.starts_with("61184 61184 ") && message.ends_with("Permission denied"), "{message}");
    assert_eq!(std::fs::metadata(scratch.path().join("home/mine")).unwrap().uid(), 61_184);
    blender.quit().await;
}

#[tokio::test]
async fn a_crash_and_an_early_end_are_told_apart() {
    let (mut blender, _scratch) = start().await;
    let death = render(&mut blender, 5).await.unwrap_err();
    assert_eq!(death.cause, Cause::Signal(11), "{death}");

    let (mut blender, _scratch) = start().await;
    let death = render(&mut blender, 6).await.unwrap_err();
    assert_eq!(death.cause, Cause::Ended);
    assert!(death.message.contains("Cannot do that, Dave"), "{death}");
    // Asking a dead one again says so again.
    assert!(render(&mut blender, 1).await.is_err());
}

#[tokio::test]
async fn a_busy_blender_is_ended_at_once() {
    let (mut blender, _scratch) = start().await;
    {
        let busy = render(&mut blender, 7);
        tokio::pin!(busy);
        // Polled once, so that the command is sent.
        assert!(futures::poll!(&mut busy).is_pending());
    }
    blender.kill().await;
    let death = render(&mut blender, 1).await.unwrap_err();
    assert_eq!(death.cause, Cause::OutOfMemory, "{death}");
}

#[tokio::test]
async fn a_program_that_is_none_is_an_error_and_one_that_is_no_blender_a_death() {
    let (absent, _scratch) = setup("/nowhere/blender");
    let death = Blender::start(&absent).await.unwrap().unwrap_err();
    assert!(death.message.contains("No such file"), "{death}");
    let (other, _scratch) = setup("true");
    assert!(Blender::start(&other).await.unwrap().is_err());
}
