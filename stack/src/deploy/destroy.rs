//! Takes the farm down: what would be lost is told and asked about, jobs are stopped, the stack is
//! deleted, and then the bucket, which the stack leaves standing on purpose.
//!
//! Run again after whatever stopped it, it goes on from there.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudformation::types::Stack;
use farm_aws::AwsError;

use super::aws::Aws;
use super::bucket::{Bucket, Found};
use super::cloudformation::Resource;
use super::definitions::deregister_all;
use super::emptying::Contents;
use super::error::{DeployError, Failure};
use super::events::Tail;
use super::follow::{Ended, follow};
use super::news::{Host, News};
use super::queue::Queue;
use super::reason;
use super::settle::rest;
use super::status::Standing;
use super::{of_farm, status_of};

/// AWS Batch takes an environment off its queue in its own time, and CloudFormation does not wait.
const ATTEMPTS: usize = 12;
const RELATIONSHIP: &str = "found existing jobqueue relationship";
const PAUSE: Duration = Duration::from_secs(5);

/// What would be lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loss {
    /// The account: 12 digits.
    pub account: String,
    /// The stack's status; none where it is gone already.
    pub status: Option<String>,
    /// Resources that stand in the stack.
    pub resources: usize,
    /// Whether there is a registry, whose images go with it.
    pub registry: bool,
    /// Jobs that are not over.
    pub jobs: usize,
    /// The bucket's name, where it stands, and what is in it.
    pub bucket: Option<(String, Contents)>,
    /// Whether the stack is protected.
    pub protected: bool,
}

impl Loss {
    /// Whether there is nothing to take down.
    pub fn is_nothing(&self) -> bool {
        self.status.is_none() && self.bucket.is_none()
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Destruction {
    /// Leave the bucket and all that is in it.
    pub keep_bucket: bool,
    /// Take the protection off.
    pub unprotect: bool,
}

/// Looks at what would be lost, once nothing is being done to the stack.
///
/// # Errors
/// The stack of this name is no farm, or AWS does not tell.
pub async fn survey(aws: &Aws, name: &str, host: &mut dyn Host) -> Result<Loss, DeployError> {
    let account = aws.account().await?;
    let bucket = Bucket::new(aws, name, &account);
    let mut loss = Loss { account, ..Loss::default() };
    if let Some(stack) = made(aws, name, host).await? {
        of_farm(aws, name).await?;
        loss.status = Some(status_of(&stack).to_owned());
        loss.protected = stack.enable_termination_protection == Some(true);
        let resources = aws.resources(name).await?;
        loss.resources = resources.len();
        loss.registry = resources.iter().any(|resource| resource.kind == "AWS::ECR::Repository");
        if let Some(queue) = queue(aws, &resources).await? {
            loss.jobs = queue.unfinished().await?.len();
        }
    }
    // One that holds something else is none of ours.
    if bucket.find().await? == Found::Bucket {
        loss.bucket = Some((bucket.name().to_owned(), bucket.contents().await?));
    }
    Ok(loss)
}

/// Takes the farm down. What is lost has been told, and agreed to.
///
/// # Errors
/// Something does not go; the error says what, and what helps.
pub async fn destroy(
    aws: &Aws,
    name: &str,
    loss: &Loss,
    asked: Destruction,
    host: &mut dyn Host,
) -> Result<(), DeployError> {
    if loss.protected {
        if !asked.unprotect {
            return Err(DeployError::Protected(name.to_owned()));
        }
        aws.protect(name, false).await?;
    }
    if let Some(stack) = made(aws, name, host).await? {
        let id = stack.stack_id().unwrap_or(name).to_owned();
        if let Some(queue) = queue(aws, &aws.resources(&id).await?).await? {
            queue.close().await?;
            queue.stop_all(|left| host.tell(&News::StoppingJobs { left })).await?;
        }
        delete_stack(aws, name, &id, host).await?;
    }
    deregister_all(aws, name).await?;
    if let (false, Some((_, contents))) = (asked.keep_bucket, &loss.bucket) {
        let bucket = Bucket::new(aws, name, &loss.account);
        // What was written since it was looked at counts as well.
        bucket.empty(|gone| host.tell(&News::Emptying { gone, of: contents.versions.max(gone) })).await?;
        bucket.delete().await?;
    }
    host.tell(&News::Gone);
    Ok(())
}

/// The stack at rest, where there is one of which anything was ever made.
async fn made(aws: &Aws, name: &str, host: &mut dyn Host) -> Result<Option<Stack>, DeployError> {
    let made = |stack: &Stack| !matches!(Standing::of(status_of(stack)), Standing::Gone | Standing::Proposed);
    Ok(rest(aws, name, host).await?.filter(made))
}

/// The queue, where it stands.
async fn queue<'a>(aws: &'a Aws, resources: &'a [Resource]) -> Result<Option<Queue<'a>>, AwsError> {
    match resources.iter().find(|resource| resource.kind == "AWS::Batch::JobQueue") {
        Some(queue) => Queue::find(aws, &queue.physical_id).await,
        None => Ok(None),
    }
}

async fn delete_stack(aws: &Aws, name: &str, id: &str, host: &mut dyn Host) -> Result<(), DeployError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let resources = aws.resources(id).await?.into_iter();
        let changing: BTreeSet<String> = resources.map(|resource| resource.logical_id).collect();
        let tail = Tail::from_now(aws, id).await?;
        aws.delete_stack(id).await?;
        let ended: Ended = follow(aws, id, tail, &changing, host).await?;
        if ended.status == "DELETE_COMPLETE" {
            return Ok(());
        }
        let why =
            reason::first_cause(&ended.events).and_then(|event| event.reason.clone()).unwrap_or_default();
        if attempt == ATTEMPTS || !why.to_lowercase().contains(RELATIONSHIP) {
            return Err(Failure::new(name, &ended).into());
        }
        host.tell(&News::Again { why });
        tokio::time::sleep(PAUSE).await;
    }
}
