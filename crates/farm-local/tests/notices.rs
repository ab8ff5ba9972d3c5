//! How an upload ended is told to a topic: a whole farm with the real programs and a Blender that renders in no
//! time, and beside its function, which tells nobody, one that does. That one may get each event three times.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod support;
#[path = "notices/topic.rs"]
mod topic;

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use farm_contract::env;
use farm_contract::notify::Notify;
use farm_contract::report::{Report, State};
use farm_local::farm::REGION;
use farm_local::faults::{Fault, Script, Signal, Step};
use farm_local::lambda::{Failure, Lambda, LambdaConfig, s3_notification};
use support::fake::{Fake, fake_blender};
use support::farm::TestFarm;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use topic::{Message, Topic};

const KEY: &str = "my films/shot 1+2 é.blend";
const THREE: [(&str, &str); 2] = [("frames", "1-3"), ("chunk", "1")];
/// Looks at a farm in which nothing goes on.
const QUIET: usize = 2;

struct Bench {
    farm: TestFarm,
    topic: Topic,
    /// The function that tells.
    lambda: Lambda,
    failures: UnboundedReceiver<Failure>,
    script: Script,
    notes: TempDir,
}

impl Bench {
    /// `deliveries`: how often each event comes. `refusals`: how often the topic is down.
    async fn start(
        notify: Notify,
        deliveries: usize,
        refusals: usize,
        steps: impl IntoIterator<Item = Step>,
    ) -> Self {
        let (script, faults) = Script::faults(steps);
        let farm = TestFarm::with_faults(fake_blender(), 2, faults).await;
        let topic = Topic::start(refusals);
        let function = &farm.farm.blueprint.function;
        let mut environment = function.environment.clone();
        let of_aws = farm.environment().into_iter().map(|(name, value)| (name.to_owned(), value));
        environment.extend(of_aws);
        environment.extend(
            [
                ("AWS_ENDPOINT_URL_BATCH", farm.farm.batch_endpoint.as_str()),
                ("AWS_ENDPOINT_URL_SNS", &topic.endpoint),
                (env::TOPIC_ARN, &topic.arn),
                (env::NOTIFY, notify.as_str()),
                (env::START_SECONDS, "0"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let lambda = Lambda::start(LambdaConfig {
            program: function.program.clone(),
            environment,
            function_name: "tells".to_owned(),
            memory_mb: function.memory_mb,
            timeout: function.timeout,
            concurrency: 4,
            retry_delays: vec![Duration::from_millis(200); function.retries],
            log_path: farm.folder().join("tells.log"),
        })
        .unwrap();
        let (mut jobs, tells) = (farm.farm.batch.subscribe(), lambda.clone());
        tokio::spawn(async move {
            while let Some(event) = jobs.recv().await {
                if matches!(event["detail"]["status"].as_str(), Some("FAILED" | "SUCCEEDED")) {
                    (0..deliveries).for_each(|_| drop(tells.invoke_async(event.clone())));
                }
            }
        });
        let (mut created, tells) = (farm.farm.store.subscribe(), lambda.clone());
        let bucket = farm.farm.blueprint.bucket.clone();
        tokio::spawn(async move {
            while let Some(object) = created.recv().await {
                if bucket.notifies(object.event_name, &object.key) {
                    let event = s3_notification(&object, REGION);
                    (0..deliveries).for_each(|_| drop(tells.invoke_async(event.clone())));
                }
            }
        });
        let notes = tempfile::tempdir().unwrap();
        // Under root, Blender is somebody else.
        std::fs::set_permissions(notes.path(), PermissionsExt::from_mode(0o777)).unwrap();
        Self { failures: lambda.failures(), farm, topic, lambda, script, notes }
    }

    /// Uploads, and waits until nothing goes on any more. Returns what the report says, and what was told.
    async fn render(&mut self, fake: &Fake, tags: &[(&str, &str)]) -> (Report, Vec<Message>) {
        self.farm.put(KEY, &fake.blend(self.notes.path()), tags);
        let mut quiet = 0;
        while quiet < QUIET {
            self.farm.idle().await;
            tokio::time::timeout(Duration::from_secs(60), self.lambda.idle())
                .await
                .expect("it comes to rest");
            tokio::time::sleep(Duration::from_millis(100)).await;
            quiet += 1;
        }
        let report = Report::from_json(&self.farm.stored(&format!("{KEY}/report.json"))).unwrap();
        (report, self.topic.messages())
    }

    async fn shutdown(mut self) {
        let failures: Vec<Failure> = std::iter::from_fn(|| self.failures.try_recv().ok()).collect();
        assert!(failures.is_empty(), "{failures:?}");
        assert!(self.script.is_played(), "not all of it went wrong");
        self.lambda.shutdown().await;
        self.farm.farm.shutdown().await;
    }
}

fn fake(name: &str, wrong: &[i32]) -> Fake {
    Fake { name: name.into(), wrong: wrong.to_vec(), ..Fake::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_that_ends_is_told_once_though_its_events_come_three_times() {
    let mut bench = Bench::start(Notify::Renders, 3, 0, []).await;
    let (report, told) = bench.render(&fake("good", &[]), &THREE).await;
    assert_eq!(report.state, State::Complete, "{report:?}");
    let [message] = told.as_slice() else { panic!("once: {told:?}") };
    assert_eq!(message.subject, "Rendered, 3 frames: my films/shot 1+2 ?.blend");
    for part in [
        "All 3 frames are rendered and in frames.zip.\n",
        "State: complete\n",
        "Frames: 3 of 3 (1-3)\n",
        "Archive: s3://farm-000000000000-us-east-1/my films/shot 1+2 é.blend/frames.zip\n",
    ] {
        assert!(message.text.contains(part), "`{part}` is not in {}", message.text);
    }
    // Once more the same is another render, which ends too.
    let (again, told) = bench.render(&fake("good", &[]), &THREE).await;
    assert_ne!(again.render, report.render);
    assert_eq!(told.len(), 1, "{told:?}");
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_that_lacks_frames_is_told_with_them_and_the_command_and_so_is_one_that_failed() {
    let mut bench = Bench::start(Notify::Problems, 3, 0, []).await;
    let (report, told) = bench.render(&fake("partial", &[2]), &THREE).await;
    assert_eq!(report.state, State::Partial, "{report:?}");
    let [message] = told.as_slice() else { panic!("once: {told:?}") };
    assert_eq!(message.subject, "2 of 3 frames: my films/shot 1+2 ?.blend");
    let command = "\n  farm resume 's3://farm-000000000000-us-east-1/my films/shot 1+2 é.blend'\n";
    for part in ["Missing: 2\n", command, "Why frames are missing:\n- 2: "] {
        assert!(message.text.contains(part), "`{part}` is not in {}", message.text);
    }
    let (report, told) = bench.render(&fake("failed", &[1, 2, 3]), &THREE).await;
    assert_eq!(report.state, State::Failed, "{report:?}");
    let [message] = told.as_slice() else { panic!("once: {told:?}") };
    assert_eq!(message.subject, "Failed: my films/shot 1+2 ?.blend");
    // Nothing is the matter with this one.
    let (report, told) = bench.render(&fake("good", &[]), &THREE).await;
    assert_eq!((report.state, told), (State::Complete, Vec::new()));
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_refused_is_told_of_once() {
    let mut bench = Bench::start(Notify::Renders, 3, 0, []).await;
    let (report, told) = bench.render(&fake("refused", &[]), &[("frames", "one")]).await;
    assert_eq!(report.state, State::Rejected, "{report:?}");
    let [message] = told.as_slice() else { panic!("once: {told:?}") };
    assert_eq!(message.subject, "Not rendered: my films/shot 1+2 ?.blend");
    assert!(message.text.starts_with(&report.message), "{message:?}");
    assert!(message.text.contains(report.hint.as_deref().unwrap()), "{message:?}");
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_does_not_answer_is_told_by_a_later_try() {
    // An invocation asks three times.
    let mut bench = Bench::start(Notify::Renders, 3, 4, []).await;
    let (report, told) = bench.render(&fake("good", &[]), &THREE).await;
    assert_eq!(report.state, State::Complete, "{report:?}");
    assert_eq!(told.len(), 1, "{told:?}");
    bench.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_while_it_tells_does_so_again() {
    for (step, times) in [
        (Step::new("PutObject", Fault::KillBefore(Signal::KILL)), 1),
        (Step::new("PutObject", Fault::KillAfter(Signal::KILL)), 1),
        // It is told, and that is not noted yet.
        (Step::new("PutObject", Fault::KillBefore(Signal::KILL)).after(1), 2),
        (Step::new("PutObject", Fault::KillAfter(Signal::KILL)).after(1), 1),
    ] {
        let mut bench = Bench::start(Notify::Renders, 1, 0, [step.on("notices/complete.json")]).await;
        let (report, told) = bench.render(&fake("good", &[]), &THREE).await;
        assert_eq!(report.state, State::Complete, "{report:?}");
        assert_eq!(told.len(), times, "{told:?}");
        assert!(told.iter().all(|message| *message == told[0]), "{told:?}");
        bench.shutdown().await;
    }
}
