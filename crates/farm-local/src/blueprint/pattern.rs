//! EventBridge's event patterns, as far as the farm uses them. What is not known is refused: it
//! would match nothing here and something on AWS.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A pattern: every field must match.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern(BTreeMap<String, Field>);

#[derive(Debug, Clone, PartialEq)]
enum Field {
    /// The event has an object here, and it matches.
    Object(Pattern),
    /// One of these holds of the event's value here.
    AnyOf(Vec<Test>),
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// It is this value, or a list that has it.
    Is(Value),
    /// It is there, or it is not.
    Exists(bool),
    /// It is a text that begins so.
    Prefix(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// EventBridge would refuse it, or it is more than is known here.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let fields = value.as_object().ok_or("an event pattern is an object")?;
        if fields.is_empty() {
            return Err("EventBridge takes no event pattern with nothing in it".to_owned());
        }
        let read = |(name, value): (&String, &Value)| Ok((name.clone(), field(name, value)?));
        fields.iter().map(read).collect::<Result<_, String>>().map(Self)
    }

    /// Whether an event matches.
    pub(super) fn matches(&self, event: &Value) -> bool {
        self.of(event.as_object())
    }

    /// What is not there at all has no fields, so that `exists: false` holds of them.
    fn of(&self, object: Option<&Map<String, Value>>) -> bool {
        self.0.iter().all(|(name, field)| {
            let value = object.and_then(|object| object.get(name));
            match field {
                // Of a list, one of its items.
                Field::Object(pattern) => match value {
                    Some(Value::Array(items)) if !items.is_empty() => {
                        items.iter().any(|item| pattern.of(item.as_object()))
                    }
                    value => pattern.of(value.and_then(Value::as_object)),
                },
                Field::AnyOf(tests) => tests.iter().any(|test| test.holds(value)),
            }
        })
    }
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        let any = |holds: &dyn Fn(&Value) -> bool| match value {
            Some(Value::Array(items)) => items.iter().any(holds),
            value => value.is_some_and(holds),
        };
        match self {
            Self::Is(wanted) => any(&|value| value == wanted),
            // Of a value: what has fields of its own is none.
            Self::Exists(wanted) => any(&|value| !value.is_object()) == *wanted,
            Self::Prefix(start) => any(&|value| value.as_str().is_some_and(|text| text.starts_with(start))),
        }
    }
}

fn field(name: &str, value: &Value) -> Result<Field, String> {
    match value {
        Value::Object(_) => Pattern::read(value).map(Field::Object),
        Value::Array(items) if !items.is_empty() => {
            items.iter().map(|item| test(name, item)).collect::<Result<_, _>>().map(Field::AnyOf)
        }
        _ => Err(format!("EventBridge wants a list in the event pattern at `{name}`, not {value}")),
    }
}

fn test(name: &str, value: &Value) -> Result<Test, String> {
    let matcher = match value {
        Value::Object(matcher) => matcher,
        Value::Array(_) => {
            return Err(format!("EventBridge wants values in the list at `{name}`, not {value}"));
        }
        value => return Ok(Test::Is(value.clone())),
    };
    let only = matcher.iter().next().filter(|_| matcher.len() == 1);
    match only.map(|(word, value)| (word.as_str(), value)) {
        Some(("exists", Value::Bool(wanted))) => Ok(Test::Exists(*wanted)),
        Some(("prefix", Value::String(start))) => Ok(Test::Prefix(start.clone())),
        _ => Err(format!("the loopback farm does not know {value} in an event pattern, at `{name}`")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pattern(value: Value) -> Pattern {
        Pattern::read(&value).expect("a pattern")
    }

    #[test]
    fn every_field_must_match() {
        let failed = pattern(json!({
            "source": ["aws.batch"],
            "detail": {
                "status": ["FAILED", "SUCCEEDED"],
                "jobName": [{"prefix": "farm-"}],
                "arrayProperties": {"index": [{"exists": false}]},
            },
        }));
        let event = |status: &str, array: Value| json!({"source": "aws.batch", "detail": {"status": status, "jobName": "farm-1", "arrayProperties": array}});
        assert!(failed.matches(&event("FAILED", json!({"size": 3}))));
        assert!(failed.matches(&event("SUCCEEDED", Value::Null)), "what is not there has no index");
        assert!(!failed.matches(&event("FAILED", json!({"index": 0}))));
        assert!(!failed.matches(&event("RUNNING", Value::Null)));
        assert!(!failed.matches(&json!({"source": "aws.batch"})));
        assert!(!failed.matches(&json!(null)));
    }

    #[test]
    fn a_list_matches_by_one_of_its_items() {
        let named = pattern(json!({"resources": ["a"]}));
        assert!(named.matches(&json!({"resources": ["b", "a"]})));
        assert!(!named.matches(&json!({"resources": ["b"]})));
        let begins = pattern(json!({"resources": [{"prefix": "a"}]}));
        assert!(begins.matches(&json!({"resources": ["b", "abc"]})));
        let inside = pattern(json!({"attempts": {"code": [1]}}));
        assert!(inside.matches(&json!({"attempts": [{"code": 2}, {"code": 1}]})));
        assert!(
            !inside.matches(&json!({"attempts": [{"code": 2}]})) && !inside.matches(&json!({"attempts": []}))
        );
    }

    #[test]
    fn what_has_fields_of_its_own_is_no_value_that_exists() {
        let there = |wanted: bool| pattern(json!({"detail": [{"exists": wanted}]}));
        for (detail, exists) in [(json!("x"), true), (json!({"a": 1}), false), (json!([1]), true)] {
            let event = json!({"detail": detail});
            assert_eq!(
                (there(true).matches(&event), there(false).matches(&event)),
                (exists, !exists),
                "{event}"
            );
        }
    }

    #[test]
    fn what_eventbridge_refuses_or_is_not_known_is_refused() {
        for wrong in [
            json!("x"),
            json!({}),
            json!({"detail": {}}),
            json!({"source": [["x"]]}),
            json!({"source": "aws.batch"}),
            json!({"source": []}),
            json!({"source": [{"anything-but": "x"}]}),
            json!({"source": [{"exists": "no"}]}),
            json!({"source": [{"exists": true, "prefix": "a"}]}),
        ] {
            assert!(Pattern::read(&wrong).is_err(), "{wrong}");
        }
    }
}
