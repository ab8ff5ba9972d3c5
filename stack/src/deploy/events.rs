//! What happens to a stack, as CloudFormation tells it: in order, each event once.

use std::collections::HashSet;

use farm_aws::AwsError;
use jiff::Timestamp;

use super::aws::Aws;

/// One event of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// CloudFormation's id of it.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// The resource that it is about.
    pub logical_id: String,
    /// That resource's type.
    pub kind: String,
    /// `CREATE_IN_PROGRESS` and so on.
    pub status: String,
    /// Why, where there is something to say.
    pub reason: Option<String>,
}

impl StackEvent {
    /// The type of what an event is about where it is about the stack itself.
    pub const STACK: &str = "AWS::CloudFormation::Stack";

    /// Whether it is about the stack itself.
    pub fn is_stack(&self) -> bool {
        self.kind == Self::STACK
    }
}

/// Reads a stack's events as they come.
#[derive(Debug)]
pub struct Tail {
    stack: String,
    seen: HashSet<String>,
}

impl Tail {
    /// From now on: what has happened so far is not told.
    ///
    /// # Errors
    /// CloudFormation does not tell the events.
    pub async fn from_now(aws: &Aws, stack: &str) -> Result<Self, AwsError> {
        let mut seen = HashSet::new();
        // The newest comes first, and it is enough: what is new stands before it.
        aws.events(stack, |event| {
            seen.insert(event.id.clone());
            true
        })
        .await?;
        Ok(Self { stack: stack.to_owned(), seen })
    }

    /// What has happened since the last time, the oldest first.
    ///
    /// # Errors
    /// CloudFormation does not tell the events.
    pub async fn next(&mut self, aws: &Aws) -> Result<Vec<StackEvent>, AwsError> {
        let seen = &self.seen;
        let mut new = aws.events(&self.stack, |event| seen.contains(&event.id)).await?;
        new.reverse();
        self.seen.extend(new.iter().map(|event| event.id.clone()));
        Ok(new)
    }
}
