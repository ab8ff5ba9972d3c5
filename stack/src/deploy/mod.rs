//! Makes a stack what it is asked to be: the only place that calls CloudFormation.
//!
//! It takes finished templates and makes nothing up: of what is in them it knows the bucket, which
//! takes code and must be emptied, and the queue, whose jobs must be stopped. It prints nothing:
//! what there is to tell goes to a [`Host`], which is also asked before anything is changed.
//!
//! Start reading at [`deploy()`]; taking the farm down is in [`destroy()`].

mod apply;
mod aws;
mod bucket;
mod change_set;
mod destroy;
mod error;
mod events;
mod follow;
mod news;
mod queue;
mod reason;
mod settle;
mod status;
mod wanted;

use std::collections::BTreeMap;
use std::time::Instant;

use aws_sdk_cloudformation::types::Stack;

use crate::farm::{bucket_name, outputs};

pub use aws::{Aws, AwsError, NoRegion};
pub use bucket::Contents;
pub use change_set::{Action, Change, Detail};
pub use destroy::{Destruction, Loss, destroy, survey};
pub use error::{DeployError, Failure};
pub use events::StackEvent;
pub use news::{Host, News};
pub use status::Sentiment;
pub use wanted::{Wanted, WantedError};

use apply::{Applied, Task};
use bucket::Bucket;
use queue::Queue;

/// What the stack tells who deployed it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What it is for.
    pub description: String,
}

/// How a deploy came out.
#[derive(Debug)]
pub struct Deployed {
    /// What the stack tells.
    pub outputs: Vec<Output>,
    /// Whether the stack was made just now.
    pub created: bool,
    /// Whether the stack is protected from being deleted.
    pub protected: bool,
}

impl Deployed {
    fn of(stack: &Stack, created: bool) -> Self {
        let protected = stack.enable_termination_protection == Some(true);
        Self { outputs: outputs_of(stack), created, protected }
    }
}

/// What is to be done besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Bucket and registry alone, so that images can be pushed.
    pub foundation: bool,
    /// Protect the stack from being deleted.
    pub protect: bool,
}

/// Deploys: the foundation where there is none, then the code, then the farm. Run again after
/// whatever stopped it, it goes on from there.
///
/// # Errors
/// AWS refuses something, or who is asked says no.
pub async fn deploy(
    aws: &Aws,
    wanted: &Wanted,
    options: Options,
    host: &mut dyn Host,
) -> Result<Deployed, DeployError> {
    let begun = Instant::now();
    let account = aws.account().await?;
    let target = News::Target {
        stack: wanted.stack.clone(),
        account: account.clone(),
        region: aws.region().to_owned(),
    };
    host.tell(&target);
    let mut stack = settle::settle(aws, &wanted.stack, host).await?;
    if stack.is_none() && !options.foundation {
        // Before the first step, so that it is not left standing for want of the second.
        wanted.parameters(&wanted.whole, None)?;
    }
    let bucket = bucket_name(&wanted.stack, &account, aws.region());
    let bucket = Bucket::new(aws, &bucket);
    let created = stack.is_none();
    let whole = stack.as_ref().is_some_and(is_whole);
    let of = if options.foundation { 1 } else { 2 };
    if created {
        host.tell(&News::Step { number: 1, of, title: "Foundation: the bucket and the registry" });
        let task = Task {
            template: &wanted.foundation,
            parameters: wanted.parameters(&wanted.foundation, None)?,
            stack: None,
            // What an earlier farm of this name left becomes this one's.
            adopts: bucket.stands().await?,
        };
        apply::apply(aws, &wanted.stack, task, bucket, host).await?;
        stack = aws.stack(&wanted.stack).await?;
    }
    let mut stack = stack.ok_or_else(|| DeployError::Vanished(wanted.stack.clone()))?;
    if options.protect && stack.enable_termination_protection != Some(true) {
        aws.protect(&wanted.stack, true).await?;
        stack.enable_termination_protection = Some(true);
    }
    if !options.foundation {
        if !whole {
            host.tell(&News::Step { number: 2, of, title: "Farm: everything else" });
        }
        if let Some(code) = &wanted.code {
            let bytes = code.len() as u64;
            let before = bucket.put_code(code.clone()).await?;
            host.tell(&News::Uploaded { what: "the function's code", bytes, before });
        }
        let parameters = wanted.parameters(&wanted.whole, Some(&stack))?;
        let task = Task { template: &wanted.whole, parameters, stack: Some(&stack), adopts: false };
        match apply::apply(aws, &wanted.stack, task, bucket, host).await? {
            Applied::Nothing => {
                reopen(aws, &stack).await?;
                return Ok(Deployed::of(&stack, created));
            }
            Applied::Changed => {
                let protected = stack.enable_termination_protection;
                stack = aws
                    .stack(&wanted.stack)
                    .await?
                    .ok_or_else(|| DeployError::Vanished(wanted.stack.clone()))?;
                stack.enable_termination_protection = stack.enable_termination_protection.or(protected);
            }
        }
    }
    host.tell(&News::Done { took: begun.elapsed() });
    Ok(Deployed::of(&stack, created))
}

/// What a deploy would change. Nothing is changed.
///
/// # Errors
/// AWS refuses something, or the stack is in no state that could be changed.
pub async fn diff(aws: &Aws, wanted: &Wanted) -> Result<Vec<Change>, DeployError> {
    let stack = aws.stack(&wanted.stack).await?;
    let Some(stack) = stack.filter(|stack| status::Standing::of(status_of(stack)) == status::Standing::Ready)
    else {
        // Nothing stands, or nothing that would be kept: all of it would be made.
        let resources = wanted.whole.document.resources.iter();
        let add = |(id, declared): (&String, &crate::template::document::Declared)| Change {
            action: Action::Add,
            logical_id: id.clone(),
            kind: declared.kind.clone(),
            details: Vec::new(),
        };
        return Ok(resources.map(add).collect());
    };
    let name = stack_bucket(&stack).ok_or_else(|| DeployError::NotAFarm(wanted.stack.clone()))?;
    let parameters = wanted.parameters(&wanted.whole, Some(&stack))?;
    let task = Task { template: &wanted.whole, parameters, stack: Some(&stack), adopts: false };
    apply::look(aws, &wanted.stack, task, Bucket::new(aws, &name)).await
}

/// What a stack tells. None where there is no such stack.
///
/// # Errors
/// AWS does not tell.
pub async fn outputs(aws: &Aws, stack: &str) -> Result<Option<Vec<Output>>, DeployError> {
    Ok(aws.stack(stack).await?.as_ref().map(outputs_of))
}

/// Somebody who began to take the farm down and thought better of it has a queue that takes no
/// jobs, which CloudFormation does not see.
async fn reopen(aws: &Aws, stack: &Stack) -> Result<(), DeployError> {
    match outputs_of(stack).into_iter().find(|output| output.name == outputs::QUEUE_ARN) {
        Some(queue) => Ok(Queue::new(aws, &queue.value).reopen().await?),
        None => Ok(()),
    }
}

fn is_whole(stack: &Stack) -> bool {
    stack.outputs().iter().any(|output| output.output_key() == Some(outputs::QUEUE_ARN))
}

fn stack_bucket(stack: &Stack) -> Option<String> {
    let output = stack.outputs().iter().find(|output| output.output_key() == Some(outputs::BUCKET_NAME));
    output.and_then(|output| output.output_value()).map(str::to_owned)
}

fn status_of(stack: &Stack) -> &str {
    stack.stack_status().map_or("", |status| status.as_str())
}

fn outputs_of(stack: &Stack) -> Vec<Output> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    // CloudFormation knows no order; by name they are found again.
    let outputs: BTreeMap<String, Output> = stack
        .outputs()
        .iter()
        .map(|output| Output {
            name: text(output.output_key()),
            value: text(output.output_value()),
            description: text(output.description()),
        })
        .map(|output| (output.name.clone(), output))
        .collect();
    outputs.into_values().collect()
}
