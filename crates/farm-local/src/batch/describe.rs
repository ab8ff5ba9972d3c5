//! How a job looks from outside.

use super::job::{Job, Stop, StopKind, Unit};
use super::model::{
    ArrayPropertiesDetail, AttemptDetail, AttemptTaskContainerDetail, ContainerSummary, EcsPropertiesDetail,
    JobDetail, JobSummary, KeyValuePair, RetryStrategyDetail, Task, TaskContainerDetail, TimeoutDetail,
};

/// The whole job: a plain job, or the parent of an array.
pub(super) fn job(job: &Job, arn_prefix: &str) -> JobDetail {
    let Some(parent) = &job.parent else { return unit(job, 0, arn_prefix) };
    let mut detail = common(job, job.id.to_string(), arn_prefix, parent.stop.as_ref());
    detail.status = parent.status;
    detail.status_reason.clone_from(&parent.status_reason);
    detail.stopped_at = parent.stopped_at;
    detail.array_properties = parent_properties(job);
    detail
}

/// One unit: a plain job, or one child of an array.
pub(super) fn unit(job: &Job, index: usize, arn_prefix: &str) -> JobDetail {
    let unit = &job.units[index];
    let mut detail = common(job, job.unit_id(index), arn_prefix, unit.stop.as_ref());
    detail.status = unit.status;
    detail.status_reason.clone_from(&unit.status_reason);
    detail.started_at = unit.started_at;
    detail.stopped_at = unit.stopped_at;
    detail.array_properties = child_properties(job, index);
    detail.attempts = (unit.attempts.iter().enumerate())
        .map(|(number, attempt)| AttemptDetail {
            task_properties: [Task::from(AttemptTaskContainerDetail {
                name: job.spec.container.clone(),
                exit_code: attempt.exit_code,
                reason: attempt.reason.clone(),
                log_stream_name: job.log_name(index, number + 1),
            })],
            started_at: attempt.started_at,
            stopped_at: attempt.stopped_at,
            status_reason: attempt.status_reason.clone(),
        })
        .collect();
    let ContainerSummary { exit_code, reason } = container_summary(unit);
    let [Task { containers: [container] }] = &mut detail.ecs_properties.task_properties;
    container.exit_code = exit_code;
    container.reason = reason;
    // A container gets its log stream when it runs.
    let running = usize::from(unit.started_at.is_some() && !unit.status.is_terminal());
    let logs = unit.attempts.len() + running;
    container.log_stream_name = (logs > 0).then(|| job.log_name(index, logs));
    detail
}

/// The line of a whole job in `ListJobs`.
pub(super) fn job_summary(job: &Job, arn_prefix: &str) -> JobSummary {
    let Some(parent) = &job.parent else { return unit_summary(job, 0, arn_prefix) };
    JobSummary {
        status: parent.status,
        status_reason: parent.status_reason.clone(),
        started_at: None,
        stopped_at: parent.stopped_at,
        container: ContainerSummary { exit_code: None, reason: None },
        array_properties: parent_properties(job),
        ..summary(job, job.id.to_string(), arn_prefix)
    }
}

/// The line of a unit in `ListJobs`.
pub(super) fn unit_summary(job: &Job, index: usize, arn_prefix: &str) -> JobSummary {
    let unit = &job.units[index];
    JobSummary {
        status: unit.status,
        status_reason: unit.status_reason.clone(),
        started_at: unit.started_at,
        stopped_at: unit.stopped_at,
        container: container_summary(unit),
        array_properties: child_properties(job, index),
        ..summary(job, job.unit_id(index), arn_prefix)
    }
}

fn summary(job: &Job, id: String, arn_prefix: &str) -> JobSummary {
    JobSummary {
        job_arn: format!("{arn_prefix}{id}"),
        job_id: id,
        job_name: job.spec.name.clone(),
        job_definition: job.spec.definition_arn.clone(),
        status: job.status(),
        status_reason: None,
        share_identifier: job.spec.share.identifier.clone(),
        created_at: job.created_at,
        started_at: None,
        stopped_at: None,
        container: ContainerSummary { exit_code: None, reason: None },
        array_properties: None,
    }
}

fn common(job: &Job, id: String, arn_prefix: &str, stop: Option<&Stop>) -> JobDetail {
    let spec = &job.spec;
    let environment = spec.environment.iter();
    JobDetail {
        job_arn: format!("{arn_prefix}{id}"),
        job_name: spec.name.clone(),
        job_id: id,
        job_queue: spec.queue_arn.clone(),
        status: job.status(),
        status_reason: None,
        share_identifier: spec.share.identifier.clone(),
        attempts: Vec::new(),
        created_at: job.created_at,
        started_at: None,
        stopped_at: None,
        retry_strategy: RetryStrategyDetail {
            attempts: spec.attempts,
            evaluate_on_exit: spec.evaluate_on_exit.clone(),
        },
        depends_on: spec.depends_on.clone(),
        job_definition: spec.definition_arn.clone(),
        parameters: spec.parameters.clone(),
        ecs_properties: EcsPropertiesDetail {
            task_properties: [Task::from(TaskContainerDetail {
                name: spec.container.clone(),
                command: spec.command.clone(),
                environment: environment
                    .map(|(name, value)| KeyValuePair { name: name.clone(), value: value.clone() })
                    .collect(),
                resource_requirements: spec.resource_requirements.clone(),
                exit_code: None,
                reason: None,
                log_stream_name: None,
            })],
        },
        array_properties: None,
        timeout: spec.timeout.map(|timeout| TimeoutDetail { attempt_duration_seconds: timeout.as_secs() }),
        tags: spec.tags.clone(),
        propagate_tags: spec.propagate_tags,
        is_cancelled: stop.is_some_and(|stop| stop.kind == StopKind::Cancel),
        is_terminated: stop.is_some_and(|stop| stop.kind == StopKind::Terminate),
    }
}

fn container_summary(unit: &Unit) -> ContainerSummary {
    let last = unit.attempts.last();
    ContainerSummary {
        exit_code: last.and_then(|attempt| attempt.exit_code),
        reason: last.and_then(|attempt| attempt.reason.clone()),
    }
}

fn parent_properties(job: &Job) -> Option<ArrayPropertiesDetail> {
    job.parent.as_ref().map(|parent| ArrayPropertiesDetail {
        status_summary: Some(parent.counts),
        status_summary_last_updated_at: Some(parent.counted_at),
        size: Some(job.units.len()),
        index: None,
    })
}

fn child_properties(job: &Job, index: usize) -> Option<ArrayPropertiesDetail> {
    job.parent.as_ref().map(|_| ArrayPropertiesDetail {
        status_summary: None,
        status_summary_last_updated_at: None,
        size: None,
        index: Some(index),
    })
}
