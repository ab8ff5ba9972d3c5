//! What was found, and what mends it.

use serde::Serialize;

use super::check::{Check, Place};

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// A render goes all the same, but worse than it could.
    Warning,
    /// A render fails by it, or never begins.
    Bad,
    /// It could not be looked at.
    NotLookedAt,
}

/// What mends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mend {
    /// A command, as it is typed.
    Run(String),
    /// What only a person can do.
    Do(String),
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// Of what.
    pub check: Check,
    /// How it stands.
    pub verdict: Verdict,
    /// The same in a sentence, and why.
    pub says: String,
    /// What mends it, one after the other.
    pub mends: Vec<Mend>,
}

impl Finding {
    fn new(check: Check, verdict: Verdict, says: impl Into<String>) -> Self {
        Self { place: check.place(), check, verdict, says: says.into(), mends: Vec::new() }
    }

    /// It is as it should be.
    pub fn good(check: Check, says: impl Into<String>) -> Self {
        Self::new(check, Verdict::Good, says)
    }

    /// It could be better.
    pub fn warning(check: Check, says: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warning, says)
    }

    /// It is in the way.
    pub fn bad(check: Check, says: impl Into<String>) -> Self {
        Self::new(check, Verdict::Bad, says)
    }

    /// It could not be looked at, for this reason.
    pub fn unseen(check: Check, says: impl Into<String>) -> Self {
        Self::new(check, Verdict::NotLookedAt, says)
    }

    /// With a command that mends it.
    #[must_use]
    pub fn run(mut self, command: impl Into<String>) -> Self {
        self.mends.push(Mend::Run(command.into()));
        self
    }

    /// With what a person can do about it.
    #[must_use]
    pub fn advise(mut self, what: impl Into<String>) -> Self {
        self.mends.push(Mend::Do(what.into()));
        self
    }
}

/// A text of others as one word of a shell: who runs a command that stands here runs no other.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@+=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_others_is_no_other_command() {
        for (text, shell) in [
            ("arn:aws:batch:eu-west-1:1:job-queue/a", "arn:aws:batch:eu-west-1:1:job-queue/a"),
            ("a; rm -rf ~", "'a; rm -rf ~'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(word(text), shell);
        }
    }

    #[test]
    fn programs_read_it_by_its_names() {
        let finding = Finding::bad(Check::OnDemand, "0 vCPU").run("aws").advise("Wait.");
        let json = serde_json::to_value(finding).unwrap();
        let expected = serde_json::json!({
            "place": "aws", "check": "on-demand", "verdict": "bad", "says": "0 vCPU",
            "mends": [{"run": "aws"}, {"do": "Wait."}],
        });
        assert_eq!(json, expected);
    }
}
