//! The archive: its calls fail, and its task is killed in the middle of it.

use std::time::Duration;

use farm_local::faults::{Fault, Signal, Step};

use crate::{Bench, Fake, plain};

/// Pictures of 3 MB, so that the archive comes in two parts.
fn heavy() -> Fake {
    Fake { name: "heavy".into(), heavy: vec![1, 2, 3, 4], ..Fake::default() }
}

const FOUR: [(&str, &str); 2] = [("frames", "1-4"), ("chunk", "2")];

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_whose_parts_or_completion_fail_is_there_once_and_whole() {
    for steps in [
        vec![Step::new("CreateMultipartUpload", Fault::Refuse(503, "SlowDown"))],
        vec![Step::new("CreateMultipartUpload", Fault::Lose)],
        vec![Step::new("UploadPart", Fault::CutRequest(1 << 20)), Step::new("UploadPart", Fault::Lose)],
        vec![Step::new("UploadPart", Fault::Refuse(400, "ExpiredToken"))],
        vec![Step::new("CompleteMultipartUpload", Fault::ErrorInSuccess("InternalError"))],
        vec![Step::new("CompleteMultipartUpload", Fault::Deny(500, "InternalError"))],
        vec![Step::new("CompleteMultipartUpload", Fault::Lose)],
        vec![Step::new("CompleteMultipartUpload", Fault::Refuse(409, "ConditionalRequestConflict"))],
    ] {
        let bench = Bench::start(steps).await;
        let blend = bench.put(&heavy(), &FOUR);
        bench.is_complete(&blend, "1-4").await;
        bench.farm.farm.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_whose_task_is_killed_leaves_no_parts_behind() {
    for signal in [Signal::KILL, Signal::TERM] {
        for step in [
            Step::new("CreateMultipartUpload", Fault::KillAfter(signal)),
            Step::new("UploadPart", Fault::KillAfter(signal)).after(1),
            Step::new("CompleteMultipartUpload", Fault::KillBefore(signal)),
            Step::new("CompleteMultipartUpload", Fault::KillAfter(signal)),
        ] {
            let bench = Bench::start([step]).await;
            let blend = bench.put(&heavy(), &FOUR);
            bench.is_complete(&blend, "1-4").await;
            bench.farm.farm.shutdown().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_the_tasks_wrote_down_are_not_looked_at_one_by_one() {
    // A fault that does nothing counts the calls. Before a task puts a frame it looks once whether one is there.
    let look = Step::new("HeadObject", Fault::Delay(Duration::ZERO)).on(".png").times(usize::MAX);
    let bench = Bench::start([look]).await;
    let looks = |frame: &str| {
        let calls = bench.faults.injected();
        calls.iter().filter(|(call, _)| call.key.ends_with(&format!("frame_000{frame}.png"))).count()
    };
    let blend = bench.put(&plain(), &FOUR);
    bench.farm.idle().await;
    bench.archive_holds(&blend, "1-4").await;
    assert_eq!(["1", "2", "3", "4"].map(looks), [1; 4]);
    // Of frames that were there before, its tasks write down no files: both look.
    bench.put(&plain(), &[("frames", "1-5"), ("chunk", "2")]);
    bench.farm.idle().await;
    bench.archive_holds(&blend, "1-5").await;
    assert_eq!(["1", "4", "5"].map(looks), [3, 3, 1]);
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_come_slowly_or_break_off_are_whole_in_the_archive() {
    let bench = Bench::start([
        Step::new("GetObject", Fault::CutAnswer(100)).on("frame_0001.png"),
        Step::new("GetObject", Fault::Slow(50, Duration::from_millis(2))).on("frame_0002.png"),
        Step::new("GetObject", Fault::Refuse(500, "InternalError")).on("frame_0003.png"),
        // The function looks for it first, in vain.
        Step::new("GetObject", Fault::CutAnswer(10)).on("plan.json").after(1),
    ])
    .await;
    let blend = bench.put(&plain(), &[("frames", "1-3"), ("chunk", "3")]);
    bench.is_complete(&blend, "1-3").await;
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_whose_put_fails_is_written_all_the_same() {
    for fault in [
        Fault::Refuse(409, "ConditionalRequestConflict"),
        Fault::Deny(500, "InternalError"),
        Fault::Lose,
        Fault::KillBefore(Signal::KILL),
        Fault::KillAfter(Signal::KILL),
    ] {
        // The function writes the first one.
        let bench = Bench::start([Step::new("PutObject", fault).on("report.json").after(1)]).await;
        let blend = bench.put(&plain(), &[("frames", "1-2"), ("chunk", "2")]);
        bench.is_complete(&blend, "1-2").await;
        bench.farm.farm.shutdown().await;
    }
}
