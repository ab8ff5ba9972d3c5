//! The farm, as it is to stand: one file for each box of the picture.
//!
//! ```text
//!  upload --> [ storage ] --> [ trigger ] --> [ compute: queue ] --> [ jobs: render, zip ]
//!                  ^                                 |                       |
//!                  |                            [ network ]             [ registry ]
//!                  |<------------------------------------- frames, frames.zip, report.json
//! ```
//!
//! Who may do what stands in `grants` alone. It starts nothing and calls nobody: start reading at
//! [`template`].

mod actions;
mod compute;
mod config;
mod dashboard;
mod grants;
mod jobs;
mod network;
mod notices;
pub mod outputs;
pub mod parameters;
mod registry;
pub mod settings;
mod storage;
mod trigger;

use serde_yaml::Value as Yaml;

pub use config::{BlenderVersion, FarmConfig, FarmError, MAX_BLENDERS, MAX_NAME, Spot, check_stack_name};
pub use jobs::is_job_definition;
pub use registry::{ZIP_TAG_PREFIX, render_tag_prefix, repository};
pub use storage::{BUCKET_TAG, bucket_name};

use crate::cfn::{Expression, Value};
use crate::template::{Attributes, DeletionPolicy, Template};

const DESCRIPTION: &str = "Blender render farm: upload a .blend with a tag that says which frames, get the frames and an \
                           archive of them. Costs nothing while nothing renders, but what is stored.";

/// The whole farm.
///
/// # Errors
/// A template that cannot be: a defect of this module.
pub fn template(config: &FarmConfig) -> Result<Template, FarmError> {
    let mut template = new_template(config)?;
    let template_ref = &mut template;
    // In the order in which the console shows them.
    let parameters = parameters::farm(template_ref, config)?;
    let keys = parameters::storage(template_ref)?;
    let registry = registry::add(template_ref, config)?;
    let network = network::add(template_ref, &parameters)?;
    let compute::Compute { queue, spot } = compute::add(template_ref, config, &parameters, &network)?;
    let jobs = jobs::add(template_ref, config, &parameters, &keys, &registry, &spot)?;
    let trigger = trigger::add(template_ref, config, &parameters, &keys, &queue, &jobs)?;
    let bucket = storage::add(template_ref, &keys, storage::Standing::Notifies(&trigger))?;
    let dashboard = match config.dashboard {
        true => Some(dashboard::add(template_ref, config, &jobs.logs)?),
        false => None,
    };
    outputs::storage(template_ref, &bucket, &registry)?;
    outputs::farm(template_ref, &queue, &jobs.logs, dashboard.as_ref())?;
    Ok(template)
}

/// What must stand before the rest can be made: the bucket, where the function's code is put, and
/// the registry, where images are. The same things as in [`template`], under the same names.
///
/// `adopted` is the name of a bucket that an earlier farm of this name left, and that is to become
/// this one's.
///
/// # Errors
/// As for [`template`].
pub fn foundation(config: &FarmConfig, adopted: Option<&str>) -> Result<Template, FarmError> {
    let mut template = new_template(config)?;
    let keys = parameters::storage(&mut template)?;
    let registry = registry::add(&mut template, config)?;
    let bucket = storage::add(&mut template, &keys, storage::Standing::Alone { adopted })?;
    outputs::storage(&mut template, &bucket, &registry)?;
    Ok(template)
}

/// A parameter that CloudFormation always has.
fn pseudo(name: &str) -> Value<String> {
    Value::Expression(Expression::Ref(name.to_owned()))
}

/// What a checker finds and the farm does all the same, each with its reason.
fn waivers(waivers: &[(&str, &str)]) -> Result<Yaml, FarmError> {
    let skip: Vec<_> =
        waivers.iter().map(|(id, comment)| serde_json::json!({"id": id, "comment": comment})).collect();
    Ok(serde_yaml::to_value(serde_json::json!({"checkov": {"skip": skip}}))?)
}

/// What all log groups have beside their properties.
fn log_attributes() -> Result<Attributes, FarmError> {
    let waivers = waivers(&[(
        "CKV_AWS_158",
        "Logs are encrypted by CloudWatch's own key; they hold frame numbers and no picture.",
    )])?;
    Ok(Attributes { metadata: Some(waivers), ..gone_with_the_stack() })
}

/// Of what holds something and is not worth keeping: written out, so that nobody takes it for
/// forgotten.
fn gone_with_the_stack() -> Attributes {
    let delete = Some(DeletionPolicy::Delete);
    Attributes { deletion_policy: delete, update_replace_policy: delete, ..Attributes::default() }
}

/// A template that says of itself what farm it is, and which rules cfn-lint passes over in it and why.
fn new_template(config: &FarmConfig) -> Result<Template, FarmError> {
    let mut template = Template::new(DESCRIPTION);
    let settings = serde_yaml::to_value(settings::Settings::from(config))?;
    template.metadata.insert(Yaml::from(settings::KEY), settings);
    let told = serde_json::json!({
        "config": {"ignore_checks": ["I4010"]},
        "reasons": {
            "I4010": "It asks for notes on what each part is for; those stand in the descriptions and in the farm's source.",
        },
    });
    template.metadata.insert(Yaml::from("cfn-lint"), serde_yaml::to_value(told)?);
    Ok(template)
}
