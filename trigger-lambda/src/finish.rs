//! The finisher: when a render job fails, what is there is still archived and reported.
//!
//! The ordinary zip job never runs then, since what it depends on has failed. The finisher is
//! the same program, told that frames are missing. It must come after the last of the render's
//! jobs, and once: where children ran out of memory, after their second try ([`crate::ladder`]).

use anyhow::{Context, Result, bail};
use farm_contract::command;
use farm_contract::keys::BlendKey;
use farm_contract::plan::{Plan, RenderId};
use farm_contract::report::{Report, State};

use crate::claim::{self, Claim, Standing, StoredPlan};
use crate::event::JobChange;
use crate::ladder::TRIED_AGAIN;
use crate::look::{JobState, JobView};
use crate::storage::{Condition, Put};
use crate::submit::{Job, SubmitError};
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
    /// Handles a state change of a Batch job. All but the end of a whole job is somebody else's business.
    pub(crate) async fn handle_job_change(&self, change: &JobChange, invocation: &Invocation) -> Result<()> {
        match change.status.as_str() {
            _ if change.index.is_some() => Ok(()),
            "FAILED" => self.handle_failure(change, invocation).await,
            "SUCCEEDED" => self.handle_success(change, invocation).await,
            _ => Ok(()),
        }
    }

    async fn handle_failure(&self, change: &JobChange, invocation: &Invocation) -> Result<()> {
        let render = command::render_of_job_name(&change.name);
        let zip = command::render_of_zip_job_name(&change.name);
        let Some(render) = render.or_else(|| zip.clone()) else { return Ok(()) };
        tracing::warn!(%render, job = change.id, reason = change.reason, "a job failed");
        let Some(stored) = claim::submitted(&self.storage, &render, invocation).await? else {
            tracing::info!(%render, "no plan in this bucket, or replaced: nothing to finish");
            return Ok(());
        };
        let key = BlendKey::parse(&stored.plan.key)?;
        if self.owned_by_another(&stored.plan, &key).await? {
            tracing::info!(%render, "a newer upload owns the folder: nothing to finish");
            return Ok(());
        }
        if zip.is_some() && !self.waited_in_vain(change).await? {
            let reason = change.reason.as_deref().unwrap_or("the job failed");
            self.report_no_archive(&key, &render, reason).await?;
            return self.tell_of_end(&key, &render, invocation).await;
        }
        // Where a job that the archive waits for has failed, that job's own event says so too. Should it have
        // been lost, this one does for both.
        self.finish(stored, &key, change, invocation).await
    }

    /// Whether a job failed because one that it waits for did, and not for a reason of its own: then it never
    /// ran, and what follows is not its business.
    async fn waited_in_vain(&self, change: &JobChange) -> Result<bool> {
        let job = self.batch.describe(std::slice::from_ref(&change.id)).await?.into_iter().next();
        let Some(job) = job.filter(|job| !job.started) else { return Ok(false) };
        let waited_for = self.batch.describe(&job.depends_on).await?;
        Ok(waited_for.iter().any(|job| job.state == JobState::Failed))
    }

    /// Writes the last report of a render whose archive nobody makes any more, for this reason. One that
    /// says more stays.
    async fn report_no_archive(&self, key: &BlendKey, render: &RenderId, reason: &str) -> Result<()> {
        let Some(stored) = self.storage.read(&key.report()).await? else { return Ok(()) };
        let Ok(mut report) = Report::from_json(&stored.bytes) else { return Ok(()) };
        if report.state != State::Accepted || report.render.as_ref() != Some(render) {
            return Ok(());
        }
        report.state = State::Failed;
        report.message = format!(
            "`{}` could not be made: {reason}. Frames that were rendered are in `{}`.",
            key.frames_zip(),
            key.folder()
        );
        report.hint =
            Some("Upload the file again with the same tags: frames that are there are kept.".to_owned());
        report.resume = Some(command::resume(&report.bucket, key.as_str()));
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

    /// Submits what follows from a failed job, under a claim of its own on the plan: the event comes at
    /// least once. First the second tries, then the finisher, which waits for them.
    async fn finish(
        &self,
        stored: StoredPlan,
        key: &BlendKey,
        change: &JobChange,
        invocation: &Invocation,
    ) -> Result<()> {
        let StoredPlan { mut plan, etag } = stored;
        let mut jobs = self.render_jobs(&plan, change).await?;
        let second_tries = self.note_second_tries(&mut plan, &jobs).await?;
        let name = command::zip_job_name(&plan.render, true);
        let finishers = self.batch.describe(&self.batch.find(&name).await?).await?;
        if !second_tries && need(&jobs, &finishers) == Need::None {
            return Ok(());
        }
        let me = format!("{FINISHES}{}", invocation.request_id);
        let held = claim::held_by(&plan, &me, now_ms()) == Standing::Held;
        if plan.claimed_by.starts_with(FINISHES) && held {
            bail!("the finisher of render {} is being submitted by another invocation", plan.render);
        }
        let render = plan.render.clone();
        let Some(mut claim) = claim::retake(&self.storage, plan, etag, &me, invocation).await? else {
            bail!("the finisher of render {render} is being submitted by another invocation");
        };
        for at in 0..claim.plan.arrays.len() {
            let array = &claim.plan.arrays[at];
            if array.large.as_ref().is_none_or(|large| large.job_id.is_some()) {
                continue;
            }
            let submitted = match self.large_job(&claim.plan, array) {
                Ok(job) => self.batch.ensure(&job, true, claim.until).await,
                // The farm has its Blender no more, for one.
                Err(error) => Err(SubmitError::Refused { name: String::new(), words: format!("{error:#}") }),
            };
            let id = match submitted {
                Ok(id) => id,
                Err(SubmitError::Refused { words, .. }) => {
                    // What is there is archived all the same.
                    let noted = claim.record(&self.storage, |plan| {
                        plan.arrays[at].large = None;
                        plan.warnings.push(format!("Tasks could not be tried once more: {words}"));
                    });
                    match noted.await? {
                        Ok(()) => continue,
                        Err(lost) => return lost.into_outcome(),
                    }
                }
                Err(error) => return Err(error.into()),
            };
            let recorded = claim.record(&self.storage, |plan| {
                if let Some(large) = &mut plan.arrays[at].large {
                    large.job_id = Some(id.clone());
                }
                if !plan.warnings.iter().any(|warning| warning == TRIED_AGAIN) {
                    plan.warnings.push(TRIED_AGAIN.to_owned());
                }
            });
            if let Err(lost) = recorded.await? {
                return self.give_up(lost, &id).await;
            }
            jobs.push(JobView::unfinished(id));
        }
        let id = match need(&jobs, &finishers) {
            Need::None => return self.let_go(claim, "second tries").await,
            Need::Finisher { after } => {
                let job = Job {
                    name,
                    definition: self.config.zip_definition.clone(),
                    command: command::zip(&claim.plan.bucket, key, &render, true),
                    children: 1,
                    share: command::share_identifier(&render),
                    depends_on: after,
                    attempt_seconds: None,
                    disregard: finishers.into_iter().map(|job| job.id).collect(),
                };
                match self.batch.ensure(&job, true, claim.until).await {
                    Ok(id) => id,
                    Err(error) => {
                        if let SubmitError::Refused { words, .. } = &error {
                            self.report_no_archive(key, &render, words).await?;
                            let told = self.tell_of_end(key, &render, invocation).await;
                            told.with_context(|| error.to_string())?;
                        }
                        return Err(error.into());
                    }
                }
            }
        };
        self.let_go(claim, &format!("job {id}")).await
    }

    /// Lets go of the claim, so that a later job's failure need not wait for the lease.
    async fn let_go(&self, mut claim: Claim, to: &str) -> Result<()> {
        // Whoever took it over meanwhile does the same.
        let _ = claim.record(&self.storage, |plan| to.clone_into(&mut plan.claimed_by)).await?;
        Ok(())
    }

    /// The render's jobs, second tries among them. Batch forgets a job only long after it ended; and the
    /// event is newer than what DescribeJobs may still tell of its own job.
    async fn render_jobs(&self, plan: &Plan, change: &JobChange) -> Result<Vec<JobView>> {
        let ids: Vec<String> = plan.arrays.iter().flat_map(|array| array.job_ids().cloned()).collect();
        let mut jobs = self.batch.describe(&ids).await?;
        for job in jobs.iter_mut().filter(|job| job.id == change.id) {
            job.state = JobState::Failed;
        }
        Ok(jobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use JobState::{Failed, Succeeded, Unfinished};

    fn array(id: &str, state: JobState) -> JobView {
        JobView { state, started: true, ..JobView::unfinished(id.into()) }
    }

    fn finisher(state: JobState, started: bool, after: &[&str]) -> JobView {
        let depends_on = after.iter().map(|id| (*id).to_owned()).collect();
        JobView { state, started, depends_on, ..JobView::unfinished("f".into()) }
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
