//! Who is logged in to AWS, and what AWS gives him for its registry.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ecr::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecr::types::AuthorizationData;

use crate::error::ImagesError;
use crate::names::Repository;
use crate::registry::{Endpoint, Registry};

/// How long one attempt of a call may wait for its answer.
const ANSWER: Duration = Duration::from_secs(60);

/// Variables that send calls elsewhere.
const ENDPOINTS: [&str; 3] = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_STS"];

/// Somebody who is logged in, with the registry of his account in one region.
#[derive(Debug)]
pub struct Login {
    pub(crate) registry: Registry,
    account: String,
    region: String,
    host: String,
}

impl Login {
    /// Logs in to the registry, with the settings of the environment: profile, region,
    /// `AWS_ENDPOINT_URL`.
    ///
    /// # Errors
    /// No region is named anywhere, nobody is logged in, or AWS does not let him in.
    pub async fn new(region: Option<&str>) -> Result<Self, ImagesError> {
        let timeouts = TimeoutConfig::builder().read_timeout(ANSWER).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let config = loader.load().await;
        let region = config.region().map(ToString::to_string).filter(|region| !region.is_empty());
        let region = region.ok_or(ImagesError::NoRegion)?;

        let (endpoint, password) = token(&config).await?;
        let endpoint = Endpoint::parse(&endpoint)?;
        let (account, host) = match endpoint.account() {
            Some(account) => (account.to_owned(), endpoint.host().to_owned()),
            // Whoever plays AWS on this machine.
            None => {
                let account = account(&config).await?;
                let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
                let host = format!("{account}.dkr.ecr.{region}.{suffix}");
                (account, host)
            }
        };
        let registry = Registry::new(endpoint, &password)?;
        Ok(Self { registry, account, region, host })
    }

    /// The account: 12 digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// A repository's name with its registry, as a task names it.
    pub fn full(&self, repository: &Repository) -> String {
        format!("{}/{repository}", self.host)
    }
}

/// The registry's address, and user and password for it as they come: in base64.
async fn token(config: &SdkConfig) -> Result<(String, String), ImagesError> {
    const DOING: &str = "log in to the registry of this account";
    let answer = aws_sdk_ecr::Client::new(config).get_authorization_token().send().await;
    let answer = answer.map_err(|error| AwsError::new(DOING, error))?;
    let data = answer.authorization_data.unwrap_or_default().into_iter().next();
    match data {
        Some(AuthorizationData {
            authorization_token: Some(token), proxy_endpoint: Some(endpoint), ..
        }) => Ok((endpoint, token)),
        _ => Err(AwsError::unsent(DOING, "AWS gives no password for it").into()),
    }
}

async fn account(config: &SdkConfig) -> Result<String, ImagesError> {
    const DOING: &str = "find out whose account this is";
    let answer = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let answer = answer.map_err(|error| AwsError::new(DOING, error))?;
    answer.account.ok_or_else(|| AwsError::unsent(DOING, "AWS does not say").into())
}

/// A call that AWS did not answer as it was hoped.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}: {words}")]
pub struct AwsError {
    /// What was called for, as a verb and its object.
    doing: &'static str,
    /// AWS's code for it.
    code: Option<String>,
    /// AWS's words.
    words: String,
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
    fn new<E, R>(doing: &'static str, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: fmt::Debug,
    {
        let code = error.code().map(str::to_owned);
        let words = error.message().map_or_else(|| chain(&error), str::to_owned);
        // The SDK tells of every place that it looked into.
        if words.contains("the credential provider was not enabled") {
            let words = "nobody is logged in to AWS here".to_owned();
            return Self { doing, code, words, fault: Fault::LoggedOut };
        }
        let fault = match error {
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Fault::Unreachable,
            _ => Fault::Answered,
        };
        Self { doing, code, words, fault }
    }

    fn unsent(doing: &'static str, words: &str) -> Self {
        Self { doing, code: None, words: words.to_owned(), fault: Fault::Answered }
    }

    /// What helps.
    pub fn hint(&self) -> Option<String> {
        match self.fault {
            Fault::LoggedOut => Some(logged_out()),
            Fault::Unreachable => Some(unreachable()),
            Fault::Answered => answered(self.code.as_deref().unwrap_or_default(), &self.words),
        }
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

fn answered(code: &str, words: &str) -> Option<String> {
    let told = format!("{code}: {words}").to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| told.contains(part));
    let denied = words.split_once("not authorized to perform: ").map(|(_, rest)| rest);
    let action = denied.and_then(|rest| rest.split([' ', ',', ')', ';']).next());
    let text = if let Some(action) = action.filter(|action| action.contains(':')) {
        return Some(format!(
            "Whoever deploys lacks the right `{action}`. Add it to that user or role, then run the same command again."
        ));
    } else if has(&["accessdenied", "access denied", "not authorized"]) {
        "Whoever deploys lacks a right. Deploy as an administrator of the account, or add what is named above."
    } else if has(&["expiredtoken", "expired"]) {
        "Log in to AWS again, then run the same command."
    } else if has(&["unrecognizedclient", "invalidclienttoken", "invalidsignature", "security token"]) {
        "AWS does not know these credentials. Log in to AWS again, then run the same command."
    } else if has(&["throttl", "rate exceeded", "toomanyrequests"]) {
        "AWS asked for patience. Run the same command again in a minute."
    } else {
        return None;
    };
    Some(text.to_owned())
}

/// An error that never reached AWS, with what it came of.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_says_why_and_the_hint_says_what_helps() {
        for (code, words, hint_has) in [
            (
                "AccessDeniedException",
                "User: arn:aws:iam::1:user/x is not authorized to perform: ecr:GetAuthorizationToken on resource: *",
                "`ecr:GetAuthorizationToken`",
            ),
            ("AccessDeniedException", "no", "lacks a right"),
            ("ExpiredTokenException", "The security token included in the request is expired", "again"),
            (
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
                "not know",
            ),
            ("ThrottlingException", "Rate exceeded", "patience"),
        ] {
            let told = answered(code, words).unwrap_or_default();
            assert!(told.contains(hint_has), "{words}: {told}");
        }
        assert_eq!(answered("", "Something that nobody has seen"), None);
    }
}
