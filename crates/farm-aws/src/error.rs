//! What a failed call means for who made it.

use std::error::Error;
use std::fmt;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};

use crate::hint;

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
    fault: Fault,
}

/// Where a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nobody is logged in.
    LoggedOut,
    /// No answer came.
    Unreachable,
    /// AWS answered.
    Answered,
    /// The answer broke off, or asked for patience.
    Passing,
}

impl AwsError {
    /// A call that failed; `doing` is what was called for, as a verb and its object.
    pub fn new<E, R>(doing: impl Into<String>, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: fmt::Debug,
    {
        let code = error.code().map(str::to_owned);
        let words = error.message().map_or_else(|| chain(&error), str::to_owned);
        // The SDK tells of every place that it looked into.
        if words.contains("the credential provider was not enabled") {
            let words = "nobody is logged in to AWS here".to_owned();
            return Self { doing: doing.into(), code, words, fault: Fault::LoggedOut };
        }
        let fault = match error {
            // Of a login that is over, or that there never was: the SDK fails before it sends anything.
            SdkError::DispatchFailure(_) if lacks_credentials(&words) => Fault::LoggedOut,
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Fault::Unreachable,
            SdkError::ResponseError(_) => Fault::Passing,
            _ => Fault::Answered,
        };
        Self { doing: doing.into(), code, words, fault }
    }

    /// Something that went wrong without a call that failed.
    pub fn unsent(doing: impl Into<String>, words: impl Into<String>) -> Self {
        Self { doing: doing.into(), code: None, words: words.into(), fault: Fault::Answered }
    }

    /// An answer that broke off while it was read.
    pub fn broken(doing: impl Into<String>, words: impl Into<String>) -> Self {
        Self { fault: Fault::Passing, ..Self::unsent(doing, words) }
    }

    /// What helps. Of what AWS answered, `answered` says it: [`hint::any`], or a program's own.
    pub fn hint(&self, answered: impl FnOnce(&str) -> Option<String>) -> Option<String> {
        match self.fault {
            Fault::LoggedOut => Some(hint::logged_out()),
            Fault::Unreachable => Some(hint::unreachable()),
            Fault::Answered | Fault::Passing => {
                let code = self.code.as_deref().unwrap_or_default();
                answered(&format!("{code}: {}", self.words))
            }
        }
    }

    /// Whether the same call may well be answered in a moment.
    pub fn is_passing(&self) -> bool {
        let asks = |code: &str| {
            [
                "Throttl",
                "TooManyRequests",
                "RequestLimit",
                "InternalFailure",
                "InternalError",
                "ServiceUnavailable",
                "SlowDown",
                "RequestTimeout",
            ]
            .iter()
            .any(|asks| code.contains(asks))
        };
        matches!(self.fault, Fault::Unreachable | Fault::Passing) || self.code.as_deref().is_some_and(asks)
    }

    /// Whether nobody is logged in, or a login is over that this machine knows of.
    pub fn is_logged_out(&self) -> bool {
        self.fault == Fault::LoggedOut
    }

    /// Whether AWS's words have this in them; `words` are in small letters.
    pub fn says(&self, words: &str) -> bool {
        self.words.to_lowercase().contains(words)
    }
}

/// Whether there are no credentials for another reason than a network that is away.
fn lacks_credentials(words: &str) -> bool {
    let words = words.to_lowercase();
    let away = ["connect", "dns", "timeout", "timed out"];
    words.contains("loading credentials") && !away.iter().any(|away| words.contains(away))
}

/// An error that never reached AWS, with what it came of.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_sts::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;

    use super::*;

    type Call = SdkError<GetCallerIdentityError, ()>;

    fn answered(code: &str, message: &str) -> AwsError {
        let told = ErrorMetadata::builder().code(code).message(message).build();
        AwsError::new("call", Call::service_error(GetCallerIdentityError::generic(told), ()))
    }

    #[test]
    fn an_answer_is_told_in_aws_s_words_and_the_program_says_what_helps() {
        let error = answered("AccessDenied", "Not yours");
        assert_eq!(error.to_string(), "cannot call: Not yours");
        assert_eq!(error.hint(|told| Some(told.to_owned())).as_deref(), Some("AccessDenied: Not yours"));
        assert!(error.says("not yours") && !error.is_passing());
        assert!(answered("ThrottlingException", "Rate exceeded").is_passing());
    }

    #[test]
    fn no_answer_may_pass_and_nobody_is_asked_what_it_means() {
        let error = AwsError::new("call", Call::timeout_error("it took too long"));
        assert!(error.is_passing());
        assert!(error.to_string().ends_with(": it took too long"), "{error}");
        assert!(error.hint(|told| panic!("{told}")).is_some());
    }

    #[test]
    fn a_login_that_is_over_is_told_from_a_network_that_is_away() {
        let lost =
            |words: &str| AwsError::new("call", Call::dispatch_failure(ConnectorError::user(words.into())));
        for words in ["the SSO token has expired", "the process of credential_process failed"] {
            let over = lost(&format!("an error occurred while loading credentials: {words}"));
            assert!(over.hint(|_| None).is_some_and(|hint| hint.contains("`aws sso login`")), "{over}");
            assert!(over.is_logged_out() && !over.is_passing());
        }
        let away = lost("an error occurred while loading credentials: connection refused");
        assert!(away.is_passing() && away.hint(|_| None).is_some_and(|hint| hint.contains("network")));
    }

    #[test]
    fn who_is_not_logged_in_hears_no_list_of_places() {
        let words =
            "no providers in chain provided credentials: the credential provider was not enabled: here";
        let error = AwsError::new("call", Call::construction_failure(words));
        assert_eq!(error.to_string(), "cannot call: nobody is logged in to AWS here");
        assert!(error.hint(|_| None).is_some_and(|hint| hint.contains("`aws login`")));
        assert!(!error.is_passing());
    }
}
