//! The real trigger-lambda between the loopback bucket and the loopback Batch: from an upload to
//! its jobs, and from a failed job to its finisher.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

#[path = "trigger_lambda/harness.rs"]
mod harness;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_batch::types::{JobDetail, JobStatus, KeyValuesPair};
use farm_contract::command;
use farm_contract::keys::{self, BlendKey};
use farm_contract::measured::Measured;
use farm_contract::plan::{Plan, RenderId};
use farm_contract::report::State;
use farm_local::batch::{Batch, BatchConfig, JobDefinition, Queue};
use farm_local::s3::Credentials;
use harness::{BUCKET, BatchAt, Bench, KEY, blend_with, head};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

const LONG: Duration = Duration::from_secs(60);

/// A bench with a real queue, whose jobs run stand-ins for the tasks.
struct Farm {
    bench: Bench,
    batch: Batch,
    client: aws_sdk_batch::Client,
    queue: String,
    folder: TempDir,
}

impl Farm {
    /// Every render job runs `render`; the zip job does nothing, and well.
    async fn start(render: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let go = folder.path().join("go").display().to_string();
        let definition = |name: &str, program: PathBuf| JobDefinition {
            name: name.to_owned(),
            program,
            container: "task".to_owned(),
            command: Vec::new(),
            environment: BTreeMap::from([("GO".to_owned(), go.clone())]),
            resources: BTreeMap::from([("VCPU".to_owned(), "1".to_owned())]),
            attempts: 1,
            evaluate_on_exit: Vec::new(),
            scheduling_priority: Some(0),
            timeout: None,
            stop_timeout: Duration::from_secs(5),
        };
        let batch = Batch::start(BatchConfig {
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            keys: Credentials { access_key_id: KEY.to_owned(), secret_access_key: "secret".to_owned() }
                .into(),
            queues: vec![Queue { name: "farm".to_owned(), fair_share: true }],
            definitions: vec![
                definition("render", render.clone()),
                definition("large", render),
                definition("zip", "/bin/true".into()),
            ],
            slots: 4,
            base_environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
            log_dir: folder.path().join("logs"),
            ce_name: "test".to_owned(),
        })
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = batch.clone();
        tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
        let at = BatchAt {
            endpoint: endpoint.clone(),
            queue: batch.queue_arn("farm"),
            render: batch.definition_arn("render"),
            large: batch.definition_arn("large"),
            zip: batch.definition_arn("zip"),
        };
        let bench = Bench::start(&at, LONG).await;
        Self { bench, batch, client: batch_client(&endpoint), queue: at.queue, folder }
    }

    /// Sends every event of a failed job to the function, each twice: they come at least once.
    fn apply_rule(&self) {
        let (mut events, lambda) = (self.batch.subscribe(), self.bench.lambda.clone());
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if event["detail"]["status"] == "FAILED" {
                    lambda.invoke_async(event.clone());
                    lambda.invoke_async(event);
                }
            }
        });
    }

    /// The jobs of these names; `*` at the end stands for any rest.
    async fn jobs(&self, name: &str) -> Vec<JobDetail> {
        let filter = KeyValuesPair::builder().name("JOB_NAME").values(name).build();
        let listed = self.client.list_jobs().job_queue(&self.queue).filters(filter).send().await.unwrap();
        let ids: Vec<String> =
            listed.job_summary_list.unwrap_or_default().into_iter().filter_map(|job| job.job_id).collect();
        if ids.is_empty() {
            return Vec::new();
        }
        self.client.describe_jobs().set_jobs(Some(ids)).send().await.unwrap().jobs.unwrap()
    }

    async fn job(&self, name: &str) -> JobDetail {
        let mut jobs = self.jobs(name).await;
        assert_eq!(jobs.len(), 1, "{name}: {jobs:?}");
        jobs.remove(0)
    }

    /// Waits until the one job of this name is in a state.
    async fn wait_for(&self, name: &str, status: &JobStatus) -> JobDetail {
        let wait = async {
            loop {
                let found = self.jobs(name).await;
                if let Some(job) = found.into_iter().find(|job| job.status.as_ref() == Some(status)) {
                    return job;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LONG, wait).await.unwrap_or_else(|_| panic!("{name} becomes {status}"))
    }

    /// The render of `key` was submitted as its plan says, and nothing besides.
    async fn assert_submitted(&self, key: &str) -> (Plan, JobDetail) {
        let render = self.bench.accepted(key).await;
        let plan = self.bench.plan(&render).await;
        assert!(plan.is_submitted(), "{plan:?}");
        assert_eq!(self.jobs(&format!("farm-{render}-*")).await.len(), 2);
        let array = self.job(&command::render_job_name(&render, 0)).await;
        assert_eq!(array.job_id, plan.arrays[0].job_id);
        assert_eq!(arguments(&array), command::render(&plan, 0));
        assert_eq!(array.share_identifier.as_deref(), Some(command::share_identifier(&render).as_str()));
        let zip = self.job(&command::zip_job_name(&render, false)).await;
        assert_eq!(zip.job_id, plan.zip_job_id);
        assert_eq!(arguments(&zip), command::zip(BUCKET, &BlendKey::parse(key).unwrap(), &render, false));
        let waits_for: Vec<_> = zip.depends_on().iter().map(|job| job.job_id()).collect();
        assert_eq!(waits_for, [array.job_id()]);
        (plan, array)
    }

    async fn shutdown(self) {
        self.batch.shutdown().await;
        self.bench.shutdown().await;
    }
}

fn arguments(job: &JobDetail) -> &[String] {
    job.ecs_properties().unwrap().task_properties()[0].containers()[0].command()
}

fn size(job: &JobDetail) -> Option<i32> {
    job.array_properties.as_ref().and_then(|array| array.size)
}

fn batch_client(endpoint: &str) -> aws_sdk_batch::Client {
    let credentials = aws_sdk_batch::config::Credentials::new(KEY, "secret", None, None, "test");
    let config = aws_sdk_batch::Config::builder()
        .behavior_version_latest()
        .credentials_provider(credentials)
        .region(aws_sdk_batch::config::Region::new("us-east-1"))
        .endpoint_url(endpoint);
    aws_sdk_batch::Client::from_conf(config.build())
}

fn succeeds() -> PathBuf {
    "/bin/true".into()
}

fn fails() -> PathBuf {
    "/bin/false".into()
}

fn waits() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trigger_lambda/wait.sh")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_upload_is_one_array_and_one_zip_job() {
    let mut farm = Farm::start(succeeds()).await;
    farm.bench.trigger("shots/a.blend", &[("frame", "5"), ("chunk", "2")], head(405)).await;
    let (plan, array) = farm.assert_submitted("shots/a.blend").await;
    assert_eq!((plan.frames.as_str(), plan.chunk), ("1-5", 2));
    assert_eq!(size(&array), Some(3));
    assert_eq!(array.timeout.and_then(|timeout| timeout.attempt_duration_seconds), Some(120));
    let report = farm.bench.report("shots/a.blend").await;
    assert_eq!(report.frames.map(|frames| (frames.planned, frames.count)), Some(("1-5".into(), 5)));
    assert_eq!(report.etag, Some(plan.source.etag));
    farm.wait_for(&command::zip_job_name(&plan.render, false), &JobStatus::Succeeded).await;
    farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_frame_is_a_plain_job() {
    let mut farm = Farm::start(succeeds()).await;
    farm.bench.trigger("a.blend", &[("frame", "1")], head(405)).await;
    let (plan, job) = farm.assert_submitted("a.blend").await;
    assert_eq!(plan.arrays[0].children, 1);
    assert_eq!(size(&job), None);
    farm.wait_for(&command::zip_job_name(&plan.render, false), &JobStatus::Succeeded).await;
    farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_five_times_at_once_is_one_render() {
    let mut farm = Farm::start(waits()).await;
    let event = farm.bench.upload("a.blend", &[("frames", "3 7-9")], head(405)).await;
    for _ in 0..5 {
        farm.bench.lambda.invoke_async(event.clone());
    }
    farm.bench.idle().await;
    farm.bench.lambda.invoke_async(event);
    farm.bench.idle().await;
    let (plan, array) = farm.assert_submitted("a.blend").await;
    assert_eq!((plan.frames.as_str(), size(&array)), ("3 7-9", Some(4)));
    assert_eq!(farm.jobs("farm-*").await.len(), 2);
    farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_again_is_planned_by_what_the_tasks_measured_and_its_limits() {
    let mut farm = Farm::start(succeeds()).await;
    farm.bench.trigger("a.blend", &[("frames", "1-8")], head(405)).await;
    let (first, _) = farm.assert_submitted("a.blend").await;
    assert_eq!(first.chunk, 2, "two frames for each of the four that run at once");
    // As zip-task ends it.
    let mut report = farm.bench.report("a.blend").await;
    report.state = State::Complete;
    let like = Measured::of(Some("4.5"), None, &first.settings);
    let slow = Measured { tasks: 4, frames: 8, frame_seconds: 600.0, spread: 1.0, ..like };
    report.measured = Some(slow.clone());
    farm.bench.put_json("a.blend/report.json", &report).await;
    farm.bench.trigger("a.blend", &[("frames", "1-8"), ("deadline", "1m")], head(405)).await;
    let (second, _) = farm.assert_submitted("a.blend").await;
    assert_eq!(second.chunk, 1, "a slow chunk would be waited for");
    assert_eq!(second.source.id, first.source.id, "the frames are the same");
    let report = farm.bench.report("a.blend").await;
    assert_eq!(report.measured, Some(slow), "it is there for the next one");
    let told = report.warnings.iter().any(|warning| warning.starts_with("deadline=1m will hardly be kept"));
    assert!(told, "{:?}", report.warnings);
    farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_key_finds_its_way() {
    let mut farm = Farm::start(succeeds()).await;
    for key in
        ["a b.blend", "a+b.blend", "100%25.blend", "Käse/é ß.blend", "a&b=c/(1)'!~.blend", "日本 + 語.blend"]
    {
        farm.bench.trigger(key, &[("frame", "2")], head(405)).await;
        let (plan, array) = farm.assert_submitted(key).await;
        assert_eq!(plan.key, key);
        assert!(arguments(&array).contains(&format!("--blend={key}")), "{:?}", arguments(&array));
    }
    farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_upload_that_cannot_be_rendered_gets_a_report_and_no_job() {
    let mut farm = Farm::start(succeeds()).await;
    let frame: &[(&str, &str)] = &[("frame", "2")];
    for (key, tags, bytes, part) in [
        ("none.blend", &[][..], head(405), "no `frame` or `frames` tag"),
        ("zero.blend", &[("frame", "0")], head(405), "frame=0"),
        ("word.blend", &[("frame", "abc")], head(405), "frame=abc"),
        ("back.blend", &[("frames", "10-1")], head(405), "10-1"),
        ("chunk.blend", &[("frame", "2"), ("chunk", "0")], head(405), "chunk=0"),
        ("spot.blend", &[("frame", "2"), ("spot", "no")], head(405), "`spot`"),
        ("format.blend", &[("frame", "2"), ("format", "GIF")], head(405), "format=GIF"),
        ("both.blend", &[("frame", "2"), ("frames", "1-2")], head(405), "both"),
        ("empty.blend", frame, Vec::new(), "empty"),
        ("text.blend", frame, b"a text file".to_vec(), "not a Blender file"),
        ("cut.blend", frame, head(405)[..30].to_vec(), "cut off"),
        ("newer.blend", frame, head(406), "Blender 4.6"),
        ("project.blend.zip", frame, b"PK\x03\x04".to_vec(), "cut off"),
    ] {
        farm.bench.trigger(key, tags, bytes).await;
        let report = farm.bench.report(key).await;
        assert_eq!(report.state, State::Rejected, "{report:?}");
        assert!(report.message.contains(part), "{report:?}");
        assert!(report.hint.is_some() && report.etag.is_some() && report.render.is_none(), "{report:?}");
    }
    for key in [format!("{}.blend", "k".repeat(1005)), ".farm/mine.blend".into()] {
        farm.bench.trigger(&key, frame, head(405)).await;
        let json = farm.bench.read(&keys::report_of_refused(&key)).await.expect("a report");
        assert_eq!(farm_contract::report::Report::from_json(&json).unwrap().state, State::Rejected);
    }
    assert!(farm.jobs("farm-*").await.is_empty());
    farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_upload_stops_the_older_render() {
    let mut farm = Farm::start(waits()).await;
    farm.apply_rule();
    farm.bench.trigger("a.blend", &[("frame", "3")], blend_with("one")).await;
    let (old, _) = farm.assert_submitted("a.blend").await;
    farm.wait_for(&command::render_job_name(&old.render, 0), &JobStatus::Pending).await;

    farm.bench.trigger("a.blend", &[("frame", "4")], blend_with("two")).await;
    let (new, _) = farm.assert_submitted("a.blend").await;
    assert_ne!(old.render, new.render);
    let stopped = farm.wait_for(&command::render_job_name(&old.render, 0), &JobStatus::Failed).await;
    assert_eq!(stopped.job_id, old.arrays[0].job_id);
    farm.wait_for(&command::zip_job_name(&old.render, false), &JobStatus::Failed).await;
    let children = farm.client.list_jobs().array_job_id(old.arrays[0].job_id.clone().unwrap());
    let children = children.job_status(JobStatus::Failed).send().await.unwrap();
    let reasons: Vec<_> =
        children.job_summary_list().iter().filter_map(|job| job.status_reason.clone()).collect();
    assert_eq!(reasons, ["Replaced by a newer upload"; 3]);
    let report = farm.bench.report("a.blend").await;
    assert!(report.warnings.iter().any(|text| text.contains("earlier upload")), "{report:?}");
    assert_eq!(new.warnings, report.warnings);

    // The failed array's event finds that the folder is another's; the new one goes on.
    farm.bench.idle().await;
    assert!(farm.jobs(&command::zip_job_name(&old.render, true)).await.is_empty());
    std::fs::write(farm.folder.path().join("go"), "").unwrap();
    farm.wait_for(&command::zip_job_name(&new.render, false), &JobStatus::Succeeded).await;
    farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_upload_that_is_rejected_stops_the_older_render_too() {
    let mut farm = Farm::start(waits()).await;
    farm.apply_rule();
    farm.bench.trigger("a.blend", &[("frame", "3")], blend_with("one")).await;
    let (old, _) = farm.assert_submitted("a.blend").await;
    farm.bench.trigger("a.blend", &[], blend_with("two")).await;
    let report = farm.bench.report("a.blend").await;
    assert_eq!(report.state, State::Rejected);
    assert!(report.warnings.iter().any(|text| text.contains("earlier upload")), "{report:?}");
    farm.wait_for(&command::render_job_name(&old.render, 0), &JobStatus::Failed).await;
    farm.wait_for(&command::zip_job_name(&old.render, false), &JobStatus::Failed).await;
    farm.bench.idle().await;
    assert!(farm.jobs(&command::zip_job_name(&old.render, true)).await.is_empty());
    assert_eq!(farm.bench.report("a.blend").await, report);
    farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_render_is_not_stopped_by_a_newer_upload() {
    let mut farm = Farm::start(succeeds()).await;
    farm.bench.trigger("a.blend", &[("frame", "2")], blend_with("one")).await;
    let (old, _) = farm.assert_submitted("a.blend").await;
    farm.wait_for(&command::zip_job_name(&old.render, false), &JobStatus::Succeeded).await;
    let mut report = farm.bench.report("a.blend").await;
    report.state = State::Complete;
    farm.bench.put_json("a.blend/report.json", &report).await;
    farm.bench.trigger("a.blend", &[("frame", "2")], blend_with("two")).await;
    let (new, _) = farm.assert_submitted("a.blend").await;
    assert_ne!(old.render, new.render);
    let report = farm.bench.report("a.blend").await;
    assert!(!report.warnings.iter().any(|text| text.contains("earlier upload")), "{report:?}");
    farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_render_job_gets_one_finisher() {
    for tags in [[("frame", "1")], [("frame", "3")]] {
        let mut farm = Farm::start(fails()).await;
        farm.apply_rule();
        farm.bench.trigger("a.blend", &tags, head(405)).await;
        let render: RenderId = farm.bench.accepted("a.blend").await;
        let name = command::zip_job_name(&render, true);
        let finisher = farm.wait_for(&name, &JobStatus::Succeeded).await;
        assert_eq!(
            arguments(&finisher),
            command::zip(BUCKET, &BlendKey::parse("a.blend").unwrap(), &render, true)
        );
        assert!(arguments(&finisher).contains(&"--partial".to_owned()));
        farm.bench.idle().await;
        assert_eq!(farm.jobs(&name).await.len(), 1);
        // The event once more, long after.
        let array = farm.job(&command::render_job_name(&render, 0)).await;
        farm.bench.lambda.invoke_async(failed(&array));
        farm.bench.idle().await;
        assert_eq!(farm.jobs(&name).await.len(), 1);
        farm.shutdown().await;
    }
}

fn failed(job: &JobDetail) -> Value {
    serde_json::json!({
        "source": "aws.batch",
        "detail-type": "Batch Job State Change",
        "detail": {"jobName": job.job_name, "jobId": job.job_id, "status": "FAILED"},
    })
}
