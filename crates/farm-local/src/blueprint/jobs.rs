//! The queues and the job definitions.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::value::{Number, Pair, map};
use super::{BlueprintError, Read, View, wrong};
use crate::batch::{EvaluateOnExit, JobDefinition, Queue, RetryAction};

/// From SIGTERM to SIGKILL where a definition does not say, in seconds: Batch's own number.
const STOP_TIMEOUT: u64 = 30;

/// A job definition, and what of its tasks is this machine's to give.
#[derive(Debug)]
pub struct Definition {
    /// What the loopback Batch runs, with the environment as the template sets it.
    pub job: JobDefinition,
    /// The environment as the image sets it; where both do, the template's counts.
    pub image_environment: BTreeMap<String, String>,
    /// Folders that the container is given to write to.
    pub mounts: Vec<String>,
    /// ARN of the role of its tasks.
    pub role: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueProperties {
    state: Option<String>,
    scheduling_policy_arn: Option<String>,
    compute_environment_order: Vec<Order>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Order {
    compute_environment: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    job_definition_name: String,
    ecs_properties: EcsProperties,
    retry_strategy: Option<RetryStrategy>,
    scheduling_priority: Option<Number>,
    timeout: Option<Timeout>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EcsProperties {
    task_properties: [Task; 1],
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Task {
    containers: [Container; 1],
    execution_role_arn: String,
    task_role_arn: String,
    #[serde(default)]
    volumes: Vec<Volume>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Volume {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    name: String,
    image: String,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    environment: Vec<Pair>,
    #[serde(default)]
    mount_points: Vec<MountPoint>,
    resource_requirements: Vec<Requirement>,
    stop_timeout: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MountPoint {
    container_path: String,
    source_volume: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Requirement {
    r#type: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RetryStrategy {
    attempts: Number,
    #[serde(default)]
    evaluate_on_exit: Vec<Evaluation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Evaluation {
    on_exit_code: Option<String>,
    on_reason: Option<String>,
    on_status_reason: Option<String>,
    action: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Timeout {
    attempt_duration_seconds: Number,
}

/// The queues of the template.
pub(super) fn queues(view: &View<'_>) -> Result<Vec<Queue>, BlueprintError> {
    for Read { id, properties, .. } in view.of::<Environment>("AWS::Batch::ComputeEnvironment")? {
        switched_on(&id, properties.state.as_deref())?;
    }
    let mut queues = Vec::new();
    for Read { id, reference, properties, .. } in view.of::<QueueProperties>("AWS::Batch::JobQueue")? {
        switched_on(&id, properties.state.as_deref())?;
        for order in &properties.compute_environment_order {
            if !view.stands("AWS::Batch::ComputeEnvironment", &order.compute_environment)? {
                let problem =
                    format!("`{}` is no compute environment of the template's", order.compute_environment);
                return Err(wrong(&id, problem));
            }
        }
        if let Some(policy) = &properties.scheduling_policy_arn
            && !view.stands("AWS::Batch::SchedulingPolicy", policy)?
        {
            return Err(wrong(&id, format!("`{policy}` is no scheduling policy of the template's")));
        }
        let name = name_of(&id, &reference)?;
        queues.push(Queue { name, fair_share: properties.scheduling_policy_arn.is_some() });
    }
    Ok(queues)
}

fn switched_on(id: &str, state: Option<&str>) -> Result<(), BlueprintError> {
    match state {
        None | Some("ENABLED") => Ok(()),
        Some(state) => Err(wrong(id, format!("it is {state}, so no job would ever run"))),
    }
}

/// The job definitions of the template.
pub(super) fn definitions(view: &View<'_>) -> Result<Vec<Definition>, BlueprintError> {
    let all = view.of::<Properties>("AWS::Batch::JobDefinition")?;
    all.into_iter().map(|read| definition(view, &read.id, read.properties)).collect()
}

fn definition(view: &View<'_>, id: &str, properties: Properties) -> Result<Definition, BlueprintError> {
    let EcsProperties { task_properties: [task] } = properties.ecs_properties;
    let Task { containers: [container], execution_role_arn, task_role_arn: role, volumes } = task;
    let program = view.programs.get(&container.image);
    let program = program
        .ok_or_else(|| wrong(id, format!("nothing here stands for its image, `{}`", container.image)))?;
    if !view.stands("AWS::IAM::Role", &role)? {
        return Err(wrong(id, format!("the role of its tasks, `{role}`, is none of the template's")));
    }
    if !view.stands("AWS::IAM::Role", &execution_role_arn)? {
        let problem =
            format!("the role that starts its tasks, `{execution_role_arn}`, is none of the template's");
        return Err(wrong(id, problem));
    }
    let unknown = |mount: &&MountPoint| !volumes.iter().any(|volume| volume.name == mount.source_volume);
    if let Some(mount) = container.mount_points.iter().find(unknown) {
        return Err(wrong(id, format!("it mounts `{}`, which is none of its volumes", mount.source_volume)));
    }
    let (attempts, evaluate_on_exit) = match properties.retry_strategy {
        None => (1, Vec::new()),
        Some(strategy) => retries(id, strategy)?,
    };
    let priority = properties.scheduling_priority.map(|number| u32::try_from(number.0));
    let priority = priority.transpose().map_err(|_| wrong(id, "its scheduling priority is too large"))?;
    let resources = container.resource_requirements.into_iter();
    let stop_timeout = container.stop_timeout.map_or(STOP_TIMEOUT, |number| number.0);
    let timeout = properties.timeout.map(|timeout| timeout.attempt_duration_seconds.0);
    let job = JobDefinition {
        name: properties.job_definition_name,
        program: program.path.clone(),
        container: container.name,
        command: container.command,
        environment: map(container.environment),
        resources: resources.map(|requirement| (requirement.r#type, requirement.value)).collect(),
        attempts,
        evaluate_on_exit,
        scheduling_priority: priority,
        timeout: timeout.map(Duration::from_secs),
        stop_timeout: Duration::from_secs(stop_timeout),
    };
    let mounts = container.mount_points.into_iter().map(|mount| mount.container_path).collect();
    Ok(Definition { job, image_environment: program.environment.clone(), mounts, role })
}

fn retries(id: &str, strategy: RetryStrategy) -> Result<(u32, Vec<EvaluateOnExit>), BlueprintError> {
    let mut rules = Vec::new();
    for rule in strategy.evaluate_on_exit {
        let action = RetryAction::parse(&rule.action);
        rules.push(EvaluateOnExit {
            on_exit_code: rule.on_exit_code,
            on_reason: rule.on_reason,
            on_status_reason: rule.on_status_reason,
            action: action.ok_or_else(|| wrong(id, format!("Batch knows no action `{}`", rule.action)))?,
        });
    }
    let attempts = u32::try_from(strategy.attempts.0);
    Ok((attempts.map_err(|_| wrong(id, "it has too many attempts"))?, rules))
}

/// The last part of an ARN.
fn name_of(id: &str, arn: &str) -> Result<String, BlueprintError> {
    let name = arn.rsplit_once('/').map(|(_, name)| name.to_owned());
    name.ok_or_else(|| wrong(id, format!("`{arn}` is no ARN")))
}
