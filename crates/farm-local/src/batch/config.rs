//! What the service is started with: the things that a template creates on AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::retry::{self, EvaluateOnExit};
use super::validate;
use crate::access::KeyRing;

/// Everything a [`Batch`](super::Batch) needs to know before its first request.
#[derive(Clone)]
pub struct BatchConfig {
    /// Twelve digits, part of every ARN.
    pub account: String,
    /// Region, part of every ARN and of the events.
    pub region: String,
    /// The keys that requests may be signed with.
    pub keys: KeyRing,
    /// The job queues.
    pub queues: Vec<Queue>,
    /// The job definitions, each at revision 1.
    pub definitions: Vec<JobDefinition>,
    /// How many children run at once, over all queues.
    pub slots: usize,
    /// The environment that each child starts from, such as `PATH`, endpoints and credentials.
    pub base_environment: BTreeMap<String, String>,
    /// Folder for the output of the children, one file per attempt:
    /// `<job name>-<array index>-<attempt>.log`, index 0 for a job that is no array.
    pub log_dir: PathBuf,
    /// Name of the compute environment, as the children see it.
    pub ce_name: String,
}

/// A job queue.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Whether it has a fair-share policy; then every job must name its share.
    pub fair_share: bool,
}

/// What a job runs, and how often.
#[derive(Debug, Clone)]
pub struct JobDefinition {
    /// Its name.
    pub name: String,
    /// The executable: what the image's entry point is on Batch.
    pub program: PathBuf,
    /// Name of the container: overrides of a job find it by this.
    pub container: String,
    /// The arguments; `Ref::name` stands for the parameter `name` of the job.
    pub command: Vec<String>,
    /// Environment of the children, over the base environment.
    pub environment: BTreeMap<String, String>,
    /// What a task has of `VCPU` and `MEMORY`, as the definition writes it. Reported, not enforced.
    pub resources: BTreeMap<String, String>,
    /// How often a job is tried, 1 to 10.
    pub attempts: u32,
    /// Which failures are tried again, first match first; at most 5.
    pub evaluate_on_exit: Vec<EvaluateOnExit>,
    /// Its place among jobs of one share; a queue with fair share takes no job without.
    pub scheduling_priority: Option<u32>,
    /// Longest time of one attempt, from its start. Shorter than the minute that `SubmitJob`
    /// asks for is possible here.
    pub timeout: Option<Duration>,
    /// Time between SIGTERM and SIGKILL; 30 s on Batch where a definition names none.
    pub stop_timeout: Duration,
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nothing could ever run.
    #[error("the local Batch has no slot to run a job in; give it at least one")]
    NoSlots,
    /// Two queues or two definitions of one name.
    #[error(
        "the name {0:?} stands twice in the local Batch; each queue and each job definition needs its own"
    )]
    DuplicateName(String),
    /// A definition that Batch would not register.
    #[error("the job definition {name:?} cannot be used: {problem}")]
    Definition {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The log folder cannot be made.
    #[error("cannot create the log folder {}", path.display())]
    LogDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Called from outside a Tokio runtime.
    #[error("the local Batch must be started inside a Tokio runtime")]
    NoRuntime(#[source] tokio::runtime::TryCurrentError),
}

impl BatchConfig {
    /// The ARN of a queue of this name.
    pub(super) fn queue_arn(&self, name: &str) -> String {
        format!("arn:aws:batch:{}:{}:job-queue/{name}", self.region, self.account)
    }

    /// The ARN of a job definition of this name, with its revision.
    pub(super) fn definition_arn(&self, name: &str) -> String {
        format!("arn:aws:batch:{}:{}:job-definition/{name}:1", self.region, self.account)
    }

    /// What stands before a job's id in its ARN.
    pub(super) fn job_arn_prefix(&self) -> String {
        format!("arn:aws:batch:{}:{}:job/", self.region, self.account)
    }

    pub(super) fn check(&self) -> Result<(), StartError> {
        if self.slots == 0 {
            return Err(StartError::NoSlots);
        }
        let mut names = BTreeSet::new();
        if let Some(queue) = self.queues.iter().find(|queue| !names.insert(&queue.name)) {
            return Err(StartError::DuplicateName(queue.name.clone()));
        }
        names.clear();
        for definition in &self.definitions {
            if !names.insert(&definition.name) {
                return Err(StartError::DuplicateName(definition.name.clone()));
            }
            definition
                .check()
                .map_err(|problem| StartError::Definition { name: definition.name.clone(), problem })?;
        }
        Ok(())
    }
}

impl JobDefinition {
    fn check(&self) -> Result<(), String> {
        validate::job_name(&self.name)?;
        if self.container.is_empty() {
            return Err("its container has no name".to_owned());
        }
        retry::check(self.attempts, &self.evaluate_on_exit)?;
        validate::command(&self.command)?;
        self.environment.iter().try_for_each(|(name, value)| validate::variable(name, value))
    }
}
