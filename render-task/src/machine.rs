//! The machine that a task was given on Fargate: what of the attempt is paid for.
//!
//! Fargate tells a task of itself at an address in its environment. It bills from the moment at which it begins to pull
//! the image, which the program cannot see otherwise. Whether that is Spot it does not say; but the cluster's name has
//! that of the compute environment in it.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use bytes::Bytes;
use farm_contract::record::Paid;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use crate::environment::Environment;

/// What is not told within this is done without: frames matter more.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest answer that is read.
const LONGEST: usize = 1 << 20;

/// What is paid for.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    vcpus: f64,
    memory_mib: u64,
    spot: Option<bool>,
    /// From the start of the pull until it was looked.
    start_seconds: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Task {
    cluster: String,
    limits: Limits,
    pull_started_at: String,
}

#[derive(Debug, Deserialize)]
struct Limits {
    #[serde(rename = "CPU")]
    cpu: f64,
    #[serde(rename = "Memory")]
    memory: u64,
}

impl Machine {
    /// Asks Fargate. `None` elsewhere, and where it does not tell.
    pub async fn look(environment: &Environment) -> Option<Self> {
        let address = environment.metadata.as_deref()?;
        let told = match tokio::time::timeout(PATIENCE, ask(address)).await {
            Ok(told) => told,
            Err(late) => Err(late.to_string()),
        };
        let machine = told
            .and_then(|json| Self::read(&json, environment.spot_environment.as_deref(), SystemTime::now()));
        machine
            .inspect_err(|why| tracing::warn!("warning: what is paid for this task is not known: {why}"))
            .ok()
    }

    fn read(json: &[u8], spot_environment: Option<&str>, now: SystemTime) -> Result<Self, String> {
        let task: Task = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let started = DateTime::from_str(&task.pull_started_at, Format::DateTime);
        let started = started.map_err(|error| error.to_string())?;
        let started = SystemTime::try_from(started).map_err(|error| error.to_string())?;
        let name = |arn| str::rsplit(arn, '/').next().unwrap_or_default();
        let cluster = name(&task.cluster);
        Ok(Self {
            vcpus: task.limits.cpu,
            memory_mib: task.limits.memory,
            spot: spot_environment.map(name).map(|name| cluster.contains(name)),
            // A clock that is behind tells of no time.
            start_seconds: now.duration_since(started).unwrap_or_default().as_secs_f64(),
        })
    }

    /// What is paid for, `since` then.
    pub fn paid(&self, since: Duration) -> Paid {
        let Self { vcpus, memory_mib, spot, start_seconds } = *self;
        Paid { vcpus, memory_mib, spot, seconds: start_seconds + since.as_secs_f64(), start_seconds }
    }
}

async fn ask(address: &str) -> Result<Bytes, String> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let address = FromStr::from_str(&format!("{address}/task"));
    let answer = client.get(address.map_err(|error| format!("{error}"))?).await;
    let answer = answer.map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("HTTP {}", answer.status()));
    }
    let body = Limited::new(answer.into_body(), LONGEST).collect().await;
    Ok(body.map_err(|error| error.to_string())?.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = r#"{
        "Cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/AWSBatch-SpotCompute-a1B2-0f1e",
        "TaskARN": "arn:aws:ecs:us-east-1:111122223333:task/AWSBatch-SpotCompute-a1B2-0f1e/1",
        "Limits": {"CPU": 4, "Memory": 8192},
        "PullStartedAt": "2026-11-28T10:00:00.500000000Z",
        "PullStoppedAt": "2026-11-28T10:00:20.1Z",
        "LaunchType": "FARGATE"
    }"#;

    fn at(text: &str) -> SystemTime {
        SystemTime::try_from(DateTime::from_str(text, Format::DateTime).unwrap()).unwrap()
    }

    #[test]
    fn what_is_paid_begins_with_the_pull() {
        let read = |environment, now| Machine::read(TOLD.as_bytes(), environment, at(now)).unwrap();
        let machine = read(
            Some("arn:aws:batch:us-east-1:111122223333:compute-environment/SpotCompute-a1B2"),
            "2026-11-28T10:00:30.5Z",
        );
        let paid = machine.paid(Duration::from_secs(60));
        assert_eq!((paid.vcpus, paid.memory_mib, paid.spot), (4.0, 8192, Some(true)));
        assert!((paid.start_seconds - 30.0).abs() < 1e-6 && (paid.seconds - 90.0).abs() < 1e-6, "{paid:?}");
        assert_eq!(read(Some("OnDemandCompute"), "2026-11-28T10:00:30Z").spot, Some(false));
        let early = read(None, "2026-11-28T09:00:00Z");
        assert_eq!((early.spot, early.start_seconds), (None, 0.0));
    }

    #[test]
    fn what_cannot_be_understood_is_no_machine() {
        for told in ["", "{}", &TOLD.replace("2026", "soon"), &TOLD.replace("8192", "\"much\"")] {
            assert!(Machine::read(told.as_bytes(), None, SystemTime::now()).is_err(), "{told}");
        }
    }
}
