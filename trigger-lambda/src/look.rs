//! How jobs stand, by what Batch says of them.

use anyhow::{Context, Result, anyhow, bail};
use aws_sdk_batch::types::{JobDetail, JobStatus, KeyValuesPair};
use farm_contract::exit::{OUT_OF_MEMORY_REASON, TaskExit};
use futures::{StreamExt, TryStreamExt, stream};

use crate::submit::{Batch, words};

/// What DescribeJobs takes at once.
const DESCRIBED_AT_ONCE: usize = 100;
/// The most that ListJobs gives of an array at once.
const LISTED_AT_ONCE: i32 = 1000;
/// Calls under way at once: a render of ten thousand children must be looked through in seconds.
const CALLS_AT_ONCE: usize = 8;

/// A job as Batch describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    /// Batch's id.
    pub id: String,
    /// How it stands.
    pub state: JobState,
    /// Whether an attempt of it ever started.
    pub started: bool,
    /// Ids of the jobs that it waits for.
    pub depends_on: Vec<String>,
    /// Its number in its array, where it is a child of one.
    pub index: Option<u32>,
    /// Whether its last attempt ran out of memory.
    pub out_of_memory: bool,
    /// Whether somebody stopped it.
    pub stopped: bool,
    /// Of an array: how many of its children failed.
    pub failed_children: Option<usize>,
}

impl JobView {
    /// A job that was just submitted.
    pub fn unfinished(id: String) -> Self {
        let state = JobState::Unfinished;
        Self {
            id,
            state,
            started: false,
            depends_on: Vec::new(),
            index: None,
            out_of_memory: false,
            stopped: false,
            failed_children: None,
        }
    }
}

/// As much of a job's state as the trigger tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Not ended.
    Unfinished,
}

impl Batch {
    /// Ids of the queue's jobs of this name, the oldest first.
    ///
    /// # Errors
    /// Batch does not answer.
    pub async fn find(&self, name: &str) -> Result<Vec<String>> {
        let filter = KeyValuesPair::builder().name("JOB_NAME").values(name).build();
        let call = self.client.list_jobs().job_queue(&self.queue).filters(filter);
        let mut pages = call.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(job) = pages.next().await {
            let job = job.map_err(|error| anyhow!(words(error))).context("Batch cannot list jobs")?;
            // The filter knows no case.
            if job.job_name.as_deref() == Some(name) {
                found.extend(job.job_id.map(|id| (job.created_at.unwrap_or_default(), id)));
            }
        }
        found.sort();
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    /// The jobs of these ids. One that Batch has forgotten is left out.
    ///
    /// # Errors
    /// Batch does not answer.
    pub async fn describe(&self, ids: &[String]) -> Result<Vec<JobView>> {
        let pages: Vec<Vec<JobView>> = stream::iter(ids.chunks(DESCRIBED_AT_ONCE))
            .map(|ids| async move {
                let answer = self.client.describe_jobs().set_jobs(Some(ids.to_vec())).send().await;
                let answer =
                    answer.map_err(|error| anyhow!(words(error))).context("Batch cannot describe jobs")?;
                Ok::<_, anyhow::Error>(answer.jobs.unwrap_or_default().into_iter().map(view).collect())
            })
            .buffered(CALLS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(pages.into_iter().flatten().collect())
    }

    /// Numbers, within its array, of the children of a failed job that ran out of memory: of a plain job
    /// that did, 0. `children` is how many the job has.
    ///
    /// # Errors
    /// Batch does not answer, or does not yet tell of all that failed.
    pub async fn out_of_memory(&self, job: &JobView, children: u32) -> Result<Vec<u32>> {
        if children == 1 {
            return Ok(job.out_of_memory.then_some(0).into_iter().collect());
        }
        let failed = self.failed_children(&job.id).await?;
        // The parent's count and the list of its children are not of one moment.
        if job.failed_children.is_some_and(|count| count > failed.len()) {
            bail!("Batch tells of {} failed children of the job {} and counts more", failed.len(), job.id);
        }
        let jobs = self.describe(&failed).await?.into_iter();
        Ok(jobs.filter(|job| job.out_of_memory).filter_map(|job| job.index).collect())
    }

    async fn failed_children(&self, id: &str) -> Result<Vec<String>> {
        let call = self.client.list_jobs().array_job_id(id).job_status(JobStatus::Failed);
        let call = call.max_results(LISTED_AT_ONCE);
        let mut pages = call.into_paginator().items().send();
        let mut children = Vec::new();
        while let Some(child) = pages.next().await {
            let child = child.map_err(|error| anyhow!(words(error))).context("Batch cannot list children")?;
            children.extend(child.job_id);
        }
        Ok(children)
    }
}

fn view(job: JobDetail) -> JobView {
    JobView {
        out_of_memory: out_of_memory(&job),
        id: job.job_id.unwrap_or_default(),
        state: match job.status {
            Some(JobStatus::Succeeded) => JobState::Succeeded,
            Some(JobStatus::Failed) => JobState::Failed,
            _ => JobState::Unfinished,
        },
        started: job.started_at.is_some_and(|at| at > 0),
        depends_on: job.depends_on.unwrap_or_default().into_iter().filter_map(|job| job.job_id).collect(),
        stopped: job.is_terminated.unwrap_or_default() || job.is_cancelled.unwrap_or_default(),
        index: job.array_properties.as_ref().and_then(|array| array.index?.try_into().ok()),
        failed_children: (job.array_properties.as_ref())
            .and_then(|array| array.status_summary.as_ref()?.get("FAILED")?.to_owned().try_into().ok()),
    }
}

/// Whether the last attempt says so: the task by its exit code, or Batch by its reason, where the task
/// itself was killed.
fn out_of_memory(job: &JobDetail) -> bool {
    let Some(attempt) = job.attempts().last() else { return false };
    let tasks = attempt.task_properties().iter();
    let containers = tasks.flat_map(|task| task.containers());
    let ends = containers.map(|container| (container.exit_code(), container.reason()));
    // In the older form of a job there is one container, not in a task.
    let own = attempt.container().map(|container| (container.exit_code(), container.reason()));
    ends.chain(own).any(|(code, reason)| {
        code == Some(TaskExit::OutOfMemory.code().into())
            || reason.is_some_and(|reason| reason.starts_with(OUT_OF_MEMORY_REASON))
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_batch::types::{
        ArrayPropertiesDetail, AttemptContainerDetail, AttemptDetail, AttemptEcsTaskDetails,
        AttemptTaskContainerDetails,
    };

    use super::*;

    /// A child whose attempts ended with these codes and reasons.
    fn child(attempts: &[(i32, Option<&str>)]) -> JobDetail {
        let attempts = attempts.iter().map(|(code, reason)| {
            let container = AttemptTaskContainerDetails::builder().exit_code(*code);
            let container = container.set_reason(reason.map(str::to_owned)).build();
            let task = AttemptEcsTaskDetails::builder().containers(container).build();
            AttemptDetail::builder().task_properties(task).build()
        });
        let array = ArrayPropertiesDetail::builder().index(7).build();
        let job = JobDetail::builder().job_name("n").job_id("a:7").job_queue("q").started_at(1);
        let job = job.job_definition("d").status(JobStatus::Failed).array_properties(array);
        job.set_attempts(Some(attempts.collect())).build()
    }

    #[test]
    fn memory_is_read_from_the_last_attempt_by_its_code_or_by_its_reason() {
        let killed = Some("OutOfMemoryError: Container killed due to memory usage");
        for (attempts, hungry) in [
            (&[(68, None)][..], true),
            (&[(75, None), (68, None)], true),
            (&[(137, killed)], true),
            // Its first process survived what was killed.
            (&[(0, killed)], true),
            (&[(137, None)], false),
            (&[(68, None), (65, None)], false),
            (&[(1, Some("CannotPullContainerError: no such image"))], false),
            (&[], false),
        ] {
            let view = view(child(attempts));
            assert_eq!((view.out_of_memory, view.index), (hungry, Some(7)), "{attempts:?}");
        }
    }

    #[test]
    fn the_older_form_of_a_job_is_read_too() {
        let container =
            AttemptContainerDetail::builder().exit_code(137).reason("OutOfMemoryError: x").build();
        let attempt = AttemptDetail::builder().container(container).build();
        let job = JobDetail::builder().job_name("n").job_id("j").job_queue("q").started_at(1);
        let job = job.job_definition("d").status(JobStatus::Failed).attempts(attempt).build();
        assert!(view(job).out_of_memory);
    }
}
