//! What there is to know before anything is built for a farm: who deploys it, where, and whether it can
//! stand there.

use super::aws::Aws;
use super::bucket::{Bucket, Found};
use super::error::DeployError;
use super::status::Standing;
use super::wanted::Wanted;
use super::{outputs_of, status_of};
use crate::farm::outputs;

/// Where a farm is to stand.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Site {
    /// The account: 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// Whether its bucket and its registry are there.
    pub founded: bool,
    /// The settings that a deploy of those alone takes.
    pub foundation_settings: Vec<String>,
}

/// Looks whether a farm can be deployed here. Changes nothing.
///
/// # Errors
/// It cannot: nobody is logged in, or a stack or a bucket of its name is something else.
pub async fn site(aws: &Aws, wanted: &Wanted) -> Result<Site, DeployError> {
    let name = wanted.stack.as_str();
    let (account, region) = (aws.account().await?, aws.region().to_owned());
    let stack = aws.stack(name).await?;
    let standing = stack.as_ref().map_or(Standing::Gone, |stack| Standing::of(status_of(stack)));
    let founded = match standing {
        Standing::Undeleted => return Err(DeployError::Undeleted(name.to_owned())),
        Standing::Gone | Standing::Proposed | Standing::Dead => {
            let bucket = Bucket::new(aws, name, &account);
            if bucket.find().await? == Found::Other {
                return Err(DeployError::NotAFarmsBucket(bucket.name().to_owned()));
            }
            false
        }
        Standing::Ready | Standing::Stuck | Standing::Busy => {
            stack.iter().flat_map(outputs_of).any(|output| output.name == outputs::REGISTRY_URI)
        }
    };
    let foundation_settings = wanted.foundation.document.parameters.keys().cloned().collect();
    Ok(Site { account, region, founded, foundation_settings })
}
