//! A render that somebody wants to end: its jobs are stopped, and what is done is archived as after any failure.

use anyhow::{Context, Result, bail};
use farm_contract::keys;
use farm_contract::plan::RenderId;
use farm_contract::stop::Stop;

use crate::storage::{Condition, Put};
use crate::{Invocation, Trigger, claim};

/// What Batch shows as the reason for stopping the jobs.
const ON_REQUEST: &str = "Stopped on request: stop.json of the render says why";
/// Times that the plan is written where somebody else does so at the same moment.
const TRIES: usize = 5;

impl Trigger {
    /// Stops the jobs of a render. Those that have ended stay as they are: a render that is done stays done.
    pub(crate) async fn handle_stop(&self, render: &RenderId, invocation: &Invocation) -> Result<()> {
        let key = keys::stop(render);
        let Some(stored) = self.storage.read(&key).await? else {
            tracing::info!(%render, "the request to stop was taken back: nothing to do");
            return Ok(());
        };
        // Whoever wrote it wants the render to end, however it is written.
        let reason = match Stop::from_json(&stored.bytes) {
            Ok(stop) => stop.reason,
            Err(fault) => {
                tracing::warn!(%render, "{fault}");
                "Somebody stopped it.".to_owned()
            }
        };
        for _ in 0..TRIES {
            let Some(mut stored) = claim::submitted(&self.storage, render, invocation).await? else {
                tracing::info!(%render, "no plan in this bucket, or replaced: nothing to stop");
                return Ok(());
            };
            if stored.plan.stopped.is_none() {
                stored.plan.stopped = Some(reason.clone());
                let condition = Condition::Unchanged(stored.etag);
                match self.storage.put_json(&keys::plan(render), &stored.plan, condition).await? {
                    Put::Written(_) => {}
                    Put::Refused => continue,
                }
            }
            for id in stored.plan.arrays.iter().flat_map(|array| array.job_ids()) {
                self.batch.terminate(id, ON_REQUEST).await.with_context(|| format!("render {render}"))?;
            }
            return Ok(());
        }
        bail!("the plan of render {render} changes all the time")
    }
}
