//! S3's event notification, in the shape in which AWS sends it to a function.

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::s3::ObjectCreated;

/// What a form leaves as it is, and the slash, which S3 leaves too. The space is encoded here
/// and becomes a plus.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'*').remove(b'_').remove(b'/');

/// The notification of one object, as of a bucket in `region`.
pub fn s3_notification(object: &ObjectCreated, region: &str) -> Value {
    let key = utf8_percent_encode(&object.key, KEPT).to_string().replace("%20", "+");
    let time = i64::try_from(object.time_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": format!("{:.3}", time.unwrap_or_default()),
        "eventName": object.event_name,
        "userIdentity": {"principalId": "local"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": object.sequencer, "x-amz-id-2": object.sequencer},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "uploads",
            "bucket": {
                "name": object.bucket,
                "ownerIdentity": {"principalId": "local"},
                "arn": format!("arn:aws:s3:::{}", object.bucket),
            },
            "object": {
                "key": key,
                "size": object.size,
                "eTag": object.etag,
                "sequencer": object.sequencer,
            },
        },
    }]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_as_a_form_is() {
        let object = ObjectCreated {
            bucket: "farm".into(),
            key: "shots/Käse 100% + 1.blend".into(),
            size: 3,
            etag: "e".into(),
            sequencer: "000a".into(),
            event_name: "ObjectCreated:Put",
            time_ms: 1_795_463_791_123,
        };
        let event = s3_notification(&object, "us-east-1");
        let record = &event["Records"][0];
        assert_eq!(record["s3"]["object"]["key"], "shots/K%C3%A4se+100%25+%2B+1.blend");
        assert_eq!(record["s3"]["object"]["eTag"], "e");
        assert_eq!(record["eventTime"], "2026-11-23T19:56:31.123Z");
    }
}
