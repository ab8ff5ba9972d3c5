//! The claim: of all who see an upload event, one submits its jobs.
//!
//! `plan.json` is the claim. Putting it where none was is winning it; every later write is on
//! condition that nobody else wrote in between, so a holder that was taken for dead notices at
//! its next write.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use farm_contract::plan::{Plan, RenderId};
use farm_contract::{Fault, keys};
use tokio::time::Instant;

use crate::storage::{Condition, Put, Storage};
use crate::{Invocation, now_ms};

/// After this a claim whose jobs are not all submitted is taken for abandoned. A holder stops
/// submitting [`MARGIN`] before, so it and its successor never submit at the same time.
pub const LEASE: Duration = Duration::from_secs(60);
/// Longer than one call to Batch may take.
pub const MARGIN: Duration = Duration::from_secs(12);
/// How long one who lost waits for the winner before it asks to be invoked again.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(200);
/// Stands for the holder of a claim whose upload was replaced by a newer one.
const REPLACED: &str = "replaced by a newer upload";

/// A plan as it stands in the bucket.
#[derive(Debug, Clone)]
pub struct StoredPlan {
    /// The plan.
    pub plan: Plan,
    /// Its ETag.
    pub etag: String,
}

/// How a claim stands to one who would submit its jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is left to submit.
    Submitted,
    /// A newer upload ended it.
    Replaced,
    /// An earlier try of the same invocation, which has ended, made it.
    Ours,
    /// Its holder is gone.
    Lapsed,
    /// Somebody is at work on it.
    Held,
}

/// How `plan` stands to the invocation `me` at the time `now`.
pub fn standing(plan: &Plan, me: &str, now: u64) -> Standing {
    if plan.is_submitted() {
        Standing::Submitted
    } else if plan.claimed_by == REPLACED {
        Standing::Replaced
    } else {
        held_by(plan, me, now)
    }
}

/// Who holds a claim, whether or not its jobs are submitted.
pub(crate) fn held_by(plan: &Plan, me: &str, now: u64) -> Standing {
    hold(&plan.claimed_by, plan.claimed_at, me, now)
}

/// How what `holder` claimed `at` this time stands to the invocation `me`.
pub(crate) fn hold(holder: &str, at: u64, me: &str, now: u64) -> Standing {
    let lease = u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX);
    if holder == me {
        Standing::Ours
    } else if now.saturating_sub(at) > lease {
        Standing::Lapsed
    } else {
        Standing::Held
    }
}

/// Reads the plan of a render; `None` if there is none.
///
/// # Errors
/// The bucket does not answer, or what stands there is no plan: it is left as it is.
pub async fn read(storage: &Storage, render: &RenderId) -> Result<Option<StoredPlan>> {
    let key = keys::plan(render);
    let Some(stored) = storage.read(&key).await? else { return Ok(None) };
    let plan = Plan::from_json(&stored.bytes).and_then(|plan| {
        let again = "Upload the file again; nothing was overwritten.";
        let foreign = || Fault::new(format!("It is the plan of another render, {}.", plan.render), again);
        if plan.render == *render { Ok(plan) } else { Err(foreign()) }
    });
    let plan = plan.with_context(|| format!("`{key}` cannot be used"))?;
    Ok(Some(StoredPlan { plan, etag: stored.etag }))
}

/// A claim that this invocation holds.
#[derive(Debug)]
pub struct Claim {
    /// The plan as it stands in the bucket.
    pub plan: Plan,
    /// Whether nobody can have submitted any of its jobs before.
    pub fresh: bool,
    /// After this nothing more may be submitted.
    pub until: Instant,
    etag: String,
}

/// Why a claim's holder cannot go on.
#[derive(Debug)]
pub enum Lost {
    /// A newer upload ended the render.
    Replaced,
    /// Another invocation took the claim over.
    TakenOver,
}

impl Lost {
    /// What the invocation ends with.
    ///
    /// # Errors
    /// The render goes on in other hands: Lambda should invoke again, to see that it does.
    pub fn into_outcome(self) -> Result<()> {
        match self {
            Self::Replaced => Ok(()),
            Self::TakenOver => bail!("another invocation took the render over"),
        }
    }
}

/// Wins the claim on `plan`, or takes it over from a holder that is gone. `None` where nothing
/// is left to do. `stored` is the plan that stands there, if there is one.
///
/// # Errors
/// Somebody else is at work on it and does not finish: Lambda should invoke again.
pub async fn acquire(
    storage: &Storage,
    plan: Plan,
    mut stored: Option<StoredPlan>,
    invocation: &Invocation,
) -> Result<Option<Claim>> {
    let key = keys::plan(&plan.render);
    let patience = (Instant::now() + PATIENCE).min(invocation.until);
    loop {
        let (wanted, condition, fresh) = match stored.take() {
            None => (renewed(plan.clone(), &invocation.request_id), Condition::Absent, true),
            Some(found) => match standing(&found.plan, &invocation.request_id, now_ms()) {
                Standing::Submitted | Standing::Replaced => return Ok(None),
                Standing::Ours | Standing::Lapsed => {
                    let wanted = renewed(found.plan, &invocation.request_id);
                    (wanted, Condition::Unchanged(found.etag), false)
                }
                Standing::Held if Instant::now() < patience => {
                    tokio::time::sleep(POLL).await;
                    stored = read(storage, &plan.render).await?;
                    continue;
                }
                Standing::Held => bail!(
                    "`{key}` is held by invocation {}, which has not submitted all jobs yet",
                    found.plan.claimed_by
                ),
            },
        };
        let until = invocation.until.min(Instant::now() + LEASE - MARGIN);
        match storage.put_json(&key, &wanted, condition).await? {
            Put::Written(etag) => return Ok(Some(Claim { plan: wanted, fresh, until, etag })),
            Put::Refused => stored = read(storage, &plan.render).await?,
        }
    }
}

/// Takes the claim on a plan whose jobs are submitted, for what follows from them; `plan` is how it is
/// to stand. `None` where somebody else wrote in between.
///
/// # Errors
/// The bucket does not answer.
pub(crate) async fn retake(
    storage: &Storage,
    plan: Plan,
    etag: String,
    holder: &str,
    invocation: &Invocation,
) -> Result<Option<Claim>> {
    let wanted = renewed(plan, holder);
    let until = invocation.until.min(Instant::now() + LEASE - MARGIN);
    let key = keys::plan(&wanted.render);
    match storage.put_json(&key, &wanted, Condition::Unchanged(etag)).await? {
        Put::Written(etag) => Ok(Some(Claim { plan: wanted, fresh: false, until, etag })),
        Put::Refused => Ok(None),
    }
}

fn renewed(mut plan: Plan, holder: &str) -> Plan {
    holder.clone_into(&mut plan.claimed_by);
    plan.claimed_at = now_ms();
    plan
}

impl Claim {
    /// Writes a change of the plan.
    ///
    /// # Errors
    /// The bucket does not answer.
    pub async fn record(
        &mut self,
        storage: &Storage,
        change: impl FnOnce(&mut Plan),
    ) -> Result<Result<(), Lost>> {
        let mut wanted = self.plan.clone();
        change(&mut wanted);
        let key = keys::plan(&wanted.render);
        self.etag = match storage.put_json(&key, &wanted, Condition::Unchanged(self.etag.clone())).await? {
            Put::Written(etag) => etag,
            Put::Refused => match read(storage, &wanted.render).await? {
                // This very write, whose answer was lost.
                Some(stored) if stored.plan == wanted => stored.etag,
                Some(stored) if stored.plan.claimed_by == REPLACED => return Ok(Err(Lost::Replaced)),
                Some(_) => return Ok(Err(Lost::TakenOver)),
                None => return Ok(Err(Lost::Replaced)),
            },
        };
        self.plan = wanted;
        Ok(Ok(()))
    }
}

/// Ends a render for a newer upload: who still submits its jobs loses the claim. Returns the
/// plan as it then stands; `None` if there is none.
///
/// # Errors
/// The bucket does not answer, or what stands there is no plan.
pub async fn end(storage: &Storage, render: &RenderId) -> Result<Option<Plan>> {
    loop {
        let Some(mut stored) = read(storage, render).await? else { return Ok(None) };
        if stored.plan.claimed_by == REPLACED {
            return Ok(Some(stored.plan));
        }
        REPLACED.clone_into(&mut stored.plan.claimed_by);
        match storage.put_json(&keys::plan(render), &stored.plan, Condition::Unchanged(stored.etag)).await? {
            Put::Written(_) => return Ok(Some(stored.plan)),
            Put::Refused => {}
        }
    }
}

/// Waits until the jobs of a render are submitted, or a newer upload ended it.
///
/// # Errors
/// They are still not: Lambda should invoke again.
pub async fn submitted(
    storage: &Storage,
    render: &RenderId,
    invocation: &Invocation,
) -> Result<Option<StoredPlan>> {
    let patience = (Instant::now() + PATIENCE).min(invocation.until);
    loop {
        let Some(stored) = read(storage, render).await? else { return Ok(None) };
        if stored.plan.claimed_by == REPLACED {
            return Ok(None);
        }
        if stored.plan.is_submitted() {
            return Ok(Some(stored));
        }
        if Instant::now() >= patience {
            bail!("the jobs of render {render} are not all submitted yet");
        }
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::plan::{ArrayJob, Source};

    fn plan(holder: &str, at: u64) -> Plan {
        let source = Source::of("k.blend", "\"e\"", 1, "4.5");
        let render = RenderId::of_event("b", "k", "v", "s");
        Plan {
            claimed_by: holder.into(),
            claimed_at: at,
            arrays: vec![ArrayJob::new(0, 2)],
            ..Plan::draft(render, "b", "k.blend", source, "1-2")
        }
    }

    #[test]
    fn a_claim_is_taken_over_from_the_same_invocation_or_after_the_lease() {
        let plan = plan("one", 1_000_000);
        assert_eq!(standing(&plan, "one", 1_000_001), Standing::Ours);
        assert_eq!(standing(&plan, "two", 1_060_000), Standing::Held);
        assert_eq!(standing(&plan, "two", 1_060_001), Standing::Lapsed);
        // A clock that is behind never takes a claim away.
        assert_eq!(standing(&plan, "two", 0), Standing::Held);
    }

    #[test]
    fn what_is_submitted_or_replaced_is_left_alone() {
        let mut plan = plan("one", 0);
        plan.arrays[0].job_id = Some("a".into());
        assert_eq!(standing(&plan, "two", u64::MAX), Standing::Lapsed);
        plan.zip_job_id = Some("z".into());
        assert_eq!(standing(&plan, "two", u64::MAX), Standing::Submitted);
        assert_eq!(standing(&plan, "one", 0), Standing::Submitted);
        plan.zip_job_id = None;
        plan.claimed_by = REPLACED.into();
        assert_eq!(standing(&plan, "two", u64::MAX), Standing::Replaced);
    }
}
