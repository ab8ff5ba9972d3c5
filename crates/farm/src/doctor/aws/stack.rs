//! The stack, as CloudFormation has it.

use aws_sdk_cloudformation::Client;
use farm_aws::AwsError;

use super::call::{ask, unseen};
use super::farm::Farm;
use crate::doctor::check::Check;
use crate::doctor::finding::{Finding, word};

/// The stack's status, and why; none where there is no stack.
pub(super) async fn look(client: &Client, name: &str) -> Result<Option<(String, Option<String>)>, AwsError> {
    let answer = match ask("look at the stack", client.describe_stacks().stack_name(name).send()).await {
        Ok(answer) => answer,
        Err(error) if error.says("does not exist") => return Ok(None),
        Err(error) => return Err(error),
    };
    let stack = answer.stacks.unwrap_or_default().into_iter().next();
    Ok(stack.and_then(|stack| Some((stack.stack_status?.as_str().to_owned(), stack.stack_status_reason))))
}

/// What that means for a render.
pub(super) fn judge(
    name: &str,
    found: &Result<Option<(String, Option<String>)>, AwsError>,
    farm: &Farm<'_>,
) -> Finding {
    let check = Check::Stack;
    let (status, reason) = match found {
        Ok(Some(found)) => found,
        Ok(None) => {
            return Finding::bad(check, format!("there is no stack {name} in {}", farm.region))
                .run(farm.deploy());
        }
        Err(error) => return unseen(check, error, "cloudformation:DescribeStacks", farm.who()),
    };
    let why = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let destroy = format!("cargo xtask destroy --stack {} --region {}", word(name), word(farm.region));
    match status.as_str() {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => {
            Finding::good(check, format!("{name} is {status}"))
        }
        "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" | "UPDATE_FAILED" => Finding::warning(
            check,
            format!("{name} is {status}: the last deploy failed, and the farm stands as it did before{why}"),
        )
        .run(farm.deploy()),
        "DELETE_FAILED" => {
            Finding::bad(check, format!("{name} is {status}: it was to be taken down, and was not{why}"))
                .run(destroy)
        }
        "DELETE_IN_PROGRESS" | "DELETE_COMPLETE" => {
            Finding::bad(check, format!("{name} is {status}: the farm is taken down")).run(farm.deploy())
        }
        busy if busy.ends_with("_IN_PROGRESS") => {
            Finding::warning(check, format!("{name} is {busy}: it is being changed"))
                .advise("Wait until the deploy is through. If nobody deploys, deploy again:")
                .run(farm.deploy())
        }
        _ => Finding::bad(check, format!("{name} is {status}: its deploy failed{why}")).run(farm.deploy()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::aws::farm::sample;
    use crate::doctor::finding::{Mend, Verdict};

    #[test]
    fn each_state_of_a_stack_is_good_passes_or_is_mended() {
        let deploy =
            || vec![Mend::Run("cargo xtask deploy --stack render-farm --region eu-west-1".to_owned())];
        for (status, verdict) in [
            ("CREATE_COMPLETE", Verdict::Good),
            ("UPDATE_COMPLETE", Verdict::Good),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Verdict::Good),
            ("UPDATE_ROLLBACK_COMPLETE", Verdict::Warning),
            ("UPDATE_IN_PROGRESS", Verdict::Warning),
            ("ROLLBACK_COMPLETE", Verdict::Bad),
            ("UPDATE_ROLLBACK_FAILED", Verdict::Bad),
            ("DELETE_IN_PROGRESS", Verdict::Bad),
            ("DELETE_FAILED", Verdict::Bad),
        ] {
            let found = Ok(Some((status.to_owned(), Some("because".to_owned()))));
            let finding = judge("render-farm", &found, &sample());
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.says.contains(status), "{finding:?}");
            assert_eq!(finding.mends.is_empty(), verdict == Verdict::Good, "{finding:?}");
        }
        let gone = judge("render-farm", &Ok(None), &sample());
        assert_eq!((gone.verdict, gone.mends), (Verdict::Bad, deploy()));
        let found = Ok(Some(("ROLLBACK_COMPLETE".to_owned(), None)));
        assert_eq!(judge("render-farm", &found, &sample()).mends, deploy());
    }
}
