//! The local Batch, spoken to by the real AWS SDK, with shell scripts as jobs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod jobs;
mod limits;
mod listing;
mod processes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_batch::Client;
use aws_sdk_batch::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_batch::operation::submit_job::builders::SubmitJobFluentBuilder;
use aws_sdk_batch::types::{
    ArrayProperties, AttemptDetail, AttemptTaskContainerDetails, EcsPropertiesOverride, JobDependency,
    JobDetail, JobStatus, TaskContainerDetails, TaskContainerOverrides, TaskPropertiesOverride,
    builders::TaskContainerOverridesBuilder,
};
use farm_local::batch::{Batch, BatchConfig, JobDefinition, Queue};
use farm_local::s3::Credentials as FarmCredentials;
use tempfile::TempDir;
use tokio::net::TcpListener;

const KEY: &str = "local-key";
const PATIENCE: Duration = Duration::from_secs(60);

struct Farm {
    batch: Batch,
    client: Client,
    address: String,
    dir: TempDir,
}

/// A service with the queues `plain` and `fair`, and `/bin/sh` as the definition `sh`, which
/// runs the parameter `script`.
fn config(dir: &Path, slots: usize) -> BatchConfig {
    BatchConfig {
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        keys: FarmCredentials { access_key_id: KEY.to_owned(), secret_access_key: "secret".to_owned() }
            .into(),
        queues: vec![
            Queue { name: "plain".to_owned(), fair_share: false },
            Queue { name: "fair".to_owned(), fair_share: true },
        ],
        definitions: vec![shell("sh")],
        slots,
        base_environment: BTreeMap::from([
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("DIR".to_owned(), dir.display().to_string()),
        ]),
        log_dir: dir.join("logs"),
        ce_name: "local".to_owned(),
    }
}

fn shell(name: &str) -> JobDefinition {
    JobDefinition {
        name: name.to_owned(),
        program: PathBuf::from("/bin/sh"),
        container: "task".to_owned(),
        command: vec!["-c".to_owned(), "Ref::script".to_owned()],
        environment: BTreeMap::new(),
        resources: BTreeMap::from([("VCPU".to_owned(), "1".to_owned())]),
        attempts: 1,
        evaluate_on_exit: Vec::new(),
        scheduling_priority: Some(0),
        timeout: None,
        stop_timeout: Duration::from_millis(300),
    }
}

impl Farm {
    async fn new(slots: usize) -> Self {
        Self::with(slots, |_| {}).await
    }

    async fn with(slots: usize, change: impl FnOnce(&mut BatchConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(dir.path(), slots);
        change(&mut config);
        let batch = Batch::start(config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = batch.clone();
        tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
        let client = client(&address, KEY);
        Self { batch, client, address, dir }
    }

    fn job(&self, name: &str, script: &str) -> SubmitJobFluentBuilder {
        let job = self.client.submit_job().job_name(name).job_queue("plain").job_definition("sh");
        job.parameters("script", script)
    }

    async fn describe(&self, id: &str) -> JobDetail {
        let answer = self.client.describe_jobs().jobs(id).send().await.unwrap();
        answer.jobs().first().unwrap_or_else(|| panic!("no job {id}")).clone()
    }

    async fn wait(&self, id: &str, status: JobStatus) -> JobDetail {
        eventually(&format!("{id} to be {status}"), async || {
            let job = self.describe(id).await;
            (job.status() == Some(&status)).then_some(job)
        })
        .await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The process id that a job writes to a file.
    async fn pid(&self, name: &str) -> u32 {
        eventually(name, async || self.read(name).trim().parse().ok()).await
    }
}

fn client(address: &str, key: &str) -> Client {
    let config = aws_sdk_batch::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new(key, "secret", None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .build();
    Client::from_conf(config)
}

fn array(size: i32) -> ArrayProperties {
    ArrayProperties::builder().size(size).build()
}

fn after(id: &str) -> JobDependency {
    JobDependency::builder().job_id(id).build()
}

/// What a job changes of the definition's container.
fn overrides(container: TaskContainerOverridesBuilder) -> EcsPropertiesOverride {
    let task = TaskPropertiesOverride::builder().containers(container.build()).build();
    EcsPropertiesOverride::builder().task_properties(task).build()
}

fn task() -> TaskContainerOverridesBuilder {
    TaskContainerOverrides::builder().name("task")
}

/// The one container of a job.
fn container(job: &JobDetail) -> &TaskContainerDetails {
    assert!(job.container().is_none(), "that is what containerProperties give");
    &job.ecs_properties().unwrap().task_properties()[0].containers()[0]
}

fn attempted(attempt: &AttemptDetail) -> &AttemptTaskContainerDetails {
    &attempt.task_properties()[0].containers()[0]
}

async fn submit(job: SubmitJobFluentBuilder) -> String {
    job.send().await.unwrap().job_id().unwrap().to_owned()
}

/// Looks again and again until there is something.
async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let look = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Whether a process is there and not just a name that waits to be reaped.
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start().to_owned());
    state.is_some_and(|state| !state.starts_with('Z'))
}
