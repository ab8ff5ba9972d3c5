//! CloudFormation, as far as deploying needs it: one method for each call, each with an error that
//! says what could not be done.

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{self, ChangeSetType, EventFilter, Parameter, Stack, TemplateStage};
use farm_aws::AwsError;
use jiff::Timestamp;

use super::aws::Aws;
use super::events::StackEvent;
use crate::template::Capability;

/// Where a template's text is to be read by CloudFormation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// In the request.
    Inline(String),
    /// At this address in S3.
    At(String),
}

/// A change set that is to be made.
#[derive(Debug, Clone)]
pub struct Proposal<'a> {
    /// The stack's name.
    pub stack: &'a str,
    /// Whether the stack is to be created.
    pub creates: bool,
    /// The change set's name.
    pub name: &'a str,
    /// The template.
    pub body: &'a Body,
    /// Parameters; those without a value keep the one that they have.
    pub parameters: &'a [(String, Option<String>)],
    /// What the template needs to be allowed.
    pub capability: Option<Capability>,
    /// Whether a bucket that was kept when an earlier stack was deleted becomes this one's.
    pub adopts: bool,
}

/// A resource that stands in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// What its service knows it by.
    pub physical_id: String,
}

impl Aws {
    /// A stack, by its name or id. None where there is none.
    ///
    /// # Errors
    /// CloudFormation does not tell.
    pub async fn stack(&self, stack: &str) -> Result<Option<Stack>, AwsError> {
        match self.cloudformation.describe_stacks().stack_name(stack).send().await {
            Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next()),
            Err(error) => {
                let error = AwsError::new(format!("look at the stack `{stack}`"), error);
                if error.says("does not exist") { Ok(None) } else { Err(error) }
            }
        }
    }

    /// The template that a stack stands by, as it was handed over.
    ///
    /// # Errors
    /// CloudFormation does not tell.
    pub async fn template(&self, stack: &str) -> Result<String, AwsError> {
        let call = self.cloudformation.get_template().stack_name(stack);
        let answer = call.template_stage(TemplateStage::Original).send().await;
        let answer =
            answer.map_err(|error| AwsError::new(format!("read the template of `{stack}`"), error))?;
        Ok(answer.template_body.unwrap_or_default())
    }

    /// Events of a stack, the newest first, up to the one where `stop` holds, which is left out.
    ///
    /// # Errors
    /// CloudFormation does not tell.
    pub async fn events(
        &self,
        stack: &str,
        mut stop: impl FnMut(&StackEvent) -> bool,
    ) -> Result<Vec<StackEvent>, AwsError> {
        let mut pages =
            self.cloudformation.describe_stack_events().stack_name(stack).into_paginator().items().send();
        let mut events = Vec::new();
        while let Some(event) = pages.next().await {
            let event =
                event.map_err(|error| AwsError::new(format!("read the events of `{stack}`"), error))?;
            let time = event.timestamp().map(|time| (time.secs(), time.subsec_nanos().cast_signed()));
            let event = StackEvent {
                id: event.event_id.unwrap_or_default(),
                time: time.and_then(|(s, ns)| Timestamp::new(s, ns).ok()).unwrap_or_default(),
                logical_id: event.logical_resource_id.unwrap_or_default(),
                kind: event.resource_type.unwrap_or_default(),
                status: event.resource_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
                reason: event.resource_status_reason.filter(|reason| !reason.is_empty()),
            };
            if stop(&event) {
                break;
            }
            events.push(event);
        }
        Ok(events)
    }

    /// What stands in a stack.
    ///
    /// # Errors
    /// CloudFormation does not tell.
    pub async fn resources(&self, stack: &str) -> Result<Vec<Resource>, AwsError> {
        let mut pages =
            self.cloudformation.list_stack_resources().stack_name(stack).into_paginator().items().send();
        let mut resources = Vec::new();
        while let Some(resource) = pages.next().await {
            let resource =
                resource.map_err(|error| AwsError::new(format!("list what stands in `{stack}`"), error))?;
            let status = resource.resource_status().map_or("", |status| status.as_str());
            let gone = status == "DELETE_COMPLETE";
            if let (false, Some(physical_id)) = (gone, resource.physical_resource_id) {
                resources.push(Resource {
                    logical_id: resource.logical_resource_id.unwrap_or_default(),
                    kind: resource.resource_type.unwrap_or_default(),
                    physical_id,
                });
            }
        }
        Ok(resources)
    }

    /// Begins to make a change set, and gives its id.
    ///
    /// # Errors
    /// CloudFormation does not take it.
    pub async fn create_change_set(&self, proposal: &Proposal<'_>) -> Result<String, AwsError> {
        let kind = if proposal.creates { ChangeSetType::Create } else { ChangeSetType::Update };
        let call = self.cloudformation.create_change_set();
        let call = match proposal.body {
            Body::Inline(text) => call.template_body(text),
            Body::At(address) => call.template_url(address),
        };
        let parameters = proposal.parameters.iter().map(|(name, value)| {
            let parameter = Parameter::builder().parameter_key(name);
            match value {
                Some(value) => parameter.parameter_value(value).build(),
                None => parameter.use_previous_value(true).build(),
            }
        });
        let capability = proposal.capability.map(|capability| types::Capability::from(capability.as_str()));
        let answer = call
            .stack_name(proposal.stack)
            .change_set_name(proposal.name)
            // An answer that is lost must not make it twice.
            .client_token(proposal.name)
            .change_set_type(kind)
            .set_parameters(Some(parameters.collect()))
            .set_capabilities(capability.map(|capability| vec![capability]))
            .set_import_existing_resources(proposal.adopts.then_some(true))
            .send()
            .await
            .map_err(|error| AwsError::new(format!("propose changes of `{}`", proposal.stack), error))?;
        Ok(answer.id.unwrap_or_else(|| proposal.name.to_owned()))
    }

    /// A change set with all its pages of changes.
    ///
    /// # Errors
    /// CloudFormation does not tell.
    pub async fn change_set(&self, stack: &str, name: &str) -> Result<DescribeChangeSetOutput, AwsError> {
        let page = async |next| {
            let call = self.cloudformation.describe_change_set().stack_name(stack).change_set_name(name);
            let page = call.include_property_values(true).set_next_token(next).send().await;
            page.map_err(|error| AwsError::new(format!("look at changes of `{stack}`"), error))
        };
        let mut whole = page(None).await?;
        while let Some(next) = whole.next_token.take() {
            let more = page(Some(next)).await?;
            whole.changes.get_or_insert_default().extend(more.changes.unwrap_or_default());
            whole.next_token = more.next_token;
        }
        Ok(whole)
    }

    /// What a change set that could not be made failed on, a sentence for each resource.
    ///
    /// # Errors
    /// CloudFormation does not tell.
    pub async fn failed_validations(&self, change_set: &str) -> Result<Vec<String>, AwsError> {
        let filter = EventFilter::builder().failed_events(true).build();
        let call = self.cloudformation.describe_events().change_set_name(change_set).filters(filter);
        let answer = call.send().await;
        let answer = answer.map_err(|error| AwsError::new("read why changes are not taken", error))?;
        let events = answer.operation_events.unwrap_or_default().into_iter();
        let told = events.filter_map(|event| {
            let why = event
                .validation_status_reason
                .or(event.resource_status_reason)
                .or(event.hook_status_reason)?;
            let of = event.logical_resource_id.unwrap_or_default();
            Some(if of.is_empty() { why } else { format!("{of}: {why}") })
        });
        Ok(told.collect())
    }

    /// Carries a change set out.
    ///
    /// # Errors
    /// CloudFormation does not begin.
    pub async fn execute(&self, stack: &str, name: &str) -> Result<(), AwsError> {
        let call = self.cloudformation.execute_change_set().stack_name(stack).change_set_name(name);
        // An answer that is lost must not carry it out twice.
        let answer = call.client_request_token(name).send().await.map(|_| ());
        answer.map_err(|error| AwsError::new(format!("change `{stack}`"), error))
    }

    /// Removes a change set that is not wanted.
    ///
    /// # Errors
    /// CloudFormation does not remove it.
    pub async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), AwsError> {
        let call = self.cloudformation.delete_change_set().stack_name(stack).change_set_name(name);
        let answer = call.send().await.map(|_| ());
        answer.map_err(|error| AwsError::new(format!("take back a proposal for `{stack}`"), error))
    }

    /// Begins to delete a stack.
    ///
    /// # Errors
    /// CloudFormation does not begin.
    pub async fn delete_stack(&self, stack: &str) -> Result<(), AwsError> {
        let answer = self.cloudformation.delete_stack().stack_name(stack).send().await.map(|_| ());
        answer.map_err(|error| AwsError::new(format!("delete `{stack}`"), error))
    }

    /// Goes on taking back a change where that had failed.
    ///
    /// # Errors
    /// CloudFormation does not begin.
    pub async fn continue_rollback(&self, stack: &str) -> Result<(), AwsError> {
        let answer =
            self.cloudformation.continue_update_rollback().stack_name(stack).send().await.map(|_| ());
        answer
            .map_err(|error| AwsError::new(format!("go on taking back the last change of `{stack}`"), error))
    }

    /// Switches the protection of a stack against being deleted.
    ///
    /// # Errors
    /// CloudFormation does not switch it.
    pub async fn protect(&self, stack: &str, on: bool) -> Result<(), AwsError> {
        let call = self.cloudformation.update_termination_protection().stack_name(stack);
        let answer = call.enable_termination_protection(on).send().await.map(|_| ());
        let what = if on { "protect" } else { "take the protection off" };
        answer.map_err(|error| AwsError::new(format!("{what} `{stack}`"), error))
    }
}
