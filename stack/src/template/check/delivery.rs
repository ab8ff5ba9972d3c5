//! Whether what a rule sends may arrive. A rule is made without any word about it; EventBridge
//! tries, is refused, and only a metric that nobody looks at says so.

use super::policy::statements;
use super::values::{each, reach, shape, target};
use super::{Finding, find, of_type};
use crate::template::document::{Declared, Document, Node};

const EVENTS: &str = "events.amazonaws.com";

pub(super) fn check(document: &Document, found: &mut Vec<Finding>) {
    for (rule, path, declared) in of_type(document, "AWS::Events::Rule") {
        for keys in ["Targets.*.Arn", "Targets.*.DeadLetterConfig.Arn"] {
            for place in reach(&declared.properties, &path, keys) {
                if let Some(missing) = target(place.node).and_then(|id| missing(document, rule, id)) {
                    find(found, place.path, missing);
                }
            }
        }
    }
    for (_, path, topic) in of_type(document, "AWS::SNS::Topic") {
        for key in reach(&topic.properties, &path, "KmsMasterKeyId") {
            if shape(key.node).is_some_and(|key| key.ends_with("alias/aws/sns")) {
                let message =
                    "no service may publish under AWS's own key; name a key of yours, or leave it out";
                find(found, key.path, message);
            }
        }
    }
}

/// What a rule wants before it can reach a resource of this template.
fn missing(document: &Document, rule: &str, id: &str) -> Option<String> {
    let (reached, wanted) = match document.resources.get(id)?.kind.as_str() {
        "AWS::Lambda::Function" => {
            let mut permissions = of_type(document, "AWS::Lambda::Permission");
            let reached = permissions.any(|(.., permission)| calls(permission, rule, id));
            (reached, format!("an AWS::Lambda::Permission of {id} for it with the rule's Arn as SourceArn"))
        }
        "AWS::SNS::Topic" => (
            trusted(document, "AWS::SNS::TopicPolicy", "Topics", id, rule),
            "an AWS::SNS::TopicPolicy for it, with no other SourceArn than the rule's".to_owned(),
        ),
        "AWS::SQS::Queue" => (
            trusted(document, "AWS::SQS::QueuePolicy", "Queues", id, rule),
            "an AWS::SQS::QueuePolicy for it, with no other SourceArn than the rule's".to_owned(),
        ),
        _ => return None,
    };
    (!reached).then(|| format!("{EVENTS} may not reach `{id}`; add {wanted}"))
}

fn calls(permission: &Declared, rule: &str, function: &str) -> bool {
    let names = |key: &str, id: &str| permission.properties.get(key).and_then(target) == Some(id);
    permission.properties.get("Principal").and_then(Node::text) == Some(EVENTS)
        && names("FunctionName", function)
        && names("SourceArn", rule)
}

/// Whether a policy of this type lets EventBridge reach the resource in the name of the rule.
fn trusted(document: &Document, kind: &str, of: &str, id: &str, rule: &str) -> bool {
    of_type(document, kind).any(|(_, path, policy)| {
        let meant = reach(&policy.properties, &path, &format!("{of}.*"));
        meant.iter().any(|place| target(place.node) == Some(id))
            && statements(&policy.properties, &path).iter().any(|statement| {
                let services = reach(statement.node, "", "Principal.Service");
                let sources = ["ArnEquals", "ArnLike"].map(|operator| {
                    reach(statement.node, "", &format!("Condition.{operator}.aws:SourceArn"))
                });
                services.iter().flat_map(each).any(|service| service.node.text() == Some(EVENTS))
                    && sources.iter().flatten().all(|source| target(source.node) == Some(rule))
            })
    })
}
