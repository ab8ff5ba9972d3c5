//! The farm's queue, as far as taking the farm down needs it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_batch::types::{JobStatus, JqState, JqStatus};
use farm_aws::AwsError;
use futures::future::try_join_all;

use super::aws::Aws;

/// Between two looks at jobs that are being stopped.
const PAUSE: Duration = Duration::from_secs(3);
/// A task has two minutes to stop; where after this long not one more is through, a person is needed.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Jobs that are told to stop at once: Batch takes so many calls, and some farms have thousands of jobs.
const AT_ONCE: usize = 10;
/// What Batch says of a job that was stopped.
const REASON: &str = "The farm is being destroyed";
/// States in which a job is not over.
const UNFINISHED: [JobStatus; 5] =
    [JobStatus::Submitted, JobStatus::Pending, JobStatus::Runnable, JobStatus::Starting, JobStatus::Running];

/// A queue that stands.
#[derive(Debug, Clone, Copy)]
pub struct Queue<'a> {
    aws: &'a Aws,
    arn: &'a str,
    /// Whether it takes no jobs.
    closed: bool,
}

impl<'a> Queue<'a> {
    /// The queue of this ARN. None where it is gone, or going, whoever deleted it.
    ///
    /// # Errors
    /// Batch does not tell.
    pub async fn find(aws: &'a Aws, arn: &'a str) -> Result<Option<Self>, AwsError> {
        let look = aws.batch.describe_job_queues().job_queues(arn).send().await;
        let look = look.map_err(|error| AwsError::new("look at the farm's queue", error))?;
        let standing = look
            .job_queues()
            .iter()
            .find(|queue| !matches!(queue.status(), Some(JqStatus::Deleting | JqStatus::Deleted)));
        Ok(standing.map(|queue| Self { aws, arn, closed: queue.state() == Some(&JqState::Disabled) }))
    }

    /// Ids of jobs that are not over; an array is one.
    ///
    /// # Errors
    /// Batch does not tell.
    pub async fn unfinished(&self) -> Result<Vec<String>, AwsError> {
        let mut ids = Vec::new();
        for status in UNFINISHED {
            let list = self.aws.batch.list_jobs().job_queue(self.arn).job_status(status);
            let mut pages = list.into_paginator().items().send();
            while let Some(job) = pages.next().await {
                let job = job.map_err(|error| AwsError::new("list the farm's jobs", error))?;
                ids.extend(job.job_id);
            }
        }
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    /// Takes no more jobs.
    ///
    /// # Errors
    /// Batch does not close the queue.
    pub async fn close(&self) -> Result<(), AwsError> {
        let close = self.aws.batch.update_job_queue().job_queue(self.arn).state(JqState::Disabled);
        close.send().await.map(|_| ()).map_err(|error| AwsError::new("close the farm's queue", error))
    }

    /// Takes jobs again, where it was closed.
    ///
    /// # Errors
    /// Batch does not open it.
    pub async fn reopen(&self) -> Result<(), AwsError> {
        if self.closed {
            let open = self.aws.batch.update_job_queue().job_queue(self.arn).state(JqState::Enabled);
            open.send().await.map_err(|error| AwsError::new("open the farm's queue", error))?;
        }
        Ok(())
    }

    /// Stops all jobs, and waits until none is left. `left` hears how many there are, at each look.
    ///
    /// # Errors
    /// Batch does not stop one, or one does not end.
    pub async fn stop_all(&self, mut left: impl FnMut(usize)) -> Result<(), AwsError> {
        let mut told = BTreeSet::new();
        let (mut fewest, mut since) = (usize::MAX, Instant::now());
        loop {
            let unfinished = self.unfinished().await?;
            left(unfinished.len());
            if unfinished.is_empty() {
                return Ok(());
            }
            let new: Vec<&String> = unfinished.iter().filter(|id| !told.contains(*id)).collect();
            for some in new.chunks(AT_ONCE) {
                try_join_all(some.iter().map(|id| self.stop(id))).await?;
            }
            if !new.is_empty() || unfinished.len() < fewest {
                (fewest, since) = (unfinished.len(), Instant::now());
            } else if since.elapsed() > PATIENCE {
                let words = format!(
                    "{} of them are still not over; the queue is closed meanwhile, and a deploy opens it again",
                    unfinished.len()
                );
                return Err(AwsError::unsent("stop the farm's jobs", words));
            }
            told.extend(unfinished);
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn stop(&self, id: &str) -> Result<(), AwsError> {
        let answer = self.aws.batch.terminate_job().job_id(id).reason(REASON).send().await.map(|_| ());
        answer.map_err(|error| AwsError::new(format!("stop the job {id}"), error))
    }
}
