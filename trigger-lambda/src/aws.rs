//! Who the function is to AWS: what Lambda sets in its environment, and nothing else.
//!
//! The SDK's own chain would look for the same in files and at other services: a part of the package
//! for what is never there.

use std::env;
use std::time::Duration;

use anyhow::Result;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::SharedCredentialsProvider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

/// To these all that answers in AWS's public regions chains: a quarter of a cold start would go into reading the
/// hundreds that a system trusts.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");
/// What sends calls elsewhere.
const ENDPOINTS: [&str; 4] =
    ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_BATCH", "AWS_ENDPOINT_URL_SNS"];

/// Region and credentials of the function's role, and how its calls are sent.
#[derive(Debug, Clone)]
pub(crate) struct Access(SdkConfig);

impl Access {
    /// As the environment gives it. Clients made from one share what sends their calls.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn from_env() -> Result<Self> {
        let (region, endpoints) = (set("AWS_REGION"), ENDPOINTS.map(set));
        let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
        let http = if chains_to_amazon(region.as_deref().unwrap_or_default(), &endpoints) {
            let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
            http.tls_context(TlsContext::builder().with_trust_store(roots).build()?)
        } else {
            http
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .operation_attempt_timeout(Duration::from_secs(10))
            .build();
        let access = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.map(Region::new))
            .credentials_provider(SharedCredentialsProvider::new(
                EnvironmentVariableCredentialsProvider::new(),
            ))
            .http_client(http.build_https())
            .timeout_config(timeouts);
        Ok(Self(access.build()))
    }

    /// To one service: at its own place in the region, unless a variable names another one
    /// (`AWS_ENDPOINT_URL_S3` for `S3`, `AWS_ENDPOINT_URL` for all).
    pub(crate) fn to(&self, service: &str) -> SdkConfig {
        let endpoint = set(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| set("AWS_ENDPOINT_URL"));
        let mut access = self.0.to_builder();
        access.set_endpoint_url(endpoint);
        access.build()
    }
}

/// Whether all that is called is AWS's own, in a region whose certificates are known to be Amazon's. In others, such
/// as China's, and for a place of somebody's own, those count that the system trusts.
fn chains_to_amazon(region: &str, endpoints: &[Option<String>]) -> bool {
    let mut words = region.split('-');
    let public = matches!(words.next(), Some("af" | "ap" | "ca" | "eu" | "il" | "me" | "mx" | "sa" | "us"));
    let apart = words.next().is_some_and(|word| word == "gov" || word.starts_with("iso"));
    let encrypted = |endpoint: &String| !endpoint.starts_with("http://");
    public && !apart && !endpoints.iter().flatten().any(encrypted)
}

fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazons_roots_are_for_its_public_regions_alone() {
        let roots = |region, endpoint: Option<&str>| chains_to_amazon(region, &[endpoint.map(str::to_owned)]);
        for region in ["us-east-1", "eu-central-2", "ap-southeast-7", "mx-central-1"] {
            assert!(roots(region, None), "{region}");
        }
        for region in
            ["cn-north-1", "us-gov-west-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1", ""]
        {
            assert!(!roots(region, None), "{region}");
        }
        assert!(roots("us-east-1", Some("http://127.0.0.1:9000")), "nothing is encrypted");
        assert!(!roots("us-east-1", Some("https://s3.example.org")));
    }

    #[test]
    fn all_five_roots_are_there() {
        let text = std::str::from_utf8(AMAZON_ROOTS).unwrap();
        assert_eq!(text.matches("-----BEGIN CERTIFICATE-----").count(), 5);
    }
}
