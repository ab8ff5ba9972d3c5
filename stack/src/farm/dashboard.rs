//! How the farm does, at a glance: frames, failures, seconds, and about what they cost.
//!
//! AWS Batch has no metrics of its own, so most of it is asked of what render-task writes to its log
//! ([`farm_contract::log_line`]), at the moment that somebody looks: what is read then is billed by the
//! gigabyte. An account has three dashboards for nothing.

use farm_plan::prices::PUBLISHED;
use serde_json::{Value as Json, json};

use super::config::{FarmConfig, FarmError};
use crate::cfn::{Handle, Value, cloudwatch, logs};
use crate::template::Template;

/// A frame that is rendered, in the log.
const RENDERED: &str = r"frame (?<frame>-?\d+): rendered in (?<seconds>[\d.]+) s";
/// A frame that failed, in the log.
const FAILED: &str = r"frame -?\d+ failed: ";

pub(super) fn add(
    template: &mut Template,
    config: &FarmConfig,
    tasks: &Handle<logs::LogGroup>,
) -> Result<Handle<cloudwatch::Dashboard>, FarmError> {
    let log = format!("${{{}}}", tasks.id());
    let rendered = format!("parse @message /{RENDERED}/ | filter ispresent(seconds)");
    let failed = format!("filter @message like /{FAILED}/");
    let cost = format!("sum(seconds) / 3600 * {:.5} as dollars", config.price_at(PUBLISHED.on_demand));
    let body = json!({"widgets": [
        query(&log, "Frames rendered", 0, 0, &format!("{rendered} | stats count(*) as frames by bin(5m)"), "timeSeries"),
        query(&log, "Seconds a frame", 12, 0, &format!("{rendered} | stats avg(seconds), pct(seconds, 95) by bin(5m)"), "timeSeries"),
        query(&log, "Frames that failed, the latest first", 0, 6, &format!("fields @timestamp, @message | {failed} | sort @timestamp desc | limit 50"), "table"),
        query(&log, "About what the frames cost at the full price of Fargate in us-east-1 (Spot: a third)", 12, 6, &format!("{rendered} | stats {cost} by bin(1h)"), "bar"),
        json!({
            "type": "metric", "x": 0, "y": 12, "width": 24, "height": 6,
            "properties": {
                "title": "Uploads: events handled, failed, and lost",
                "region": "${AWS::Region}", "stat": "Sum", "period": 300, "view": "timeSeries",
                "metrics": [
                    ["AWS/Lambda", "Invocations", "FunctionName", "${TriggerFunction}"],
                    ["AWS/Lambda", "Errors", "FunctionName", "${TriggerFunction}"],
                    ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${FailedEvents.QueueName}", {"stat": "Maximum"}],
                ],
            },
        }),
    ]});
    let dashboard = cloudwatch::Dashboard {
        dashboard_name: Some(Value::sub("${AWS::StackName}-${AWS::Region}")),
        ..cloudwatch::Dashboard::new(Value::sub(body.to_string()))
    };
    Ok(template.add("Dashboard", dashboard)?)
}

fn query(log: &str, title: &str, x: u32, y: u32, query: &str, view: &str) -> Json {
    json!({
        "type": "log", "x": x, "y": y, "width": 12, "height": 6,
        "properties": {
            "title": title, "region": "${AWS::Region}", "view": view,
            "query": format!("SOURCE '{log}' | {query}"),
        },
    })
}

#[cfg(test)]
mod tests {
    use farm_contract::log_line;
    use regex_lite::Regex;

    use super::*;

    #[test]
    fn what_is_looked_for_is_what_render_task_writes() {
        let rendered = Regex::new(RENDERED).expect("a pattern");
        let line = log_line::rendered(-7, 12.34);
        let found = rendered.captures(&line).expect("it is found");
        assert_eq!((&found["frame"], &found["seconds"]), ("-7", "12.3"));
        assert!(Regex::new(FAILED).expect("a pattern").is_match(&log_line::failed(12, "no camera")));
    }
}
