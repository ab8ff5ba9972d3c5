//! Files that cannot be rendered, and machines that cannot render: no frame arrives, and the
//! record says why in the artist's words.

use std::process::Command;
use std::sync::Arc;

use farm_contract::exit::TaskExit;
use farm_local::s3::StoreOptions;

use crate::harness::{Bench, ends};
use crate::support;

const DONE: i32 = TaskExit::Done as i32;
const FAILED: i32 = TaskExit::Failed as i32;
const USAGE: i32 = TaskExit::Usage as i32;
const SCENE: i32 = TaskExit::Scene as i32;
const NO_SPACE: i32 = TaskExit::NoSpace as i32;
const TRY_AGAIN: i32 = TaskExit::TryAgain as i32;

/// The child ends with `code`, no frame is there, and log and record hold `words`.
async fn fails(bench: &Bench, code: i32, words: &str) {
    let said = bench.run(code).await;
    assert_eq!(bench.names(), [""; 0], "{said}");
    let record = bench.record();
    assert_eq!(i32::from(record.exit_code), code);
    let fault = record.fault.unwrap();
    assert!(fault.message.contains(words), "{fault:?}");
    assert!(said.contains(&format!("error: {}", fault.message)), "{said}");
    assert!(said.contains(&format!("hint: {}", fault.hint)), "{said}");
    let scratch = bench.scratch.path().to_str().unwrap();
    assert!(!fault.message.contains(scratch), "an artist knows no scratch folder: {fault:?}");
    assert_eq!(bench.blenders(), [0; 0]);
}

#[tokio::test]
async fn a_scene_that_cannot_be_rendered_is_refused_in_the_artists_words() {
    for (scene, words) in [
        ("nocamera", "no camera"),
        ("texture", "`wood grain`"),
        ("library", "props.blend"),
        ("outsideassets", "props.blend"),
        ("assetgone", "geometry_nodes/gone.blend"),
        ("eevee", "EEVEE"),
        ("workbench", "Workbench"),
        ("driver", "driver"),
    ] {
        fails(&Bench::with_scene(scene, "1-2").await, SCENE, words).await;
    }
}

#[tokio::test]
async fn a_frame_whose_own_file_is_missing_fails_by_itself() {
    let bench = Bench::with_scene("sequence", "1-2").await;
    fails(&bench, SCENE, "Frames 1-2 could not be rendered").await;
    let failed = bench.record().failed;
    let messages: Vec<_> =
        failed.iter().map(|failed| (failed.frame, failed.fault.message.as_str())).collect();
    assert!(messages[0].0 == 1 && messages[0].1.contains("wood grain 0001.png"), "{messages:?}");
    assert!(messages[1].0 == 2 && messages[1].1.contains("wood grain 0002.png"), "{messages:?}");
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let plain = std::fs::read(support::scene("plain")).unwrap();
    let packed = std::fs::read(support::scene("compressed")).unwrap();
    let cuts: [(&[u8], &str); 8] = [
        (&[], "not a Blender file"),
        (&plain[..5], "not a Blender file"),
        (&plain[..100], "damaged"),
        (&plain[..plain.len() / 2], "damaged"),
        (&plain[..plain.len() - 1000], "damaged"),
        (&packed[..50], "not a Blender file"),
        (&packed[..packed.len() / 2], "damaged"),
        (b"hello, this is no scene", "not a Blender file"),
    ];
    for (bytes, words) in cuts {
        fails(&Bench::with_bytes(bytes, "1").await, SCENE, words).await;
    }
}

#[tokio::test]
async fn without_a_blender_nothing_is_rendered_and_the_hint_says_what_to_set() {
    let mut bench = Bench::with_scene("plain", "1").await;
    bench.blender = "/nowhere/blender".into();
    fails(&bench, FAILED, "/nowhere/blender").await;
    assert!(bench.record().fault.unwrap().hint.contains("FARM_BLENDER"));
    bench.blender = "/bin/true".into();
    fails(&bench, FAILED, "/bin/true").await;
}

#[tokio::test]
async fn a_wrong_command_line_is_a_usage_error() {
    let output = Command::new(support::program("render-task")).arg("--bucket=b").output().unwrap();
    let said = ends(output, USAGE);
    assert!(said.starts_with("error: ") && said.contains("--frames") && said.contains("\nhint: "), "{said}");
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_is_tried_again() {
    let bench = Bench::with_scene("plain", "1").await;
    let mut command = bench.command();
    // A port that is taken, by nobody who would answer.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    drop(silent);
    command.env("AWS_ENDPOINT_URL_S3", format!("http://127.0.0.1:{port}"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = ends(output, TRY_AGAIN);
    assert!(said.contains("caused by: "), "{said}");
}

#[tokio::test]
async fn a_full_bucket_is_no_space() {
    let plain = std::fs::read(support::scene("plain")).unwrap();
    let full = std::sync::atomic::AtomicBool::new(false);
    let full = Arc::new(full);
    let seen = Arc::clone(&full);
    let free_space = Arc::new(move |_: &std::path::Path| {
        Ok(if seen.load(std::sync::atomic::Ordering::SeqCst) { 0 } else { 1 << 40 })
    });
    let options = StoreOptions { free_space, ..StoreOptions::default() };
    let bench = Bench::with_options(&plain, "1-2", options).await;
    full.store(true, std::sync::atomic::Ordering::SeqCst);
    fails(&bench, NO_SPACE, "upload").await;
    full.store(false, std::sync::atomic::Ordering::SeqCst);
    bench.run(DONE).await;
    assert_eq!(bench.names().len(), 2);
}

/// Runs the child with a scratch folder of `size`, on a file system made for it alone. `None`
/// where the system lets nobody mount.
async fn run_in_small_scratch(bench: &Bench, size: &str) -> Option<std::process::Output> {
    let inner = bench.command();
    let script = "mount -t tmpfs -o size=$1 tmpfs \"$FARM_SCRATCH\" || exit 99; shift; exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", size]);
    command.arg(inner.get_program()).args(inner.get_args()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let refused =
        output.status.code() == Some(99) || said.contains("unshare failed") || said.contains("unshare:");
    (!refused).then_some(output)
}

#[tokio::test]
async fn a_full_scratch_folder_is_no_space_and_no_cut_off_frame_arrives() {
    // Too small for the upload, and large enough for it but not for a frame of 9 MB.
    for size in ["400k", "6m"] {
        let bench = Bench::with_scene("heavy", "1-2").await;
        let Some(output) = run_in_small_scratch(&bench, size).await else {
            eprintln!("skipped: this machine lets nobody mount a file system of limited size");
            return;
        };
        let said = ends(output, NO_SPACE);
        assert_eq!(bench.names(), [""; 0], "{said}");
        assert!(bench.record().fault.unwrap().message.contains("scratch folder is full"), "{said}");
    }
}
