//! What stops an archive: somebody who asks for it, and a disk that is full.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use farm_contract::report::State;
use farm_local::s3::StoreOptions;
use tokio::sync::watch;

use crate::bench::{Bench, ended};
use crate::relay::{Trouble, relay};
use crate::{DONE, NO_SPACE, PATIENCE, TRY_AGAIN};

#[tokio::test]
async fn a_task_that_is_stopped_leaves_nothing_and_may_be_tried_again() {
    let bench = Bench::start("a.blend", 1..=8).await;
    bench.frames(1..=8, 3 << 20).await;
    let before = bench.report().await;
    let (held, mut is_held) = watch::channel(false);
    let (_release, released) = watch::channel(false);
    let address = relay(bench.address, Trouble::Hold { after: 1 << 20, held, release: released }).await;
    let child = bench.spawn(address, false);
    tokio::time::timeout(PATIENCE, is_held.wait_for(|held| *held)).await.unwrap().unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();

    let (code, stderr) = tokio::time::timeout(PATIENCE, ended(child)).await.unwrap();
    assert_eq!(code, TRY_AGAIN, "{stderr}");
    bench.no_unfinished_upload();
    assert_eq!(bench.read(&bench.key.frames_zip()).await, None);
    assert_eq!(bench.report().await, before);

    assert_eq!(bench.run(false).await.0, DONE);
    assert_eq!(bench.archive().await.len(), 8);
}

#[tokio::test]
async fn a_full_disk_is_told_in_the_report() {
    let free = Arc::new(AtomicU64::new(u64::MAX / 2));
    let read = free.clone();
    let options = StoreOptions {
        reserve_bytes: 1 << 20,
        free_space: Arc::new(move |_| Ok(read.load(Ordering::SeqCst))),
    };
    let bench = Bench::with_options("a.blend", 1..=4, options).await;
    bench.frames(1..=4, 3 << 20).await;
    free.store(2 << 20, Ordering::SeqCst);
    let (code, stderr) = bench.run(false).await;
    assert_eq!(code, NO_SPACE, "{stderr}");
    assert_eq!(bench.read(&bench.key.frames_zip()).await, None);
    bench.no_unfinished_upload();
    let report = bench.report().await;
    assert_eq!(report.state, State::Failed);
    assert!(report.hint.unwrap().contains("Make room"));
    assert_eq!(report.frames.unwrap().done, 4);
}
