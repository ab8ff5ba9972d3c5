//! The jobs of a render, as Batch tells of them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_batch::Client;
use aws_sdk_batch::error::ProvideErrorMetadata;
use aws_sdk_batch::types::{JobDetail, JobStatus};
use farm_aws::AwsError;
use farm_contract::children::Children;
use farm_contract::plan::{ArrayJob, Plan};

use crate::error::FarmError;

/// Jobs that one call may name.
const MOST_NAMED: usize = 100;

/// The jobs of a render.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    /// Children whose program runs, with the moment since when.
    pub running: BTreeMap<u32, Option<SystemTime>>,
    /// Children that have been given a machine.
    pub starting: BTreeMap<u32, Option<SystemTime>>,
    /// Children that wait.
    pub waiting: u32,
    /// Why they wait, if any does.
    pub why: Option<Waiting>,
    /// Whether its archive is being made.
    pub archiving: bool,
}

/// Why tasks wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// Batch has a reason.
    Batch(String),
    /// None has been given a machine for that long.
    Start(Duration),
    /// All that may run at once, run.
    Full,
}

/// One submitted job with its children's numbers.
struct Job<'a> {
    id: &'a str,
    array: &'a ArrayJob,
    /// Of a second try: which children it has.
    children: Option<Children>,
}

impl Job<'_> {
    fn child(&self, index: u32) -> Option<u32> {
        match &self.children {
            Some(children) => children.at(index),
            None => Some(self.array.first_child.saturating_add(index)),
        }
    }
}

impl Jobs {
    /// Asks Batch. `None` where it may not be asked.
    ///
    /// # Errors
    /// Batch does not answer.
    pub(super) async fn look(client: &Client, plan: &Plan) -> Result<Option<Self>, FarmError> {
        let submitted: Vec<Job<'_>> = plan.arrays.iter().flat_map(of_array).collect();
        let mut ids: Vec<String> = submitted.iter().map(|job| job.id.to_owned()).collect();
        ids.extend(plan.zip_job_id.clone());
        let Some(details) = describe(client, &ids).await? else { return Ok(None) };
        let mut jobs = Self::default();
        let mut submitted_at: Option<SystemTime> = None;
        for detail in &details {
            let status = detail.status().cloned();
            let time = |millis: Option<i64>| {
                let millis = u64::try_from(millis?).ok().filter(|millis| *millis > 0)?;
                Some(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
            };
            let Some(job) = submitted.iter().find(|job| Some(job.id) == detail.job_id()) else {
                jobs.archiving |= matches!(status, Some(JobStatus::Starting | JobStatus::Running));
                continue;
            };
            let summary = |name: &str| {
                let summary = detail.array_properties().and_then(|array| array.status_summary());
                summary.and_then(|summary| summary.get(name)).copied().unwrap_or_default()
            };
            let waits =
                matches!(status, Some(JobStatus::Submitted | JobStatus::Pending | JobStatus::Runnable));
            let waiting = if detail.array_properties().is_some() {
                ["SUBMITTED", "PENDING", "RUNNABLE"].map(summary).iter().sum()
            } else {
                i32::from(waits)
            };
            jobs.waiting += u32::try_from(waiting).unwrap_or_default();
            if waiting > 0 {
                // Where some have ended already, the others have not waited since the beginning.
                let ended = summary("SUCCEEDED") + summary("FAILED") > 0;
                submitted_at =
                    submitted_at.max(if ended { Some(SystemTime::now()) } else { time(detail.created_at()) });
                let reason = match detail.array_properties() {
                    // The parent waits for its children; why they do, the first of them says.
                    Some(_) if summary("RUNNABLE") > 0 => reason_of_child(client, job.id).await?,
                    Some(_) => None,
                    None => detail.status_reason().map(str::to_owned),
                };
                if let Some(reason) = reason.filter(|reason| !reason.trim().is_empty()) {
                    jobs.why.get_or_insert(Waiting::Batch(reason));
                }
            }
            for (name, into) in [("RUNNING", &mut jobs.running), ("STARTING", &mut jobs.starting)] {
                if detail.array_properties().is_none() {
                    if status.as_ref().is_some_and(|status| status.as_str() == name) {
                        into.extend(job.child(0).map(|child| (child, time(detail.started_at()))));
                    }
                } else if summary(name) > 0 {
                    into.extend(children(client, job, name).await?);
                }
            }
        }
        let at_work = !jobs.running.is_empty() || !jobs.starting.is_empty();
        if jobs.waiting > 0 && jobs.why.is_none() {
            jobs.why = Some(if at_work {
                Waiting::Full
            } else {
                let since = submitted_at.and_then(|at| SystemTime::now().duration_since(at).ok());
                Waiting::Start(since.unwrap_or_default())
            });
        }
        Ok(Some(jobs))
    }
}

fn of_array(array: &ArrayJob) -> impl Iterator<Item = Job<'_>> {
    let first = array.job_id.as_deref().map(|id| Job { id, array, children: None });
    let again = array.large.as_ref().and_then(|large| {
        Some(Job { id: large.job_id.as_deref()?, array, children: Some(large.children.parse().ok()?) })
    });
    first.into_iter().chain(again)
}

/// The jobs of these ids, as far as Batch remembers them. `None` where nobody may ask.
pub(crate) async fn describe(client: &Client, ids: &[String]) -> Result<Option<Vec<JobDetail>>, FarmError> {
    let mut jobs = Vec::new();
    for ids in ids.chunks(MOST_NAMED) {
        match client.describe_jobs().set_jobs(Some(ids.to_vec())).send().await {
            Ok(answer) => jobs.extend(answer.jobs.unwrap_or_default()),
            Err(error) if is_denied(&error) => return Ok(None),
            Err(error) => return Err(AwsError::new("look at the render's jobs", error).into()),
        }
    }
    Ok(Some(jobs))
}

fn is_denied(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("AccessDeniedException")
}

/// Why the first of an array's children waits, where Batch says so.
async fn reason_of_child(client: &Client, array: &str) -> Result<Option<String>, FarmError> {
    let call = client.list_jobs().array_job_id(array).job_status(JobStatus::Runnable).max_results(1);
    let page = match call.send().await {
        Ok(page) => page,
        Err(error) if is_denied(&error) => return Ok(None),
        Err(error) => return Err(AwsError::new("look at the render's tasks", error).into()),
    };
    Ok(page.job_summary_list().first().and_then(|child| child.status_reason()).map(str::to_owned))
}

/// The children of an array in this status, with the moment at which each began.
async fn children(
    client: &Client,
    job: &Job<'_>,
    status: &str,
) -> Result<Vec<(u32, Option<SystemTime>)>, FarmError> {
    let call = client.list_jobs().array_job_id(job.id).job_status(JobStatus::from(status));
    let mut pages = call.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            // Who may look at jobs and not list their children is told what the bucket tells.
            Err(error) if is_denied(&error) => return Ok(Vec::new()),
            Err(error) => return Err(AwsError::new("look at the render's tasks", error).into()),
        };
        for child in page.job_summary_list() {
            let index = child.array_properties().and_then(|array| array.index());
            let index = index.and_then(|index| u32::try_from(index).ok());
            let started = child.started_at().and_then(|millis| u64::try_from(millis).ok());
            let started = started.map(|millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
            found.extend(index.and_then(|index| job.child(index)).map(|child| (child, started)));
        }
    }
    Ok(found)
}
