//! The finisher: when a render job fails, what is there is still archived and reported.
//!
//! The ordinary zip job never runs then, since what it depends on has failed. The finisher is
//! the same program, told that frames are missing. It must come after the last of the render's
//! arrays, and once.

use anyhow::{Result, bail};
use farm_contract::command;
use farm_contract::keys::{self, BlendKey};
use farm_contract::plan::{Plan, RenderId};
use farm_contract::report::{Report, State};
use tokio::time::Instant;

use crate::claim::{self, LEASE, MARGIN, Standing, StoredPlan};
use crate::event::JobChange;
use crate::storage::{Condition, Put};
use crate::submit::{Job, JobState, JobView};
use crate::{Invocation, Trigger, now_ms};

/// Marks the holder of a submitted plan who submits its finisher.
const FINISHES: &str = "finisher by ";

/// What a failed render job calls for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A finisher has run, or will.
    None,
    /// A finisher, after these jobs.
    Finisher {
        /// Arrays that have not ended. If one of them fails too, its own event brings another
        /// finisher, and this one never runs.
        after: Vec<String>,
    },
}

/// Decides from the render's jobs and the finishers that it has.
pub fn need(arrays: &[JobView], finishers: &[JobView]) -> Need {
    let failed = |id: &String| arrays.iter().any(|array| array.id == *id && array.state == JobState::Failed);
    // Batch fails a job that waits for one that failed; it is told of that some time later.
    let void = |job: &JobView| !job.started && job.depends_on.iter().any(failed);
    if finishers.iter().any(|job| !void(job)) {
        return Need::None;
    }
    let unfinished = arrays.iter().filter(|array| array.state == JobState::Unfinished);
    Need::Finisher { after: unfinished.map(|array| array.id.clone()).collect() }
}

impl Trigger {
    /// Handles a state change of a Batch job. All but the failure of a whole render job is
    /// somebody else's business.
    pub(crate) async fn handle_job_change(&self, change: &JobChange, invocation: &Invocation) -> Result<()> {
        if change.status != "FAILED" || change.index.is_some() {
            return Ok(());
        }
        if let Some(render) = command::render_of_zip_job_name(&change.name) {
            return self.report_without_archive(&render, change, invocation).await;
        }
        let Some(render) = command::render_of_job_name(&change.name) else { return Ok(()) };
        tracing::warn!(%render, job = change.id, reason = change.reason, "a render job failed");
        let Some(stored) = claim::submitted(&self.storage, &render, invocation).await? else {
            tracing::info!(%render, "no plan in this bucket, or replaced: nothing to finish");
            return Ok(());
        };
        let key = BlendKey::parse(&stored.plan.key)?;
        if self.owned_by_another(&stored.plan, &key).await? {
            tracing::info!(%render, "a newer upload owns the folder: nothing to finish");
            return Ok(());
        }
        self.finish(stored, &key, change, invocation).await
    }

    /// The job that would have written the last report has failed. Where it ran and left none
    /// (it was killed, or storage did not answer), the upload must not look as if it rendered on.
    async fn report_without_archive(
        &self,
        render: &RenderId,
        change: &JobChange,
        invocation: &Invocation,
    ) -> Result<()> {
        let ran = self.batch.describe(std::slice::from_ref(&change.id)).await?.iter().any(|job| job.started);
        if !ran {
            return Ok(());
        }
        let Some(plan) = claim::submitted(&self.storage, render, invocation).await?.map(|stored| stored.plan)
        else {
            return Ok(());
        };
        let key = BlendKey::parse(&plan.key)?;
        let Some(stored) = self.storage.read(&key.report()).await? else { return Ok(()) };
        let Ok(mut report) = Report::from_json(&stored.bytes) else { return Ok(()) };
        if report.state != State::Accepted || report.render.as_ref() != Some(render) {
            return Ok(());
        }
        report.state = State::Failed;
        report.message = format!(
            "`{}` could not be made: {}. Frames that were rendered are in `{}`.",
            key.frames_zip(),
            change.reason.as_deref().unwrap_or("the job failed"),
            key.folder()
        );
        report.hint =
            Some("Upload the file again with the same tags: frames that are there are kept.".to_owned());
        report.written_at = now_ms();
        match self.storage.put_json(&key.report(), &report, Condition::Unchanged(stored.etag)).await? {
            Put::Written(_) => Ok(()),
            Put::Refused => bail!("the report of {key} changed while it was written"),
        }
    }

    /// Whether the folder belongs to a newer upload: the report names another render, or the
    /// object is another. A deleted upload still has its frames finished.
    async fn owned_by_another(&self, plan: &Plan, key: &BlendKey) -> Result<bool> {
        if let Some(stored) = self.storage.read(&key.report()).await? {
            let report = Report::from_json(&stored.bytes);
            if report.is_ok_and(|report| report.render.as_ref() != Some(&plan.render)) {
                return Ok(true);
            }
        }
        let object = self.storage.head(key.as_str()).await?;
        Ok(object.is_some_and(|object| {
            object.etag != plan.source.etag || object.version_id != plan.source.version_id
        }))
    }

    /// Submits the finisher, under a claim of its own on the plan: the event comes at least once.
    async fn finish(
        &self,
        stored: StoredPlan,
        key: &BlendKey,
        change: &JobChange,
        invocation: &Invocation,
    ) -> Result<()> {
        let mut plan = stored.plan;
        let name = command::zip_job_name(&plan.render, true);
        let finishers = self.batch.describe(&self.batch.find(&name).await?).await?;
        let after = match need(&self.arrays(&plan, change).await?, &finishers) {
            Need::None => return Ok(()),
            Need::Finisher { after } => after,
        };
        let me = format!("{FINISHES}{}", invocation.request_id);
        let standing = claim::held_by(&plan, &me, now_ms());
        if plan.claimed_by.starts_with(FINISHES) && standing == Standing::Held {
            bail!("the finisher of render {} is being submitted by another invocation", plan.render);
        }
        let plan_key = keys::plan(&plan.render);
        plan.claimed_by = me;
        plan.claimed_at = now_ms();
        let until = invocation.until.min(Instant::now() + LEASE - MARGIN);
        let claimed = self.storage.put_json(&plan_key, &plan, Condition::Unchanged(stored.etag)).await?;
        let Put::Written(etag) = claimed else {
            bail!("the finisher of render {} is being submitted by another invocation", plan.render);
        };
        let job = Job {
            name,
            definition: self.config.zip_definition.clone(),
            command: command::zip(&plan.bucket, key, &plan.render, true),
            children: 1,
            share: command::share_identifier(&plan.render),
            depends_on: after,
            attempt_seconds: None,
            disregard: finishers.into_iter().map(|job| job.id).collect(),
        };
        let id = self.batch.ensure(&job, true, until).await?;
        // Lets go of the claim, so that a later array's failure need not wait for the lease.
        plan.claimed_by = format!("job {id}");
        self.storage.put_json(&plan_key, &plan, Condition::Unchanged(etag)).await?;
        Ok(())
    }

    /// The render's arrays. Batch forgets a job only long after it ended; and the event is newer
    /// than what DescribeJobs may still tell of its own job.
    async fn arrays(&self, plan: &Plan, change: &JobChange) -> Result<Vec<JobView>> {
        let ids: Vec<String> = plan.arrays.iter().filter_map(|array| array.job_id.clone()).collect();
        let mut arrays = self.batch.describe(&ids).await?;
        for array in arrays.iter_mut().filter(|array| array.id == change.id) {
            array.state = JobState::Failed;
        }
        Ok(arrays)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use JobState::{Failed, Succeeded, Unfinished};

    fn array(id: &str, state: JobState) -> JobView {
        JobView { id: id.into(), state, started: true, depends_on: Vec::new() }
    }

    fn finisher(state: JobState, started: bool, after: &[&str]) -> JobView {
        let depends_on = after.iter().map(|id| (*id).to_owned()).collect();
        JobView { id: "f".into(), state, started, depends_on }
    }

    fn after(ids: &[&str]) -> Need {
        Need::Finisher { after: ids.iter().map(|id| (*id).to_owned()).collect() }
    }

    #[test]
    fn one_failed_job_gets_one_finisher() {
        let arrays = [array("a", Failed)];
        assert_eq!(need(&arrays, &[]), after(&[]));
        for state in [Unfinished, Succeeded, Failed] {
            assert_eq!(need(&arrays, &[finisher(state, state != Unfinished, &[])]), Need::None, "{state:?}");
        }
        // It failed before it started, for a reason of its own.
        assert_eq!(need(&arrays, &[finisher(Failed, false, &[])]), Need::None);
    }

    #[test]
    fn a_finisher_waits_for_the_arrays_that_still_run() {
        let arrays =
            [array("a", Failed), array("b", Unfinished), array("c", Succeeded), array("d", Unfinished)];
        assert_eq!(need(&arrays, &[]), after(&["b", "d"]));
        assert_eq!(need(&arrays, &[finisher(Unfinished, false, &["b", "d"])]), Need::None);
    }

    #[test]
    fn a_finisher_that_waited_for_one_that_failed_is_replaced() {
        let arrays = [array("a", Failed), array("b", Failed), array("c", Unfinished)];
        for state in [Unfinished, Failed] {
            assert_eq!(need(&arrays, &[finisher(state, false, &["b", "c"])]), after(&["c"]), "{state:?}");
        }
        let both = [finisher(Failed, false, &["b", "c"]), finisher(Unfinished, false, &["c"])];
        assert_eq!(need(&arrays, &both), Need::None);
    }
}
