//! A call, and what it means for a check that it failed.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use farm_aws::{AwsError, hint};

use crate::doctor::check::Check;
use crate::doctor::finding::Finding;

/// How long a call is waited for, with all its attempts.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for a call; `doing` is what it is for, as a verb and its object.
pub(crate) async fn ask<T, E, R>(
    doing: &str,
    call: impl Future<Output = Result<T, SdkError<E, R>>>,
) -> Result<T, AwsError>
where
    E: ProvideErrorMetadata + Error + 'static,
    R: fmt::Debug,
{
    within(PATIENCE, doing, async { call.await.map_err(|error| AwsError::new(doing, error)) }).await
}

/// Waits for an answer that long.
pub(super) async fn within<T>(
    patience: Duration,
    doing: &str,
    answer: impl Future<Output = Result<T, AwsError>>,
) -> Result<T, AwsError> {
    let words = || format!("no answer came within {} seconds", patience.as_secs());
    tokio::time::timeout(patience, answer).await.unwrap_or_else(|_| Err(AwsError::unsent(doing, words())))
}

/// A check whose call failed: `action` is the right that it takes, `who` is who asked.
pub(super) fn unseen(check: Check, error: &AwsError, action: &str, who: &str) -> Finding {
    if is_denied(error) {
        return Finding::unseen(check, format!("these credentials lack the right `{action}`")).advise(
            format!("Have `{action}` added to the rights of {who}, or ask somebody who has it to look."),
        );
    }
    let finding = Finding::unseen(check, error.to_string());
    match error.hint(hint::any) {
        Some(hint) => finding.advise(hint),
        None => finding,
    }
}

/// Whether somebody may not do that.
pub(super) fn is_denied(error: &AwsError) -> bool {
    let code = error.code.as_deref().unwrap_or_default();
    code.contains("AccessDenied")
        || matches!(code, "UnauthorizedOperation" | "Forbidden" | "403")
        || error.says("not authorized to perform")
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn answered(code: &str, message: &str) -> AwsError {
        let told = ErrorMetadata::builder().code(code).message(message).build();
        AwsError::new("look at the queue", SdkError::service_error(told, ()))
    }

    #[test]
    fn who_may_not_look_hears_which_right_lacks() {
        for code in ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"] {
            let finding = unseen(Check::Queue, &answered(code, "no"), "batch:DescribeJobQueues", "arn:x");
            assert_eq!(finding.says, "these credentials lack the right `batch:DescribeJobQueues`");
            assert!(format!("{:?}", finding.mends).contains("arn:x"), "{finding:?}");
        }
        let finding = unseen(Check::Queue, &answered("ThrottlingException", "Rate exceeded"), "a:B", "x");
        assert_eq!(finding.says, "cannot look at the queue: Rate exceeded");
        assert!(format!("{:?}", finding.mends).contains("patience"), "{finding:?}");
    }

    #[tokio::test]
    async fn nobody_is_waited_for_for_long() {
        let never = std::future::pending::<Result<(), AwsError>>();
        let error = within(Duration::ZERO, "look", never).await.unwrap_err();
        assert_eq!(error.to_string(), "cannot look: no answer came within 0 seconds");
    }
}
