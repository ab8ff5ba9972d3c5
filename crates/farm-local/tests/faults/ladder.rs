//! What is tried again, on what, and what is told where nothing helps.

use farm_contract::exit::TaskExit;
use farm_contract::report::State;
use farm_local::faults::{Fault, Step};

use crate::{Bench, Fake, KEY, plain};

const SIX: [(&str, &str); 2] = [("frames", "1-6"), ("chunk", "2")];

#[tokio::test(flavor = "multi_thread")]
async fn children_that_run_out_of_memory_are_tried_once_more_with_more_of_it() {
    let bench = Bench::start([]).await;
    let blend = bench.put(&Fake { hungry: vec![1, 6], ..plain() }, &SIX);
    bench.is_complete(&blend, "1-6").await;
    let failed = || "FAILED".to_owned();
    let succeeded = || "SUCCEEDED".to_owned();
    assert_eq!(
        bench.jobs().await,
        [
            ("finish".to_owned(), succeeded()),
            ("large-0".to_owned(), succeeded()),
            ("render-0".to_owned(), failed()),
            ("zip".to_owned(), failed()),
        ]
    );
    let warnings = bench.report().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("ran out of memory")), "{warnings:?}");
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_too_large_for_the_larger_tasks_too_is_told_with_the_memory() {
    let bench = Bench::start([]).await;
    let fake = Fake { hungry: vec![3], always: true, ..plain() };
    let blend = bench.put(&fake, &SIX);
    bench.farm.idle().await;
    let report = bench.report();
    assert_eq!(report.state, State::Partial, "{report:?}");
    let frames = report.frames.unwrap();
    assert_eq!(frames.missing, "3");
    let fault = &frames.faults[0].fault;
    assert!(
        fault.message.contains("more memory than there is (") && fault.message.contains("GB"),
        "{fault:?}"
    );
    assert!(fault.hint.contains("lighter") && fault.hint.contains("farm.toml"), "{fault:?}");
    bench.archive_holds(&blend, "1-2 4-6").await;
    let count = |name: &str, jobs: &[(String, String)]| jobs.iter().filter(|(job, _)| job == name).count();
    let jobs = bench.jobs().await;
    assert_eq!((count("large-0", &jobs), count("render-0", &jobs)), (1, 1), "{jobs:?}");
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_batch_refuses_what_follows_the_report_says_so() {
    // The array and the zip job come through; the second try does not, and the finisher does.
    let refused = Step::new("SubmitJob", Fault::Refuse(400, "ClientException")).after(2);
    let bench = Bench::start([refused.clone()]).await;
    let blend = bench.put(&Fake { hungry: vec![1], ..plain() }, &SIX);
    bench.farm.idle().await;
    let report = bench.report();
    assert_eq!((report.state, report.frames.unwrap().missing.as_str()), (State::Partial, "1"));
    assert!(
        report.warnings.iter().any(|it| it.contains("could not be tried once more")),
        "{:?}",
        report.warnings
    );
    bench.archive_holds(&blend, "2-6").await;
    bench.farm.farm.shutdown().await;
    // Nor does the finisher, at any attempt.
    let bench = Bench::start([refused.times(3)]).await;
    bench.put(&Fake { wrong: vec![2], ..plain() }, &SIX);
    bench.farm.idle().await;
    let report = bench.report();
    assert_eq!(report.state, State::Failed);
    assert!(report.message.contains("could not be made: ClientException"), "{report:?}");
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_job_goes_up_the_ladder_too() {
    let bench = Bench::start([]).await;
    let blend = bench.put(&Fake { hungry: vec![1], ..plain() }, &[("frames", "1")]);
    bench.is_complete(&blend, "1").await;
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scene_error_is_not_tried_again_and_the_rest_is_archived_honestly() {
    let bench = Bench::start([]).await;
    let blend = bench.put(&Fake { wrong: vec![2, 5], ..plain() }, &SIX);
    bench.farm.idle().await;
    let report = bench.report();
    assert_eq!(report.state, State::Partial, "{report:?}");
    assert_eq!(
        report.resume.as_deref(),
        Some(format!("farm resume 's3://{}/{KEY}'", bench.farm.farm.bucket()).as_str())
    );
    let frames = report.frames.unwrap();
    assert_eq!((frames.done, frames.count, frames.missing.as_str()), (4, 6, "2 5"));
    assert!(frames.faults.iter().all(|fault| fault.fault.message.contains("`wood`")), "{frames:?}");
    bench.archive_holds(&blend, "1 3-4 6").await;
    let archive = bench.farm.archive(KEY).await;
    let (_, missing) = archive.iter().find(|(name, _)| name == "missing.txt").unwrap();
    let missing = String::from_utf8_lossy(missing);
    assert!(missing.contains("Missing: 2 5") && missing.contains("farm resume"), "{missing}");
    for child in 0..3 {
        let key = farm_contract::keys::task(report.render.as_ref().unwrap(), child);
        let record = farm_contract::record::TaskRecord::from_json(&bench.farm.stored(&key)).unwrap();
        assert_eq!(record.attempt, 1, "a scene error is final");
        assert!([TaskExit::Done.code(), TaskExit::Scene.code()].contains(&record.exit_code));
    }
    bench.farm.farm.shutdown().await;
}
