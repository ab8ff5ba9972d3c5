//! Who the function is to AWS: what Lambda sets in its environment, and nothing else.
//!
//! The SDK's own chain would look for the same in files and at other services: a part of the package
//! for what is never there.

use std::env;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::SharedCredentialsProvider;

/// Region and credentials of the function's role. `service` is called at its own place in the region, unless a
/// variable names another one: `AWS_ENDPOINT_URL_S3` for `S3`, `AWS_ENDPOINT_URL` for all.
pub(crate) fn access(service: &str) -> SdkConfig {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = set(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| set("AWS_ENDPOINT_URL"));
    let credentials = EnvironmentVariableCredentialsProvider::new();
    let mut access = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(set("AWS_REGION").map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    access.set_endpoint_url(endpoint);
    access.build()
}
