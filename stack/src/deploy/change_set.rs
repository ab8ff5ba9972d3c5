//! What a deploy would change, proposed to CloudFormation and read back before anybody says yes.

use std::time::Duration;

use aws_sdk_cloudformation::types::{self, ChangeAction, ChangeSetStatus};
use farm_aws::AwsError;

use super::aws::Aws;
use super::cloudformation::Proposal;
use super::difference::{Detail, differences};

/// Between two looks at a change set that is being made.
const PAUSE: Duration = Duration::from_secs(1);

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed {
    /// The stack is already as it is wanted.
    Nothing,
    /// These would change; none where only what the template says of itself would.
    Changes(Vec<Change>),
}

/// One resource that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What would be done.
    pub action: Action,
    /// Its logical id.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// Which of its properties, and from what to what.
    pub details: Vec<Detail>,
}

/// What would be done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is made.
    Add,
    /// One that stands becomes the stack's.
    Adopt,
    /// It is changed as it stands.
    Modify,
    /// Another one may take its place.
    MayReplace,
    /// Another one takes its place.
    Replace,
    /// It goes.
    Remove,
}

/// A proposal that CloudFormation did not take, in its words.
#[derive(Debug, thiserror::Error)]
pub enum ProposalError {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The change set cannot be made, and why, a sentence for each resource that is at fault.
    #[error("CloudFormation does not take the changes: {}", .0.join("\n  "))]
    Refused(Vec<String>),
}

/// Proposes changes, and waits until CloudFormation has worked them out.
///
/// # Errors
/// CloudFormation does not take them.
pub async fn propose(aws: &Aws, proposal: &Proposal<'_>) -> Result<Proposed, ProposalError> {
    let id = aws.create_change_set(proposal).await?;
    loop {
        let answer = aws.change_set(proposal.stack, proposal.name).await?;
        match answer.status {
            Some(ChangeSetStatus::CreateComplete) => {
                let changes = answer.changes.unwrap_or_default();
                let changes =
                    changes.into_iter().filter_map(|change| read(change.resource_change?)).collect();
                return Ok(Proposed::Changes(sorted(changes)));
            }
            Some(ChangeSetStatus::Failed) => {
                let why = answer.status_reason.unwrap_or_else(|| "no reason is given".to_owned());
                let nothing = says_nothing(&why);
                let causes = if nothing { Vec::new() } else { causes(aws, &id, why).await };
                aws.delete_change_set(proposal.stack, proposal.name).await?;
                return if nothing { Ok(Proposed::Nothing) } else { Err(ProposalError::Refused(causes)) };
            }
            Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                tokio::time::sleep(PAUSE).await;
            }
            // Somebody deletes it, or CloudFormation has a state that is not known here.
            status => {
                let status = status.map_or_else(|| "in no state".to_owned(), |status| status.to_string());
                return Err(ProposalError::Refused(vec![format!("the change set is {status}")]));
            }
        }
    }
}

/// What a change set failed on. Its own reason often only says that there is one, and where to ask;
/// whoever may not ask there is told that.
async fn causes(aws: &Aws, change_set: &str, why: String) -> Vec<String> {
    match aws.failed_validations(change_set).await {
        Ok(causes) if !causes.is_empty() => causes,
        _ => vec![why],
    }
}

/// Whether a change set failed only because there is nothing to change.
fn says_nothing(why: &str) -> bool {
    let why = why.to_lowercase();
    why.contains("didn't contain changes") || why.contains("no updates are to be performed")
}

fn read(change: types::ResourceChange) -> Option<Change> {
    use types::Replacement::{Conditional, True};
    let action = match (change.action?, change.replacement) {
        (ChangeAction::Add, _) => Action::Add,
        (ChangeAction::Remove, _) => Action::Remove,
        (ChangeAction::Import, _) => Action::Adopt,
        (_, Some(True)) => Action::Replace,
        (_, Some(Conditional)) => Action::MayReplace,
        _ => Action::Modify,
    };
    let logical_id = change.logical_resource_id.unwrap_or_default();
    let kind = change.resource_type.unwrap_or_default();
    if let (Some(before), Some(after)) = (change.before_context, change.after_context)
        && let (Ok(before), Ok(after)) = (serde_json::from_str(&before), serde_json::from_str(&after))
    {
        let details = differences(&before, &after);
        if !details.is_empty() {
            return Some(Change { action, logical_id, kind, details });
        }
    }
    let mut details: Vec<Detail> = Vec::new();
    for detail in change.details.unwrap_or_default() {
        let Some(target) = detail.target else { continue };
        let attribute = target.attribute.map(|attribute| attribute.as_str().to_owned());
        let path = match (target.path, target.name) {
            (Some(path), _) => path.trim_start_matches('/').replace('/', "."),
            (None, Some(name)) => format!("{}.{name}", attribute.unwrap_or_default()),
            (None, None) => attribute.unwrap_or_default(),
        };
        let detail = Detail { path, before: target.before_value, after: target.after_value };
        // A property that changes for two reasons is told twice.
        if !details.contains(&detail) {
            details.push(detail);
        }
    }
    Some(Change { action, logical_id, kind, details })
}

/// By what is done, and then by name.
fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by(|a, b| (a.action, &a.logical_id).cmp(&(b.action, &b.logical_id)));
    changes
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{
        Replacement, ResourceAttribute, ResourceChange, ResourceChangeDetail, ResourceTargetDefinition,
    };

    use super::*;

    #[test]
    fn a_change_is_told_with_its_properties_once() {
        let target = |path: Option<&str>, name: &str| {
            let target = ResourceTargetDefinition::builder()
                .attribute(ResourceAttribute::Properties)
                .name(name)
                .set_path(path.map(str::to_owned))
                .before_value("128")
                .after_value("256");
            ResourceChangeDetail::builder().target(target.build()).build()
        };
        let change = ResourceChange::builder()
            .action(ChangeAction::Modify)
            .replacement(Replacement::Conditional)
            .logical_resource_id("TriggerFunction")
            .resource_type("AWS::Lambda::Function")
            .details(target(Some("/Properties/MemorySize"), "MemorySize"))
            .details(target(Some("/Properties/MemorySize"), "MemorySize"))
            .details(target(None, "Code"))
            .build();
        let change = read(change).expect("a change");
        assert_eq!(change.action, Action::MayReplace);
        let paths: Vec<&str> = change.details.iter().map(|detail| detail.path.as_str()).collect();
        assert_eq!(paths, ["Properties.MemorySize", "Properties.Code"]);
        assert_eq!(change.details[0].after.as_deref(), Some("256"));
    }

    #[test]
    fn what_is_done_to_a_resource_is_read() {
        for (action, replacement, is) in [
            (ChangeAction::Add, None, Action::Add),
            (ChangeAction::Import, None, Action::Adopt),
            (ChangeAction::Modify, Some(Replacement::False), Action::Modify),
            (ChangeAction::Modify, Some(Replacement::Conditional), Action::MayReplace),
            (ChangeAction::Modify, Some(Replacement::True), Action::Replace),
            (ChangeAction::Remove, None, Action::Remove),
        ] {
            let change = ResourceChange::builder().action(action).set_replacement(replacement).build();
            assert_eq!(read(change).expect("a change").action, is);
        }
    }

    #[test]
    fn no_change_is_no_failure() {
        assert!(says_nothing(
            "The submitted information didn't contain changes. Submit different information."
        ));
        assert!(says_nothing("No updates are to be performed."));
        assert!(!says_nothing("Template error: unresolved dependency"));
    }
}
