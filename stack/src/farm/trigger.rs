//! The function that an upload wakes, who may wake it, and the rule by which jobs that end do.

use farm_contract::env;
use serde::Serialize;

use super::config::{FarmConfig, FarmError, Spot};
use super::jobs::Jobs;
use super::parameters::{FarmParameters, StorageParameters, as_text};
use super::{grants, notices, storage};
use crate::cfn::lambda::{self, event_invoke_config, function};
use crate::cfn::sqs;
use crate::cfn::{Handle, Json, Value, batch, events, logs};
use crate::template::{Attributes, Template};

/// Its time limit, in seconds. It is no longer than the lease of a claim, so a claim whose holder
/// timed out can be taken over by the next attempt.
const TIMEOUT: i64 = 60;
/// Its memory, in MiB. Lambda gives CPU by memory; this is where it starts quickly.
const MEMORY: i64 = 256;
/// How long Lambda keeps trying: its own longest, in seconds.
const OLDEST_EVENT: i64 = 6 * 60 * 60;

/// The function and who may call it from the bucket.
pub(super) struct Trigger {
    pub function: Handle<lambda::Function>,
    pub permission: Handle<lambda::Permission>,
}

pub(super) fn add(
    template: &mut Template,
    config: &FarmConfig,
    parameters: &FarmParameters,
    keys: &StorageParameters,
    queue: &Handle<batch::JobQueue>,
    jobs: &Jobs,
) -> Result<Trigger, FarmError> {
    let logs = logs::LogGroup {
        retention_in_days: Some(parameters.log_retention_days.value()),
        ..logs::LogGroup::new()
    };
    let logs = template.add_with("TriggerLogs", logs, super::log_attributes()?)?;
    let notices = notices::add(template, parameters)?;
    let role = grants::trigger_role(template, config, parameters, keys, queue, &logs, &notices)?;
    let lost = notices.lost;
    let ceiling = match config.spot {
        Spot::First | Spot::Only => &parameters.max_spot_vcpus,
        Spot::Never => &parameters.max_on_demand_vcpus,
    };
    let versions: Vec<String> = config.blenders.iter().map(ToString::to_string).collect();
    let variables = [
        (env::BUCKET_NAME, storage::name_text()),
        (env::JOB_QUEUE_ARN, Value::<String>::from(queue.reference())),
        (env::JOB_DEFINITION_ARN, in_order(&jobs.render)),
        (env::LARGE_JOB_DEFINITION_ARN, in_order(&jobs.large)),
        (env::ZIP_JOB_DEFINITION_ARN, jobs.zip.reference().into()),
        (env::BLENDER_VERSION, versions.join(" ").into()),
        (env::MAX_VCPUS, as_text(ceiling)),
        (env::TASK_VCPUS, config.render.vcpus().to_string().into()),
        (env::TASK_PRICE, format!("{:.5}", config.task_price()).into()),
        (env::FRAME_SECONDS, as_text(&parameters.frame_seconds)),
        (env::TOPIC_ARN, Value::only_if(&parameters.tells, &notices.topic.reference().into())?),
        (env::NOTIFY, parameters.notify.value()),
    ];
    let code = function::Code {
        s3_bucket: Some(storage::name()),
        s3_key: Some(parameters.function_code.value()),
        ..function::Code::new()
    };
    let function = lambda::Function {
        architectures: Some([function::Architectures::X8664].into()),
        description: Some("Plans a render for each upload and submits it".into()),
        environment: Some(function::Environment { variables: Some(variables.into()) }.into()),
        handler: Some("bootstrap".into()),
        logging_config: Some(
            function::LoggingConfig { log_group: Some((&logs).into()), ..function::LoggingConfig::new() }
                .into(),
        ),
        memory_size: Some(MEMORY.into()),
        runtime: Some(function::Runtime::ProvidedAl2023.into()),
        timeout: Some(TIMEOUT.into()),
        ..lambda::Function::new(code, role.arn())
    };
    let waivers = [
        (
            "CKV_AWS_115",
            "A reserve is taken from the account's concurrency, of which a new account has ten; a render is claimed once however many run.",
        ),
        ("CKV_AWS_116", "TriggerRetries hands what failed to the queue FailedEvents."),
        (
            "CKV_AWS_117",
            "It talks to S3, Batch and SNS alone; in a VPC that would take endpoints, which cost while idle.",
        ),
        ("CKV_AWS_173", "No variable is a secret; Lambda encrypts them with its own key."),
    ];
    let attributes = Attributes { metadata: Some(super::waivers(&waivers)?), ..Attributes::default() };
    let function = template.add_with("TriggerFunction", function, attributes)?;
    let permission = lambda::Permission {
        // The ARN of a bucket names no account: whoever made one of this name after ours is gone
        // could call.
        source_account: Some(super::pseudo("AWS::AccountId")),
        source_arn: Some(Value::sub(storage::arn("")).assume()),
        ..lambda::Permission::new("lambda:InvokeFunction", &function, "s3.amazonaws.com")
    };
    let permission = template.add("TriggerPermission", permission)?;
    let retries = lambda::EventInvokeConfig {
        destination_config: Some(
            event_invoke_config::DestinationConfig {
                on_failure: Some(event_invoke_config::OnFailure::new(lost.arn()).into()),
                ..event_invoke_config::DestinationConfig::new()
            }
            .into(),
        ),
        maximum_event_age_in_seconds: Some(OLDEST_EVENT.into()),
        maximum_retry_attempts: Some(2.into()),
        ..lambda::EventInvokeConfig::new(&function, "$LATEST")
    };
    template.add("TriggerRetries", retries)?;
    job_events(template, parameters, &function, queue, &lost)?;
    Ok(Trigger { function, permission })
}

/// References to job definitions, with spaces between them.
fn in_order(definitions: &[Handle<batch::JobDefinition>]) -> Value<String> {
    let references: Vec<String> = definitions.iter().map(|one| format!("${{{}}}", one.id())).collect();
    Value::sub(references.join(" "))
}

/// What Batch says of jobs of our queue that failed: the function then starts zip-task in its
/// partial mode, or writes the last report. And of those that succeeded, where somebody is told how
/// renders end. An array's children are left out: their parent ends when the last of them is through.
fn job_events(
    template: &mut Template,
    parameters: &FarmParameters,
    function: &Handle<lambda::Function>,
    queue: &Handle<batch::JobQueue>,
    lost: &Handle<sqs::Queue>,
) -> Result<(), FarmError> {
    #[derive(Serialize)]
    struct Pattern {
        source: [&'static str; 1],
        #[serde(rename = "detail-type")]
        detail_type: [&'static str; 1],
        detail: Detail,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Detail {
        job_queue: [Value<batch::JobQueueArn>; 1],
        status: [Value<String>; 2],
        array_properties: ArrayProperties,
    }
    #[derive(Serialize)]
    struct ArrayProperties {
        index: [Exists; 1],
    }
    #[derive(Serialize)]
    struct Exists {
        exists: bool,
    }
    let pattern = Json::of(&Pattern {
        source: ["aws.batch"],
        detail_type: ["Batch Job State Change"],
        detail: Detail {
            job_queue: [queue.reference()],
            status: ["FAILED".into(), Value::only_if(&parameters.tells, &"SUCCEEDED".into())?],
            array_properties: ArrayProperties { index: [Exists { exists: false }] },
        },
    })?;
    let rule = events::Rule {
        description: Some("Jobs of the farm that ended, as far as the function has to do with it".into()),
        event_pattern: Some(pattern.into()),
        state: Some(events::rule::State::Enabled.into()),
        targets: Some(
            [events::rule::Target {
                dead_letter_config: Some(events::rule::DeadLetterConfig { arn: Some(lost.arn()) }.into()),
                ..events::rule::Target::new(function.arn(), "trigger")
            }]
            .into(),
        ),
        ..events::Rule::new()
    };
    let rule = template.add("JobEvents", rule)?;
    let permission = lambda::Permission {
        source_arn: Some(rule.arn().into()),
        ..lambda::Permission::new("lambda:InvokeFunction", function, "events.amazonaws.com")
    };
    template.add("JobEventsPermission", permission)?;
    let policy = grants::lost_events_policy(lost, &rule)?;
    template.add("FailedEventsPolicy", sqs::QueuePolicy::new(policy, [lost]))?;
    Ok(())
}
