//! What the engine keeps of a job.
//!
//! A job is one unit of work, or an array of them with a parent. Everything that the children
//! of an array share is kept once; a unit is small, so that ten thousand of them are cheap.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::fair_share::Share;
use super::model::{JobDependency, ResourceRequirement};
use super::retry::EvaluateOnExit;

/// The states of Batch, in the order in which a job goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum JobStatus {
    Submitted,
    Pending,
    Runnable,
    Starting,
    Running,
    Succeeded,
    Failed,
}

impl JobStatus {
    pub const ALL: [Self; 7] = [
        Self::Submitted,
        Self::Pending,
        Self::Runnable,
        Self::Starting,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Pending => "PENDING",
            Self::Runnable => "RUNNABLE",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

impl Serialize for JobStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How many children of an array are in each state. Kept, never recounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts([usize; 7]);

impl Counts {
    /// `size` children, all in one state.
    pub fn all(size: usize, status: JobStatus) -> Self {
        let mut counts = [0; 7];
        counts[status as usize] = size;
        Self(counts)
    }

    pub fn shift(&mut self, from: JobStatus, to: JobStatus) {
        self.0[from as usize] -= 1;
        self.0[to as usize] += 1;
    }

    pub fn get(&self, status: JobStatus) -> usize {
        self.0[status as usize]
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for status in JobStatus::ALL {
            map.serialize_entry(status.as_str(), &self.get(status))?;
        }
        map.end()
    }
}

/// What a valid `SubmitJob` asks for, with its definition worked in.
#[derive(Debug, Clone)]
pub(super) struct JobSpec {
    pub name: String,
    pub queue_arn: String,
    pub queue_name: String,
    pub definition_arn: String,
    pub share: Share,
    /// 2 to 10,000, or none for a plain job.
    pub array_size: Option<usize>,
    /// As it was written, for `DescribeJobs`.
    pub depends_on: Vec<JobDependency>,
    /// Jobs that must succeed as a whole.
    pub after: Vec<String>,
    /// Arrays of the same size, to be followed child by child.
    pub n_to_n: Vec<String>,
    /// Whether each child follows the one before it.
    pub sequential: bool,
    pub program: PathBuf,
    pub container: String,
    pub command: Vec<String>,
    /// The definition's and the job's own, without the base environment.
    pub environment: BTreeMap<String, String>,
    pub resource_requirements: Vec<ResourceRequirement>,
    pub attempts: u32,
    pub evaluate_on_exit: Vec<EvaluateOnExit>,
    pub timeout: Option<Duration>,
    /// Time between SIGTERM and SIGKILL.
    pub stop_timeout: Duration,
    pub parameters: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub propagate_tags: bool,
    /// Why no attempt can ever be made, though Batch accepts the job.
    pub unstartable: Option<Arc<str>>,
}

/// Names one unit: a plain job (index 0), or one child of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct UnitKey {
    pub job: usize,
    pub index: usize,
}

#[derive(Debug)]
pub(super) struct Job {
    pub id: Arc<str>,
    pub spec: JobSpec,
    pub created_at: i64,
    /// Jobs that this one still waits for as a whole.
    pub waiting: usize,
    pub dependency_failed: bool,
    /// Jobs that wait for this one as a whole.
    pub dependents: Vec<usize>,
    /// Arrays whose child i waits for child i of this one.
    pub n_to_n_dependents: Vec<usize>,
    /// The parent's own state, in an array.
    pub parent: Option<Parent>,
    /// One, or one for each child.
    pub units: Vec<Unit>,
}

#[derive(Debug)]
pub(super) struct Parent {
    pub status: JobStatus,
    pub status_reason: Option<Arc<str>>,
    pub stopped_at: Option<i64>,
    pub stop: Option<Stop>,
    pub counts: Counts,
    pub counted_at: i64,
}

#[derive(Debug)]
pub(super) struct Unit {
    pub status: JobStatus,
    pub status_reason: Option<Arc<str>>,
    pub started_at: Option<i64>,
    pub stopped_at: Option<i64>,
    /// The attempts that are over.
    pub attempts: Vec<Attempt>,
    /// Children that this one still waits for: of other arrays, or the one before it.
    pub waiting: usize,
    pub stop: Option<Stop>,
}

#[derive(Debug)]
pub(super) struct Attempt {
    pub started_at: Option<i64>,
    pub stopped_at: i64,
    pub exit_code: Option<i32>,
    pub reason: Option<Arc<str>>,
    pub status_reason: Arc<str>,
}

/// A caller's wish that a job should end.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    pub kind: StopKind,
    pub reason: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopKind {
    /// `CancelJob`: leaves alone what has started, but starts nothing more.
    Cancel,
    /// `TerminateJob`: stops that too.
    Terminate,
}

impl Unit {
    pub fn new(status: JobStatus) -> Self {
        Self {
            status,
            status_reason: None,
            started_at: None,
            stopped_at: None,
            attempts: Vec::new(),
            waiting: 0,
            stop: None,
        }
    }
}

impl Job {
    /// The state of the job as a whole.
    pub fn status(&self) -> JobStatus {
        match (&self.parent, self.units.first()) {
            (Some(parent), _) => parent.status,
            (None, Some(unit)) => unit.status,
            (None, None) => JobStatus::Failed,
        }
    }

    /// `<parent>:<index>` in an array.
    pub fn unit_id(&self, index: usize) -> String {
        match self.parent {
            Some(_) => format!("{}:{index}", self.id),
            None => self.id.to_string(),
        }
    }

    /// The file that one attempt writes to.
    pub fn log_name(&self, index: usize, attempt: usize) -> String {
        format!("{}-{index}-{attempt}.log", self.spec.name)
    }
}
