//! The events that invoke the function, and nothing of them that it does not need.
//!
//! Services add fields at will, so unknown ones are ignored; an event of another kind is an
//! error, because something is then wired wrongly.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

/// What an event tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// S3: objects were written. A record that cannot be read does not hide the others.
    Uploads(Vec<Result<Upload, EventError>>),
    /// S3: the notification was set up (`s3:TestEvent`).
    TestNotification,
    /// EventBridge: a Batch job changed its state.
    JobChange(JobChange),
}

/// One record of an S3 notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Whether an object was written; otherwise there is nothing to render.
    pub created: bool,
    /// The bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// The object's ETag, without quotes as events have it.
    pub etag: Option<String>,
    /// The object's version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// Orders the events of one key.
    pub sequencer: String,
}

/// One state change of a Batch job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobChange {
    /// The job's name.
    pub name: String,
    /// Batch's id of the job.
    pub id: String,
    /// The new state, such as `FAILED`.
    pub status: String,
    /// Batch's reason, where it gave one.
    pub reason: Option<String>,
    /// Set in an event of one child of an array.
    pub index: Option<u32>,
}

/// An event that cannot be handled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Neither an S3 notification nor a Batch event.
    #[error("the event is neither an S3 notification nor a Batch job state change")]
    Unknown,
    /// A field is missing or of another type.
    #[error("the event's {what} cannot be read: {reason}")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// What the parser says.
        reason: String,
    },
}

#[derive(Deserialize)]
struct RawRecord {
    #[serde(rename = "eventName")]
    event_name: String,
    s3: RawS3,
}

#[derive(Deserialize)]
struct RawS3 {
    bucket: RawBucket,
    object: RawObject,
}

#[derive(Deserialize)]
struct RawBucket {
    name: String,
}

#[derive(Deserialize)]
struct RawObject {
    key: String,
    #[serde(rename = "eTag")]
    etag: Option<String>,
    #[serde(rename = "versionId")]
    version_id: Option<String>,
    #[serde(default)]
    sequencer: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawJob {
    job_name: String,
    job_id: String,
    status: String,
    status_reason: Option<String>,
    array_properties: Option<RawArray>,
}

#[derive(Deserialize)]
struct RawArray {
    index: Option<u32>,
}

/// Reads an event.
///
/// # Errors
/// It is of another kind, or a Batch event without what every Batch event has.
pub fn parse(event: &Value) -> Result<Event, EventError> {
    if let Some(records) = event.get("Records").and_then(Value::as_array).filter(|list| !list.is_empty()) {
        return Ok(Event::Uploads(records.iter().map(record).collect()));
    }
    if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Event::TestNotification);
    }
    let batch = event.get("source").and_then(Value::as_str) == Some("aws.batch")
        && event.get("detail-type").and_then(Value::as_str) == Some("Batch Job State Change");
    if !batch {
        return Err(EventError::Unknown);
    }
    let job = RawJob::deserialize(event.get("detail").unwrap_or(&Value::Null))
        .map_err(|error| EventError::Malformed { what: "detail", reason: error.to_string() })?;
    Ok(Event::JobChange(JobChange {
        name: job.job_name,
        id: job.job_id,
        status: job.status,
        reason: job.status_reason,
        index: job.array_properties.and_then(|array| array.index),
    }))
}

fn record(record: &Value) -> Result<Upload, EventError> {
    let record = RawRecord::deserialize(record)
        .map_err(|error| EventError::Malformed { what: "record", reason: error.to_string() })?;
    let object = record.s3.object;
    Ok(Upload {
        created: record.event_name.trim_start_matches("s3:").starts_with("ObjectCreated:"),
        bucket: record.s3.bucket.name,
        key: decode_key(&object.key)?,
        etag: object.etag,
        version_id: object.version_id,
        sequencer: object.sequencer,
    })
}

/// S3 writes keys into events as a form does: a space as `+`, other bytes as `%XX`.
fn decode_key(encoded: &str) -> Result<String, EventError> {
    let spaced = encoded.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| EventError::Malformed { what: "key", reason: format!("`{encoded}` is not UTF-8") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn fixture(text: &str) -> Value {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn a_notification_as_s3_sends_it() {
        let event = parse(&fixture(include_str!("../tests/events/s3-put.json"))).expect("known");
        let Event::Uploads(records) = event else { panic!("{event:?}") };
        assert_eq!(
            records,
            [Ok(Upload {
                created: true,
                bucket: "farm-uploads".into(),
                key: "shots/Käse 100% + 1.blend".into(),
                etag: Some("0123456789abcdef0123456789abcdef".into()),
                version_id: Some("096fKKXTRTtl3on89fVO.nfljtsv6qko".into()),
                sequencer: "0055AED6DCD90281E5".into(),
            })]
        );
    }

    #[test]
    fn a_record_that_cannot_be_read_does_not_hide_the_others() {
        let event = parse(&fixture(include_str!("../tests/events/s3-mixed.json"))).expect("known");
        let Event::Uploads(records) = event else { panic!("{event:?}") };
        assert_eq!(records.len(), 4);
        assert!(records[0].is_err(), "no bucket");
        assert!(records[1].is_err(), "a key that is not UTF-8");
        assert!(!records[2].as_ref().expect("removed").created);
        assert_eq!(records[3].as_ref().expect("good").key, "a b.blend");
    }

    #[test]
    fn batch_events_of_parents_plain_jobs_and_children() {
        let parse = |text| match parse(&fixture(text)).expect("known") {
            Event::JobChange(change) => change,
            other => panic!("{other:?}"),
        };
        let parent = parse(include_str!("../tests/events/batch-array-failed.json"));
        assert_eq!(parent.status, "FAILED");
        assert_eq!(parent.name, "farm-0123456789abcdef0123-render-0");
        assert_eq!(parent.index, None);
        let child = parse(include_str!("../tests/events/batch-child-failed.json"));
        assert_eq!(child.index, Some(7));
    }

    #[test]
    fn the_test_notification_is_known_and_others_are_refused() {
        assert_eq!(
            parse(&fixture(include_str!("../tests/events/s3-test.json"))),
            Ok(Event::TestNotification)
        );
        for other in [
            json!({}),
            json!(null),
            json!([1]),
            json!({"Records": []}),
            json!({"Records": "x"}),
            json!({"source": "aws.ecs", "detail-type": "ECS Task State Change"}),
            json!({"source": "aws.batch", "detail-type": "Batch Job Queue Blocked", "detail": {}}),
        ] {
            assert_eq!(parse(&other), Err(EventError::Unknown), "{other}");
        }
        let cut = json!({"source": "aws.batch", "detail-type": "Batch Job State Change"});
        assert!(matches!(parse(&cut), Err(EventError::Malformed { what: "detail", .. })));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
            prop_oneof![
                Just("aws.batch"),
                Just("s3:TestEvent"),
                Just("Batch Job State Change"),
                Just("%FF+%")
            ]
            .prop_map(Value::from),
        ];
        let name = prop_oneof![
            Just("Records"),
            Just("Event"),
            Just("s3"),
            Just("bucket"),
            Just("object"),
            Just("key"),
            Just("name"),
            Just("eventName"),
            Just("source"),
            Just("detail-type"),
            Just("detail"),
            Just("jobName"),
            Just("jobId"),
            Just("status"),
            Just("arrayProperties"),
            Just("index"),
        ];
        leaf.prop_recursive(5, 48, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_panic(event in any_json()) {
            let _ = parse(&event);
        }

        #[test]
        fn any_key_is_decoded_without_panic(key in "[+%0-9A-Fa-f/ä]{0,20}") {
            let _ = decode_key(&key);
        }
    }
}
