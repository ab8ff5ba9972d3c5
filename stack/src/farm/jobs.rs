//! The queue and the job definitions.

use farm_contract::exit::TaskExit;

/// The queue that both kinds of job run in. It has fair share from its first day: a queue made
/// without can never get it.
pub const QUEUE: &str = "farm";

/// What a job definition of the farm fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobDefinition {
    /// Its name.
    pub name: &'static str,
    /// The program of ours that its image starts.
    pub program: &'static str,
    /// vCPUs of one task.
    pub vcpus: u32,
    /// Memory of one task, in MiB.
    pub memory_mib: u32,
    /// Attempts that a task has, the first one counted.
    pub attempts: u32,
    /// What an attempt's end means, first match first.
    pub evaluate_on_exit: Vec<EvaluateOnExit>,
}

/// One rule of a retry strategy. A field that is set must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluateOnExit {
    /// Pattern for the attempt's status reason.
    pub on_status_reason: Option<String>,
    /// Pattern for the container's reason.
    pub on_reason: Option<String>,
    /// Pattern for the exit code.
    pub on_exit_code: Option<String>,
    /// Whether to start another attempt.
    pub retry: bool,
}

impl EvaluateOnExit {
    fn retry_on_status_reason(pattern: &str) -> Self {
        Self { on_status_reason: Some(pattern.into()), on_reason: None, on_exit_code: None, retry: true }
    }
}

/// Renders the frames of one child.
pub fn render() -> JobDefinition {
    JobDefinition {
        name: "farm-render",
        program: "render-task",
        vcpus: 4,
        memory_mib: 8 * 1024,
        attempts: 3,
        evaluate_on_exit: retry_rules(),
    }
}

/// Makes the archive of one render.
pub fn zip() -> JobDefinition {
    JobDefinition {
        name: "farm-zip",
        program: "zip-task",
        vcpus: 1,
        memory_mib: 2 * 1024,
        attempts: 3,
        evaluate_on_exit: retry_rules(),
    }
}

/// What failed from outside is tried again, and so is what our own program asks for; the rest
/// would fail the same way again. The last rule is needed because Batch retries what no rule
/// matches.
fn retry_rules() -> Vec<EvaluateOnExit> {
    let outside =
        ["Your Spot Task was interrupted*", "Task failed to start*", "ECS is performing*"].into_iter();
    let asked = TaskExit::ALL.into_iter().filter(|exit| exit.retries()).map(|exit| EvaluateOnExit {
        on_status_reason: None,
        on_reason: None,
        on_exit_code: Some(exit.code().to_string()),
        retry: true,
    });
    // By exit code, not by reason: an ordinary exit has a code for certain, and perhaps no reason.
    let rest = EvaluateOnExit {
        on_status_reason: None,
        on_reason: None,
        on_exit_code: Some("*".into()),
        retry: false,
    };
    outside.map(EvaluateOnExit::retry_on_status_reason).chain(asked).chain([rest]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_takes_five_rules_and_ours_end_in_a_full_stop() {
        let rules = retry_rules();
        assert!(rules.len() <= 5, "{rules:?}");
        assert_eq!(rules.last().map(|rule| rule.retry), Some(false));
        assert!(rules.iter().any(|rule| rule.on_exit_code.as_deref() == Some("75") && rule.retry));
    }
}
