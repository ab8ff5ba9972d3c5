//! Takes the farm down: what would be lost is told and asked about, jobs are stopped, the stack is
//! deleted, and then the bucket, which the stack leaves standing on purpose.
//!
//! Run again after whatever stopped it, it goes on from there.

use std::collections::BTreeSet;

use super::aws::Aws;
use super::bucket::{Bucket, Contents};
use super::error::{DeployError, Failure};
use super::events::Tail;
use super::follow::follow;
use super::news::{Host, News};
use super::queue::Queue;
use super::reason;
use super::status::Standing;
use super::status_of;
use crate::farm::bucket_name;

/// AWS Batch takes an environment off its queue in its own time, and CloudFormation does not wait.
const ATTEMPTS: usize = 12;
const RELATIONSHIP: &str = "found existing jobqueue relationship";
const PAUSE: std::time::Duration = std::time::Duration::from_secs(5);

/// What would be lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loss {
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

/// What stands in a stack, as far as taking it down needs it.
struct Standings {
    id: String,
    queue: Option<String>,
}

/// Looks at what would be lost.
///
/// # Errors
/// AWS does not tell.
pub async fn survey(aws: &Aws, name: &str) -> Result<Loss, DeployError> {
    let account = aws.account().await?;
    let mut loss = Loss::default();
    if let Some(stack) =
        aws.stack(name).await?.filter(|stack| Standing::of(status_of(stack)) != Standing::Gone)
    {
        loss.status = Some(status_of(&stack).to_owned());
        loss.protected = stack.enable_termination_protection == Some(true);
        let resources = aws.resources(name).await?;
        loss.resources = resources.len();
        loss.registry = resources.iter().any(|(_, kind, _)| kind == "AWS::ECR::Repository");
        if let Some((_, _, queue)) = resources.iter().find(|(_, kind, _)| kind == "AWS::Batch::JobQueue") {
            loss.jobs = Queue::new(aws, queue).unfinished().await?.len();
        }
    }
    let bucket = bucket_name(name, &account, aws.region());
    let standing = Bucket::new(aws, &bucket);
    if standing.stands().await? {
        loss.bucket = Some((bucket.clone(), standing.contents().await?));
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
    if let Some(standing) = standings(aws, name).await? {
        if let Some(queue) = &standing.queue {
            let queue = Queue::new(aws, queue);
            queue.close().await?;
            queue.stop_all(|left| host.tell(&News::StoppingJobs { left })).await?;
        }
        delete_stack(aws, name, &standing.id, host).await?;
    }
    if let (false, Some((bucket, contents))) = (asked.keep_bucket, &loss.bucket) {
        let bucket = Bucket::new(aws, bucket);
        // What was written since it was looked at counts as well.
        bucket.empty(|gone| host.tell(&News::Emptying { gone, of: contents.versions.max(gone) })).await?;
        bucket.delete().await?;
    }
    host.tell(&News::Gone);
    Ok(())
}

async fn standings(aws: &Aws, name: &str) -> Result<Option<Standings>, DeployError> {
    let Some(stack) = aws.stack(name).await? else { return Ok(None) };
    if Standing::of(status_of(&stack)) == Standing::Gone {
        return Ok(None);
    }
    let resources = aws.resources(name).await?;
    let queue = resources.into_iter().find(|(_, kind, _)| kind == "AWS::Batch::JobQueue");
    Ok(Some(Standings {
        id: stack.stack_id().unwrap_or(name).to_owned(),
        queue: queue.map(|(_, _, queue)| queue),
    }))
}

async fn delete_stack(aws: &Aws, name: &str, id: &str, host: &mut dyn Host) -> Result<(), DeployError> {
    for attempt in 1..=ATTEMPTS {
        let changing: BTreeSet<String> =
            aws.resources(id).await?.into_iter().map(|(logical, _, _)| logical).collect();
        let tail = Tail::from_now(aws, id).await?;
        aws.delete_stack(id).await?;
        let ended = follow(aws, id, tail, &changing, host).await?;
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
    Ok(())
}
