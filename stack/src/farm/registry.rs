//! The registry of the images.
//!
//! One repository for all of them: a tag says what an image is (`render-4-5-...`, `zip-...`) and
//! never moves; what runs is named by digest, so nothing that is pushed changes a job that waits.

use serde_json::json;

use super::config::{FarmConfig, FarmError};
use crate::cfn::Handle;
use crate::cfn::ecr::{self, repository};
use crate::template::{Attributes, Template};

/// Images of one kind that are kept: what runs is the newest of its kind, or, after a deploy was
/// taken back, one of the last few.
const KEPT: u32 = 10;

/// Where the images of a farm are, without tag and digest. The repository is named after the stack, so
/// that this can be told before it stands.
pub fn repository(stack: &str, account: &str, region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("{account}.dkr.ecr.{region}.{suffix}/{stack}")
}

/// What the tags of render-task's images begin with, for a Blender.
pub fn render_tag_prefix(version: super::BlenderVersion) -> String {
    format!("render-{}-", version.hyphened())
}

/// What the tags of zip-task's images begin with.
pub const ZIP_TAG_PREFIX: &str = "zip-";

pub(super) fn add(
    template: &mut Template,
    config: &FarmConfig,
) -> Result<Handle<ecr::Repository>, FarmError> {
    // With the registry's own key for good: another key would put another registry in its place, and
    // all images would go.
    let encryption = repository::EncryptionConfiguration::new(repository::EncryptionType::Aes256);
    let repository = ecr::Repository {
        repository_name: Some(super::pseudo("AWS::StackName")),
        empty_on_delete: Some(true.into()),
        encryption_configuration: Some(encryption.into()),
        image_scanning_configuration: Some(
            repository::ImageScanningConfiguration { scan_on_push: Some(true.into()) }.into(),
        ),
        image_tag_mutability: Some(repository::ImageTagMutability::Immutable.into()),
        lifecycle_policy: Some(
            repository::LifecyclePolicy {
                lifecycle_policy_text: Some(lifecycle(config).into()),
                ..repository::LifecyclePolicy::new()
            }
            .into(),
        ),
        ..ecr::Repository::new()
    };
    let waivers = [(
        "CKV_AWS_136",
        "Encrypted with ECR's own key; images hold no secret, and a change of key would delete them all.",
    )];
    let attributes = Attributes { metadata: Some(super::waivers(&waivers)?), ..Attributes::default() };
    Ok(template.add_with("Registry", repository, attributes)?)
}

/// By kind, never over all kinds: the image of a Blender that nobody changes any more must not go
/// because another one is built every day.
fn lifecycle(config: &FarmConfig) -> String {
    let kinds =
        config.blenders.iter().map(|version| render_tag_prefix(*version)).chain([ZIP_TAG_PREFIX.to_owned()]);
    let rules: Vec<_> = kinds
        .enumerate()
        .map(|(at, prefix)| {
            json!({
                "rulePriority": at + 1,
                "description": format!("the newest {KEPT} of {prefix}"),
                "selection": {
                    "tagStatus": "tagged",
                    "tagPrefixList": [prefix],
                    "countType": "imageCountMoreThan",
                    "countNumber": KEPT,
                },
                "action": {"type": "expire"},
            })
        })
        .collect();
    json!({"rules": rules}).to_string()
}
