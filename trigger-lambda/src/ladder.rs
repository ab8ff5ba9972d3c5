//! The ladder: a child that ran out of memory is tried once more, by the job definition that has more.
//!
//! One attempt after the other within a job has the same memory, so those children get a job of their
//! own when the job that they were of has ended. It is noted in the plan before it is submitted: what
//! ran out of memory there too is not tried a third time.

use anyhow::{Result, anyhow};
use farm_contract::children::Children;
use farm_contract::command;
use farm_contract::plan::{ArrayJob, LargeJob, Plan};

use crate::look::{JobState, JobView};
use crate::submit::Job;
use crate::{Trigger, allowed_time};

/// What the report says of a second try that was submitted.
pub(crate) const TRIED_AGAIN: &str =
    "Tasks that ran out of memory were tried once more with as much as the farm's larger tasks have.";

impl Trigger {
    /// Notes in `plan` the second tries that its failed arrays call for. Returns whether there is one
    /// that is not submitted yet.
    ///
    /// # Errors
    /// Batch does not answer.
    pub(crate) async fn note_second_tries(&self, plan: &mut Plan, jobs: &[JobView]) -> Result<bool> {
        let stopped = plan.stopped.is_some();
        for array in plan.arrays.iter_mut().filter(|array| !array.looked_through) {
            let failed = |job: &&JobView| {
                array.job_id.as_deref() == Some(job.id.as_str()) && job.state == JobState::Failed
            };
            let Some(job) = jobs.iter().find(failed) else { continue };
            array.looked_through = true;
            // Whoever stopped it did not mean it to go on elsewhere.
            if job.stopped || stopped {
                continue;
            }
            let hungry = self.batch.out_of_memory(job, array.children).await?;
            let hungry = hungry.into_iter().map(|index| array.first_child.saturating_add(index));
            array.large = Children::new(hungry)
                .map(|children| LargeJob { children: children.to_string(), job_id: None });
        }
        Ok(plan.arrays.iter().any(|array| array.large.as_ref().is_some_and(|large| large.job_id.is_none())))
    }

    /// The job that tries children of `array` once more, as the plan notes it.
    ///
    /// # Errors
    /// The plan was damaged.
    pub(crate) fn large_job(&self, plan: &Plan, array: &ArrayJob) -> Result<Job> {
        let large = array.large.as_ref().ok_or_else(|| anyhow!("the plan notes no second try"))?;
        let children: Children = large.children.parse()?;
        Ok(Job {
            name: command::large_job_name(&plan.render, array.first_child),
            definition: self.config.blender(plan)?.large_definition.clone(),
            command: command::render_again(plan, &children),
            children: children.count(),
            share: command::share_identifier(&plan.render),
            depends_on: Vec::new(),
            attempt_seconds: Some(allowed_time::of_plan(plan, &self.config)),
            disregard: Vec::new(),
        })
    }
}
