//! One template brought to one stack: proposed, shown, confirmed, carried out, followed.

use std::collections::BTreeSet;

use aws_sdk_cloudformation::types::Stack;
use jiff::Timestamp;

use super::aws::{Aws, Body, Proposal};
use super::bucket::Bucket;
use super::change_set::{Change, Proposed, propose};
use super::error::{DeployError, Failure};
use super::events::Tail;
use super::follow::follow;
use super::news::{Host, News};
use super::status::Standing;
use crate::template::{Finished, fits_inline};

/// What is to be applied.
#[derive(Debug)]
pub struct Task<'a> {
    /// The template.
    pub template: &'a Finished,
    /// Its parameters; those without a value keep the one that they have.
    pub parameters: Vec<(String, Option<String>)>,
    /// The stack as it stands. None: it is created.
    pub stack: Option<&'a Stack>,
    /// Whether a bucket that stands becomes the stack's.
    pub adopts: bool,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The stack was already like that.
    Nothing,
    /// It is now.
    Changed,
}

/// States in which a change is carried out.
const GOOD: [&str; 3] = ["CREATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_COMPLETE"];

/// Applies a template to a stack.
///
/// # Errors
/// CloudFormation does not take it, who is asked says no, or it fails on the way, and then the
/// stack is as it was before.
pub async fn apply(
    aws: &Aws,
    name: &str,
    task: Task<'_>,
    bucket: Bucket<'_>,
    host: &mut dyn Host,
) -> Result<Applied, DeployError> {
    let creates = task.stack.is_none();
    let (set, proposed) = propose_task(aws, name, &task, bucket).await?;
    let Proposed::Changes(changes) = proposed else {
        host.tell(&News::NoChange);
        return Ok(Applied::Nothing);
    };
    let changing: BTreeSet<String> = changes.iter().map(|change| change.logical_id.clone()).collect();
    let count = changes.len();
    host.tell(&News::Plan(changes));
    let question = match count {
        1 => "Make this change?".to_owned(),
        count => format!("Make these {count} changes?"),
    };
    if !host.confirm(&question) {
        take_back(aws, name, &set, creates).await?;
        return Err(DeployError::Declined);
    }
    let stack = aws.stack(name).await?.ok_or_else(|| DeployError::Vanished(name.to_owned()))?;
    let id = stack.stack_id().unwrap_or(name).to_owned();
    let tail = Tail::from_now(aws, &id).await?;
    aws.execute(&id, &set).await?;
    let ended = follow(aws, &id, tail, &changing, host).await?;
    if GOOD.contains(&ended.status.as_str()) {
        Ok(Applied::Changed)
    } else {
        Err(Failure::new(name, &ended).into())
    }
}

/// What applying a template would change.
///
/// # Errors
/// CloudFormation does not take it.
pub async fn look(
    aws: &Aws,
    name: &str,
    task: Task<'_>,
    bucket: Bucket<'_>,
) -> Result<Vec<Change>, DeployError> {
    let (set, proposed) = propose_task(aws, name, &task, bucket).await?;
    match proposed {
        Proposed::Nothing => Ok(Vec::new()),
        Proposed::Changes(changes) => {
            take_back(aws, name, &set, task.stack.is_none()).await?;
            Ok(changes)
        }
    }
}

async fn propose_task(
    aws: &Aws,
    name: &str,
    task: &Task<'_>,
    bucket: Bucket<'_>,
) -> Result<(String, Proposed), DeployError> {
    let text = &task.template.text;
    let body = if fits_inline(text) {
        Body::Inline(text.clone())
    } else {
        Body::At(bucket.put_template(text).await?)
    };
    // To the millisecond: two proposals of one name would be one.
    let set = format!("farm-{}", Timestamp::now().as_millisecond());
    let proposal = Proposal {
        stack: name,
        creates: task.stack.is_none(),
        name: &set,
        body: &body,
        parameters: &task.parameters,
        capability: task.template.capability,
        adopts: task.adopts,
    };
    let proposed = propose(aws, &proposal).await?;
    Ok((set, proposed))
}

/// A proposal to create leaves a stack behind that holds nothing but the proposal.
async fn take_back(aws: &Aws, name: &str, set: &str, creates: bool) -> Result<(), DeployError> {
    aws.delete_change_set(name, set).await?;
    if creates {
        let stack = aws.stack(name).await?;
        if stack.is_some_and(|stack| Standing::of(super::status_of(&stack)) == Standing::Proposed) {
            aws.delete_stack(name).await?;
        }
    }
    Ok(())
}
