//! One uploaded object: from its event to its submitted jobs.

use anyhow::{Context, Result, bail};
use farm_contract::keys::{self, BlendKey};
use farm_contract::measured::Measured;
use farm_contract::plan::{Plan, RenderId};
use farm_contract::report::Report;
use farm_contract::tags::Request;
use farm_contract::{Fault, command};

use crate::allowed_time;
use crate::claim::{self, Claim, Lost};
use crate::event::Upload;
use crate::intake::{self, Intake};
use crate::publish::{Published, REPLACED, STOPPED};
use crate::read::{self, Read};
use crate::storage::{Condition, Object, Put};
use crate::submit::{Job, SubmitError};
use crate::{Invocation, Trigger, now_ms};

impl Trigger {
    /// Handles one record of an S3 notification.
    pub(crate) async fn handle_upload(&self, upload: &Upload, invocation: &Invocation) -> Result<()> {
        if upload.bucket != self.config.bucket {
            bail!("the event is of the bucket `{}`, the farm's is `{}`", upload.bucket, self.config.bucket);
        }
        if !upload.created {
            tracing::info!(key = upload.key, "not a new object: nothing to do");
            return Ok(());
        }
        if let Some(render) = keys::render_of_stop(&upload.key) {
            // Boxed: one future within the other all the way is more than the compiler lays out.
            return Box::pin(self.handle_stop(&render, invocation)).await;
        }
        let Some(object) = self.storage.head(&upload.key).await? else {
            tracing::info!(key = upload.key, "deleted meanwhile: nothing to do");
            return Ok(());
        };
        if !is_of(upload, &object) {
            tracing::info!(key = upload.key, "overwritten meanwhile: its own event follows");
            return Ok(());
        }
        let key = match BlendKey::parse(&upload.key) {
            Ok(key) => key,
            Err(fault) => return self.refuse_key(upload, &object, &fault, invocation).await,
        };
        let render = upload.render(&object);
        // What stands there is the plan, whatever the tags say by now.
        let stored = claim::read(&self.storage, &render).await?;
        let plan = match &stored {
            Some(stored) if stored.plan.is_submitted() => {
                tracing::info!(key = key.as_str(), %render, "already submitted");
                return Ok(());
            }
            Some(stored) => stored.plan.clone(),
            None => match self.plan(&render, &key, upload, &object, invocation).await? {
                Some(Ok(plan)) => plan,
                Some(Err(faults)) => return self.reject(&key, upload, &object, &faults, invocation).await,
                None => {
                    tracing::info!(key = key.as_str(), "replaced or deleted while it was read");
                    return Ok(());
                }
            },
        };
        match claim::acquire(&self.storage, plan, stored, invocation).await? {
            Some(claim) => self.submit(claim, &key, &object, invocation).await,
            None => {
                tracing::info!(key = key.as_str(), %render, "submitted by another invocation");
                Ok(())
            }
        }
    }

    /// Reads the object and plans its render; `None` if it is gone meanwhile.
    async fn plan(
        &self,
        render: &RenderId,
        key: &BlendKey,
        upload: &Upload,
        object: &Object,
        invocation: &Invocation,
    ) -> Result<Option<Result<Plan, Vec<Fault>>>> {
        let Some(tags) = self.storage.tags(key.as_str(), object).await? else { return Ok(None) };
        let tags = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let request = match Request::from_tags(tags) {
            Ok(request) => request,
            Err(fault) => return Ok(Some(Err(vec![fault]))),
        };
        let scene = match read::scene(&self.storage, key, object, &request, invocation.until).await? {
            Read::Scene(scene) => scene,
            Read::Refused(fault) => return Ok(Some(Err(vec![fault]))),
            Read::Gone => return Ok(None),
        };
        let sequencer = upload.sequencer.as_str();
        let measured = self.measured(key).await?;
        let measured = measured.as_ref();
        let intake = Intake { render, key, sequencer, object, request: &request, scene: &scene, measured };
        Ok(Some(intake::plan(&intake, &self.config, &invocation.request_id, now_ms())))
    }

    /// What the tasks of an earlier render of this name measured, as its report says; a report that cannot be read
    /// says nothing.
    async fn measured(&self, key: &BlendKey) -> Result<Option<Measured>> {
        let stored = self.storage.read(&key.report()).await?;
        Ok(stored.and_then(|stored| Report::from_json(&stored.bytes).ok()?.measured))
    }

    /// Reports an upload whose key cannot be one. No render can ever have been under it.
    async fn refuse_key(
        &self,
        upload: &Upload,
        object: &Object,
        fault: &Fault,
        invocation: &Invocation,
    ) -> Result<()> {
        let key = upload.key.as_str();
        tracing::warn!(key, "rejected: {fault}");
        let mut report = Report::rejected(std::slice::from_ref(fault), self.storage.bucket(), key, now_ms());
        report.etag = Some(object.etag.clone());
        let at = keys::report_of_refused(key);
        loop {
            let condition = match self.storage.read(&at).await? {
                Some(old) => Condition::Unchanged(old.etag),
                None => Condition::Absent,
            };
            if let Put::Written(_) = self.storage.put_json(&at, &report, condition).await? {
                return self.tell(&upload.render(object), &report, invocation).await;
            }
        }
    }

    /// Submits what is missing of a claimed plan: first the report, so that a quick render's own
    /// report comes after it; then the arrays; the zip job when all of their ids are written.
    async fn submit(
        &self,
        mut claim: Claim,
        key: &BlendKey,
        object: &Object,
        invocation: &Invocation,
    ) -> Result<()> {
        let render = claim.plan.render.clone();
        let report = intake::accepted(&claim.plan, key, now_ms())?;
        match self.publish(key, object, report).await? {
            Published::Superseded => {
                tracing::info!(key = key.as_str(), %render, "replaced meanwhile: not submitted");
                return Ok(());
            }
            Published::Done { stopped: false } => {}
            Published::Done { stopped: true } => {
                let noted = claim.record(&self.storage, |plan| plan.warnings.push(STOPPED.to_owned()));
                if let Err(lost) = noted.await? {
                    return lost.into_outcome();
                }
            }
        }
        for at in 0..claim.plan.arrays.len() {
            if claim.plan.arrays[at].job_id.is_none() {
                let job = self.render_job(&claim.plan, at)?;
                let id = self.submit_job(&claim, &job, key, object, invocation).await?;
                let recorded = claim.record(&self.storage, |plan| plan.arrays[at].job_id = Some(id.clone()));
                if let Err(lost) = recorded.await? {
                    return self.give_up(lost, &id).await;
                }
            }
        }
        if claim.plan.zip_job_id.is_none() {
            let job = self.zip_job(&claim.plan, key);
            let id = self.submit_job(&claim, &job, key, object, invocation).await?;
            let recorded = claim.record(&self.storage, |plan| plan.zip_job_id = Some(id.clone()));
            if let Err(lost) = recorded.await? {
                return self.give_up(lost, &id).await;
            }
        }
        if !claim.fresh {
            self.note_waiting(key, &render, None).await?;
        }
        tracing::info!(key = key.as_str(), %render, frames = claim.plan.frames, "submitted");
        Ok(())
    }

    /// Submits one job; where Batch refuses it, or does not take it in time, the upload's report says
    /// so.
    async fn submit_job(
        &self,
        claim: &Claim,
        job: &Job,
        key: &BlendKey,
        object: &Object,
        invocation: &Invocation,
    ) -> Result<String> {
        let error = match self.batch.ensure(job, !claim.fresh, claim.until).await {
            Ok(id) => return Ok(id),
            Err(error) => error,
        };
        match &error {
            SubmitError::Refused { words, .. } => {
                let report = intake::refused_by_batch(&claim.plan, words, now_ms())?;
                if self.publish(key, object, report.clone()).await? != Published::Superseded {
                    let told = self.tell(&claim.plan.render, &report, invocation).await;
                    told.with_context(|| error.to_string())?;
                }
            }
            SubmitError::OutOfTime { last, .. } => {
                self.note_waiting(key, &claim.plan.render, Some(last)).await?;
            }
        }
        Err(error.into())
    }

    /// The claim was lost while the job `id` was submitted under it.
    pub(crate) async fn give_up(&self, lost: Lost, id: &str) -> Result<()> {
        if matches!(lost, Lost::Replaced) {
            self.batch.terminate(id, REPLACED).await?;
        }
        lost.into_outcome()
    }

    fn render_job(&self, plan: &Plan, at: usize) -> Result<Job> {
        let array = &plan.arrays[at];
        Ok(Job {
            name: command::render_job_name(&plan.render, array.first_child),
            definition: self.config.blender(plan)?.definition.clone(),
            command: command::render(plan, array.first_child),
            children: array.children,
            share: command::share_identifier(&plan.render),
            depends_on: Vec::new(),
            attempt_seconds: Some(allowed_time::of_plan(plan, &self.config)),
            disregard: Vec::new(),
        })
    }

    fn zip_job(&self, plan: &Plan, key: &BlendKey) -> Job {
        Job {
            name: command::zip_job_name(&plan.render, false),
            definition: self.config.zip_definition.clone(),
            command: command::zip(&plan.bucket, key, &plan.render, false),
            children: 1,
            share: command::share_identifier(&plan.render),
            depends_on: plan.arrays.iter().filter_map(|array| array.job_id.clone()).collect(),
            attempt_seconds: None,
            disregard: Vec::new(),
        }
    }
}

impl Upload {
    /// The render that this event of `object` makes, or would make.
    pub(crate) fn render(&self, object: &Object) -> RenderId {
        let version = self.version_id.as_deref().unwrap_or(object.etag.trim_matches('"'));
        RenderId::of_event(&self.bucket, &self.key, version, &self.sequencer)
    }
}

/// Whether the event is of the object that is there now.
fn is_of(upload: &Upload, object: &Object) -> bool {
    match (&upload.version_id, &object.version_id) {
        (Some(told), Some(found)) => told == found,
        _ => upload.etag.as_ref().is_none_or(|told| told.trim_matches('"') == object.etag.trim_matches('"')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(etag: Option<&str>, version: Option<&str>) -> Upload {
        Upload {
            created: true,
            bucket: "b".into(),
            key: "k.blend".into(),
            etag: etag.map(Into::into),
            version_id: version.map(Into::into),
            sequencer: "1".into(),
        }
    }

    #[test]
    fn an_event_is_of_the_object_that_has_its_version_or_its_etag() {
        let object = |version: Option<&str>| Object {
            etag: "\"e\"".into(),
            version_id: version.map(Into::into),
            size: 1,
        };
        assert!(is_of(&upload(Some("e"), None), &object(None)));
        assert!(!is_of(&upload(Some("f"), None), &object(None)));
        assert!(is_of(&upload(Some("e"), Some("1")), &object(Some("1"))));
        assert!(!is_of(&upload(Some("e"), Some("1")), &object(Some("2"))), "the same bytes again");
        assert!(is_of(&upload(None, None), &object(None)));
    }
}
