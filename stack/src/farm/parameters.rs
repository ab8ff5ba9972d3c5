//! What a person may turn in the console, or with an option of `deploy`, without another
//! template: under headings, with words, units and bounds.

use serde_yaml::Value as Yaml;

use super::config::{BlenderVersion, FarmConfig};
use crate::cfn::{Condition, Parameter, kms};
use crate::cfn::{Value, ec2};
use crate::template::{ParameterSpec, ParameterType, Template, TemplateError, Test};

const RENDERING: &str = "Rendering";
const STORAGE: &str = "Storage";
const NOTICES: &str = "Notices";
const NETWORK: &str = "Network";
const PROGRAMS: &str = "Programs (deploy fills these in)";

/// What the bucket and the registry are turned with.
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
    pub vpc: Parameter<ec2::VpcId>,
    pub subnets: Parameter<Vec<ec2::SubnetId>>,
    /// One for each Blender, in their order.
    pub render_images: Vec<Parameter<String>>,
    pub zip_image: Parameter<String>,
    pub function_code: Parameter<String>,
    /// Whether somebody is to be mailed.
    pub mails: Condition,
    /// Whether the farm makes its own network.
    pub own_network: Condition,
}

/// Name of the parameter for the image of a Blender.
pub fn render_image_parameter(version: BlenderVersion) -> String {
    format!("RenderImage{}", version.digits())
}

pub(super) fn storage(template: &mut Template) -> Result<StorageParameters, TemplateError> {
    let render_expiry_days = template.parameter(
        "RenderExpiryDays",
        ParameterSpec {
            description: "Days after which frames and archives are removed. 0: never. Uploads stay."
                .to_owned(),
            min_value: Some(0),
            max_value: Some(3650),
            ..number(STORAGE, "Remove renders after (days)", 0)
        },
    )?;
    let old_version_days = template.parameter(
        "OldVersionDays",
        ParameterSpec {
            description: "Days that a replaced or deleted object can still be brought back.".to_owned(),
            min_value: Some(1),
            max_value: Some(3650),
            ..number(STORAGE, "Keep old versions for (days)", 30)
        },
    )?;
    let kms_key = template.parameter(
        "KmsKeyArn",
        ParameterSpec {
            description: "ARN of a KMS key of yours for bucket and registry. Empty: the keys of S3 and ECR, which cost \
                          nothing."
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
        "FrameSeconds",
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
    let ceiling = |name: &str, label, default, description: &str, template: &mut Template| {
        template.parameter(
            name,
            ParameterSpec {
                description: description.to_owned(),
                min_value: Some(16),
                max_value: Some(100_000),
                ..number(RENDERING, label, default)
            },
        )
    };
    let max_spot_vcpus = ceiling(
        "MaxSpotVcpus",
        "Most vCPUs on Fargate Spot",
        256,
        "vCPUs that render at once on Fargate Spot, which is tried first. The account's own quota may be lower.",
        template,
    )?;
    let max_on_demand_vcpus = ceiling(
        "MaxOnDemandVcpus",
        "Most vCPUs on Fargate",
        64,
        "vCPUs that render at once on Fargate at the full price, where Spot is full.",
        template,
    )?;
    let log_retention_days = template.parameter(
        "LogRetentionDays",
        ParameterSpec {
            description: "Days that logs are kept.".to_owned(),
            allowed_values: [1, 3, 5, 7, 14, 30, 60, 90, 180, 365].map(Yaml::from).to_vec(),
            ..number(STORAGE, "Keep logs for (days)", 30)
        },
    )?;
    let email = template.parameter(
        "Email",
        ParameterSpec {
            description: "Who is told when the farm lost an event. Empty: nobody.".to_owned(),
            allowed_pattern: Some(r"^(|[^@\s]+@[^@\s]+\.[^@\s]+)$".to_owned()),
            constraint_description: Some("is empty or one e-mail address".to_owned()),
            ..text(NOTICES, "E-mail address")
        },
    )?;
    let vpc = template.parameter(
        "VpcId",
        ParameterSpec {
            description: "Your own VPC, together with its subnets. Empty: the farm makes one.".to_owned(),
            allowed_pattern: Some(r"^(|vpc-[0-9a-f]+)$".to_owned()),
            constraint_description: Some("is empty or the id of a VPC".to_owned()),
            ..text(NETWORK, "VPC")
        },
    )?;
    let subnets: Parameter<Vec<ec2::SubnetId>> = template.parameter(
        "SubnetIds",
        ParameterSpec {
            kind: ParameterType::CommaDelimitedList,
            description:
                "Two or more subnets of that VPC, in different zones, with a way to the internet. Empty: the \
                          farm makes them."
                    .to_owned(),
            ..text(NETWORK, "Subnets")
        },
    )?;
    let image = |name: &str, label, template: &mut Template| {
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
        render_images.push(image(&render_image_parameter(*version), "Image of a Blender", template)?);
    }
    let zip_image = image("ZipImage", "Image of zip-task", template)?;
    let function_code = template.parameter(
        "FunctionCodeKey",
        ParameterSpec {
            description: "Key of the function's code in the bucket.".to_owned(),
            default: None,
            allowed_pattern: Some(r"^\.farm/lambda/[0-9a-f]{64}\.zip$".to_owned()),
            constraint_description: Some("is .farm/lambda/SHA256.zip".to_owned()),
            ..text(PROGRAMS, "Code of trigger-lambda")
        },
    )?;
    let mails = template.condition("Mails", &Test::given(&email)?)?;
    let own_network = template
        .condition("OwnNetwork", &Test::Equals(serde_yaml::to_value(vpc.value())?, Yaml::from("")))?;
    Ok(FarmParameters {
        frame_seconds,
        max_spot_vcpus,
        max_on_demand_vcpus,
        log_retention_days,
        email,
        vpc,
        subnets,
        render_images,
        zip_image,
        function_code,
        mails,
        own_network,
    })
}

/// `!Ref` of a number where text is wanted; CloudFormation makes no difference.
pub(super) fn as_text(parameter: &Parameter<i64>) -> Value<String> {
    Value::sub(format!("${{{}}}", parameter.name()))
}

fn number(group: &'static str, label: &'static str, default: i64) -> ParameterSpec {
    ParameterSpec {
        kind: ParameterType::Number,
        default: Some(Yaml::from(default)),
        group,
        label,
        ..ParameterSpec::default()
    }
}

fn text(group: &'static str, label: &'static str) -> ParameterSpec {
    ParameterSpec { default: Some(Yaml::from("")), group, label, ..ParameterSpec::default() }
}
