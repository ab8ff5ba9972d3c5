//! The event rules: which of Batch's events wake the function.

use serde::Deserialize;
use serde_json::Value;

use super::function::Function;
use super::pattern::Pattern;
use super::permission;
use super::{BlueprintError, Read, View, wrong};

/// A rule that hands events to the function.
#[derive(Debug, Clone)]
pub struct Rule {
    pattern: Pattern,
}

impl Rule {
    /// Whether it hands this event on.
    pub fn matches(&self, event: &Value) -> bool {
        self.pattern.matches(event)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    event_pattern: Value,
    state: Option<String>,
    #[serde(default)]
    targets: Vec<Target>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    arn: String,
    dead_letter_config: Option<DeadLetterConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetterConfig {
    arn: String,
}

/// The rules that are switched on.
pub(super) fn read(view: &View<'_>, function: &Function) -> Result<Vec<Rule>, BlueprintError> {
    let mut rules = Vec::new();
    for Read { id, arn, properties, .. } in view.of::<Properties>("AWS::Events::Rule")? {
        let arn = arn.ok_or_else(|| wrong(&id, "its ARN is not known"))?;
        if properties.state.as_deref().is_some_and(|state| state == "DISABLED") {
            continue;
        }
        if properties.targets.is_empty() {
            return Err(wrong(&id, "it hands events to nobody"));
        }
        let queues = properties.event_pattern.pointer("/detail/jobQueue").and_then(Value::as_array);
        for queue in queues.into_iter().flatten() {
            if !view.stands("AWS::Batch::JobQueue", queue.as_str().unwrap_or_default())? {
                return Err(wrong(
                    &id,
                    format!("it waits for events of {queue}, which is no queue of the template's"),
                ));
            }
        }
        for target in &properties.targets {
            let lost = target.dead_letter_config.as_ref().map(|lost| lost.arn.as_str());
            if let Some(lost) = lost.filter(|lost| !view.stands("AWS::SQS::Queue", lost).unwrap_or(false)) {
                return Err(wrong(
                    &id,
                    format!("lost events go to `{lost}`, which is no queue of the template's"),
                ));
            }
            if target.arn != function.arn {
                let problem =
                    format!("it hands events to `{}`, which is no function of the template's", target.arn);
                return Err(wrong(&id, problem));
            }
            if !permission::granted(view, &function.name, "events.amazonaws.com", &arn, true)? {
                let problem = "it hands events to the function, and no AWS::Lambda::Permission lets it";
                return Err(wrong(&id, problem));
            }
            let pattern = Pattern::read(&properties.event_pattern).map_err(|problem| wrong(&id, problem))?;
            rules.push(Rule { pattern });
        }
    }
    Ok(rules)
}
