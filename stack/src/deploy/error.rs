//! Why a deploy did not come to its end, and what helps.

use farm_aws::AwsError;

use super::change_set::ProposalError;
use super::events::StackEvent;
use super::follow::Ended;
use super::reason;
use super::wanted::WantedError;

/// Why a deploy did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// What is asked for cannot be.
    #[error(transparent)]
    Wanted(#[from] WantedError),
    /// A call to AWS failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// CloudFormation does not take what is proposed.
    #[error(transparent)]
    Proposal(#[from] ProposalError),
    /// It was begun, and failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// Who was asked said no.
    #[error("this was not agreed to, and not done")]
    Declined,
    /// Nobody could be asked.
    #[error("nobody can be asked here, so this was not done")]
    NobodyToAsk,
    /// Something is being done to the stack all the time.
    #[error("the stack `{0}` does not come to rest")]
    Restless(String),
    /// Something is being done to the stack.
    #[error("the stack `{stack}` is {status}: what would change cannot be told now")]
    Busy {
        /// The stack's name.
        stack: String,
        /// Its status.
        status: String,
    },
    /// The stack could not be deleted earlier.
    #[error("the stack `{0}` could not be deleted earlier, and is neither there nor gone")]
    Undeleted(String),
    /// The stack went away while it was worked on.
    #[error("the stack `{0}` went away while it was worked on")]
    Vanished(String),
    /// A stack of this name is something else.
    #[error("the stack `{0}` is no render farm of this program's")]
    NotAFarm(String),
    /// A bucket of the farm's name is something else.
    #[error("the bucket `{0}` stands, and has no tag that says it is this farm's")]
    NotAFarmsBucket(String),
    /// An image that no task could pull.
    #[error("the image {image} is not in the farm's registry, and tasks may pull from no other")]
    Elsewhere {
        /// The image.
        image: String,
        /// How it should begin.
        registry: String,
    },
    /// A parameter that the foundation has not.
    #[error("{0} is not a setting of the foundation")]
    NotOfFoundation(String),
    /// It is protected.
    #[error("the stack `{0}` is protected from being deleted")]
    Protected(String),
}

/// Something that CloudFormation began and did not bring to its end.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    /// The first thing that went wrong, as a sentence.
    what: String,
    /// What became of the stack.
    #[source]
    then: Aftermath,
    hint: String,
}

/// What became of the stack.
#[derive(Debug, thiserror::Error)]
#[error("the stack `{stack}` is {status}{meaning}")]
struct Aftermath {
    stack: String,
    status: String,
    meaning: &'static str,
}

impl Failure {
    /// From how it ended.
    pub(super) fn new(stack: &str, ended: &Ended) -> Self {
        let cause = reason::first_cause(&ended.events);
        let reason = cause.and_then(|event| event.reason.as_deref());
        let what = match cause {
            Some(event) => format!(
                "{} was not {}: {}",
                event.logical_id,
                verb(event),
                reason.unwrap_or("no reason is given")
            ),
            None => "CloudFormation gives no reason".to_owned(),
        };
        let meaning = match ended.status.as_str() {
            "UPDATE_ROLLBACK_COMPLETE" => ": all that was changed was taken back, and it is as it was before",
            "ROLLBACK_COMPLETE" => ": nothing of it is left, and the next deploy begins anew",
            "UPDATE_ROLLBACK_FAILED" => {
                ": taking the changes back failed as well; the next deploy tries that again"
            }
            "DELETE_FAILED" => ": part of it still stands",
            _ => "",
        };
        let hint = reason.and_then(reason::hint).unwrap_or_else(|| {
            "Mend what is named above, then run the same command again. The CloudFormation console shows all events."
                .to_owned()
        });
        let then = Aftermath { stack: stack.to_owned(), status: ended.status.clone(), meaning };
        Self { what, then, hint }
    }
}

fn verb(event: &StackEvent) -> &'static str {
    match event.status.split('_').next() {
        Some("CREATE") => "created",
        Some("UPDATE") => "changed",
        Some("DELETE") => "deleted",
        Some("IMPORT") => "taken over",
        _ => "put in order",
    }
}

impl DeployError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Wanted(error) => return error.hint(),
            Self::Aws(error) | Self::Proposal(ProposalError::Aws(error)) => {
                return error.hint(reason::hint);
            }
            Self::Proposal(ProposalError::Refused(causes)) => {
                return causes.iter().find_map(|why| reason::hint(why));
            }
            Self::Failed(failure) => return Some(failure.hint.clone()),
            Self::Declined => return None,
            Self::NobodyToAsk => "Give --yes to go on without a question.",
            Self::Restless(_) | Self::Busy { .. } => {
                "Wait until it is through, then run the same command again."
            }
            Self::Elsewhere { registry, .. } => {
                return Some(format!("Push it to {registry}, and name it {registry}@sha256:DIGEST."));
            }
            Self::NotOfFoundation(_) => "Give it with the whole deploy, which follows.",
            Self::Undeleted(_) => "Run `destroy` again, which goes on where it stopped; then deploy.",
            Self::Vanished(_) => "Somebody else may have deleted it. Run the same command again.",
            Self::NotAFarmsBucket(_) => {
                "Deploy the farm under another name, with --stack. If the bucket is a farm's, tag it: `render-farm` with the \
                 stack's name."
            }
            Self::NotAFarm(_) => "Deploy the farm under another name, with --stack.",
            Self::Protected(_) => "Run it with --unprotect, which takes the protection off first.",
        };
        Some(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_failure_names_its_cause_what_became_of_the_stack_and_what_helps() {
        let event = |id: &str, status: &str, reason: &str| StackEvent {
            id: id.to_owned(),
            time: Timestamp::UNIX_EPOCH,
            logical_id: id.to_owned(),
            kind: "AWS::IAM::Role".to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
        };
        let ended = Ended {
            status: "UPDATE_ROLLBACK_COMPLETE".to_owned(),
            events: vec![
                event("ZipRole", "CREATE_FAILED", "Resource creation cancelled"),
                event(
                    "TriggerRole",
                    "CREATE_FAILED",
                    "x is not authorized to perform: iam:CreateRole on resource: y",
                ),
            ],
        };
        let error = DeployError::from(Failure::new("farm", &ended));
        assert!(error.to_string().starts_with("TriggerRole was not created: x is not authorized"));
        let then = error.source().expect("what became of it").to_string();
        assert_eq!(
            then,
            "the stack `farm` is UPDATE_ROLLBACK_COMPLETE: all that was changed was taken back, and it is as it was before"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("`iam:CreateRole`")));
    }
}
