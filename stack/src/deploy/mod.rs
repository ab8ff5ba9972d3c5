//! Makes a stack what it is asked to be: the only place that calls AWS.
//!
//! It takes finished templates and makes nothing up: of what is in them it knows the bucket, which
//! takes code and must be emptied, and the queue, whose jobs must be stopped. It touches no stack
//! that is not a farm of this program's. It prints nothing: what there is to tell goes to a
//! [`Host`], which is also asked before anything is changed.
//!
//! Start reading at [`deploy()`]; taking the farm down is in [`destroy()`].

mod apply;
mod aws;
mod bucket;
mod change_set;
mod cloudformation;
mod definitions;
mod destroy;
mod difference;
mod emptying;
mod error;
mod events;
mod follow;
mod news;
mod queue;
mod reason;
mod settle;
mod site;
mod status;
mod wanted;

use std::collections::BTreeMap;
use std::time::Instant;

use aws_sdk_cloudformation::types::Stack;

use crate::farm::{self, FarmConfig, outputs, settings};

pub use aws::Aws;
pub use change_set::{Action, Change};
pub use destroy::{Destruction, Loss, destroy, survey};
pub use difference::Detail;
pub use emptying::Contents;
pub use error::{DeployError, Failure};
pub use events::StackEvent;
pub use farm_aws::{AwsError, NoRegion};
pub use news::{Answer, Host, News};
pub use site::{Site, site};
pub use status::Sentiment;
pub use wanted::{Wanted, WantedError};

use apply::{Applied, Task};
use bucket::{Bucket, Found};
use queue::Queue;
use status::Standing;

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

/// What is to be done besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Bucket and registry alone, so that images can be pushed.
    pub foundation: bool,
    /// Protect the stack from being deleted.
    pub protect: bool,
}

/// The farm that stands under this name, as it was deployed, once nothing is being done to it. None
/// where none stands.
///
/// # Errors
/// The stack of this name is no farm, or AWS does not tell.
pub async fn standing(
    aws: &Aws,
    stack: &str,
    host: &mut dyn Host,
) -> Result<Option<FarmConfig>, DeployError> {
    let (account, region) = (aws.account().await?, aws.region().to_owned());
    host.tell(&News::Target { stack: stack.to_owned(), account, region });
    let found = settle::rest(aws, stack, host).await?;
    match found.as_ref().map_or(Standing::Gone, |found| Standing::of(status_of(found))) {
        Standing::Gone | Standing::Proposed => Ok(None),
        _ => {
            let farm = settings::of_template(&aws.template(stack).await?).map_err(WantedError::from)?;
            farm.map(Some).ok_or_else(|| DeployError::NotAFarm(stack.to_owned()))
        }
    }
}

/// That the stack of this name is a farm, whoever deployed it.
async fn of_farm(aws: &Aws, stack: &str) -> Result<(), DeployError> {
    match settings::of_template(&aws.template(stack).await?) {
        Ok(None) => Err(DeployError::NotAFarm(stack.to_owned())),
        // One of a newer version is a farm all the same.
        Ok(Some(_)) | Err(_) => Ok(()),
    }
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
    let name = wanted.stack.as_str();
    let account = aws.account().await?;
    let region = aws.region().to_owned();
    wanted.check_images(&farm::repository(name, &account, &region))?;
    // Before anything is done: so that a first step is not left standing for want of the second.
    let found = aws.stack(name).await?;
    let kept = found.filter(|stack| {
        !matches!(Standing::of(status_of(stack)), Standing::Gone | Standing::Proposed | Standing::Dead)
    });
    match options.foundation {
        true => wanted.check_foundation()?,
        false => drop(wanted.parameters(&wanted.whole, kept.as_ref())?),
    }

    let mut stack = settle::settle(aws, name, host).await?;
    let bucket = Bucket::new(aws, name, &account);
    let created = stack.is_none();
    let whole = stack.as_ref().is_some_and(is_whole);
    if created {
        let of = if options.foundation { 1 } else { 2 };
        host.tell(&News::Step { number: 1, of, title: "Foundation: the bucket and the registry" });
        // What an earlier farm of this name left becomes this one's.
        let adopts = match bucket.find().await? {
            Found::Nothing => false,
            Found::Bucket => true,
            Found::Other => return Err(DeployError::NotAFarmsBucket(bucket.name().to_owned())),
        };
        let adopting = if adopts { Some(wanted.adopting(bucket.name())?) } else { None };
        let template = adopting.as_ref().unwrap_or(&wanted.foundation);
        let parameters = wanted.parameters(template, None)?;
        let task = Task { template, parameters, stack: None, adopts, code: None };
        apply::apply(aws, name, task, &bucket, host).await?;
        stack = aws.stack(name).await?;
    }
    let mut stack = stack.ok_or_else(|| DeployError::Vanished(name.to_owned()))?;
    let mut changed = created;
    if options.foundation {
        if !created {
            host.tell(&News::NoChange);
        }
    } else {
        if !whole {
            host.tell(&News::Step { number: 2, of: 2, title: "Farm: everything else" });
        }
        let parameters = wanted.parameters(&wanted.whole, Some(&stack))?;
        let code = wanted.code.as_deref();
        let task = Task { template: &wanted.whole, parameters, stack: Some(&stack), adopts: false, code };
        changed |= apply::apply(aws, name, task, &bucket, host).await? == Applied::Changed;
    }
    if options.protect {
        aws.protect(name, true).await?;
    }
    stack = aws.stack(name).await?.ok_or_else(|| DeployError::Vanished(name.to_owned()))?;
    if !options.foundation {
        bucket.put_offer(&wanted.config, &stack).await?;
    }
    reopen(aws, &stack).await?;
    if changed {
        host.tell(&News::Done { took: begun.elapsed() });
    }
    let protected = stack.enable_termination_protection == Some(true);
    Ok(Deployed { outputs: outputs_of(&stack), created, protected })
}

/// What a deploy would change; none where nothing would. Nothing is changed, but that a template which
/// is too long for a request is put into the bucket.
///
/// # Errors
/// AWS refuses something, or the stack is in no state that could be changed.
pub async fn diff(aws: &Aws, wanted: &Wanted) -> Result<Option<Vec<Change>>, DeployError> {
    let name = wanted.stack.as_str();
    let (account, region) = (aws.account().await?, aws.region().to_owned());
    wanted.check_images(&farm::repository(name, &account, &region))?;
    let stack = aws.stack(name).await?;
    let status = stack.as_ref().map_or("", status_of);
    match stack.as_ref().map_or(Standing::Gone, |_| Standing::of(status)) {
        Standing::Ready => {}
        Standing::Gone | Standing::Proposed | Standing::Dead => {
            // Nothing stands, or nothing that would be kept: all of it would be made.
            let made = wanted.resources(&account, &region)?.into_iter();
            let add = made.map(|(logical_id, kind)| Change {
                action: Action::Add,
                logical_id,
                kind,
                details: Vec::new(),
            });
            return Ok(Some(add.collect()));
        }
        Standing::Busy | Standing::Stuck | Standing::Undeleted => {
            return Err(DeployError::Busy { stack: name.to_owned(), status: status.to_owned() });
        }
    }
    let parameters = wanted.parameters(&wanted.whole, stack.as_ref())?;
    let task = Task { template: &wanted.whole, parameters, stack: stack.as_ref(), adopts: false, code: None };
    apply::look(aws, name, task, &Bucket::new(aws, name, &account)).await
}

/// What a stack tells. None where there is no such stack.
///
/// # Errors
/// AWS does not tell.
pub async fn outputs(aws: &Aws, stack: &str) -> Result<Option<Vec<Output>>, DeployError> {
    let found = aws.stack(stack).await?;
    let made = |stack: &Stack| !matches!(Standing::of(status_of(stack)), Standing::Gone | Standing::Proposed);
    Ok(found.filter(made).as_ref().map(outputs_of))
}

/// Somebody who began to take the farm down and thought better of it has a queue that takes no
/// jobs, which CloudFormation does not see.
async fn reopen(aws: &Aws, stack: &Stack) -> Result<(), DeployError> {
    match outputs_of(stack).into_iter().find(|output| output.name == outputs::QUEUE_ARN) {
        Some(queue) => match Queue::find(aws, &queue.value).await? {
            Some(queue) => Ok(queue.reopen().await?),
            None => Ok(()),
        },
        None => Ok(()),
    }
}

fn is_whole(stack: &Stack) -> bool {
    stack.outputs().iter().any(|output| output.output_key() == Some(outputs::QUEUE_ARN))
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
