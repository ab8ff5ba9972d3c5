//! What a deploy would change, proposed to CloudFormation and read back before anybody says yes.

use std::time::Duration;

use aws_sdk_cloudformation::types::{self, ChangeAction, ChangeSetStatus};
use serde_json::Value as Json;

use super::aws::{Aws, AwsError, Proposal};

/// Between two looks at a change set that is being made.
const PAUSE: Duration = Duration::from_secs(1);

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed {
    /// The stack is already as it is wanted.
    Nothing,
    /// These would change.
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

/// One property that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Where it is: `Properties.MemorySize`, or what CloudFormation tells of it.
    pub path: String,
    /// What it was, where CloudFormation tells.
    pub before: Option<String>,
    /// What it would be, where CloudFormation tells.
    pub after: Option<String>,
}

/// A proposal that CloudFormation did not take, in its words.
#[derive(Debug, thiserror::Error)]
pub enum ProposalError {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The change set cannot be made.
    #[error("CloudFormation does not take the changes: {0}")]
    Refused(String),
}

/// Proposes changes, and waits until CloudFormation has worked them out.
///
/// # Errors
/// CloudFormation does not take them.
pub async fn propose(aws: &Aws, proposal: &Proposal<'_>) -> Result<Proposed, ProposalError> {
    aws.create_change_set(proposal).await?;
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
                aws.delete_change_set(proposal.stack, proposal.name).await?;
                return if says_nothing(&why) {
                    Ok(Proposed::Nothing)
                } else {
                    Err(ProposalError::Refused(why))
                };
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
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
        let mut details = Vec::new();
        compare("", Some(&before), Some(&after), &mut details);
        return Some(Change { action, logical_id, kind, details });
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

/// Where two values differ, as deep as they have the same shape.
fn compare(path: &str, before: Option<&Json>, after: Option<&Json>, details: &mut Vec<Detail>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Json::Object(before)), Some(Json::Object(after))) => {
            for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&below, before.get(name), after.get(name), details);
            }
        }
        (Some(Json::Array(before)), Some(Json::Array(after))) => {
            for at in 0..before.len().max(after.len()) {
                compare(&format!("{path}[{at}]"), before.get(at), after.get(at), details);
            }
        }
        (before, after) => {
            let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            details.push(Detail { path: path.to_owned(), before: before.map(text), after: after.map(text) });
        }
    }
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
    fn what_differs_is_told_as_deep_as_it_goes() {
        let change = ResourceChange::builder()
            .action(ChangeAction::Modify)
            .logical_resource_id("ZipRole")
            .before_context(r#"{"Properties":{"A":{"B":[1,{"C":"x"},3]},"Gone":"y","Same":[]}}"#)
            .after_context(r#"{"Properties":{"A":{"B":[1,{"C":"z"}]},"New":{"D":true},"Same":[]}}"#)
            .build();
        let told: Vec<String> = read(change)
            .expect("a change")
            .details
            .into_iter()
            .map(|Detail { path, before, after }| {
                format!("{path}: {} -> {}", before.unwrap_or_default(), after.unwrap_or_default())
            })
            .collect();
        let expected = [
            "Properties.A.B[1].C: x -> z",
            "Properties.A.B[2]: 3 -> ",
            "Properties.Gone: y -> ",
            "Properties.New:  -> {\"D\":true}",
        ];
        assert_eq!(told, expected);
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
