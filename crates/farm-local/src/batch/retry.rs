//! `evaluateOnExit`: whether an attempt that failed is followed by another.

use serde::Serialize;

/// Most rules that Batch takes.
const MAX_RULES: usize = 5;
/// Longest pattern that Batch takes.
const MAX_PATTERN: usize = 512;

/// One rule: if all the patterns that it has match, its action is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EvaluateOnExit {
    /// Matched against the decimal exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_exit_code: Option<String>,
    /// Matched against the container's reason, which most exits do not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_reason: Option<String>,
    /// Matched against the status reason of the attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_status_reason: Option<String>,
    /// What to do.
    pub action: RetryAction,
}

/// What a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RetryAction {
    /// Another attempt, if any is left.
    Retry,
    /// No more attempts.
    Exit,
}

impl RetryAction {
    /// Reads `RETRY` or `EXIT`, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("RETRY") {
            Some(Self::Retry)
        } else if text.eq_ignore_ascii_case("EXIT") {
            Some(Self::Exit)
        } else {
            None
        }
    }
}

/// Checks a retry strategy as Batch does.
pub(super) fn check(attempts: u32, rules: &[EvaluateOnExit]) -> Result<(), String> {
    if !(1..=10).contains(&attempts) {
        return Err(format!("RetryAttempts must be between 1 and 10, got {attempts}"));
    }
    if rules.len() > MAX_RULES {
        return Err(format!("EvaluateOnExit can have at most {MAX_RULES} conditions, got {}", rules.len()));
    }
    for rule in rules {
        let patterns = [
            ("onExitCode", &rule.on_exit_code, is_digit as fn(char) -> bool),
            ("onReason", &rule.on_reason, is_word),
            ("onStatusReason", &rule.on_status_reason, is_word),
        ];
        if patterns.iter().all(|(_, pattern, _)| pattern.is_none()) {
            return Err(
                "EvaluateOnExit needs at least one of onExitCode, onReason and onStatusReason".to_owned()
            );
        }
        for (field, pattern, allowed) in patterns {
            let Some(pattern) = pattern else { continue };
            let body = pattern.strip_suffix('*').unwrap_or(pattern);
            if pattern.is_empty() || pattern.chars().count() > MAX_PATTERN || !body.chars().all(allowed) {
                return Err(format!("EvaluateOnExit {field} {pattern:?} does not match the allowed pattern"));
            }
        }
    }
    Ok(())
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == ':' || c.is_ascii_whitespace()
}

/// What the rules say about an attempt that failed. No rule that matches means another attempt.
///
/// A reason that is absent reads as empty, so that a last rule `onReason: "*"` takes what is left,
/// as it does on Batch. An exit code that is absent matches no pattern: such an attempt never ran.
pub(super) fn decide(
    rules: &[EvaluateOnExit],
    exit_code: Option<i32>,
    reason: Option<&str>,
    status_reason: &str,
) -> RetryAction {
    let exit_code = exit_code.map(|code| code.to_string());
    let found = rules.iter().find(|rule| {
        rule.on_exit_code
            .as_deref()
            .is_none_or(|pattern| exit_code.as_deref().is_some_and(|code| matches(Some(pattern), code)))
            && matches(rule.on_reason.as_deref(), reason.unwrap_or_default())
            && matches(rule.on_status_reason.as_deref(), status_reason)
    });
    found.map_or(RetryAction::Retry, |rule| rule.action)
}

fn matches(pattern: Option<&str>, text: &str) -> bool {
    match pattern {
        None => true,
        Some(pattern) => match pattern.strip_suffix('*') {
            Some(start) => text.starts_with(start),
            None => text == pattern,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(
        code: Option<&str>,
        reason: Option<&str>,
        status: Option<&str>,
        action: RetryAction,
    ) -> EvaluateOnExit {
        EvaluateOnExit {
            on_exit_code: code.map(str::to_owned),
            on_reason: reason.map(str::to_owned),
            on_status_reason: status.map(str::to_owned),
            action,
        }
    }

    #[test]
    fn the_first_rule_whose_fields_all_match_decides() {
        let rules = [
            rule(None, None, Some("Your Spot Task was interrupted*"), RetryAction::Retry),
            rule(Some("7*"), Some("Out*"), None, RetryAction::Exit),
            rule(Some("75"), None, None, RetryAction::Retry),
            rule(None, Some("*"), None, RetryAction::Exit),
        ];
        let exited = "Essential container in task exited";
        assert_eq!(decide(&rules, Some(75), None, exited), RetryAction::Retry);
        assert_eq!(decide(&rules, Some(75), Some("OutOfMemoryError: x"), exited), RetryAction::Exit);
        assert_eq!(decide(&rules, Some(65), None, exited), RetryAction::Exit);
        assert_eq!(decide(&rules, Some(137), None, "Your Spot Task was interrupted."), RetryAction::Retry);
    }

    #[test]
    fn no_match_means_another_attempt_and_patterns_are_not_prefixes_without_a_star() {
        assert_eq!(decide(&[], Some(1), None, ""), RetryAction::Retry);
        let rules = [rule(Some("7"), None, None, RetryAction::Exit)];
        assert_eq!(decide(&rules, Some(75), None, ""), RetryAction::Retry);
        let rules = [rule(None, Some("Out"), None, RetryAction::Exit)];
        assert_eq!(decide(&rules, Some(1), Some("OutOfMemoryError"), ""), RetryAction::Retry);
        assert_eq!(decide(&rules, Some(1), None, ""), RetryAction::Retry);
    }

    #[test]
    fn strategies_that_batch_refuses_are_refused() {
        let exit = RetryAction::Exit;
        assert!(check(1, &[]).is_ok());
        assert!(check(10, &[rule(Some("13*"), Some("Host EC2*"), Some("A: b.c"), exit)]).is_ok());
        assert!(check(0, &[]).is_err());
        assert!(check(11, &[]).is_err());
        assert!(check(1, &vec![rule(Some("1"), None, None, exit); 6]).is_err());
        for bad in [
            rule(Some("1a"), None, None, exit),
            rule(Some("*1"), None, None, exit),
            rule(None, Some("a,b"), None, exit),
            rule(None, None, Some("[x]"), exit),
            rule(None, None, Some(""), exit),
            rule(None, Some(&"a".repeat(513)), None, exit),
            rule(None, None, None, exit),
        ] {
            assert!(check(2, std::slice::from_ref(&bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn actions_are_read_in_any_case() {
        assert_eq!(RetryAction::parse("retry"), Some(RetryAction::Retry));
        assert_eq!(RetryAction::parse("Exit"), Some(RetryAction::Exit));
        assert_eq!(RetryAction::parse("STOP"), None);
    }
}
