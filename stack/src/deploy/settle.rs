//! Brings a stack to where it can be changed: what is going on is waited for, what an earlier
//! attempt left half done is put in order.

use std::collections::BTreeSet;

use aws_sdk_cloudformation::types::Stack;

use super::aws::Aws;
use super::error::{DeployError, Failure};
use super::events::Tail;
use super::follow::follow;
use super::news::{Host, News};
use super::status::Standing;
use super::status_of;

/// More than this many repairs in a row, and the stack needs a person.
const REPAIRS: usize = 3;

/// The stack, ready to be changed; none where there is none.
///
/// # Errors
/// It cannot be brought there; the error says what does.
pub async fn settle(aws: &Aws, name: &str, host: &mut dyn Host) -> Result<Option<Stack>, DeployError> {
    let mut repairs = 0;
    loop {
        let Some(stack) = aws.stack(name).await? else { return Ok(None) };
        let status = status_of(&stack).to_owned();
        let id = stack.stack_id().unwrap_or(name).to_owned();
        let standing = Standing::of(&status);
        match standing {
            Standing::Ready => return Ok(Some(stack)),
            Standing::Gone => return Ok(None),
            Standing::Undeleted => return Err(DeployError::Undeleted(name.to_owned())),
            Standing::Busy => host.tell(&News::Following { status: status.clone() }),
            Standing::Proposed | Standing::Dead | Standing::Stuck => {
                host.tell(&News::Mending { status: status.clone() });
            }
        }
        let tail = Tail::from_now(aws, &id).await?;
        match standing {
            Standing::Proposed | Standing::Dead => aws.delete_stack(&id).await?,
            Standing::Stuck => aws.continue_rollback(&id).await?,
            _ => {
                // It may have come to its end before the tail began.
                let now = aws.stack(&id).await?;
                if now.is_none_or(|now| Standing::of(status_of(&now)) != Standing::Busy) {
                    continue;
                }
            }
        }
        let ended = follow(aws, &id, tail, &BTreeSet::new(), host).await?;
        let again = Standing::of(&ended.status) == standing;
        repairs += 1;
        if again && standing != Standing::Busy || repairs > REPAIRS {
            return Err(Failure::new(name, &ended).into());
        }
    }
}
