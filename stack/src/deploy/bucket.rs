//! The farm's bucket, as far as deploying needs it: whether it stands, and what a deploy puts there.
//!
//! Its name can be told, so somebody else may have taken it: every call says whose it must be.

use std::time::Duration;

use aws_sdk_cloudformation::types::Stack;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use farm_aws::AwsError;
use farm_contract::keys::{self, FARM_PREFIX};
use farm_contract::offer::{Offer, Runs, Tasks};
use sha2::{Digest, Sha256};

use super::aws::Aws;
use crate::farm::{BUCKET_TAG, FarmConfig, Spot, bucket_name, outputs, parameters};

/// A template's address is good for this long; CloudFormation reads it once, at once.
const ADDRESS: Duration = Duration::from_secs(15 * 60);

/// The bucket of a farm.
#[derive(Debug, Clone)]
pub struct Bucket<'a> {
    pub(super) aws: &'a Aws,
    pub(super) name: String,
    /// Whose it is: 12 digits.
    pub(super) owner: String,
    stack: &'a str,
}

/// What stands under the bucket's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// The farm's bucket.
    Bucket,
    /// A bucket of the same account that holds something else.
    Other,
}

/// Key of the function's code: it names its contents, so another code is another key.
pub fn code_key(code: &[u8]) -> String {
    format!("{FARM_PREFIX}lambda/{}.zip", digest(code))
}

/// Key of a template that is too long for a request.
fn template_key(text: &str) -> String {
    format!("{FARM_PREFIX}template/{}.yaml", digest(text.as_bytes()))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<'a> Bucket<'a> {
    /// The bucket of a stack of this account.
    pub fn new(aws: &'a Aws, stack: &'a str, account: &str) -> Self {
        Self { aws, name: bucket_name(stack, account, aws.region()), owner: account.to_owned(), stack }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands under its name.
    ///
    /// # Errors
    /// S3 does not tell, or it is another account's.
    pub async fn find(&self) -> Result<Found, AwsError> {
        let look = self.aws.s3.head_bucket().bucket(&self.name).expected_bucket_owner(&self.owner);
        let looked = look.send().await;
        let status = looked.as_ref().err().and_then(|error| Some(error.raw_response()?.status().as_u16()));
        let doing = || format!("look at the bucket `{}`", self.name);
        // An answer to HEAD has no words of its own.
        let refused = |words: &str| Err(AwsError::unsent(doing(), words));
        match (looked, status) {
            (Ok(_), _) => self.marked(&doing()).await,
            (_, Some(404)) => Ok(Found::Nothing),
            (_, Some(403)) => refused("access denied: it is another account's, or you may not look at it"),
            (_, Some(301)) => refused("it already exists, in another region"),
            (Err(error), _) => Err(AwsError::new(doing(), error)),
        }
    }

    /// Whether the bucket has the mark of a farm of this name.
    async fn marked(&self, doing: &str) -> Result<Found, AwsError> {
        let tags = self.aws.s3.get_bucket_tagging().bucket(&self.name).expected_bucket_owner(&self.owner);
        let tags = match tags.send().await {
            Ok(answer) => answer.tag_set,
            Err(error) if error.code() == Some("NoSuchTagSet") => Vec::new(),
            Err(error) => return Err(AwsError::new(doing, error)),
        };
        let ours = tags.iter().any(|tag| (tag.key(), tag.value()) == (BUCKET_TAG, self.stack));
        Ok(if ours { Found::Bucket } else { Found::Other })
    }

    /// Puts the function's code. It is put even where something of that key is, which may be other
    /// code: who puts it there must not become who runs it.
    ///
    /// # Errors
    /// S3 does not take it.
    pub async fn put_code(&self, code: &[u8]) -> Result<(), AwsError> {
        self.put(&code_key(code), code.to_vec(), "application/zip").await
    }

    /// Says what farm this is, for whoever sends it a scene.
    ///
    /// # Errors
    /// S3 does not take it.
    pub async fn put_offer(&self, farm: &FarmConfig, stack: &Stack) -> Result<(), AwsError> {
        let offer = offer(farm, stack);
        let json = serde_json::to_vec_pretty(&offer);
        let json =
            json.map_err(|error| AwsError::unsent("write down what the farm offers", error.to_string()))?;
        self.put(keys::OFFER, json, "application/json").await
    }

    /// Puts a template, and gives the address at which CloudFormation reads it.
    ///
    /// # Errors
    /// S3 does not take it.
    pub async fn put_template(&self, text: &str) -> Result<String, AwsError> {
        let key = template_key(text);
        self.put(&key, text.as_bytes().to_vec(), "application/yaml").await?;
        let doing = || format!("find the address of `{key}`");
        let get = self.aws.s3.get_object().bucket(&self.name).key(&key);
        let config = PresigningConfig::expires_in(ADDRESS)
            .map_err(|error| AwsError::unsent(doing(), error.to_string()))?;
        let signed = get.presigned(config).await.map_err(|error| AwsError::new(doing(), error))?;
        // CloudFormation reads it with the rights of whoever asks, and takes no signature.
        let address = signed.uri();
        Ok(address.split_once('?').map_or(address, |(address, _)| address).to_owned())
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, kind: &str) -> Result<(), AwsError> {
        let put = self.aws.s3.put_object().bucket(&self.name).key(key).content_type(kind);
        let put = put.expected_bucket_owner(&self.owner);
        let answer = put.body(ByteStream::from(bytes)).send().await.map(|_| ());
        answer.map_err(|error| AwsError::new(format!("put `{key}` into the bucket"), error))
    }
}

/// What a farm offers that stands as this stack.
fn offer(farm: &FarmConfig, stack: &Stack) -> Offer {
    let output = |name: &str| {
        let found = stack.outputs().iter().find(|output| output.output_key() == Some(name));
        found.and_then(|output| output.output_value()).map(str::to_owned)
    };
    let parameter = |name: &str| {
        let found = stack.parameters().iter().find(|parameter| parameter.parameter_key() == Some(name));
        found.and_then(|parameter| parameter.parameter_value()?.parse::<f64>().ok())
    };
    let (runs, ceiling) = match farm.spot {
        Spot::First => (Runs::SpotFirst, parameters::MAX_SPOT_VCPUS),
        Spot::Only => (Runs::Spot, parameters::MAX_SPOT_VCPUS),
        Spot::Never => (Runs::OnDemand, parameters::MAX_ON_DEMAND_VCPUS),
    };
    Offer {
        stack: stack.stack_name().map(str::to_owned),
        queue: output(outputs::QUEUE_ARN),
        logs: output(outputs::TASK_LOGS),
        tasks: parameter(ceiling).map(|vcpus_allowed| Tasks {
            vcpus: f64::from(farm.render.vcpus().units()) / 1024.0,
            memory_mib: farm.render.memory_mib().into(),
            vcpus_allowed,
            runs,
        }),
        ..Offer::new(farm.blenders.iter().map(ToString::to_string))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_tells_of_the_stack() {
        use aws_sdk_cloudformation::types::{Output, Parameter};
        let output = |key: &str, value: &str| Output::builder().output_key(key).output_value(value).build();
        let ceiling =
            Parameter::builder().parameter_key(parameters::MAX_SPOT_VCPUS).parameter_value("256").build();
        let stack = Stack::builder()
            .stack_name("film")
            .outputs(output(outputs::QUEUE_ARN, "arn:queue"))
            .outputs(output(outputs::TASK_LOGS, "logs"))
            .parameters(ceiling)
            .build();
        let farm = FarmConfig::standard().expect("a farm");
        let told = offer(&farm, &stack);
        assert_eq!((told.stack.as_deref(), told.queue.as_deref()), (Some("film"), Some("arn:queue")));
        let tasks = told.tasks.expect("told");
        assert_eq!((tasks.vcpus, tasks.memory_mib, tasks.vcpus_allowed), (4.0, 8192, 256.0));
        assert_eq!(tasks.runs, Runs::SpotFirst);
        assert_eq!(offer(&farm, &Stack::builder().build()).tasks, None);
    }

    #[test]
    fn keys_name_their_contents() {
        let key = code_key(b"code");
        assert_eq!(key, code_key(b"code"));
        assert_ne!(key, code_key(b"other code"));
        assert_eq!(key.len(), ".farm/lambda/".len() + 64 + ".zip".len());
        assert!(template_key("a").starts_with(".farm/template/"));
    }
}
