//! Who is logged in, and where calls go.

use std::time::{Duration, SystemTime};

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::ProvideCredentials;

use crate::error::AwsError;

/// What the clients of one account and region are made from.
#[derive(Debug, Clone)]
pub struct Session {
    config: SdkConfig,
    region: String,
}

impl Session {
    /// A session with the settings of the environment: profile, region, `AWS_ENDPOINT_URL`. One
    /// attempt of a call waits for its answer as long as `answer`.
    ///
    /// # Errors
    /// No region is named anywhere.
    pub async fn open(region: Option<&str>, answer: Duration) -> Result<Self, NoRegion> {
        let timeouts = TimeoutConfig::builder().read_timeout(answer).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let config = loader.load().await;
        let region = config.region().map(ToString::to_string).filter(|region| !region.is_empty());
        let region = region.ok_or(NoRegion)?;
        Ok(Self { config, region })
    }

    /// What a client is made from.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account: 12 digits.
    ///
    /// # Errors
    /// Nobody is logged in, or AWS does not say.
    pub async fn account(&self) -> Result<String, AwsError> {
        Ok(self.caller().await?.account)
    }

    /// When this login ends; none where it does not, as that of a user with keys. What is signed with it is good no longer.
    ///
    /// # Errors
    /// Nobody is logged in.
    pub async fn ends_at(&self) -> Result<Option<SystemTime>, AwsError> {
        const DOING: &str = "find out how long the login lasts";
        let Some(provider) = self.config.credentials_provider() else { return Ok(None) };
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| AwsError::unsent(DOING, error.to_string()))?;
        Ok(credentials.expiry())
    }

    /// Who is logged in.
    ///
    /// # Errors
    /// Nobody is, or AWS does not say.
    pub async fn caller(&self) -> Result<Caller, AwsError> {
        const DOING: &str = "find out whose account this is";
        let answer = aws_sdk_sts::Client::new(&self.config).get_caller_identity().send().await;
        let answer = answer.map_err(|error| AwsError::new(DOING, error))?;
        let account = answer.account.ok_or_else(|| AwsError::unsent(DOING, "AWS does not say"))?;
        Ok(Caller { account, arn: answer.arn.unwrap_or_default() })
    }
}

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account: 12 digits.
    pub account: String,
    /// The user, or the role that is played.
    pub arn: String,
}

/// No region is named anywhere.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no region is named: neither with --region, nor in AWS_REGION, nor in the profile")]
pub struct NoRegion;

impl NoRegion {
    /// What helps.
    pub fn hint(self) -> String {
        let name = "Name one: --region eu-west-1.";
        match std::env::var("AWS_PROFILE") {
            Ok(profile) => {
                format!("{name} AWS_PROFILE is `{profile}`: see that there is a profile of that name.")
            }
            Err(_) => name.to_owned(),
        }
    }
}
