//! Who is logged in to AWS, and what AWS gives him for its registry.

use std::time::Duration;

use aws_sdk_ecr::types::AuthorizationData;
use farm_aws::{AwsError, Session};

use crate::error::ImagesError;
use crate::names::Repository;
use crate::registry::{Endpoint, Registry};

/// How long one attempt of a call may wait for its answer.
const ANSWER: Duration = Duration::from_secs(60);

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
        let session = Session::open(region, ANSWER).await?;
        let region = session.region().to_owned();
        let (endpoint, password) = token(&session).await?;
        let endpoint = Endpoint::parse(&endpoint)?;
        let (account, host) = match endpoint.account() {
            Some(account) => (account.to_owned(), endpoint.host().to_owned()),
            // Whoever plays AWS on this machine.
            None => {
                let account = session.account().await?;
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
async fn token(session: &Session) -> Result<(String, String), ImagesError> {
    const DOING: &str = "log in to the registry of this account";
    let answer = aws_sdk_ecr::Client::new(session.config()).get_authorization_token().send().await;
    let answer = answer.map_err(|error| AwsError::new(DOING, error))?;
    let data = answer.authorization_data.unwrap_or_default().into_iter().next();
    match data {
        Some(AuthorizationData {
            authorization_token: Some(token), proxy_endpoint: Some(endpoint), ..
        }) => Ok((endpoint, token)),
        _ => Err(AwsError::unsent(DOING, "AWS gives no password for it").into()),
    }
}
