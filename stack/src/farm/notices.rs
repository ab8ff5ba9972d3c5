//! Who is told, and of what: how uploads end, where that is wanted, and of events that could not be handled.
//!
//! How an upload ended the function tells, by the report; here is the topic that it tells it to.
//! S3 and the rule hand an event over and forget it. Lambda tries it three times; what failed
//! even then lies in a queue for two weeks, and an alarm says so.

use super::config::FarmError;
use super::parameters::FarmParameters;
use crate::cfn::cloudwatch::{self, alarm};
use crate::cfn::{Condition, Handle, Value, sns, sqs};
use crate::template::{Attributes, Template};

/// How long a lost event can be looked at: the longest that SQS keeps a message, in seconds.
const LOST_EVENT: i64 = 14 * 24 * 60 * 60;
/// How often the alarm looks, in seconds.
const PERIOD: i64 = 300;
/// SQS tells its numbers late where a queue was long empty: so the alarm looks back over half an hour.
const LOOKS_BACK: i64 = 6;

/// Where notices go, and where events that nobody handled.
pub(super) struct Notices {
    /// The queue of events that no attempt brought to an end.
    pub lost: Handle<sqs::Queue>,
    /// Whoever subscribes to it is told.
    pub topic: Handle<sns::Topic>,
}

/// The queue of lost events, the alarm that tells of each, and who is told. The topic needs no policy: the one that
/// SNS gives it lets the account's own alarms and roles publish.
pub(super) fn add(template: &mut Template, parameters: &FarmParameters) -> Result<Notices, FarmError> {
    let lost = sqs::Queue {
        message_retention_period: Some(LOST_EVENT.into()),
        sqs_managed_sse_enabled: Some(true.into()),
        ..sqs::Queue::new()
    };
    let waivers =
        [("CKV_AWS_27", "Encrypted by SQS itself, SqsManagedSseEnabled, which the check does not know of.")];
    let attributes = Attributes { metadata: Some(super::waivers(&waivers)?), ..super::gone_with_the_stack() };
    let lost = template.add_with("FailedEvents", lost, attributes)?;
    let topic =
        sns::Topic { display_name: Some(Value::sub("Render farm ${AWS::StackName}")), ..sns::Topic::new() };
    let waivers = [(
        "CKV_AWS_26",
        "An alarm cannot publish to a topic that the key of SNS encrypts; a notice names files and frames, and holds no picture.",
    )];
    let attributes = Attributes { metadata: Some(super::waivers(&waivers)?), ..Attributes::default() };
    let topic = template.add_with("Notices", topic, attributes)?;
    let mut subscribe = |id: &str, protocol: &str, endpoint, wanted: &Condition| {
        let subscription =
            sns::Subscription { endpoint: Some(endpoint), ..sns::Subscription::new(protocol, &topic) };
        let if_wanted = Attributes { condition: Some(wanted.name().to_owned()), ..Attributes::default() };
        template.add_with(id, subscription, if_wanted)
    };
    subscribe("NoticesByEmail", "email", parameters.email.value(), &parameters.mails)?;
    subscribe("NoticesByWebhook", "https", parameters.webhook.value(), &parameters.calls_webhook)?;
    template.add("FailedEventsAlarm", alarm(&lost, &topic))?;
    Ok(Notices { lost, topic })
}

/// Counts events as they arrive. Were those counted that lie in the queue, the alarm would stay on for
/// two weeks after the first, and tell of no other.
fn alarm(lost: &Handle<sqs::Queue>, topic: &Handle<sns::Topic>) -> cloudwatch::Alarm {
    cloudwatch::Alarm {
        alarm_actions: Some([topic].into()),
        alarm_description: Some(
            "The farm could not handle an event; it lies in the queue FailedEvents. Upload the file again once the \
             cause in the log TriggerLogs is mended."
                .into(),
        ),
        comparison_operator: Some(alarm::ComparisonOperator::GreaterThanThreshold.into()),
        datapoints_to_alarm: Some(1.into()),
        dimensions: Some([alarm::Dimension::new("QueueName", lost.queue_name())].into()),
        evaluation_periods: Some(LOOKS_BACK.into()),
        metric_name: Some("NumberOfMessagesSent".into()),
        namespace: Some("AWS/SQS".into()),
        period: Some(PERIOD.into()),
        statistic: Some(alarm::Statistic::Sum.into()),
        threshold: Some(0.0.into()),
        treat_missing_data: Some(alarm::TreatMissingData::NotBreaching.into()),
        ..cloudwatch::Alarm::new()
    }
}
