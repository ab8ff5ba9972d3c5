//! CloudFormation, as far as deploying needs it: one method for each call, each with an error that
//! says what could not be done.

use std::fmt;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{self, ChangeSetType, Parameter, Stack};
use jiff::Timestamp;

use super::events::StackEvent;
use super::reason;
use crate::template::Capability;

/// The clients of one account and region.
#[derive(Debug, Clone)]
pub struct Aws {
    cloudformation: Client,
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) batch: aws_sdk_batch::Client,
    sts: aws_sdk_sts::Client,
    region: String,
}

/// A call that AWS did not answer as it was hoped.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}: {words}")]
pub struct AwsError {
    /// What was called for, as a verb and its object.
    doing: String,
    /// AWS's code for it.
    pub code: Option<String>,
    /// AWS's words.
    pub words: String,
    /// Whether no credentials were found.
    logged_out: bool,
}

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

impl AwsError {
    pub(super) fn new<E, R>(doing: impl Into<String>, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug,
    {
        let code = error.code().map(str::to_owned);
        let words = error.message().map_or_else(|| chain(&error), str::to_owned);
        // The SDK tells of every place that it looked into.
        let logged_out = words.contains("the credential provider was not enabled");
        let words = if logged_out { "nobody is logged in to AWS here".to_owned() } else { words };
        Self { doing: doing.into(), code, words, logged_out }
    }

    /// Something that went wrong without a call that failed.
    pub(super) fn unsent(doing: impl Into<String>, words: String) -> Self {
        Self { doing: doing.into(), code: None, words, logged_out: false }
    }

    /// What helps.
    pub fn hint(&self) -> Option<String> {
        if self.logged_out {
            let text = "Log in to AWS (`aws login`, `aws sso login` or `aws configure`), or set AWS_PROFILE, then run \
                        the same command again.";
            return Some(text.to_owned());
        }
        let code = self.code.as_deref().unwrap_or_default();
        reason::hint(&format!("{code}: {}", self.words))
    }

    fn says(&self, words: &str) -> bool {
        self.words.to_lowercase().contains(words)
    }
}

impl Aws {
    /// Clients with the settings of the environment: profile, region, `AWS_ENDPOINT_URL`.
    ///
    /// # Errors
    /// No region is named anywhere.
    pub async fn connect(region: Option<&str>) -> Result<Self, NoRegion> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let config = loader.load().await;
        let region = config.region().ok_or(NoRegion)?.to_string();
        Ok(Self {
            cloudformation: Client::new(&config),
            s3: aws_sdk_s3::Client::new(&config),
            batch: aws_sdk_batch::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            region,
        })
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account that is deployed to: 12 digits.
    ///
    /// # Errors
    /// Nobody is logged in.
    pub async fn account(&self) -> Result<String, AwsError> {
        let answer = self.sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| AwsError::new("find out whose account this is", error))?;
        Ok(answer.account.unwrap_or_default())
    }

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

    /// Logical ids, types and physical ids of what stands in a stack.
    ///
    /// # Errors
    /// CloudFormation does not tell.
    pub async fn resources(&self, stack: &str) -> Result<Vec<(String, String, String)>, AwsError> {
        let mut pages =
            self.cloudformation.list_stack_resources().stack_name(stack).into_paginator().items().send();
        let mut resources = Vec::new();
        while let Some(resource) = pages.next().await {
            let resource =
                resource.map_err(|error| AwsError::new(format!("list what stands in `{stack}`"), error))?;
            let gone = resource.resource_status().is_some_and(|status| status.as_str() == "DELETE_COMPLETE");
            if let (false, Some(id)) = (gone, resource.physical_resource_id) {
                let logical = resource.logical_resource_id.unwrap_or_default();
                resources.push((logical, resource.resource_type.unwrap_or_default(), id));
            }
        }
        Ok(resources)
    }

    /// Begins to make a change set.
    ///
    /// # Errors
    /// CloudFormation does not take it.
    pub async fn create_change_set(&self, proposal: &Proposal<'_>) -> Result<(), AwsError> {
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
        call.stack_name(proposal.stack)
            .change_set_name(proposal.name)
            .change_set_type(kind)
            .set_parameters(Some(parameters.collect()))
            .set_capabilities(capability.map(|capability| vec![capability]))
            .set_import_existing_resources(proposal.adopts.then_some(true))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| AwsError::new(format!("propose changes of `{}`", proposal.stack), error))
    }

    /// A change set with all its pages of changes.
    ///
    /// # Errors
    /// CloudFormation does not tell.
    pub async fn change_set(&self, stack: &str, name: &str) -> Result<DescribeChangeSetOutput, AwsError> {
        let mut next = None;
        let mut whole: Option<DescribeChangeSetOutput> = None;
        loop {
            let call = self.cloudformation.describe_change_set().stack_name(stack).change_set_name(name);
            let page = call.include_property_values(true).set_next_token(next).send().await;
            let mut page =
                page.map_err(|error| AwsError::new(format!("look at changes of `{stack}`"), error))?;
            next = page.next_token.take();
            match &mut whole {
                None => whole = Some(page),
                Some(whole) => {
                    whole.changes.get_or_insert_default().append(&mut page.changes.unwrap_or_default());
                }
            }
            if let (None, Some(_)) = (&next, &whole) {
                return Ok(whole.unwrap_or_else(|| DescribeChangeSetOutput::builder().build()));
            }
        }
    }

    /// Carries a change set out.
    ///
    /// # Errors
    /// CloudFormation does not begin.
    pub async fn execute(&self, stack: &str, name: &str) -> Result<(), AwsError> {
        let call = self.cloudformation.execute_change_set().stack_name(stack).change_set_name(name);
        // An answer that is lost must not carry it out twice.
        let call = call.client_request_token(name);
        let answer = call.send().await.map(|_| ());
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

/// An error that never reached AWS, with what it came of.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// No region is named anywhere.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no region is named: neither with --region, nor in AWS_REGION, nor in the profile")]
pub struct NoRegion;
