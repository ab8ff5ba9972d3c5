//! The job definitions: what a task runs, as whom, how often it is tried, and when it is stopped.
//!
//! For each Blender there are two, with the usual memory and with more. Exit codes speak: what our
//! programs call final is final.

use farm_contract::exit::{OUT_OF_MEMORY_REASON, final_patterns};
use farm_contract::{command, env};
use farm_plan::prices::PUBLISHED;

use super::config::{BlenderVersion, FarmConfig, FarmError};
use super::grants;
use super::parameters::{FarmParameters, StorageParameters};
use crate::cfn::batch::{self, job_definition};
use crate::cfn::{AttemptSeconds, FargateSize, Handle, Value, ecr, iam, logs};
use crate::template::Template;

/// What a task is given to write to: the root of its container cannot be written.
const SCRATCH: &str = "/scratch";
/// Whom a task runs as. Not root, and nobody that an image knows.
const USER: &str = "1000:1000";
/// From SIGTERM to SIGKILL: the most that Fargate gives, all of the warning that Spot gives.
const STOP_SECONDS: i64 = 120;
/// The longest that one attempt at an archive may take.
const ZIP_SECONDS: u32 = 6 * 60 * 60;

/// The job definitions, and where their tasks write what they say.
pub(super) struct Jobs {
    /// Those of render-task, one for each Blender, in their order.
    pub render: Vec<Handle<batch::JobDefinition>>,
    /// The same with more memory, for what ran out of it.
    pub large: Vec<Handle<batch::JobDefinition>>,
    pub zip: Handle<batch::JobDefinition>,
    pub logs: Handle<logs::LogGroup>,
}

/// Names of all job definitions, to be filled in by CloudFormation.
pub(super) fn names(config: &FarmConfig) -> Vec<String> {
    let render = config
        .blenders
        .iter()
        .flat_map(|version| [render_name(*version, false), render_name(*version, true)]);
    render.chain([ZIP.to_owned()]).collect()
}

/// Whether a job definition of this name is one of this stack's, of whichever Blender it is or was.
pub fn is_job_definition(stack: &str, name: &str) -> bool {
    let rest = name.strip_prefix(stack).and_then(|rest| rest.strip_prefix('-'));
    let blender = |rest: &str| {
        let version = rest.strip_suffix("-large").unwrap_or(rest);
        version.replace('-', ".").parse::<BlenderVersion>().is_ok()
    };
    rest.is_some_and(|rest| rest == "zip" || rest.strip_prefix("render-").is_some_and(blender))
}

/// Name of zip-task's job definition.
const ZIP: &str = "${AWS::StackName}-zip";

fn render_name(version: BlenderVersion, large: bool) -> String {
    let large = if large { "-large" } else { "" };
    format!("${{AWS::StackName}}-render-{}{large}", version.hyphened())
}

pub(super) fn add(
    template: &mut Template,
    config: &FarmConfig,
    parameters: &FarmParameters,
    storage: &StorageParameters,
    registry: &Handle<ecr::Repository>,
    spot: &Handle<batch::ComputeEnvironment>,
) -> Result<Jobs, FarmError> {
    let logs = logs::LogGroup {
        retention_in_days: Some(parameters.log_retention_days.value()),
        ..logs::LogGroup::new()
    };
    let logs = template.add_with("RenderLogs", logs, super::log_attributes()?)?;
    let execution = grants::execution_role(template, registry, &logs)?;
    let render_role = grants::render_role(template, storage)?;
    let zip_role = grants::zip_role(template, storage)?;

    let (mut render, mut larger) = (Vec::new(), Vec::new());
    for (version, image) in config.blenders.iter().zip(&parameters.render_images) {
        for (size, large) in [(config.render, false), (config.large, true)] {
            let task = Task {
                name: render_name(*version, large),
                image: image.value(),
                size,
                role: &render_role,
                execution: &execution,
                logs: &logs,
                stream: "render",
                timeout: parameters.frame_seconds.value(),
                spot: Some(spot),
            };
            let id = format!("RenderJob{}{}", version.digits(), if large { "Large" } else { "" });
            let handle = template.add(&id, task.definition(config))?;
            if large { &mut larger } else { &mut render }.push(handle);
        }
    }
    let zip = Task {
        name: ZIP.to_owned(),
        image: parameters.zip_image.value(),
        size: config.zip,
        role: &zip_role,
        execution: &execution,
        logs: &logs,
        stream: "zip",
        timeout: i64::from(AttemptSeconds::new(ZIP_SECONDS)?.get()).into(),
        spot: None,
    };
    let zip = template.add("ZipJob", zip.definition(config))?;
    Ok(Jobs { render, large: larger, zip, logs })
}

/// What makes one job definition differ from another.
struct Task<'a> {
    name: String,
    image: Value<String>,
    size: FargateSize,
    role: &'a Handle<iam::Role>,
    execution: &'a Handle<iam::Role>,
    logs: &'a Handle<logs::LogGroup>,
    stream: &'a str,
    timeout: Value<i64>,
    /// The environment by whose name it can tell that it runs on Spot, where it writes that down.
    spot: Option<&'a Handle<batch::ComputeEnvironment>>,
}

impl Task<'_> {
    /// In the form of `EcsProperties`: the other one has no stop timeout.
    fn definition(self, config: &FarmConfig) -> batch::JobDefinition {
        let capability = job_definition::PlatformCapabilities::Fargate;
        batch::JobDefinition {
            job_definition_name: Some(Value::sub(self.name.as_str())),
            ecs_properties: Some(job_definition::EcsProperties::new([self.task()]).into()),
            platform_capabilities: Some([capability].into()),
            // Jobs that wait keep the revision that they were submitted with.
            resource_retention_policy: Some(
                job_definition::ResourceRetentionPolicy { skip_deregister_on_update: Some(true.into()) }
                    .into(),
            ),
            retry_strategy: Some(
                job_definition::RetryStrategy {
                    attempts: Some(i64::from(config.attempts.get()).into()),
                    evaluate_on_exit: Some(retry_rules().into()),
                }
                .into(),
            ),
            // A fair-share queue takes no job without one. All are the same: within a render the
            // order of submission decides.
            scheduling_priority: Some(0.into()),
            timeout: Some(job_definition::JobTimeout { attempt_duration_seconds: Some(self.timeout) }.into()),
            ..batch::JobDefinition::new(job_definition::Type::Container)
        }
    }

    fn task(&self) -> job_definition::EcsTaskProperties {
        job_definition::EcsTaskProperties {
            containers: Some([self.container()].into()),
            execution_role_arn: Some(self.execution.arn()),
            network_configuration: Some(
                job_definition::NetworkConfiguration {
                    // The way to the registry, there being no NAT.
                    assign_public_ip: Some(job_definition::AssignPublicIp::Enabled.into()),
                }
                .into(),
            ),
            platform_version: Some("LATEST".into()),
            runtime_platform: Some(
                job_definition::RuntimePlatform {
                    cpu_architecture: Some("X86_64".into()),
                    operating_system_family: Some("LINUX".into()),
                }
                .into(),
            ),
            task_role_arn: Some(self.role.arn()),
            volumes: Some(
                [job_definition::Volume {
                    name: Some(SCRATCH_VOLUME.into()),
                    ..job_definition::Volume::new()
                }]
                .into(),
            ),
            ..job_definition::EcsTaskProperties::new()
        }
    }

    fn container(&self) -> job_definition::TaskContainerProperties {
        use job_definition::ResourceRequirementType::{Memory, Vcpu};
        let requirement = |kind: job_definition::ResourceRequirementType, value: String| {
            job_definition::ResourceRequirement { r#type: Some(kind.into()), value: Some(value.into()) }
        };
        let memory = self.size.memory_requirement();
        let variable = |name: &str, value: Value<String>| job_definition::Environment {
            name: Some(name.into()),
            value: Some(value),
        };
        // Programs look for a writable place in different variables.
        let mut environment = vec![
            variable(env::MEMORY, memory.as_str().into()),
            variable(env::SCRATCH, SCRATCH.into()),
            variable("HOME", SCRATCH.into()),
            variable("TMPDIR", SCRATCH.into()),
        ];
        if let Some(spot) = self.spot {
            environment.push(variable(env::SPOT_ENVIRONMENT, spot.compute_environment_arn().into()));
            environment.push(variable(env::PRICES, PUBLISHED.to_string().into()));
        }
        job_definition::TaskContainerProperties {
            name: Some(command::CONTAINER.into()),
            essential: Some(true.into()),
            environment: Some(environment.into()),
            log_configuration: Some(
                job_definition::LogConfiguration {
                    options: Some(
                        [
                            ("awslogs-group", Value::<String>::from(self.logs.reference())),
                            ("awslogs-region", super::pseudo("AWS::Region")),
                            ("awslogs-stream-prefix", Value::from(self.stream)),
                        ]
                        .into(),
                    ),
                    ..job_definition::LogConfiguration::new(job_definition::LogDriver::Awslogs)
                }
                .into(),
            ),
            mount_points: Some(
                [job_definition::MountPoint {
                    container_path: Some(SCRATCH.into()),
                    read_only: Some(false.into()),
                    source_volume: Some(SCRATCH_VOLUME.into()),
                }]
                .into(),
            ),
            readonly_root_filesystem: Some(true.into()),
            resource_requirements: Some(
                [requirement(Vcpu, self.size.vcpu_requirement()), requirement(Memory, memory)].into(),
            ),
            stop_timeout: Some(STOP_SECONDS.into()),
            user: Some(USER.into()),
            ..job_definition::TaskContainerProperties::new(self.image.clone())
        }
    }
}

const SCRATCH_VOLUME: &str = "scratch";

/// What our programs call final is final, and so is a container that the kernel killed for its memory:
/// the ladder of trigger-lambda goes on from there, with more. All else is tried again, which is what
/// Batch does with an attempt that no rule matches: Spot and maintenance, an image that could not be
/// pulled, a task that was killed.
fn retry_rules() -> Vec<job_definition::EvaluateOnExit> {
    let ends = || job_definition::EvaluateOnExit::new(job_definition::Action::Exit);
    let out_of_memory = job_definition::EvaluateOnExit {
        on_reason: Some(format!("{OUT_OF_MEMORY_REASON}*").into()),
        ..ends()
    };
    let codes = final_patterns()
        .into_iter()
        .map(|code| job_definition::EvaluateOnExit { on_exit_code: Some(code.into()), ..ends() });
    std::iter::once(out_of_memory).chain(codes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_stacks_definitions_are_known_and_no_others() {
        let config = FarmConfig::standard().expect("a farm");
        for name in names(&config) {
            let name = name.replace("${AWS::StackName}", "my-farm");
            assert!(is_job_definition("my-farm", &name), "{name}");
            assert!(!is_job_definition("my", &name) && !is_job_definition("farm", &name), "{name}");
        }
        for other in [
            "my-farm",
            "my-farm-zip-2",
            "my-farm-render-4-5-small",
            "my-farm-render-",
            "my-farm-2-zip",
            "zip",
        ] {
            assert!(!is_job_definition("my-farm", other), "{other}");
        }
    }

    #[test]
    fn the_rules_are_no_more_than_batch_takes() {
        assert!((2..=5).contains(&retry_rules().len()), "{:?}", retry_rules());
    }
}
