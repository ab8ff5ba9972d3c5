//! Telling somebody how an upload ended, where the farm was deployed with somebody who wants to hear of it.
//!
//! Events come at least once, so each end of a render is told under a claim of its own: an object that says who
//! tells it, and then that it is told. Between the two the topic is told. A function that is killed there leaves a
//! claim that nobody answers for, and whoever comes next tells it again: twice at worst, and never not at all.

mod notice;
mod topic;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use farm_contract::command;
use farm_contract::keys::{self, BlendKey};
use farm_contract::plan::RenderId;
use farm_contract::report::Report;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::claim::{self, Standing};
use crate::event::JobChange;
use crate::storage::{Condition, Put};
use crate::{Invocation, Trigger, now_ms};
use notice::Notice;
pub(crate) use topic::Topic;

/// How long one waits for another who tells the same before it asks to be invoked again.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(200);

/// What stands under the key of a notice.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    /// The invocation that tells it.
    claimed_by: String,
    /// Since when, milliseconds since 1970.
    claimed_at: u64,
    /// Whether the topic has taken it.
    told: bool,
}

impl Trigger {
    /// Tells what came of a render whose archive job succeeded. All else that succeeds leads up to that one.
    pub(crate) async fn handle_success(&self, change: &JobChange, invocation: &Invocation) -> Result<()> {
        let render = command::render_of_zip_job_name(&change.name);
        let (Some(_), Some(render)) = (&self.topic, render) else { return Ok(()) };
        let Some(stored) = claim::read(&self.storage, &render).await? else {
            tracing::info!(%render, "no plan in this bucket: nothing to tell");
            return Ok(());
        };
        let key = BlendKey::parse(&stored.plan.key)?;
        self.tell_of_end(&key, &render, invocation).await
    }

    /// Tells how a render ended, by the report that stands; of one that is still under way, or whose report a newer
    /// upload replaced, nothing.
    pub(crate) async fn tell_of_end(
        &self,
        key: &BlendKey,
        render: &RenderId,
        invocation: &Invocation,
    ) -> Result<()> {
        if self.topic.is_none() {
            return Ok(());
        }
        let Some(stored) = self.storage.read(&key.report()).await? else { return Ok(()) };
        let report = Report::from_json(&stored.bytes)
            .with_context(|| format!("`{}` cannot be told of", key.report()))?;
        if report.render.as_ref() != Some(render) {
            tracing::info!(%render, "a newer upload owns the folder: nothing to tell");
            return Ok(());
        }
        self.tell(render, &report, invocation).await
    }

    /// Tells what `report` says of the upload of `render`, once.
    ///
    /// # Errors
    /// The topic does not take it, or somebody else tells it and does not come to an end: Lambda should invoke
    /// again.
    pub(crate) async fn tell(
        &self,
        render: &RenderId,
        report: &Report,
        invocation: &Invocation,
    ) -> Result<()> {
        let Some(topic) = &self.topic else { return Ok(()) };
        if !self.config.notify.wants(report.state) {
            return Ok(());
        }
        let key = keys::notice(render, report.state);
        let Some(etag) = self.claim_notice(&key, invocation).await? else { return Ok(()) };
        topic.publish(&Notice::of(report)).await?;
        let told = Claim { told: true, ..Claim::by(invocation) };
        // To try all of it again would tell it a second time for sure; so does, at worst, the next event.
        if let Err(error) = self.storage.put_json(&key, &told, Condition::Unchanged(etag)).await {
            tracing::warn!(%render, "it is not noted that this is told: {error:#}");
        }
        tracing::info!(%render, state = report.state.word(), "told");
        Ok(())
    }

    /// Wins the right to tell, or takes it over from one who is gone: the ETag of the claim. `None` where it is told.
    async fn claim_notice(&self, key: &str, invocation: &Invocation) -> Result<Option<String>> {
        let patience = (Instant::now() + PATIENCE).min(invocation.until);
        let mut stored = self.storage.read(key).await?;
        loop {
            let condition = match stored {
                None => Condition::Absent,
                Some(found) => match turn(&found.bytes, &invocation.request_id, now_ms()) {
                    Turn::Told => return Ok(None),
                    Turn::Ours => Condition::Unchanged(found.etag),
                    Turn::Anothers if Instant::now() < patience => {
                        tokio::time::sleep(POLL).await;
                        stored = self.storage.read(key).await?;
                        continue;
                    }
                    Turn::Anothers => bail!("another invocation holds `{key}` and has not told it yet"),
                },
            };
            match self.storage.put_json(key, &Claim::by(invocation), condition).await? {
                Put::Written(etag) => return Ok(Some(etag)),
                Put::Refused => stored = self.storage.read(key).await?,
            }
        }
    }
}

/// Whose turn it is to tell.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// It is told.
    Told,
    /// Ours: an earlier try of the same invocation held the claim, or somebody who is gone.
    Ours,
    /// Somebody is at it.
    Anothers,
}

/// How the claim that these bytes are stands to the invocation `me` at the time `now`. One that cannot be read is
/// nobody's.
fn turn(bytes: &[u8], me: &str, now: u64) -> Turn {
    let Ok(claim) = serde_json::from_slice::<Claim>(bytes) else { return Turn::Ours };
    if claim.told {
        return Turn::Told;
    }
    match claim::hold(&claim.claimed_by, claim.claimed_at, me, now) {
        Standing::Held => Turn::Anothers,
        _ => Turn::Ours,
    }
}

impl Claim {
    fn by(invocation: &Invocation) -> Self {
        Self { claimed_by: invocation.request_id.clone(), claimed_at: now_ms(), told: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_claimed_and_not_told_is_taken_over_from_who_is_gone() {
        let claim = |told| {
            serde_json::to_vec(&Claim { claimed_by: "one".into(), claimed_at: 1_000_000, told })
                .expect("JSON")
        };
        assert_eq!(turn(&claim(true), "two", u64::MAX), Turn::Told);
        assert_eq!(turn(&claim(true), "one", 0), Turn::Told);
        assert_eq!(turn(&claim(false), "one", 1_000_001), Turn::Ours, "it was killed, and tries again");
        assert_eq!(turn(&claim(false), "two", 1_060_000), Turn::Anothers);
        assert_eq!(turn(&claim(false), "two", 1_060_001), Turn::Ours);
        for damaged in [&b""[..], b"{", b"null", b"{\"told\":true}"] {
            assert_eq!(turn(damaged, "two", 0), Turn::Ours, "rather twice than never");
        }
    }
}
