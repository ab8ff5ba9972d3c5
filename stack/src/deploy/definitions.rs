//! Job definitions that outlive their stack: an update leaves the revisions before it, for jobs that
//! wait, and CloudFormation forgets them.

use farm_aws::AwsError;

use super::aws::Aws;
use crate::farm::is_job_definition;

/// The state of a definition that can be used.
const ACTIVE: &str = "ACTIVE";

/// Takes all revisions of the farm's job definitions out of use.
///
/// # Errors
/// Batch does not tell of them, or keeps one.
pub async fn deregister_all(aws: &Aws, stack: &str) -> Result<(), AwsError> {
    let list = aws.batch.describe_job_definitions().status(ACTIVE);
    let mut pages = list.into_paginator().items().send();
    let mut left = Vec::new();
    while let Some(definition) = pages.next().await {
        let definition = definition.map_err(|error| AwsError::new("list job definitions", error))?;
        let ours = definition.job_definition_name().is_some_and(|name| is_job_definition(stack, name));
        left.extend(definition.job_definition_arn.filter(|_| ours));
    }
    for arn in left {
        let call = aws.batch.deregister_job_definition().job_definition(&arn);
        let answer = call.send().await.map(|_| ());
        answer.map_err(|error| AwsError::new(format!("take {arn} out of use"), error))?;
    }
    Ok(())
}
