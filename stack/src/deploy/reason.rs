//! Why something failed, in AWS's words, and what helps.

use super::events::StackEvent;

/// The first thing that went wrong: what follows from it only repeats it.
///
/// CloudFormation stops the other resources when one fails, and says of each that its creation was
/// cancelled. So the cause is the first event that failed for a reason of its own.
pub fn first_cause(events: &[StackEvent]) -> Option<&StackEvent> {
    let failed = || events.iter().filter(|event| event.status.ends_with("_FAILED"));
    let own = |event: &&StackEvent| !event.reason.as_deref().is_some_and(is_consequence) && !event.is_stack();
    failed().find(own).or_else(|| failed().next())
}

fn is_consequence(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    reason.contains("cancelled") || reason.contains("the following resource(s) failed")
}

/// What helps against a failure, by AWS's words for it. None where nothing better is known than
/// those words.
pub fn hint(reason: &str) -> Option<String> {
    // Whatever code it comes with.
    if reason.to_lowercase().contains("found existing jobqueue relationship") {
        let text = "AWS Batch had not yet taken the environment off its queue. Run the same command again in a \
             minute.";
        return Some(text.to_owned());
    }
    farm_aws::hint::caller(reason)
        .or_else(|| of_what_stands(reason))
        .or_else(|| farm_aws::hint::patience(reason))
}

/// What helps where it is about the stack, or what is in it.
fn of_what_stands(reason: &str) -> Option<String> {
    let reason = reason.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    let text = if has(&[
        "limitexceeded",
        "limit exceeded",
        "quota",
        "maximum number of",
        "servicequotaexceeded",
        "too many",
    ]) {
        "The account has no more of these. Delete one that is not needed, or ask for more in the Service Quotas \
         console, then run the same command again."
    } else if has(&["already exists", "alreadyexists", "already owned by you", "bucketalready"]) {
        "Something of that name is there and does not belong to this stack. Remove it, or deploy under another name \
         with --stack."
    } else if has(&["service linked role", "servicelinkedrole", "service-linked role"]) {
        "The account has no service-linked role for AWS Batch yet, and whoever deploys may not make it \
         (`iam:CreateServiceLinkedRole`). Have an administrator deploy once."
    } else if has(&["computeenvironment", "compute environment"]) && has(&["invalid", "did not stabilize"]) {
        "AWS Batch could not bring the compute environment up. The AWS Batch console says why, under its \
         \"Status reason\"; the subnets and the security group are the usual causes."
    } else if has(&["did not stabilize", "exceeded attempts to wait"]) {
        "AWS took too long. Run the same command again."
    } else if has(&["nosuchkey", "specified key does not exist", "s3 error code is nosuchkey"]) {
        "The function's code is not in the bucket. `cargo xtask deploy` uploads it, and so does --function."
    } else {
        return None;
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(logical_id: &str, status: &str, reason: Option<&str>) -> StackEvent {
        StackEvent {
            id: logical_id.to_owned(),
            time: jiff::Timestamp::UNIX_EPOCH,
            logical_id: logical_id.to_owned(),
            kind: if logical_id == "farm" { StackEvent::STACK } else { "AWS::IAM::Role" }.to_owned(),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn the_cause_is_the_first_that_failed_of_itself() {
        let events = [
            event("farm", "UPDATE_IN_PROGRESS", None),
            event("Queue", "CREATE_FAILED", Some("Resource creation cancelled")),
            event("TriggerRole", "CREATE_FAILED", Some("AccessDenied")),
            event("ZipRole", "CREATE_FAILED", Some("Throttled")),
            event(
                "farm",
                "UPDATE_ROLLBACK_IN_PROGRESS",
                Some("The following resource(s) failed to create: [x]"),
            ),
        ];
        assert_eq!(first_cause(&events).map(|event| event.logical_id.as_str()), Some("TriggerRole"));
        assert_eq!(first_cause(&events[..2]).map(|event| event.logical_id.as_str()), Some("Queue"));
        assert!(first_cause(&events[..1]).is_none());
    }

    #[test]
    fn aws_says_why_and_the_hint_says_what_helps() {
        for (reason, hint_has) in [
            (
                "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: iam:PutRolePolicy on resource: x",
                "`iam:PutRolePolicy`",
            ),
            ("API: s3:CreateBucket Access Denied", "lacks a right"),
            (
                "Resource limit exceeded (Service: AmazonEC2; maximum number of VPCs has been reached)",
                "Service Quotas",
            ),
            ("farm-123-eu-west-1 already exists in stack arn:aws:cloudformation:x", "--stack"),
            (
                "Resource handler returned message: \"Cannot delete, found existing JobQueue relationship\"",
                "in a minute",
            ),
            ("AWS::Batch::ComputeEnvironment did not stabilize: INVALID", "Status reason"),
            ("Error occurred while GetObject. S3 Error Code: NoSuchKey.", "--function"),
            ("The security token included in the request is expired", "Log in"),
            ("Rate exceeded", "patience"),
        ] {
            let told = hint(reason).unwrap_or_default();
            assert!(told.contains(hint_has), "{reason}: {told}");
        }
        assert_eq!(hint("Something that nobody has seen"), None);
    }
}
