//! Events on their way: patterns that match, and what becomes of an event that a function failed.

use super::values::{outside, reach, target};
use super::{Finding, find, of_type};
use crate::template::ParameterType;
use crate::template::document::{Document, Function, Node};

pub(super) fn check(document: &Document, found: &mut Vec<Finding>) {
    for (_, path, rule) in of_type(document, "AWS::Events::Rule") {
        for pattern in reach(&rule.properties, &path, "EventPattern") {
            lists_at_the_leaves(document, pattern.node, &pattern.path, found);
        }
    }
    unheard_failures(document, found);
    for (_, path, config) in of_type(document, "AWS::Lambda::EventInvokeConfig") {
        for (key, least, most) in [("MaximumRetryAttempts", 0, 2), ("MaximumEventAgeInSeconds", 60, 21_600)] {
            for place in reach(&config.properties, &path, key) {
                if let Some(problem) = outside(document, place.node, least, most) {
                    find(found, place.path, problem);
                }
            }
        }
    }
}

/// EventBridge takes a value that stands alone for an error; a linter does not.
fn lists_at_the_leaves(document: &Document, node: &Node, path: &str, found: &mut Vec<Finding>) {
    for place in reach(node, path, "") {
        let is_list = match place.node {
            Node::Map(entries) => {
                for (key, value) in entries {
                    lists_at_the_leaves(document, value, &format!("{}.{key}", place.path), found);
                }
                continue;
            }
            Node::List(_) => true,
            Node::Function(function) => match function.as_ref() {
                Function::Ref(name) => document
                    .parameters
                    .get(name)
                    .is_some_and(|spec| spec.kind == ParameterType::CommaDelimitedList),
                Function::Split { .. } | Function::GetAZs(_) => true,
                _ => false,
            },
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => false,
        };
        if !is_list {
            find(found, place.path, "a pattern takes lists only; put the value in brackets");
        }
    }
}

/// A function that a service calls is called without anybody waiting for the answer: what fails
/// three times is gone, unless it is told where to go.
fn unheard_failures(document: &Document, found: &mut Vec<Finding>) {
    let heard: Vec<&str> = of_type(document, "AWS::Lambda::EventInvokeConfig")
        .filter(|(_, path, config)| {
            !reach(&config.properties, path, "DestinationConfig.OnFailure.Destination").is_empty()
        })
        .filter_map(|(.., config)| config.properties.get("FunctionName").and_then(target))
        .collect();
    for (id, ..) in of_type(document, "AWS::Lambda::Function") {
        let called = of_type(document, "AWS::Lambda::Permission")
            .any(|(.., permission)| permission.properties.get("FunctionName").and_then(target) == Some(id));
        if called && !heard.contains(&id) {
            let message = "events that it fails on would be lost; add an AWS::Lambda::EventInvokeConfig with a \
                           DestinationConfig.OnFailure";
            find(found, format!("Resources.{id}"), message);
        }
    }
}
