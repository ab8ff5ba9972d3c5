//! From a `SubmitJob` request to a job, with Batch's limits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::config::{BatchConfig, JobDefinition};
use super::error::ApiError;
use super::fair_share::Share;
use super::job::JobSpec;
use super::model::{
    EcsPropertiesOverrideRequest, JobDependency, ResourceRequirement, RetryStrategyRequest, SubmitJobRequest,
    TaskContainerOverridesRequest,
};
use super::retry::{self, EvaluateOnExit, RetryAction};

/// Longest `SubmitJob` request, in bytes.
const MAX_PAYLOAD: usize = 30 * 1024;
/// Longest container overrides, in characters of JSON. Batch takes the job and fails it.
const MAX_OVERRIDES: usize = 8192;
const MAX_DEPENDENCIES: usize = 20;
const MAX_TAGS: usize = 50;
const MIN_TIMEOUT: i64 = 60;

/// Checks a job's (or a definition's) name.
pub(super) fn job_name(name: &str) -> Result<(), String> {
    let valid = name.len() <= 128
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if valid { Ok(()) } else { Err("Job name should match valid pattern".to_owned()) }
}

/// Checks a command: Batch takes no empty strings, and a process no NUL.
pub(super) fn command(command: &[String]) -> Result<(), String> {
    if command.iter().any(String::is_empty) {
        return Err("Command contains an empty string".to_owned());
    }
    if command.iter().any(|word| word.contains('\0')) {
        return Err("Command contains a NUL character".to_owned());
    }
    Ok(())
}

/// Checks one environment variable.
pub(super) fn variable(name: &str, value: &str) -> Result<(), String> {
    if name.starts_with("AWS_BATCH") {
        Err(format!("Environment variable {name} is reserved: names cannot start with AWS_BATCH"))
    } else if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
        Err(format!("Environment variable {name:?} is not valid"))
    } else {
        Ok(())
    }
}

/// Turns a request of `length` bytes into a job.
pub(super) fn submission(
    config: &BatchConfig,
    request: SubmitJobRequest,
    length: usize,
) -> Result<JobSpec, ApiError> {
    if length > MAX_PAYLOAD {
        let got = length.div_ceil(1024);
        return Err(ApiError::invalid(format!("Job size must be less than 30 KiB, got {got} KiB")));
    }
    refuse_unknown(&request)?;
    let name = request.job_name.unwrap_or_default();
    job_name(&name).map_err(ApiError::invalid)?;
    let (queue, queue_name) = queue(config, request.job_queue.as_deref().unwrap_or_default())?;
    let fair_share = config.queues[queue].fair_share;
    let definition = definition(config, request.job_definition.as_deref().unwrap_or_default())?;
    let identifier = share(request.share_identifier.as_deref(), fair_share, &queue_name)?;
    if fair_share && definition.scheduling_priority.is_none() {
        return Err(ApiError::client(
            "Either schedulingPriority in job definition or schedulingPriorityOverride is required",
        ));
    }
    let array_size = (request.array_properties.and_then(|array| array.size)).map(array_size).transpose()?;
    let depends_on = request.depends_on.unwrap_or_default();
    let dependencies = dependencies(&depends_on, array_size.is_some())?;
    let (attempts, evaluate_on_exit) = match request.retry_strategy {
        None => (definition.attempts, definition.evaluate_on_exit.clone()),
        Some(strategy) => retry_strategy(strategy)?,
    };
    let timeout = match request.timeout.and_then(|timeout| timeout.attempt_duration_seconds) {
        None => definition.timeout,
        Some(seconds) => Some(timeout(seconds)?),
    };
    let tags = request.tags.unwrap_or_default();
    check_tags(&tags)?;

    let parameters = request.parameters.unwrap_or_default();
    if parameters.values().any(|value| value.contains('\0')) {
        return Err(ApiError::invalid("Parameters contain a NUL character"));
    }
    let mut spec = JobSpec {
        name,
        queue_arn: config.queue_arn(&queue_name),
        queue_name,
        definition_arn: config.definition_arn(&definition.name),
        share: Share { queue, identifier },
        array_size,
        depends_on,
        after: dependencies.after,
        n_to_n: dependencies.n_to_n,
        sequential: dependencies.sequential,
        program: definition.program.clone(),
        container: definition.container.clone(),
        command: definition.command.iter().map(|word| substitute(word, &parameters)).collect(),
        environment: definition.environment.clone(),
        resource_requirements: (definition.resources.iter())
            .map(|(kind, value)| ResourceRequirement { kind: kind.clone(), value: value.clone() })
            .collect(),
        attempts,
        evaluate_on_exit,
        timeout,
        stop_timeout: definition.stop_timeout,
        parameters,
        tags,
        propagate_tags: request.propagate_tags.unwrap_or_default(),
        unstartable: None,
    };
    if let Some(overrides) = request.ecs_properties_override.filter(|overrides| !overrides.is_null()) {
        override_task(&mut spec, overrides)?;
    }
    Ok(spec)
}

/// What Batch has and this service does not is refused, not passed over.
fn refuse_unknown(request: &SubmitJobRequest) -> Result<(), ApiError> {
    if request.container_overrides.is_some() {
        return Err(ApiError::invalid(
            "containerOverrides cannot be set for a job definition with ecsProperties; use ecsPropertiesOverride",
        ));
    }
    let members = [
        ("schedulingPriorityOverride", &request.scheduling_priority_override),
        ("nodeOverrides", &request.node_overrides),
        ("eksPropertiesOverride", &request.eks_properties_override),
        ("consumableResourcePropertiesOverride", &request.consumable_resource_properties_override),
    ];
    match members.iter().find(|(_, value)| value.is_some()) {
        None => Ok(()),
        Some((member, _)) => {
            Err(ApiError::invalid(format!("{member} is not part of the local Batch; leave it out")))
        }
    }
}

/// Finds a queue by its name or ARN.
pub(super) fn queue(config: &BatchConfig, reference: &str) -> Result<(usize, String), ApiError> {
    let found = (config.queues.iter().enumerate())
        .find(|(_, queue)| queue.name == reference || config.queue_arn(&queue.name) == reference);
    match found {
        Some((index, queue)) => Ok((index, queue.name.clone())),
        None => Err(ApiError::client(format!("JobQueue {reference} not found."))),
    }
}

fn definition<'a>(config: &'a BatchConfig, reference: &str) -> Result<&'a JobDefinition, ApiError> {
    let found = config.definitions.iter().find(|definition| {
        let name = definition.name.as_str();
        let arn = config.definition_arn(name);
        reference == name
            || reference.strip_suffix(":1") == Some(name)
            || reference == arn
            || arn.strip_suffix(":1") == Some(reference)
    });
    found.ok_or_else(|| {
        ApiError::client(format!("JobDefinition name {reference} does not exist or is not in ACTIVE status"))
    })
}

fn share(identifier: Option<&str>, fair_share: bool, queue: &str) -> Result<Option<Arc<str>>, ApiError> {
    match (identifier, fair_share) {
        (None, false) => Ok(None),
        (None, true) => Err(ApiError::invalid(format!(
            "shareIdentifier must be specified: job queue {queue} has a fair-share scheduling policy"
        ))),
        (Some(_), false) => Err(ApiError::invalid(format!(
            "shareIdentifier cannot be specified: job queue {queue} has no fair-share scheduling policy"
        ))),
        (Some(identifier), true) => {
            let alphanumeric = identifier.chars().all(|c| c.is_ascii_alphanumeric());
            if alphanumeric && (1..=255).contains(&identifier.len()) {
                Ok(Some(Arc::from(identifier)))
            } else {
                Err(ApiError::invalid(format!(
                    "shareIdentifier {identifier:?} must be 1 to 255 letters and digits"
                )))
            }
        }
    }
}

fn array_size(size: i64) -> Result<usize, ApiError> {
    usize::try_from(size)
        .ok()
        .filter(|size| (2..=10_000).contains(size))
        .ok_or_else(|| ApiError::invalid(format!("Array size must be between 2 and 10000, got {size}")))
}

#[derive(Default)]
struct Dependencies {
    after: Vec<String>,
    n_to_n: Vec<String>,
    sequential: bool,
}

fn dependencies(depends_on: &[JobDependency], array: bool) -> Result<Dependencies, ApiError> {
    if depends_on.len() > MAX_DEPENDENCIES {
        return Err(ApiError::invalid(format!(
            "A job can depend on at most {MAX_DEPENDENCIES} jobs, got {}",
            depends_on.len()
        )));
    }
    let mut dependencies = Dependencies::default();
    for dependency in depends_on {
        match (dependency.kind.as_deref(), &dependency.job_id) {
            (None, Some(id)) => dependencies.after.push(id.clone()),
            (None, None) => return Err(ApiError::invalid("Job dependency needs a jobId")),
            (Some("N_TO_N"), Some(id)) if array => dependencies.n_to_n.push(id.clone()),
            (Some("SEQUENTIAL"), None) if array => dependencies.sequential = true,
            (Some(kind @ ("N_TO_N" | "SEQUENTIAL")), _) if !array => {
                return Err(ApiError::invalid(format!("{kind} dependency is for array jobs only")));
            }
            (Some("N_TO_N"), _) => return Err(ApiError::invalid("N_TO_N dependency needs a jobId")),
            (Some("SEQUENTIAL"), _) => return Err(ApiError::invalid("SEQUENTIAL dependency takes no jobId")),
            (Some(kind), _) => {
                return Err(ApiError::invalid(format!(
                    "Job dependency type {kind:?} must be one of N_TO_N, SEQUENTIAL"
                )));
            }
        }
    }
    Ok(dependencies)
}

fn retry_strategy(strategy: RetryStrategyRequest) -> Result<(u32, Vec<EvaluateOnExit>), ApiError> {
    let attempts = strategy
        .attempts
        .ok_or_else(|| ApiError::invalid("RetryAttempts must be provided with retry strategy"))?;
    // What does not fit is out of range all the same.
    let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    let mut rules = Vec::new();
    for rule in strategy.evaluate_on_exit.unwrap_or_default() {
        let action = rule.action.as_deref().unwrap_or_default();
        rules.push(EvaluateOnExit {
            on_exit_code: rule.on_exit_code,
            on_reason: rule.on_reason,
            on_status_reason: rule.on_status_reason,
            action: RetryAction::parse(action).ok_or_else(|| {
                ApiError::invalid(format!("EvaluateOnExit action {action:?} must be one of RETRY, EXIT"))
            })?,
        });
    }
    retry::check(attempts, &rules).map_err(ApiError::invalid)?;
    Ok((attempts, rules))
}

fn timeout(seconds: i64) -> Result<Duration, ApiError> {
    match u64::try_from(seconds) {
        Ok(value) if seconds >= MIN_TIMEOUT => Ok(Duration::from_secs(value)),
        _ => Err(ApiError::invalid(format!(
            "attemptDurationSeconds must be at least {MIN_TIMEOUT} seconds, got {seconds}"
        ))),
    }
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > MAX_TAGS {
        return Err(ApiError::invalid(format!("A job can have at most {MAX_TAGS} tags, got {}", tags.len())));
    }
    for (key, value) in tags {
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(ApiError::invalid(format!(
                "Tag {key:?} must have a key of 1 to 128 characters and a value of at most 256"
            )));
        }
    }
    Ok(())
}

/// `Ref::name` becomes the parameter; without one it stays as it is.
fn substitute(word: &str, parameters: &BTreeMap<String, String>) -> String {
    let parameter = word.strip_prefix("Ref::").and_then(|name| parameters.get(name));
    parameter.map_or_else(|| word.to_owned(), Clone::clone)
}

fn override_task(spec: &mut JobSpec, overrides: serde_json::Value) -> Result<(), ApiError> {
    if overrides.to_string().chars().count() > MAX_OVERRIDES {
        spec.unstartable =
            Some(Arc::from(format!("Container Overrides length must be at most {MAX_OVERRIDES}")));
    }
    let overrides: EcsPropertiesOverrideRequest = serde_json::from_value(overrides)
        .map_err(|error| ApiError::refused(400, "SerializationException", error.to_string()))?;
    let tasks = overrides.task_properties.unwrap_or_default();
    if tasks.len() > 1 {
        return Err(ApiError::invalid("ecsPropertiesOverride.taskProperties can have one element"));
    }
    for container in tasks.into_iter().flat_map(|task| task.containers.unwrap_or_default()) {
        let name = container.name.as_deref().unwrap_or_default();
        if name != spec.container {
            return Err(ApiError::invalid(format!(
                "ecsPropertiesOverride names the container {name:?}; the job definition has {:?} alone",
                spec.container
            )));
        }
        override_container(spec, container)?;
    }
    Ok(())
}

fn override_container(spec: &mut JobSpec, overrides: TaskContainerOverridesRequest) -> Result<(), ApiError> {
    if let Some(words) = overrides.command.filter(|words| !words.is_empty()) {
        command(&words).map_err(ApiError::invalid)?;
        spec.command = words;
    }
    for pair in overrides.environment.unwrap_or_default() {
        let (name, value) = (pair.name.unwrap_or_default(), pair.value.unwrap_or_default());
        variable(&name, &value).map_err(ApiError::invalid)?;
        spec.environment.insert(name, value);
    }
    for requirement in overrides.resource_requirements.unwrap_or_default() {
        if !matches!(requirement.kind.as_str(), "GPU" | "MEMORY" | "VCPU") {
            return Err(ApiError::invalid(format!(
                "Resource requirement type {:?} must be one of GPU, MEMORY, VCPU",
                requirement.kind
            )));
        }
        spec.resource_requirements.retain(|old| old.kind != requirement.kind);
        spec.resource_requirements.push(requirement);
    }
    Ok(())
}
