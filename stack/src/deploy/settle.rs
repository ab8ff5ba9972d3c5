//! Brings a stack to where it can be changed: what is going on is waited for, and what an earlier
//! attempt of ours left half done is cleaned up, if whoever is asked agrees.

use std::collections::BTreeSet;

use aws_sdk_cloudformation::types::Stack;

use super::aws::Aws;
use super::error::{DeployError, Failure};
use super::events::Tail;
use super::follow::follow;
use super::news::{Host, News};
use super::status::Standing;
use super::{of_farm, status_of};

/// More than this many repairs in a row, and the stack needs a person.
const REPAIRS: usize = 3;

/// Waits until nothing is being done to the stack. What is found then; none where there is no stack.
///
/// # Errors
/// CloudFormation does not tell.
pub async fn rest(aws: &Aws, name: &str, host: &mut dyn Host) -> Result<Option<Stack>, DeployError> {
    while let Some(stack) = aws.stack(name).await? {
        if Standing::of(status_of(&stack)) != Standing::Busy {
            return Ok(Some(stack));
        }
        let id = stack.stack_id().unwrap_or(name).to_owned();
        let tail = Tail::from_now(aws, &id).await?;
        // It may have come to its end before the tail began.
        let now = aws.stack(&id).await?;
        let Some(now) = now.filter(|now| Standing::of(status_of(now)) == Standing::Busy) else { continue };
        host.tell(&News::Following { status: status_of(&now).to_owned() });
        follow(aws, &id, tail, &BTreeSet::new(), host).await?;
    }
    Ok(None)
}

/// The stack, ready to be changed; none where there is none, or one that was proposed and never made.
///
/// # Errors
/// It is no farm, it cannot be brought there, or who is asked says no.
pub async fn settle(aws: &Aws, name: &str, host: &mut dyn Host) -> Result<Option<Stack>, DeployError> {
    for _ in 0..=REPAIRS {
        let Some(stack) = rest(aws, name, host).await? else { return Ok(None) };
        let status = status_of(&stack).to_owned();
        let standing = Standing::of(&status);
        let question = match standing {
            // A proposal to create can be made beside one that nobody carried out.
            Standing::Gone | Standing::Proposed => return Ok(None),
            Standing::Undeleted => return Err(DeployError::Undeleted(name.to_owned())),
            Standing::Ready | Standing::Busy => {
                of_farm(aws, name).await?;
                return Ok(Some(stack));
            }
            Standing::Dead => "Delete what is left of it?",
            Standing::Stuck => "Take the rest of that change back?",
        };
        of_farm(aws, name).await?;
        host.tell(&News::Mending { status });
        host.confirm(question).await.agreed()?;
        let id = stack.stack_id().unwrap_or(name).to_owned();
        let tail = Tail::from_now(aws, &id).await?;
        match standing {
            Standing::Dead => aws.delete_stack(&id).await?,
            _ => aws.continue_rollback(&id).await?,
        }
        let ended = follow(aws, &id, tail, &BTreeSet::new(), host).await?;
        if Standing::of(&ended.status) == standing {
            return Err(Failure::new(name, &ended).into());
        }
    }
    Err(DeployError::Restless(name.to_owned()))
}
