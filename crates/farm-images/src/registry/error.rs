//! What a registry's refusal means for who pushes.

use http::StatusCode;
use serde::Deserialize;

use super::wire::Answer;

/// The most of an answer that is no registry's that is repeated.
const QUOTE: usize = 200;

/// A request that the registry did not answer as it was hoped.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}: {fault}")]
pub struct RegistryError {
    /// What was asked for, as a verb and its object.
    doing: String,
    fault: Fault,
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    /// No answer came.
    #[error("the registry does not answer: {0}")]
    Unreachable(String),
    /// The registry said no.
    #[error("the registry answers {status}{told}")]
    Refused { status: StatusCode, code: String, told: String },
    /// The registry said something else.
    #[error("the registry's answer makes no sense: {0}")]
    Odd(String),
    /// It is our own doing.
    #[error("{0}")]
    Ours(String),
}

/// What a registry says of an error.
#[derive(Deserialize)]
struct Body {
    errors: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl RegistryError {
    pub(super) fn unreachable(doing: String, words: impl ToString) -> Self {
        Self { doing, fault: Fault::Unreachable(words.to_string()) }
    }

    pub(super) fn odd(doing: String, words: impl ToString) -> Self {
        Self { doing, fault: Fault::Odd(words.to_string()) }
    }

    pub(super) fn ours(doing: String, words: impl ToString) -> Self {
        Self { doing, fault: Fault::Ours(words.to_string()) }
    }

    pub(super) fn refused(doing: String, answer: &Answer) -> Self {
        let status = answer.status;
        let body = serde_json::from_slice::<Body>(&answer.body).ok();
        let first = body.and_then(|body| body.errors.into_iter().next());
        let (code, told) = match first {
            Some(Told { code, message }) => {
                let told = format!(", {code}: {}", message.trim());
                (code, told)
            }
            None => {
                let text = String::from_utf8_lossy(&answer.body);
                let text: String = text.trim().chars().take(QUOTE).collect();
                (String::new(), if text.is_empty() { text } else { format!(": {text}") })
            }
        };
        Self { doing, fault: Fault::Refused { status, code, told } }
    }

    /// Whether the same request may well be answered in a moment.
    pub(super) fn is_passing(&self) -> bool {
        match &self.fault {
            Fault::Unreachable(_) => true,
            Fault::Refused { status, .. } => {
                status.is_server_error()
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || *status == StatusCode::REQUEST_TIMEOUT
            }
            Fault::Odd(_) | Fault::Ours(_) => false,
        }
    }

    /// What helps.
    pub fn hint(&self) -> Option<String> {
        let text = match &self.fault {
            Fault::Unreachable(_) => {
                "Check the network, then run the same command again: what is there already stays there."
            }
            Fault::Refused { code, .. } if code == "NAME_UNKNOWN" => {
                "There is no such repository yet. `cargo xtask deploy` makes it before it pushes."
            }
            Fault::Refused { code, .. } if code == "TAG_INVALID" => {
                "Somebody else may have pushed it just now: `cargo xtask deploy` takes what is there. By hand, push under another tag: \
                 one of the farm's registry stays what it is."
            }
            Fault::Refused { status, .. } => match status.as_u16() {
                401 => {
                    "The registry does not take the password that AWS gave out for it. Log in to AWS again, then run the \
                     same command."
                }
                403 => {
                    "Whoever pushes lacks a right on the repository: `ecr:BatchCheckLayerAvailability`, `ecr:BatchGetImage`, \
                     `ecr:InitiateLayerUpload`, `ecr:UploadLayerPart`, `ecr:CompleteLayerUpload` and `ecr:PutImage` are \
                     what it takes."
                }
                429 | 500.. => {
                    "This passes, as a rule. Run the same command again in a minute: what is there already stays there."
                }
                _ => return None,
            },
            Fault::Odd(_) | Fault::Ours(_) => return None,
        };
        Some(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn refused(status: u16, body: &'static str) -> RegistryError {
        let status = StatusCode::from_u16(status).expect("a status");
        let answer = Answer { status, headers: HeaderMap::new(), body: body.into() };
        RegistryError::refused("push it".to_owned(), &answer)
    }

    #[test]
    fn the_registry_s_own_words_are_told() {
        let body = r#"{"errors":[{"code":"DENIED","message":"User: x is not authorized to perform: ecr:PutImage"}]}"#;
        let error = refused(403, body);
        assert_eq!(
            error.to_string(),
            "cannot push it: the registry answers 403 Forbidden, DENIED: User: x is not authorized to perform: \
             ecr:PutImage"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("lacks a right")));
        assert!(!error.is_passing());
    }

    #[test]
    fn another_answer_is_quoted_in_part() {
        assert_eq!(
            refused(502, "<html>").to_string(),
            "cannot push it: the registry answers 502 Bad Gateway: <html>"
        );
        assert_eq!(refused(404, "").to_string(), "cannot push it: the registry answers 404 Not Found");
        assert_eq!(refused(404, r#"{"errors":[]}"#).hint(), None);
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        let passing: Vec<u16> = [400, 401, 403, 404, 408, 409, 429, 500, 502, 503]
            .into_iter()
            .filter(|status| refused(*status, "").is_passing())
            .collect();
        assert_eq!(passing, [408, 429, 500, 502, 503]);
    }
}
