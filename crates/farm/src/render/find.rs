//! Which render is meant.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use farm_contract::Fault;
use farm_contract::keys::{self, BlendKey, RENDERS_PREFIX};
use farm_contract::plan::{Plan, RenderId};
use farm_contract::record::TaskRecord;
use farm_contract::report::{Report, State};
use futures::{StreamExt, TryStreamExt, stream};

use crate::bucket::{Bucket, Head};
use crate::error::FarmError;
use crate::location::Location;

use super::watch::millis;

/// Plans that are read at once.
const AT_ONCE: usize = 32;
/// Between two looks at a report.
const LOOKS: Duration = Duration::from_millis(500);
/// Names that are listed where several are meant.
const LISTED: usize = 10;

/// A render that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The upload.
    pub key: BlendKey,
    /// Its plan. None where the upload was rejected, or is not planned yet.
    pub plan: Option<Plan>,
    /// What its report says, where there is one that can be read.
    pub report: Option<Report>,
}

impl Found {
    /// The plan, of a render that has one.
    ///
    /// # Errors
    /// It has none: why, in the report's words.
    pub fn planned(&self) -> Result<&Plan, FarmError> {
        self.plan.as_ref().ok_or_else(|| match &self.report {
            Some(report) if report.state != State::Rejected => FarmError::Over(
                self.key.to_string(),
                "its plan is no longer there, as the bucket keeps it for some time only".to_owned(),
            ),
            Some(report) => {
                FarmError::Rejected(self.key.to_string(), report.message.clone(), report.hint.clone())
            }
            None => FarmError::NotPlanned(self.key.to_string()),
        })
    }
}

/// The newest render of each upload of a bucket, the newest first.
///
/// # Errors
/// The bucket does not tell.
pub async fn all(bucket: &Bucket) -> Result<Vec<Found>, FarmError> {
    let mut plans = plans(bucket).await?;
    plans.sort_by(|a, b| (b.since(), &b.key).cmp(&(a.since(), &a.key)));
    let mut seen = HashSet::new();
    plans.retain(|plan| seen.insert(plan.key.clone()));
    let found = stream::iter(plans).map(|plan| async move {
        let Ok(key) = BlendKey::parse(&plan.key) else { return Ok(None) };
        let report = report(bucket, &key).await?;
        // Deleted by hand, of which nothing tells but the plan.
        if report.is_none() && bucket.head(key.as_str()).await?.is_none() {
            return Ok(None);
        }
        // A later upload was rejected, or another render of it is newer than the plans that were listed.
        let own = report.as_ref().is_none_or(|report| report.render.as_ref() == Some(&plan.render));
        Ok::<_, FarmError>(Some(if own {
            Found { key, plan: Some(plan), report }
        } else {
            again(bucket, key, report).await?
        }))
    });
    let found = found.buffered(AT_ONCE).try_collect::<Vec<_>>().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The render that a person means: `s3://BUCKET/KEY.blend`, the upload's key, its file name with or without its
/// ending, or the beginning of the render's id.
///
/// # Errors
/// There is none, or there are several; the bucket does not tell.
pub async fn find(bucket: &Bucket, meant: &str) -> Result<Found, FarmError> {
    if meant.starts_with("s3://") {
        let location: Location = meant.parse().map_err(|why: crate::location::NoLocation| {
            Fault::new(
                format!("`{meant}` names no render: {why}."),
                "Write s3://BUCKET/KEY.blend, or see `farm list`.",
            )
        })?;
        return at(bucket, &location.key).await;
    }
    let all = all(bucket).await?;
    let matches = |found: &Found| {
        let (key, name) = (found.key.as_str(), found.key.file_name());
        let id = found.plan.as_ref().map(|plan| plan.render.as_str());
        key == meant
            || name == meant
            || [".blend", ".blend.zip"]
                .iter()
                .any(|end| name.strip_suffix(end) == Some(meant) || key.strip_suffix(end) == Some(meant))
            || meant.len() >= 4 && id.is_some_and(|id| id.starts_with(meant))
    };
    let exact = |found: &&Found| found.key.as_str() == meant;
    let meant_ones: Vec<&Found> = all.iter().filter(|found| matches(found)).collect();
    let chosen = meant_ones.iter().copied().find(exact).or(match meant_ones.as_slice() {
        [one] => Some(one),
        _ => None,
    });
    if let Some(found) = chosen {
        // It may have been uploaded anew since it was planned.
        return at(bucket, &found.key).await;
    }
    if meant_ones.is_empty() {
        // One that was rejected has a report alone, and one that was just sent is not planned yet.
        let name = meant.trim_end_matches('/');
        for key in ["", ".blend", ".blend.zip"].map(|end| BlendKey::parse(&format!("{name}{end}"))) {
            let Ok(key) = key else { continue };
            match at(bucket, &key).await {
                Err(FarmError::NoUpload(_)) => {}
                found => return found,
            }
        }
    }
    Err(unclear(meant, &all, &meant_ones).into())
}

fn unclear(meant: &str, all: &[Found], several: &[&Found]) -> Fault {
    let listed = |found: &[&Found]| {
        let names: Vec<_> = found.iter().take(LISTED).map(|found| found.key.to_string()).collect();
        let more = found.len().saturating_sub(LISTED);
        if more > 0 { format!("{}, and {more} more", names.join(", ")) } else { names.join(", ") }
    };
    match (several, all) {
        ([], []) => Fault::new(
            format!("There is no render `{meant}`: this bucket has none yet."),
            "Send a scene: farm submit FILE.blend.",
        ),
        ([], all) => Fault::new(
            format!("There is no render `{meant}`."),
            format!("The newest are: {}. `farm list` shows all.", listed(&all.iter().collect::<Vec<_>>())),
        ),
        (several, _) => Fault::new(
            format!("`{meant}` may be several renders: {}.", listed(several)),
            "Name it by its whole key.",
        ),
    }
}

/// The render of an upload. One that was written since the farm last reported on it has none yet.
///
/// # Errors
/// There is no such upload, or the bucket does not tell.
pub async fn at(bucket: &Bucket, key: &BlendKey) -> Result<Found, FarmError> {
    let (report, head) = futures::try_join!(report(bucket, key), bucket.head(key.as_str()))?;
    match (report, head) {
        (None, None) => Err(FarmError::NoUpload(key.to_string())),
        (Some(report), Some(head)) if is_older(&report, &head) => {
            Ok(Found { key: key.clone(), plan: None, report: None })
        }
        (report, _) => again(bucket, key.clone(), report).await,
    }
}

/// Whether a report is of what lay there before.
fn is_older(report: &Report, head: &Head) -> bool {
    let other = report.etag.as_ref().is_some_and(|etag| *etag != head.etag);
    // The bucket tells whole seconds.
    other || head.modified.is_some_and(|modified| millis(modified) > report.written_at)
}

/// Waits until the farm has looked at an upload that was just written: until its report is of another render than
/// `before`. Whether that came in time.
///
/// # Errors
/// The bucket does not tell.
pub async fn taken(
    bucket: &Bucket,
    key: &BlendKey,
    before: Option<&Report>,
    within: Duration,
) -> Result<bool, FarmError> {
    let begun = Instant::now();
    loop {
        if let Some(report) = report(bucket, key).await? {
            let other = before.is_none_or(|before| before.render != report.render);
            let anew = before.is_none_or(|before| before.written_at != report.written_at);
            if report.render.is_some() && other || report.state == State::Rejected && anew {
                return Ok(true);
            }
        }
        if begun.elapsed() > within {
            return Ok(false);
        }
        tokio::time::sleep(LOOKS).await;
    }
}

async fn again(bucket: &Bucket, key: BlendKey, report: Option<Report>) -> Result<Found, FarmError> {
    let render = report.as_ref().and_then(|report| report.render.clone());
    let plan = match &render {
        Some(render) => plan(bucket, render).await?,
        None => None,
    };
    Ok(Found { key, plan, report })
}

/// All renders of each upload, by its key, also those that are not its newest.
///
/// # Errors
/// The bucket does not tell.
pub async fn renders(bucket: &Bucket) -> Result<HashMap<String, Vec<RenderId>>, FarmError> {
    let mut renders: HashMap<String, Vec<RenderId>> = HashMap::new();
    for plan in plans(bucket).await? {
        renders.entry(plan.key).or_default().push(plan.render);
    }
    Ok(renders)
}

/// All plans that can be read, in no order.
async fn plans(bucket: &Bucket) -> Result<Vec<Plan>, FarmError> {
    let ids = bucket.folders(RENDERS_PREFIX).await?;
    let plans = stream::iter(ids.iter().filter_map(|id| RenderId::parse(id).ok()))
        .map(|id| async move { plan(bucket, &id).await })
        .buffer_unordered(AT_ONCE);
    let plans: Vec<_> = plans.try_collect().await?;
    Ok(plans.into_iter().flatten().collect())
}

/// What the tasks of a render wrote down. A record that cannot be read tells nothing.
///
/// # Errors
/// The bucket does not tell.
pub async fn records(bucket: &Bucket, render: &RenderId) -> Result<Vec<TaskRecord>, FarmError> {
    let listed = bucket.list(&keys::tasks_prefix(render)).await?;
    let read = stream::iter(listed).map(|listed| async move {
        let read = bucket.read(&listed.key).await?;
        Ok::<_, FarmError>(read.and_then(|(json, _)| TaskRecord::from_json(&json).ok()))
    });
    let read: Vec<_> = read.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

/// The plan of a render. One that is damaged, or of a later farm, is none.
pub(crate) async fn plan(bucket: &Bucket, render: &RenderId) -> Result<Option<Plan>, FarmError> {
    let read = bucket.read(&keys::plan(render)).await?;
    Ok(read.and_then(|(json, _)| Plan::from_json(&json).ok()))
}

/// The upload's last report. One that cannot be read tells nothing.
///
/// # Errors
/// The bucket does not tell.
pub async fn report(bucket: &Bucket, key: &BlendKey) -> Result<Option<Report>, FarmError> {
    let read = bucket.read(&key.report()).await?;
    Ok(read.and_then(|(json, _)| Report::from_json(&json).ok()))
}
