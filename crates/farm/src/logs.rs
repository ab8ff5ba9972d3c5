//! What the tasks of a render said.

use aws_sdk_batch::types::JobDetail;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use farm_aws::{AwsError, Session};
use farm_contract::Fault;
use farm_contract::children::Children;
use farm_contract::plan::Plan;

use crate::error::FarmError;
use crate::farm::Farm;
use crate::render::describe;

/// Where tasks' logs are read.
#[derive(Debug, Clone)]
pub struct Logs {
    client: Client,
}

/// One attempt of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// From 1 on.
    pub number: usize,
    /// Its name in the log group.
    pub stream: String,
    /// What it said; nothing, where the log is gone or not begun.
    pub lines: Vec<String>,
}

impl Logs {
    /// With the settings of the environment.
    pub fn new(session: &Session) -> Self {
        Self { client: Client::new(session.config()) }
    }

    /// All attempts of a child, also of its second try with more memory, as far as Batch remembers them: for a week.
    ///
    /// # Errors
    /// The farm does not tell its log group, or a call does not come through.
    pub async fn of_child(&self, farm: &Farm, plan: &Plan, child: u32) -> Result<Vec<Attempt>, FarmError> {
        let jobs = jobs_of(plan, child);
        let details = describe(&farm.batch, &jobs).await?.ok_or_else(|| forbidden(child))?;
        let streams = jobs
            .iter()
            .filter_map(|id| details.iter().find(|detail| detail.job_id() == Some(id)))
            .flat_map(streams);
        let streams: Vec<String> = streams.collect();
        if streams.is_empty() {
            return Ok(Vec::new());
        }
        let group = farm.offer.as_ref().and_then(|offer| offer.logs.as_deref()).ok_or_else(|| {
            Fault::new(
                "The farm does not tell where its logs are.",
                "An older version deployed it: cargo xtask deploy brings it up to date.",
            )
        })?;
        let mut attempts = Vec::new();
        for (number, stream) in (1..).zip(streams) {
            let lines = self.read(group, &stream).await?;
            attempts.push(Attempt { number, stream, lines });
        }
        Ok(attempts)
    }

    async fn read(&self, group: &str, stream: &str) -> Result<Vec<String>, FarmError> {
        let call = self.client.get_log_events().log_group_name(group).log_stream_name(stream);
        // It stops where a token comes again, which is CloudWatch's way to say that this is the end.
        let mut pages = call.start_from_head(true).into_paginator().send();
        let mut lines = Vec::new();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => lines
                    .extend(page.events.unwrap_or_default().into_iter().filter_map(|event| event.message)),
                // A task that has just been given a machine has said nothing yet.
                Err(error) if error.code() == Some("ResourceNotFoundException") => break,
                Err(error) => {
                    return Err(AwsError::new(format!("read the log `{stream}`"), error).into());
                }
            }
        }
        Ok(lines)
    }
}

fn forbidden(child: u32) -> Fault {
    Fault::new(
        format!("You may not ask Batch for the log of task {child}."),
        "It takes the rights batch:DescribeJobs and logs:GetLogEvents: ask whoever deployed the farm.",
    )
}

/// Batch's ids of the jobs that a child had, in their order.
fn jobs_of(plan: &Plan, child: u32) -> Vec<String> {
    let mut ids = Vec::new();
    for array in &plan.arrays {
        let Some(index) = child.checked_sub(array.first_child).filter(|index| *index < array.children) else {
            continue;
        };
        let of = |id: &String, index: u32, size: u32| {
            if size > 1 { format!("{id}:{index}") } else { id.clone() }
        };
        ids.extend(array.job_id.as_ref().map(|id| of(id, index, array.children)));
        let again = array.large.as_ref().and_then(|large| {
            let children: Children = large.children.parse().ok()?;
            let index = (0..children.count()).find(|index| children.at(*index) == Some(child))?;
            Some(of(large.job_id.as_ref()?, index, children.count()))
        });
        ids.extend(again);
    }
    ids
}

/// The names of what its attempts said, in their order, that of the one at work last.
fn streams(job: &JobDetail) -> Vec<String> {
    let ended = job.attempts().iter().flat_map(|attempt| {
        let of_task = attempt.task_properties().iter().flat_map(|task| task.containers());
        let of_task = of_task.filter_map(|container| container.log_stream_name());
        of_task.chain(attempt.container().and_then(|container| container.log_stream_name()))
    });
    let mut streams: Vec<String> = ended.map(str::to_owned).collect();
    let tasks = job.ecs_properties().map(|properties| properties.task_properties()).unwrap_or_default();
    let now =
        tasks.iter().flat_map(|task| task.containers()).filter_map(|container| container.log_stream_name());
    for stream in now {
        if !streams.iter().any(|known| known == stream) {
            streams.push(stream.to_owned());
        }
    }
    streams
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::plan::{ArrayJob, LargeJob, RenderId, Source};

    #[test]
    fn a_child_is_found_in_its_array_and_in_its_second_try() {
        let source = Source::of("a.blend", "\"e\"", 1, "4.5");
        let mut plan = Plan::draft(RenderId::of_event("b", "k", "v", "s"), "b", "a.blend", source, "1-9");
        let large = LargeJob { children: "3 5".into(), job_id: Some("large".into()) };
        let array = |first, children, id: &str| ArrayJob {
            job_id: Some(id.into()),
            ..ArrayJob::new(first, children)
        };
        plan.arrays = vec![ArrayJob { large: Some(large), ..array(0, 6, "a") }, array(6, 1, "b")];
        assert_eq!(jobs_of(&plan, 5), ["a:5", "large:1"]);
        assert_eq!(jobs_of(&plan, 4), ["a:4"]);
        assert_eq!(jobs_of(&plan, 6), ["b"]);
        assert!(jobs_of(&plan, 7).is_empty());
    }
}
