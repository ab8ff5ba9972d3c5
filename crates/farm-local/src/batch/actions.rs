//! What IAM would be asked for each call: the action is the call's name, the resources are here.

use super::config::BatchConfig;
use super::model::{DescribeJobsRequest, ListJobsRequest, StopJobRequest, SubmitJobRequest};

/// A request whose resources IAM is asked about.
pub(super) trait Asked {
    /// ARNs; `*` where the action knows no narrower one.
    fn resources(&self, config: &BatchConfig) -> Vec<String>;
}

impl Asked for SubmitJobRequest {
    /// The queue and the definition, both.
    fn resources(&self, config: &BatchConfig) -> Vec<String> {
        let named = |reference: &Option<String>, arn: &dyn Fn(&str) -> String| {
            let reference = reference.as_deref().unwrap_or_default();
            if reference.starts_with("arn:") { reference.to_owned() } else { arn(reference) }
        };
        // Named without its revision, a definition is asked about without it.
        let definition = |name: &str| {
            let arn = config.definition_arn(name);
            if name.contains(':') { arn } else { arn.trim_end_matches(":1").to_owned() }
        };
        vec![named(&self.job_queue, &|name| config.queue_arn(name)), named(&self.job_definition, &definition)]
    }
}

impl Asked for DescribeJobsRequest {
    fn resources(&self, _: &BatchConfig) -> Vec<String> {
        vec!["*".to_owned()]
    }
}

impl Asked for ListJobsRequest {
    fn resources(&self, _: &BatchConfig) -> Vec<String> {
        vec!["*".to_owned()]
    }
}

/// `CancelJob` and `TerminateJob`.
impl Asked for StopJobRequest {
    fn resources(&self, config: &BatchConfig) -> Vec<String> {
        vec![format!("{}{}", config.job_arn_prefix(), self.job_id.as_deref().unwrap_or_default())]
    }
}
