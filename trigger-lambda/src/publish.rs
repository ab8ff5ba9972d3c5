//! The report of an upload, and with it the ownership of the upload's folder.
//!
//! The folder belongs to the newest upload. Whoever reports on it first stops the render of an
//! older one, so that two renders never fill one folder.

use anyhow::Result;
use farm_contract::keys::BlendKey;
use farm_contract::plan::{Plan, RenderId};
use farm_contract::report::{Report, State};
use farm_contract::{Fault, command};

use crate::event::Upload;
use crate::storage::{Condition, Object, Put};
use crate::{Invocation, Trigger, claim};

/// What Batch shows as the reason for stopping an older render.
pub(crate) const REPLACED: &str = "Replaced by a newer upload";
/// What the newer upload's report says about it.
pub(crate) const STOPPED: &str =
    "The render of an earlier upload under this name was not finished; it was stopped.";

/// How the hint begins of a render whose jobs Batch has not taken.
const WAITING: &str = "AWS Batch has not taken all jobs of this render yet";

/// What came of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// It stands; whether a render of other bytes was stopped for it.
    Done {
        /// A render of other bytes was stopped.
        stopped: bool,
    },
    /// A newer upload owns the folder by now; nothing was written.
    Superseded,
}

impl Trigger {
    /// Writes the report of the upload `object`, after stopping the render of an older one.
    /// What a render of the same id has reported already stays.
    ///
    /// # Errors
    /// A service does not answer.
    pub(crate) async fn publish(
        &self,
        key: &BlendKey,
        object: &Object,
        mut report: Report,
    ) -> Result<Published> {
        let mut stopped = false;
        loop {
            if !self.is_current(key, object).await? {
                return Ok(Published::Superseded);
            }
            let stored = self.storage.read(&key.report()).await?;
            if let Some(stored) = &stored {
                // One that cannot be read belongs to no render that could be stopped.
                let old = Report::from_json(&stored.bytes).ok();
                // The same bytes were uploaded again, and that event was faster than this one.
                if old.as_ref().is_some_and(|old| old.is_later_than(report.sequencer.as_deref())) {
                    return Ok(Published::Superseded);
                }
                if old.as_ref().is_some_and(|old| goes_on(old, &report)) {
                    return Ok(Published::Done { stopped });
                }
                if let Some(render) = old.as_ref().and_then(|old| running(old, report.render.as_ref())) {
                    // The same bytes again go on where the older render was: nothing to tell.
                    let other = old.as_ref().is_some_and(|old| old.etag != report.etag);
                    stopped |= self.stop(render).await? && other;
                }
                // No task of this render has measured anything yet: what an earlier one did is not lost.
                report.measured = old.and_then(|old| old.measured);
            }
            if stopped && !report.warnings.iter().any(|warning| warning == STOPPED) {
                report.warnings.push(STOPPED.to_owned());
            }
            let condition = stored.map_or(Condition::Absent, |stored| Condition::Unchanged(stored.etag));
            match self.storage.put_json(&key.report(), &report, condition).await? {
                Put::Written(_) => return Ok(Published::Done { stopped }),
                Put::Refused => {}
            }
        }
    }

    /// Reports what is in the way of rendering the upload.
    ///
    /// # Errors
    /// A service does not answer.
    pub(crate) async fn reject(
        &self,
        key: &BlendKey,
        upload: &Upload,
        object: &Object,
        faults: &[Fault],
        invocation: &Invocation,
    ) -> Result<()> {
        for fault in faults {
            tracing::warn!(key = key.as_str(), "rejected: {fault}");
        }
        let mut report = Report::rejected(faults, self.storage.bucket(), key.as_str(), crate::now_ms());
        report.etag = Some(object.etag.clone());
        report.sequencer = Some(upload.sequencer.clone());
        match self.publish(key, object, report.clone()).await? {
            Published::Superseded => {
                tracing::info!(key = key.as_str(), "replaced meanwhile: not reported");
                return Ok(());
            }
            Published::Done { stopped: true } => report.warnings.push(STOPPED.to_owned()),
            Published::Done { stopped: false } => {}
        }
        self.tell(&upload.render(object), &report, invocation).await
    }

    /// Notes in the report of a render that Batch has not taken its jobs yet, and for which reason; or,
    /// with no reason, that it has. Nothing else of the report changes, and only while the render is
    /// under way.
    ///
    /// # Errors
    /// The bucket does not answer.
    pub(crate) async fn note_waiting(
        &self,
        key: &BlendKey,
        render: &RenderId,
        reason: Option<&str>,
    ) -> Result<()> {
        let Some(stored) = self.storage.read(&key.report()).await? else { return Ok(()) };
        let Ok(mut report) = Report::from_json(&stored.bytes) else { return Ok(()) };
        let noted = report.hint.as_ref().is_some_and(|hint| hint.starts_with(WAITING));
        let ours = report.state == State::Accepted && report.render.as_ref() == Some(render);
        if !ours || (reason.is_none() && !noted) || (report.hint.is_some() && !noted) {
            return Ok(());
        }
        report.hint = reason.map(|reason| {
            format!(
                "{WAITING} ({reason}). The farm tries again by itself for some minutes. If this stays so, \
                 upload the file again with the same tags."
            )
        });
        report.written_at = crate::now_ms();
        // Somebody else's report, written in between, says more.
        self.storage.put_json(&key.report(), &report, Condition::Unchanged(stored.etag)).await?;
        Ok(())
    }

    /// Whether `object` is still the one at its key.
    pub(crate) async fn is_current(&self, key: &BlendKey, object: &Object) -> Result<bool> {
        let now = self.storage.head(key.as_str()).await?;
        Ok(now.is_some_and(|now| now.etag == object.etag && now.version_id == object.version_id))
    }

    /// Stops every job of a render, also those whose submission was never recorded. Returns
    /// whether there was a plan that told of them.
    async fn stop(&self, render: &RenderId) -> Result<bool> {
        let plan = match claim::end(&self.storage, render).await {
            Ok(Some(plan)) => plan,
            Ok(None) => return Ok(false),
            // The newer upload shall not wait for a plan that nobody can read.
            Err(error) if error.is::<Fault>() => {
                tracing::error!(%render, "the older render cannot be stopped: {error:#}");
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        for id in self.jobs(&plan).await? {
            self.batch.terminate(&id, REPLACED).await?;
        }
        Ok(true)
    }

    /// Ids of a render's jobs, those first that wait for others.
    async fn jobs(&self, plan: &Plan) -> Result<Vec<String>> {
        let mut ids = self.batch.find(&command::zip_job_name(&plan.render, true)).await?;
        match &plan.zip_job_id {
            Some(id) => ids.push(id.clone()),
            None => ids.extend(self.batch.find(&command::zip_job_name(&plan.render, false)).await?),
        }
        for array in &plan.arrays {
            ids.extend(array.job_ids().cloned());
            if array.job_id.is_none() {
                let name = command::render_job_name(&plan.render, array.first_child);
                ids.extend(self.batch.find(&name).await?);
            }
            if array.large.as_ref().is_some_and(|large| large.job_id.is_none()) {
                let name = command::large_job_name(&plan.render, array.first_child);
                ids.extend(self.batch.find(&name).await?);
            }
        }
        Ok(ids)
    }
}

/// Whether `old` is of the same render as `new`, and further on than it.
fn goes_on(old: &Report, new: &Report) -> bool {
    let same = new.render.is_some() && old.render == new.render;
    same && new.state == State::Accepted && old.state != State::Failed
}

/// The render that `report` says is under way, unless it is `ours`.
fn running<'a>(report: &'a Report, ours: Option<&RenderId>) -> Option<&'a RenderId> {
    let render = report.render.as_ref()?;
    (report.state == State::Accepted && Some(render) != ours).then_some(render)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(state: State, sequencer: &str) -> Report {
        let mut report = Report::new(state, "m", "b", "k.blend", 0);
        report.render = Some(RenderId::of_event("b", "k.blend", "v", sequencer));
        report
    }

    #[test]
    fn only_an_accepted_render_of_another_upload_is_stopped() {
        let old = report(State::Accepted, "1");
        assert_eq!(running(&old, None), old.render.as_ref());
        assert_eq!(running(&old, report(State::Accepted, "2").render.as_ref()), old.render.as_ref());
        assert_eq!(running(&old, old.render.as_ref()), None);
        assert_eq!(running(&report(State::Complete, "1"), None), None);
        assert_eq!(running(&Report::new(State::Rejected, "m", "b", "k", 0), None), None);
    }

    #[test]
    fn a_finished_report_is_not_taken_back_by_a_late_accepted_one() {
        let new = report(State::Accepted, "1");
        for state in [State::Accepted, State::Complete, State::Partial] {
            assert!(goes_on(&report(state, "1"), &new), "{state:?}");
        }
        assert!(!goes_on(&report(State::Failed, "1"), &new), "Batch refused it, and now takes it");
        assert!(!goes_on(&report(State::Complete, "2"), &new), "another render's");
        let rejected = Report::new(State::Rejected, "m", "b", "k", 0);
        assert!(!goes_on(&rejected, &Report::new(State::Rejected, "n", "b", "k", 0)));
    }
}
