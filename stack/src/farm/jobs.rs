//! The queue and the job definitions.

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

/// Exit codes, as Batch's patterns, that say for good that another attempt would end the same way:
/// those of [`TaskExit`] that do not retry.
const FINAL: [&str; 3] = ["1", "6*", "74"];

/// What our programs call final is final. All else is tried again, which is what Batch does with
/// an attempt that no rule matches: Spot and maintenance, an image that could not be pulled, a task
/// that was killed.
fn retry_rules() -> Vec<EvaluateOnExit> {
    FINAL
        .into_iter()
        .map(|code| EvaluateOnExit {
            on_status_reason: None,
            on_reason: None,
            on_exit_code: Some(code.to_owned()),
            retry: false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::exit::TaskExit;

    /// As Batch matches: digits, and a star that may only come last.
    fn matches(pattern: &str, code: &str) -> bool {
        pattern.strip_suffix('*').map_or(pattern == code, |start| code.starts_with(start))
    }

    #[test]
    fn the_rules_say_what_the_exit_codes_say() {
        let rules = retry_rules();
        assert!(rules.len() <= 5, "Batch takes no more");
        let ends = |code: u8| {
            let patterns = rules.iter().filter_map(|rule| rule.on_exit_code.as_deref());
            patterns.into_iter().any(|pattern| matches(pattern, &code.to_string()))
        };
        for exit in TaskExit::ALL.into_iter().filter(|exit| *exit != TaskExit::Done) {
            assert_eq!(ends(exit.code()), !exit.retries(), "{exit:?}");
        }
        for killed in [137, 139, 143] {
            assert!(!ends(killed), "a task that was killed is tried again");
        }
    }
}
