//! The clients of one account and region, and what an error of theirs means for who deploys.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use super::reason;

/// How long one attempt of a call may wait for its answer. An upload of code is on its way meanwhile.
const ANSWER: Duration = Duration::from_secs(120);

/// Variables that send calls elsewhere.
const ENDPOINTS: [&str; 5] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_CLOUDFORMATION",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_BATCH",
    "AWS_ENDPOINT_URL_STS",
];

/// The clients of one account and region.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(super) cloudformation: Client,
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) batch: aws_sdk_batch::Client,
    sts: aws_sdk_sts::Client,
    region: String,
}

/// A call that AWS did not answer as it was hoped.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}: {words}")]
pub struct AwsError {
    /// What was called for, as a verb and its object.
    doing: String,
    /// AWS's code for it.
    pub code: Option<String>,
    /// AWS's words.
    pub words: String,
    fault: Fault,
}

/// Where a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nobody is logged in.
    LoggedOut,
    /// No answer came.
    Unreachable,
    /// AWS answered.
    Answered,
}

impl AwsError {
    pub(super) fn new<E, R>(doing: impl Into<String>, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: fmt::Debug,
    {
        let code = error.code().map(str::to_owned);
        let words = error.message().map_or_else(|| chain(&error), str::to_owned);
        // The SDK tells of every place that it looked into.
        if words.contains("the credential provider was not enabled") {
            let words = "nobody is logged in to AWS here".to_owned();
            return Self { doing: doing.into(), code, words, fault: Fault::LoggedOut };
        }
        let fault = match error {
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Fault::Unreachable,
            _ => Fault::Answered,
        };
        Self { doing: doing.into(), code, words, fault }
    }

    /// Something that went wrong without a call that failed.
    pub(super) fn unsent(doing: impl Into<String>, words: impl Into<String>) -> Self {
        Self { doing: doing.into(), code: None, words: words.into(), fault: Fault::Answered }
    }

    /// What helps.
    pub fn hint(&self) -> Option<String> {
        match self.fault {
            Fault::LoggedOut => Some(logged_out()),
            Fault::Unreachable => Some(unreachable()),
            Fault::Answered => {
                let code = self.code.as_deref().unwrap_or_default();
                reason::hint(&format!("{code}: {}", self.words))
            }
        }
    }

    /// Whether the same call may well be answered in a moment.
    pub(super) fn is_passing(&self) -> bool {
        let asks = |code: &str| {
            [
                "Throttl",
                "TooManyRequests",
                "RequestLimit",
                "InternalFailure",
                "InternalError",
                "ServiceUnavailable",
            ]
            .iter()
            .any(|asks| code.contains(asks))
        };
        self.fault == Fault::Unreachable || self.code.as_deref().is_some_and(asks)
    }

    pub(super) fn says(&self, words: &str) -> bool {
        self.words.to_lowercase().contains(words)
    }
}

fn logged_out() -> String {
    let how = "`aws login`, `aws sso login` or `aws configure`";
    match std::env::var("AWS_PROFILE") {
        Ok(profile) => format!(
            "AWS_PROFILE is `{profile}`: see that there is a profile of that name, and log in with it ({how}). Then run \
             the same command again."
        ),
        Err(_) => format!("Log in to AWS ({how}), or set AWS_PROFILE, then run the same command again."),
    }
}

fn unreachable() -> String {
    let elsewhere = ENDPOINTS.into_iter().find_map(|name| Some((name, std::env::var(name).ok()?)));
    match elsewhere {
        Some((name, address)) => format!("{name} sends calls to {address}. Unset it to reach AWS."),
        None => "Check the network, and that the region's name is right.".to_owned(),
    }
}

impl Aws {
    /// Clients with the settings of the environment: profile, region, `AWS_ENDPOINT_URL`.
    ///
    /// # Errors
    /// No region is named anywhere.
    pub async fn connect(region: Option<&str>) -> Result<Self, NoRegion> {
        let timeouts = TimeoutConfig::builder().read_timeout(ANSWER).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let config = loader.load().await;
        let region = config.region().map(ToString::to_string).filter(|region| !region.is_empty());
        let region = region.ok_or(NoRegion)?;
        Ok(Self {
            cloudformation: Client::new(&config),
            s3: aws_sdk_s3::Client::new(&config),
            batch: aws_sdk_batch::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            region,
        })
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account that is deployed to: 12 digits.
    ///
    /// # Errors
    /// Nobody is logged in.
    pub async fn account(&self) -> Result<String, AwsError> {
        let answer = self.sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| AwsError::new("find out whose account this is", error))?;
        Ok(answer.account.unwrap_or_default())
    }
}

/// An error that never reached AWS, with what it came of.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// No region is named anywhere.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no region is named: neither with --region, nor in AWS_REGION, nor in the profile")]
pub struct NoRegion;
