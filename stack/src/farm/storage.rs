//! The bucket: uploads come in, and all that a render makes lies beside them.
//!
//! Its name is computed from stack, account and region, and whoever needs the bucket names it by
//! that text. A reference would close a circle that CloudFormation cannot make: the bucket
//! notifies the function, so it needs the permission to, so it needs the function, so it needs
//! the function's role, whose policy names the bucket. Only what hangs on the bucket and on
//! nothing before it, its policy, refers to it.

use farm_contract::keys::{FARM_PREFIX, RENDERS_PREFIX, STOP_SUFFIX, TRIGGER_SUFFIXES};
use farm_contract::metadata::RENDERED_TAG;

use super::config::FarmError;
use super::grants;
use super::parameters::StorageParameters;
use super::trigger::Trigger;
use crate::cfn::s3::{self, bucket};
use crate::cfn::{Handle, Kind, List, Value};
use crate::template::{Attributes, DeletionPolicy, Template};

/// The bucket's name, to be filled in by CloudFormation.
pub(super) const NAME: &str = "${AWS::StackName}-${AWS::AccountId}-${AWS::Region}";

/// Key of the tag by which a bucket is known as a farm's; its value is the stack's name.
pub const BUCKET_TAG: &str = "render-farm";

/// The bucket's name, for whoever knows what CloudFormation would fill in.
pub fn bucket_name(stack: &str, account: &str, region: &str) -> String {
    [("StackName", stack), ("AccountId", account), ("Region", region)]
        .into_iter()
        .fold(NAME.to_owned(), |name, (pseudo, value)| name.replace(&format!("${{AWS::{pseudo}}}"), value))
}

/// The bucket's name, where a reference would close the circle.
pub(super) fn name<K: Kind>() -> Value<K> {
    Value::sub(NAME).assume()
}

/// The bucket's name as text.
pub(super) fn name_text() -> Value<String> {
    Value::sub(NAME)
}

/// The ARN of what lies at `key` in the bucket, as text for `!Sub`; empty is the bucket itself.
pub(super) fn arn(key: &str) -> String {
    let slash = if key.is_empty() { "" } else { "/" };
    format!("arn:${{AWS::Partition}}:s3:::{NAME}{slash}{key}")
}

/// How the bucket stands.
pub(super) enum Standing<'a> {
    /// In the foundation, before the function's code has a place to lie in: it notifies nobody.
    Alone {
        /// The name of one that an earlier farm left, and that this one takes over.
        adopted: Option<&'a str>,
    },
    /// It notifies the function.
    Notifies(&'a Trigger),
}

/// The bucket and its policy.
pub(super) fn add(
    template: &mut Template,
    parameters: &StorageParameters,
    standing: Standing<'_>,
) -> Result<Handle<s3::Bucket>, FarmError> {
    let (trigger, adopted) = match standing {
        Standing::Alone { adopted } => (None, adopted),
        Standing::Notifies(trigger) => (Some(trigger), None),
    };
    let bucket = s3::Bucket {
        // CloudFormation takes over only what is named without a function.
        bucket_name: Some(adopted.map_or_else(name_text, Value::from)),
        bucket_encryption: Some(encryption(parameters)?.into()),
        lifecycle_configuration: Some(bucket::LifecycleConfiguration::new(lifecycle(parameters)?).into()),
        notification_configuration: trigger.map(|trigger| notification(trigger).into()),
        ownership_controls: Some(
            bucket::OwnershipControls::new([bucket::OwnershipControlsRule {
                object_ownership: Some(bucket::ObjectOwnership::BucketOwnerEnforced.into()),
            }])
            .into(),
        ),
        public_access_block_configuration: Some(
            bucket::PublicAccessBlockConfiguration {
                block_public_acls: Some(true.into()),
                block_public_policy: Some(true.into()),
                ignore_public_acls: Some(true.into()),
                restrict_public_buckets: Some(true.into()),
            }
            .into(),
        ),
        tags: Some(List::from([bucket::Tag::new(BUCKET_TAG, super::pseudo("AWS::StackName"))])),
        // A child reads the version that its render was planned for, whatever was uploaded since.
        versioning_configuration: Some(
            bucket::VersioningConfiguration::new(bucket::VersioningConfigurationStatus::Enabled).into(),
        ),
        ..s3::Bucket::new()
    };
    let attributes = Attributes {
        // S3 asks Lambda whether it may call before it takes a notification.
        depends_on: trigger.iter().map(|trigger| trigger.permission.id().to_owned()).collect(),
        // A first deploy that fails leaves no empty bucket in the way of the second; one that holds
        // somebody's frames stays whatever fails.
        deletion_policy: Some(match adopted {
            None => DeletionPolicy::RetainExceptOnCreate,
            Some(_) => DeletionPolicy::Retain,
        }),
        update_replace_policy: Some(DeletionPolicy::Retain),
        metadata: Some(super::waivers(&[(
            "CKV_AWS_18",
            "Access logs would be a second bucket that grows with every frame; CloudTrail data events can be switched on \
             where they are wanted.",
        )])?),
        condition: None,
    };
    let bucket = template.add_with("Bucket", bucket, attributes)?;
    template.add("BucketPolicy", s3::BucketPolicy::new(&bucket, grants::tls_only()?))?;
    Ok(bucket)
}

fn encryption(parameters: &StorageParameters) -> Result<bucket::BucketEncryption, FarmError> {
    use bucket::ServerSideEncryptionByDefaultSseAlgorithm as Algorithm;
    let rule = |by_default| bucket::ServerSideEncryptionRule {
        bucket_key_enabled: Some(true.into()),
        server_side_encryption_by_default: Some(Value::Literal(by_default)),
        ..bucket::ServerSideEncryptionRule::new()
    };
    let own = bucket::ServerSideEncryptionByDefault {
        kms_master_key_id: Some(parameters.kms_key.value().into()),
        ..bucket::ServerSideEncryptionByDefault::new(Algorithm::AwsKms)
    };
    let default = bucket::ServerSideEncryptionByDefault::new(Algorithm::Aes256);
    let chosen = Value::choose(&parameters.own_key, &rule(own).into(), &rule(default).into())?;
    Ok(bucket::BucketEncryption::new([chosen]))
}

fn lifecycle(parameters: &StorageParameters) -> Result<Vec<Value<bucket::Rule>>, FarmError> {
    let rule =
        |id: &str| bucket::Rule { id: Some(id.into()), ..bucket::Rule::new(bucket::RuleStatus::Enabled) };
    let tidy = bucket::Rule {
        // What a killed task or a client that gave up left is invisible, and paid for.
        abort_incomplete_multipart_upload: Some(bucket::AbortIncompleteMultipartUpload::new(7).into()),
        noncurrent_version_expiration: Some(
            bucket::NoncurrentVersionExpiration::new(parameters.old_version_days.value()).into(),
        ),
        expired_object_delete_marker: Some(true.into()),
        ..rule("tidy")
    };
    let (tag, value) = RENDERED_TAG;
    let renders = bucket::Rule {
        expiration_in_days: Some(parameters.render_expiry_days.value()),
        tag_filters: Some([bucket::TagFilter::new(tag, value)].into()),
        ..rule("renders")
    };
    let mut rules = vec![tidy.into(), Value::only_if(&parameters.renders_expire, &renders.into())?];
    // Whoever submits a project sees that its files stay for another round.
    for (id, folder) in [("records", "renders"), ("files", "files"), ("projects", "projects")] {
        let below = bucket::Rule {
            expiration_in_days: Some(parameters.render_expiry_days.value()),
            prefix: Some(format!("{FARM_PREFIX}{folder}/").into()),
            ..rule(id)
        };
        rules.push(Value::only_if(&parameters.renders_expire, &below.into())?);
    }
    Ok(rules)
}

/// Uploads notify, and requests to stop a render: suffix filters, as S3 cannot leave a prefix out. What the farm
/// itself writes never ends like an upload, so nothing that it writes can start a render.
fn notification(trigger: &Trigger) -> bucket::NotificationConfiguration {
    let uploads = TRIGGER_SUFFIXES.map(|suffix| List::from([bucket::FilterRule::new("suffix", suffix)]));
    let stops = List::from([
        bucket::FilterRule::new("prefix", RENDERS_PREFIX),
        bucket::FilterRule::new("suffix", STOP_SUFFIX),
    ]);
    let configurations = uploads.into_iter().chain([stops]).map(|rules| bucket::LambdaConfiguration {
        filter: Some(bucket::NotificationFilter::new(bucket::S3KeyFilter::new(rules)).into()),
        ..bucket::LambdaConfiguration::new("s3:ObjectCreated:*", trigger.function.arn())
    });
    bucket::NotificationConfiguration {
        lambda_configurations: Some(configurations.collect::<Vec<_>>().into()),
        ..bucket::NotificationConfiguration::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::{keys, plan::RenderId};

    #[test]
    fn the_name_can_be_told_without_cloudformation() {
        assert_eq!(bucket_name("farm", "123456789012", "eu-west-1"), "farm-123456789012-eu-west-1");
    }

    #[test]
    fn nothing_that_the_farm_writes_starts_a_render() {
        let key = keys::BlendKey::parse("a/scene.blend").expect("an upload");
        let id = RenderId::of_event("b", "k", "v", "s");
        let frame = key.file("frame_0001.png");
        let refused = keys::report_of_refused(".farm/x.blend");
        let starts = |key: &str| TRIGGER_SUFFIXES.iter().any(|suffix| key.ends_with(suffix));
        let made = [key.frames_zip(), key.preview(), key.contact_sheet(), key.report(), frame];
        let kept = [keys::plan(&id), keys::task(&id, 3), refused];
        for own in made.into_iter().chain(kept) {
            assert!(!starts(&own), "{own}");
        }
        assert!(starts(key.as_str()) && starts("project.blend.zip"));
    }
}
