//! Children that are stopped, killed or overtaken in the middle of their work.

use std::process::Child;

use farm_contract::exit::TaskExit;
use farm_local::s3::PutAttributes;
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{BUCKET, Bench, KEY, ends, wait_for};

const DONE: i32 = TaskExit::Done as i32;
const SUPERSEDED: i32 = TaskExit::Superseded as i32;
const OUT_OF_MEMORY: i32 = TaskExit::OutOfMemory as i32;
const TRY_AGAIN: i32 = TaskExit::TryAgain as i32;

fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn pid(child: &Child) -> i32 {
    i32::try_from(child.id()).unwrap()
}

async fn output_of(child: Child) -> std::process::Output {
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn sigterm_in_mid_frame_ends_blender_and_asks_for_another_attempt() {
    let bench = Bench::with_scene("endless", "1-2").await;
    let child = bench.command().spawn().unwrap();
    let blender = bench.blender_at_work().await;
    let environment = std::fs::read(format!("/proc/{blender}/environ")).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains("AWS_"), "no credential reaches Blender");
    signal(pid(&child), Signal::TERM);
    let said = ends(output_of(child).await, TRY_AGAIN);
    assert_eq!(bench.blenders(), [0; 0], "{said}");
    assert_eq!(bench.names(), [""; 0]);
    let record = bench.record();
    assert_eq!(i32::from(record.exit_code), TRY_AGAIN);
    assert!(record.fault.unwrap().message.contains("stopped"));
    assert_eq!(bench.in_scratch(""), None, "the scratch folder is empty again");
}

#[tokio::test]
async fn kill_in_mid_render_leaves_no_blender_and_the_next_run_does_the_rest() {
    let bench = Bench::with_scene("slow", "1-3").await;
    let child = bench.command().spawn().unwrap();
    wait_for("the first frame", || !bench.names().is_empty()).await;
    signal(pid(&child), Signal::KILL);
    assert_eq!(output_of(child).await.status.code(), None);
    wait_for("Blender's end", || bench.blenders().is_empty()).await;
    let there = bench.names();
    assert!(!there.is_empty() && there.len() < 3, "{there:?}");
    bench.run(DONE).await;
    assert_eq!(bench.names(), ["frame_0001.png", "frame_0002.png", "frame_0003.png"]);
    assert_eq!(bench.record().kept.len(), there.len());
}

#[tokio::test]
async fn blender_in_the_middle_of_a_frame_ends_with_its_supervisor() {
    let bench = Bench::with_scene("endless", "1").await;
    let child = bench.command().spawn().unwrap();
    bench.blender_at_work().await;
    signal(pid(&child), Signal::KILL);
    output_of(child).await;
    wait_for("Blender's end", || bench.blenders().is_empty()).await;
    assert_eq!(bench.names(), [""; 0]);
}

#[tokio::test]
async fn a_killed_blender_ran_out_of_memory_and_the_message_says_how_much_there_is() {
    let bench = Bench::with_scene("endless", "1").await;
    let mut command = bench.command();
    let child = command.env(farm_contract::env::MEMORY, "8192").spawn().unwrap();
    signal(bench.blender_at_work().await, Signal::KILL);
    ends(output_of(child).await, OUT_OF_MEMORY);
    let record = bench.record();
    let message = record.fault.unwrap().message;
    assert!(message.contains("more memory than there is (8 GB)"), "{message}");
    assert_eq!((record.failed[0].frame, i32::from(record.exit_code)), (1, OUT_OF_MEMORY));
}

#[tokio::test]
async fn a_crash_costs_its_frame_alone() {
    let bench = Bench::with_scene("slow", "1-3").await;
    let child = bench.command().spawn().unwrap();
    signal(bench.blender_at_work().await, Signal::SEGV);
    ends(output_of(child).await, TRY_AGAIN);
    let record = bench.record();
    assert_eq!((record.failed.len(), record.rendered.len()), (1, 2), "{record:?}");
    assert_eq!(bench.names().len(), 2);
    bench.run(DONE).await;
    assert_eq!(bench.names().len(), 3);
}

#[tokio::test]
async fn an_upload_that_is_replaced_in_mid_render_gets_no_more_frames() {
    let bench = Bench::with_scene("slow", "1-6").await;
    let child = bench.command().spawn().unwrap();
    wait_for("the first frame", || !bench.names().is_empty()).await;
    bench.store.put(BUCKET, KEY, b"a newer upload", PutAttributes::default()).unwrap();
    let said = ends(output_of(child).await, SUPERSEDED);
    assert!(said.contains("replaced or deleted"), "{said}");
    assert!(bench.names().len() < 6, "{:?}", bench.names());
    assert_eq!(i32::from(bench.record().exit_code), SUPERSEDED);
    assert_eq!(bench.blenders(), [0; 0]);
}

#[tokio::test]
async fn an_upload_that_is_gone_before_the_download_is_not_rendered() {
    let bench = Bench::with_scene("plain", "1").await;
    bench.store.put(BUCKET, KEY, b"a newer upload", PutAttributes::default()).unwrap();
    bench.run(SUPERSEDED).await;
    bench.store.delete(BUCKET, KEY).unwrap();
    bench.run(SUPERSEDED).await;
    assert_eq!(bench.names(), [""; 0]);
}
