//! One template brought to one stack: proposed, shown, confirmed, carried out, followed.

use std::collections::BTreeSet;

use aws_sdk_cloudformation::types::Stack;
use jiff::Timestamp;

use super::aws::Aws;
use super::bucket::Bucket;
use super::change_set::{Change, Proposed, propose};
use super::cloudformation::{Body, Proposal};
use super::error::{DeployError, Failure};
use super::events::Tail;
use super::follow::follow;
use super::news::{Host, News};
use super::status::Standing;
use super::status_of;
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
    /// The function's code, to be put into the bucket before the change is carried out.
    pub code: Option<&'a [u8]>,
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
    bucket: &Bucket<'_>,
    host: &mut dyn Host,
) -> Result<Applied, DeployError> {
    let proposal = Made::of(aws, name, &task, bucket).await?;
    let Some(changes) = proposal.changes else {
        host.tell(&News::NoChange);
        return Ok(Applied::Nothing);
    };
    let changing: BTreeSet<String> = changes.iter().map(|change| change.logical_id.clone()).collect();
    let question = match changes.len() {
        0 | 1 => "Make this change?".to_owned(),
        count => format!("Make these {count} changes?"),
    };
    host.tell(&News::Plan(changes));
    if let Err(error) = host.confirm(&question).await.agreed() {
        take_back(aws, name, Some(&proposal.set), proposal.alone).await?;
        return Err(error);
    }
    if let Some(code) = task.code {
        bucket.put_code(code).await?;
        host.tell(&News::Uploaded { what: "the function's code", bytes: code.len() as u64 });
    }
    let stack = aws.stack(name).await?.ok_or_else(|| DeployError::Vanished(name.to_owned()))?;
    let id = stack.stack_id().unwrap_or(name).to_owned();
    let tail = Tail::from_now(aws, &id).await?;
    aws.execute(&id, &proposal.set).await?;
    let ended = follow(aws, &id, tail, &changing, host).await?;
    if GOOD.contains(&ended.status.as_str()) {
        Ok(Applied::Changed)
    } else {
        Err(Failure::new(name, &ended).into())
    }
}

/// What applying a template would change. None where nothing would.
///
/// # Errors
/// CloudFormation does not take it.
pub async fn look(
    aws: &Aws,
    name: &str,
    task: Task<'_>,
    bucket: &Bucket<'_>,
) -> Result<Option<Vec<Change>>, DeployError> {
    let proposal = Made::of(aws, name, &task, bucket).await?;
    if proposal.changes.is_some() {
        take_back(aws, name, Some(&proposal.set), proposal.alone).await?;
    }
    Ok(proposal.changes)
}

/// A proposal that CloudFormation has worked out.
struct Made {
    /// Its name.
    set: String,
    /// What would change; none where nothing would.
    changes: Option<Vec<Change>>,
    /// Whether the stack is there for its sake alone.
    alone: bool,
}

impl Made {
    async fn of(aws: &Aws, name: &str, task: &Task<'_>, bucket: &Bucket<'_>) -> Result<Self, DeployError> {
        let text = &task.template.text;
        let body = if fits_inline(text) {
            Body::Inline(text.clone())
        } else {
            Body::At(bucket.put_template(text).await?)
        };
        let creates = task.stack.is_none();
        let alone = creates && aws.stack(name).await?.is_none();
        // To the millisecond: two proposals of one name would be one.
        let set = format!("farm-{}", Timestamp::now().as_millisecond());
        let proposal = Proposal {
            stack: name,
            creates,
            name: &set,
            body: &body,
            parameters: &task.parameters,
            capability: task.template.capability,
            adopts: task.adopts,
        };
        match propose(aws, &proposal).await {
            Ok(Proposed::Nothing) => Ok(Self { set, changes: None, alone }),
            Ok(Proposed::Changes(changes)) => Ok(Self { set, changes: Some(changes), alone }),
            Err(error) => {
                take_back(aws, name, None, alone).await?;
                Err(error.into())
            }
        }
    }
}

/// Takes a proposal back. A stack that is there for its sake alone goes with it.
async fn take_back(aws: &Aws, name: &str, set: Option<&str>, alone: bool) -> Result<(), DeployError> {
    if let Some(set) = set {
        aws.delete_change_set(name, set).await?;
    }
    if alone {
        let stack = aws.stack(name).await?;
        if stack.is_some_and(|stack| Standing::of(status_of(&stack)) == Standing::Proposed) {
            aws.delete_stack(name).await?;
        }
    }
    Ok(())
}
