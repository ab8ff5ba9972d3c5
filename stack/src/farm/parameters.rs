//! What a person may turn in the console, or with an option of `deploy`, without another
//! template: under headings, with words, units and bounds.

use std::collections::{BTreeMap, BTreeSet};

use farm_contract::notify::Notify;
use serde_yaml::Value as Yaml;
use serde_yaml::value::{Tag, TaggedValue};

use super::config::{BlenderVersion, FarmConfig, FarmError};
use crate::cfn::{Condition, Parameter, kms};
use crate::cfn::{Value, ec2};
use crate::template::{ParameterSpec, ParameterType, Template, TemplateError, Test};

/// Name: days after which renders are removed.
pub const RENDER_EXPIRY_DAYS: &str = "RenderExpiryDays";
/// Name: days that old versions are kept.
pub const OLD_VERSION_DAYS: &str = "OldVersionDays";
/// Name: the owner's key.
pub const KMS_KEY_ARN: &str = "KmsKeyArn";
/// Name: seconds that a frame may take.
pub const FRAME_SECONDS: &str = "FrameSeconds";
/// Name: ceiling of Fargate Spot, in vCPUs.
pub const MAX_SPOT_VCPUS: &str = "MaxSpotVcpus";
/// Name: ceiling of Fargate at the full price, in vCPUs.
pub const MAX_ON_DEMAND_VCPUS: &str = "MaxOnDemandVcpus";
/// Name: days that logs are kept.
pub const LOG_RETENTION_DAYS: &str = "LogRetentionDays";
/// Name: who is told by mail.
pub const EMAIL: &str = "Email";
/// Name: who is told by a call.
pub const WEBHOOK: &str = "Webhook";
/// Name: what they are told of.
pub const NOTIFY: &str = "Notify";
/// Name: the user's own VPC.
pub const VPC_ID: &str = "VpcId";
/// Name: the user's own subnets.
pub const SUBNET_IDS: &str = "SubnetIds";
/// Name: image of zip-task.
pub const ZIP_IMAGE: &str = "ZipImage";
/// Name: key of the function's code.
pub const FUNCTION_CODE_KEY: &str = "FunctionCodeKey";

/// What the names for images of render-task begin with.
const RENDER_IMAGE: &str = "RenderImage";

/// Name: image of render-task with this Blender.
pub fn render_image(version: BlenderVersion) -> String {
    format!("{RENDER_IMAGE}{}", version.digits())
}

const RENDERING: &str = "Rendering";
const STORAGE: &str = "Storage";
const NOTICES: &str = "Notices";
const NETWORK: &str = "Network";
const PROGRAMS: &str = "Programs (deploy fills these in)";

/// What the bucket is turned with.
pub(super) struct StorageParameters {
    pub render_expiry_days: Parameter<i64>,
    pub old_version_days: Parameter<i64>,
    pub kms_key: Parameter<kms::KeyArn>,
    /// Whether renders go by themselves.
    pub renders_expire: Condition,
    /// Whether a key of the user's encrypts.
    pub own_key: Condition,
}

/// What everything else is turned with.
pub(super) struct FarmParameters {
    pub frame_seconds: Parameter<i64>,
    pub max_spot_vcpus: Parameter<i64>,
    pub max_on_demand_vcpus: Parameter<i64>,
    pub log_retention_days: Parameter<i64>,
    pub email: Parameter<String>,
    pub webhook: Parameter<String>,
    pub notify: Parameter<String>,
    pub vpc: Parameter<ec2::VpcId>,
    pub subnets: Parameter<Vec<ec2::SubnetId>>,
    /// One for each Blender, in their order.
    pub render_images: Vec<Parameter<String>>,
    pub zip_image: Parameter<String>,
    pub function_code: Parameter<String>,
    /// Whether somebody is to be mailed.
    pub mails: Condition,
    /// Whether an address of somebody's is called.
    pub calls_webhook: Condition,
    /// Whether anybody is told at all.
    pub tells: Condition,
    /// Whether the farm makes its own network.
    pub own_network: Condition,
}

/// Whether this is the name of a parameter that holds an image.
pub fn is_image(name: &str) -> bool {
    name == ZIP_IMAGE || name.starts_with(RENDER_IMAGE)
}

/// What it means that this parameter has no value, in words.
pub fn missing(config: &FarmConfig, name: &str) -> String {
    match config.blenders.iter().find(|version| render_image(**version) == name) {
        Some(version) => format!("Blender {version} has no image"),
        None if name == ZIP_IMAGE => "zip-task has no image".to_owned(),
        None if name == FUNCTION_CODE_KEY => "the function has no code".to_owned(),
        None => format!("{name} has no value"),
    }
}

/// Holds values to each other, where one alone says nothing wrong.
///
/// # Errors
/// Says what goes together.
pub fn check_together(given: &BTreeMap<String, String>) -> Result<(), FarmError> {
    let value = |name: &str| given.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let ids = value(SUBNET_IDS).into_iter().flat_map(|ids| ids.split(','));
    let subnets: BTreeSet<&str> = ids.map(str::trim).filter(|id| !id.is_empty()).collect();
    let wrong = match (value(VPC_ID), subnets.len()) {
        (Some(_), 0 | 1) => {
            format!("a VPC of yours needs two subnets or more, in different zones; name them in {SUBNET_IDS}")
        }
        (None, 1..) => format!("subnets of yours need their VPC; name it in {VPC_ID}"),
        _ => return Ok(()),
    };
    Err(FarmError::Wrong(wrong))
}

pub(super) fn storage(template: &mut Template) -> Result<StorageParameters, TemplateError> {
    let render_expiry_days = template.parameter(
        RENDER_EXPIRY_DAYS,
        ParameterSpec {
            description: "Days after which frames and archives are removed. 0: never. Uploads stay."
                .to_owned(),
            min_value: Some(0),
            max_value: Some(3650),
            ..number(STORAGE, "Remove renders after (days)", 0)
        },
    )?;
    let old_version_days = template.parameter(
        OLD_VERSION_DAYS,
        ParameterSpec {
            description: "Days that a replaced or deleted object can still be brought back.".to_owned(),
            min_value: Some(1),
            max_value: Some(3650),
            ..number(STORAGE, "Keep old versions for (days)", 30)
        },
    )?;
    let kms_key = template.parameter(
        KMS_KEY_ARN,
        ParameterSpec {
            description:
                "ARN of a KMS key of yours for the bucket. Empty: S3's own key, which costs nothing."
                    .to_owned(),
            allowed_pattern: Some(r"^(|arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+)$".to_owned()),
            constraint_description: Some("is empty or the ARN of a KMS key".to_owned()),
            ..text(STORAGE, "Encryption key")
        },
    )?;
    let never = Test::Equals(serde_yaml::to_value(render_expiry_days.value())?, Yaml::from("0"));
    let renders_expire = template.condition("RendersExpire", &Test::Not(vec![never]))?;
    let own_key = template.condition("OwnKey", &Test::given(&kms_key)?)?;
    Ok(StorageParameters { render_expiry_days, old_version_days, kms_key, renders_expire, own_key })
}

pub(super) fn farm(template: &mut Template, config: &FarmConfig) -> Result<FarmParameters, TemplateError> {
    let frame_seconds = template.parameter(
        FRAME_SECONDS,
        ParameterSpec {
            description: "Seconds that one frame may take before its task is stopped.".to_owned(),
            min_value: Some(60),
            max_value: Some(7 * 24 * 60 * 60),
            ..number(
                RENDERING,
                "Time limit of a frame (seconds)",
                i64::from(farm_contract::env::DEFAULT_FRAME_SECONDS),
            )
        },
    )?;
    // Below the size of one task, its job would wait until it is given up.
    let largest = config.render.vcpus().max(config.large.vcpus()).max(config.zip.vcpus());
    let least = i64::from(largest.units().div_ceil(1024));
    let ceiling = |name: &str, label, default, description: &str, template: &mut Template| {
        template.parameter(
            name,
            ParameterSpec {
                description: description.to_owned(),
                min_value: Some(least),
                max_value: Some(100_000),
                ..number(RENDERING, label, default)
            },
        )
    };
    let max_spot_vcpus = ceiling(
        MAX_SPOT_VCPUS,
        "Most vCPUs on Fargate Spot",
        256,
        "vCPUs that render at once on Fargate Spot, which is tried first. The account's own quota may be lower.",
        template,
    )?;
    let max_on_demand_vcpus = ceiling(
        MAX_ON_DEMAND_VCPUS,
        "Most vCPUs on Fargate",
        64,
        "vCPUs that render at once on Fargate at the full price, where Spot is full.",
        template,
    )?;
    let log_retention_days = template.parameter(
        LOG_RETENTION_DAYS,
        ParameterSpec {
            description: "Days that logs are kept.".to_owned(),
            allowed_values: [1, 3, 5, 7, 14, 30, 60, 90, 180, 365].map(Yaml::from).to_vec(),
            ..number(STORAGE, "Keep logs for (days)", 30)
        },
    )?;
    let email = template.parameter(
        EMAIL,
        ParameterSpec {
            description: "Who is told how renders end, and when the farm lost an event. Empty: nobody. Amazon mails a link \
                          first; before it is followed nothing else comes."
                .to_owned(),
            allowed_pattern: Some(r"^(|[^@\s]+@[^@\s]+\.[^@\s]+)$".to_owned()),
            constraint_description: Some("is empty or one e-mail address".to_owned()),
            ..text(NOTICES, "E-mail address")
        },
    )?;
    let webhook = template.parameter(
        WEBHOOK,
        ParameterSpec {
            description: "https address that SNS posts the same to. Empty: none. It first posts a SubscriptionConfirmation, \
                          whose SubscribeURL the receiver must open; Slack's incoming webhooks cannot."
                .to_owned(),
            allowed_pattern: Some(r"^(|https://[^\s/]\S*)$".to_owned()),
            constraint_description: Some("is empty or an address that begins with https://".to_owned()),
            ..text(NOTICES, "Webhook")
        },
    )?;
    let [every_end, problems] = Notify::ALL.map(Notify::as_str);
    let notify = template.parameter(
        NOTIFY,
        ParameterSpec {
            description: format!(
                "Which ends are told of. {every_end}: each render's, and uploads that were refused. {problems}: only what was \
                 refused, lacks frames or failed. Lost events are told of in any case."
            ),
            default: Some(Yaml::from(every_end)),
            allowed_values: [every_end, problems].map(Yaml::from).to_vec(),
            ..text(NOTICES, "Told of")
        },
    )?;
    let vpc = template.parameter(
        VPC_ID,
        ParameterSpec {
            description: "Your own VPC, together with its subnets. Empty: the farm makes one.".to_owned(),
            allowed_pattern: Some(r"^(|vpc-[0-9a-f]+)$".to_owned()),
            constraint_description: Some("is empty or the id of a VPC".to_owned()),
            ..text(NETWORK, "VPC")
        },
    )?;
    let subnets: Parameter<Vec<ec2::SubnetId>> = template.parameter(
        SUBNET_IDS,
        ParameterSpec {
            kind: ParameterType::CommaDelimitedList,
            description:
                "Two or more subnets of that VPC, in different zones, with a way to the internet. Empty: the \
                          farm makes them."
                    .to_owned(),
            ..text(NETWORK, "Subnets")
        },
    )?;
    let image = |name: &str, label: &str, template: &mut Template| {
        template.parameter(
            name,
            ParameterSpec {
                description: "Image, by its digest.".to_owned(),
                default: None,
                allowed_pattern: Some(r"^\S+@sha256:[0-9a-f]{64}$".to_owned()),
                constraint_description: Some("is repository@sha256:digest".to_owned()),
                ..text(PROGRAMS, label)
            },
        )
    };
    let mut render_images = Vec::new();
    for version in &config.blenders {
        render_images.push(image(
            &render_image(*version),
            &format!("Image with Blender {version}"),
            template,
        )?);
    }
    let zip_image = image(ZIP_IMAGE, "Image of zip-task", template)?;
    let function_code = template.parameter(
        FUNCTION_CODE_KEY,
        ParameterSpec {
            description: "Key of the function's code in the bucket.".to_owned(),
            default: None,
            allowed_pattern: Some(r"^\.farm/lambda/[0-9a-f]{64}\.zip$".to_owned()),
            constraint_description: Some("is .farm/lambda/SHA256.zip".to_owned()),
            ..text(PROGRAMS, "Code of trigger-lambda")
        },
    )?;
    let mails = template.condition("Mails", &Test::given(&email)?)?;
    let calls_webhook = template.condition("CallsWebhook", &Test::given(&webhook)?)?;
    let either = [&mails, &calls_webhook].map(|condition| Test::Condition(condition.name().to_owned()));
    let tells = template.condition("Tells", &Test::Or(either.to_vec()))?;
    // Where only one of the two is given, no network is made, and the deploy fails on the other.
    let no_vpc = Test::Equals(serde_yaml::to_value(vpc.value())?, Yaml::from(""));
    let joined = Yaml::Sequence(vec![Yaml::from(""), serde_yaml::to_value(subnets.list())?]);
    let joined = Yaml::Tagged(Box::new(TaggedValue { tag: Tag::new("Join"), value: joined }));
    let no_subnets = Test::Equals(joined, Yaml::from(""));
    let own_network = template.condition("OwnNetwork", &Test::And(vec![no_vpc, no_subnets]))?;
    Ok(FarmParameters {
        frame_seconds,
        max_spot_vcpus,
        max_on_demand_vcpus,
        log_retention_days,
        email,
        webhook,
        notify,
        vpc,
        subnets,
        render_images,
        zip_image,
        function_code,
        mails,
        calls_webhook,
        tells,
        own_network,
    })
}

/// `!Ref` of a number where text is wanted; CloudFormation makes no difference.
pub(super) fn as_text(parameter: &Parameter<i64>) -> Value<String> {
    Value::sub(format!("${{{}}}", parameter.name()))
}

fn number(group: &'static str, label: &str, default: i64) -> ParameterSpec {
    ParameterSpec {
        kind: ParameterType::Number,
        default: Some(Yaml::from(default)),
        group,
        label: label.to_owned(),
        ..ParameterSpec::default()
    }
}

fn text(group: &'static str, label: &str) -> ParameterSpec {
    ParameterSpec {
        default: Some(Yaml::from("")),
        group,
        label: label.to_owned(),
        ..ParameterSpec::default()
    }
}
