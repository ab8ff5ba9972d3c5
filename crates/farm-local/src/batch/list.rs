//! `ListJobs`: the jobs of a queue or the children of an array, page by page.
//!
//! Jobs are shown newest first, children by index. A token names where the next page begins;
//! jobs never go away, so it stays good while new ones come.

use super::config::BatchConfig;
use super::describe;
use super::engine::Engine;
use super::error::ApiError;
use super::job::{Job, JobStatus};
use super::model::{JobSummary, KeyValuesPair, ListJobsRequest, ListJobsResponse};
use super::validate;

/// Most results of a page, by status and by filter.
const MAX_BY_STATUS: usize = 1000;
const MAX_BY_FILTER: usize = 100;
/// What a token looks like, so that a foreign one is told from ours.
const TOKEN: &str = "from-";

pub(super) fn list(
    config: &BatchConfig,
    engine: &Engine,
    request: &ListJobsRequest,
) -> Result<ListJobsResponse, ApiError> {
    let status = match request.job_status.as_deref() {
        None => JobStatus::Running,
        Some(text) => JobStatus::parse(text)
            .ok_or_else(|| ApiError::invalid(format!("jobStatus {text:?} is not a status of Batch")))?,
    };
    let name = name_filter(request.filters.as_deref().unwrap_or_default())?;
    let most = if name.is_some() { MAX_BY_FILTER } else { MAX_BY_STATUS };
    let limit = match request.max_results {
        None => most,
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| *limit > 0)
            .ok_or_else(|| ApiError::invalid(format!("maxResults must be at least 1, got {limit}")))?
            .min(most),
    };
    let from = match request.next_token.as_deref() {
        None => None,
        Some(token) => Some(
            token
                .strip_prefix(TOKEN)
                .and_then(|number| number.parse::<usize>().ok())
                .ok_or_else(|| ApiError::invalid("nextToken is not valid"))?,
        ),
    };
    if request.multi_node_job_id.is_some() {
        return Err(ApiError::invalid("multiNodeJobId: the local Batch has no multi-node jobs"));
    }
    let arn_prefix = engine.arn_prefix();
    match (request.job_queue.as_deref(), request.array_job_id.as_deref()) {
        (Some(queue), None) => {
            let (queue, _) = validate::queue(config, queue)?;
            let shown = |job: &Job| {
                job.spec.share.queue == queue
                    && match &name {
                        Some(name) => name.matches(&job.spec.name),
                        None => job.status() == status,
                    }
            };
            let first = from.unwrap_or(usize::MAX);
            let jobs = engine.jobs.iter().enumerate().rev().skip_while(move |(number, _)| *number > first);
            let found = jobs.filter(|(_, job)| shown(job));
            Ok(page(found.map(|(number, job)| (number, || describe::job_summary(job, arn_prefix))), limit))
        }
        (None, Some(id)) => {
            if name.is_some() {
                return Err(ApiError::invalid("filters do not apply to the children of an array job"));
            }
            let Some((number, None)) = engine.find(id) else {
                return Err(ApiError::invalid(format!("Array job {id} does not exist")));
            };
            let job = &engine.jobs[number];
            let children = if job.parent.is_some() { job.units.as_slice() } else { &[] };
            let rest = children.iter().enumerate().skip(from.unwrap_or_default());
            let found = rest.filter(|(_, unit)| unit.status == status);
            Ok(page(
                found.map(|(index, _)| (index, move || describe::unit_summary(job, index, arn_prefix))),
                limit,
            ))
        }
        _ => Err(ApiError::invalid("Exactly one of jobQueue and arrayJobId must be specified")),
    }
}

fn page<S: FnOnce() -> JobSummary>(
    mut found: impl Iterator<Item = (usize, S)>,
    limit: usize,
) -> ListJobsResponse {
    let job_summary_list = found.by_ref().take(limit).map(|(_, summary)| summary()).collect();
    let next_token = found.next().map(|(number, _)| format!("{TOKEN}{number}"));
    ListJobsResponse { job_summary_list, next_token }
}

/// `JOB_NAME`: any case, and a final `*` stands for any end.
struct NameFilter {
    patterns: Vec<String>,
}

impl NameFilter {
    fn matches(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *pattern,
        })
    }
}

fn name_filter(filters: &[KeyValuesPair]) -> Result<Option<NameFilter>, ApiError> {
    let filter = match filters {
        [] => return Ok(None),
        [filter] => filter,
        _ => return Err(ApiError::invalid("Only one filter can be used at a time")),
    };
    if filter.name.as_deref() != Some("JOB_NAME") {
        let name = filter.name.as_deref().unwrap_or_default();
        return Err(ApiError::invalid(format!("filter {name:?}: the local Batch has JOB_NAME only")));
    }
    let values = filter.values.as_deref().unwrap_or_default();
    if values.is_empty() {
        return Err(ApiError::invalid("filter JOB_NAME needs a value"));
    }
    Ok(Some(NameFilter { patterns: values.iter().map(|value| value.to_ascii_lowercase()).collect() }))
}
