//! `ListJobs`.

use aws_sdk_batch::error::ProvideErrorMetadata;
use aws_sdk_batch::operation::list_jobs::builders::ListJobsFluentBuilder;
use aws_sdk_batch::types::{JobStatus, KeyValuesPair};

use super::{Farm, array, eventually, submit};

async fn names(request: ListJobsFluentBuilder) -> Vec<String> {
    let answer = request.send().await.unwrap();
    answer.job_summary_list().iter().map(|job| job.job_name().unwrap().to_owned()).collect()
}

fn named(name: &str) -> KeyValuesPair {
    KeyValuesPair::builder().name("JOB_NAME").values(name).build()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_found_by_name_in_any_state() {
    let farm = Farm::new(2).await;
    let done = submit(farm.job("farm-Abc1", "exit 0").array_properties(array(2))).await;
    let failed = submit(farm.job("farm-abc2", "exit 1")).await;
    farm.wait(&done, JobStatus::Succeeded).await;
    farm.wait(&failed, JobStatus::Failed).await;
    submit(farm.job("other", "exit 0")).await;
    submit(farm.job("farm-abc1", "exit 0").job_queue("fair").share_identifier("a")).await;

    let list = || farm.client.list_jobs().job_queue("plain");
    assert_eq!(names(list().filters(named("farm-abc1"))).await, ["farm-Abc1"], "any case, this queue");
    assert_eq!(names(list().filters(named("FARM-*"))).await, ["farm-abc2", "farm-Abc1"], "newest first");
    assert_eq!(names(list().filters(named("farm-abc"))).await, [""; 0]);
    let found = list().filters(named("farm-abc1")).send().await.unwrap();
    let summary = &found.job_summary_list()[0];
    assert_eq!(summary.job_id(), Some(done.as_str()));
    assert_eq!(summary.status(), Some(&JobStatus::Succeeded));
    assert_eq!(summary.array_properties().unwrap().size(), Some(2));
    assert_eq!(summary.array_properties().unwrap().status_summary().unwrap()["SUCCEEDED"], 2);

    let children = farm.client.list_jobs().array_job_id(&done).filters(named("farm*"));
    let refused = children.send().await.unwrap_err();
    assert!(refused.message().unwrap().contains("do not apply to the children"), "{refused:?}");
    let other = list().filters(KeyValuesPair::builder().name("JOB_DEFINITION").values("sh").build());
    assert_eq!(other.send().await.unwrap_err().code(), Some("ClientException"));
    assert_eq!(farm.client.list_jobs().send().await.unwrap_err().code(), Some("ClientException"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_what_runs_unless_told_otherwise_and_come_in_pages() {
    let farm = Farm::new(2).await;
    let script = r#"until [ -e "$DIR/gate" ]; do sleep 0.02; done"#;
    let id = submit(farm.job("scene", script).array_properties(array(7))).await;
    let children = || farm.client.list_jobs().array_job_id(&id);
    let running = eventually("two children", async || {
        let answer = children().send().await.unwrap();
        (answer.job_summary_list().len() == 2).then_some(answer)
    })
    .await;
    let indices = |list: &[aws_sdk_batch::types::JobSummary]| -> Vec<i32> {
        list.iter().map(|job| job.array_properties().unwrap().index().unwrap()).collect()
    };
    assert_eq!(indices(running.job_summary_list()), [0, 1]);
    assert_eq!(running.next_token(), None);

    let mut pages = Vec::new();
    let mut token = None;
    loop {
        let page = children().job_status(JobStatus::Runnable).max_results(2).set_next_token(token);
        let page = page.send().await.unwrap();
        pages.push(indices(page.job_summary_list()));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec![2, 3], vec![4, 5], vec![6]]);

    let list = || farm.client.list_jobs().job_queue("plain");
    assert_eq!(names(list()).await, [""; 0], "a parent is never RUNNING");
    assert_eq!(names(list().job_status(JobStatus::Pending)).await, ["scene"]);
    for name in ["one", "two", "three"] {
        submit(farm.job(name, "exit 0")).await;
    }
    let runnable = || list().job_status(JobStatus::Runnable).max_results(2);
    let first = runnable().send().await.unwrap();
    submit(farm.job("late", "exit 0")).await;
    let second = runnable().next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!(first.job_summary_list()[0].job_name(), Some("three"));
    assert_eq!(first.job_summary_list()[1].job_name(), Some("two"));
    assert_eq!(second.job_summary_list()[0].job_name(), Some("one"), "what came since does not shift it");
    assert_eq!(second.next_token(), None);

    let bad = runnable().next_token("nonsense").send().await.unwrap_err();
    assert!(bad.message().unwrap().contains("nextToken is not valid"), "{bad:?}");
    assert_eq!(list().max_results(0).send().await.unwrap_err().code(), Some("ClientException"));
    farm.batch.shutdown().await;
}
