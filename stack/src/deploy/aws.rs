//! The clients of one account and region.

use std::time::Duration;

use aws_sdk_cloudformation::Client;
use farm_aws::{AwsError, NoRegion, Session};

/// How long one attempt of a call may wait for its answer. An upload of code is on its way meanwhile.
const ANSWER: Duration = Duration::from_secs(120);

/// The clients of one account and region.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(super) cloudformation: Client,
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) batch: aws_sdk_batch::Client,
    session: Session,
}

impl Aws {
    /// Clients with the settings of the environment: profile, region, `AWS_ENDPOINT_URL`.
    ///
    /// # Errors
    /// No region is named anywhere.
    pub async fn connect(region: Option<&str>) -> Result<Self, NoRegion> {
        let session = Session::open(region, ANSWER).await?;
        Ok(Self {
            cloudformation: Client::new(session.config()),
            s3: aws_sdk_s3::Client::new(session.config()),
            batch: aws_sdk_batch::Client::new(session.config()),
            session,
        })
    }

    /// The region.
    pub fn region(&self) -> &str {
        self.session.region()
    }

    /// The account that is deployed to: 12 digits.
    ///
    /// # Errors
    /// Nobody is logged in, or AWS does not say.
    pub async fn account(&self) -> Result<String, AwsError> {
        self.session.account().await
    }
}
