//! Rights that reach further than a name: every one needs a written reason.
//!
//! Looked at is every statement of every policy document that is written out, wherever it stands
//! in a resource, if its effect is not Deny. What counts as wide:
//!
//! - an `Action` with `*` or `?` anywhere in it;
//! - a `Principal` that is, or has in it, `*`;
//! - `NotAction`, `NotResource`, `NotPrincipal`, which allow what nobody wrote down;
//! - a `Resource` with `*` or `?` in its partition, service, region or account, or in its name. A
//!   star that comes after a whole name and its `/` or `:` is no wildcard of this kind: it stands
//!   for what is in the one thing that is named, the objects of a bucket (`bucket/*`), the streams
//!   of a log group (`log-group:name:*`), the revisions of a job definition
//!   (`job-definition/name:*`). `bucket*`, `job/*` and `log-group:/aws/*` name no whole thing.
//!
//! The reason stands in the resource's metadata under [`REASONS`], by the statement's `Sid`.
//! Policies of AWS's that a role takes as they are (`ManagedPolicyArns`) need a reason too, by
//! that name. A reason for what is not wide is stale, and found.

use std::collections::BTreeSet;

use super::values::{Place, each, reach, shape};
use super::{Finding, find};
use crate::template::document::{Document, Node};

/// Key of the reasons in a resource's metadata: `FarmReasons: {<Sid>: <why>}`.
const REASONS: &str = "FarmReasons";

/// What a reason for policies of AWS's is filed under.
const MANAGED: &str = "ManagedPolicyArns";

pub(super) fn check(document: &Document, found: &mut Vec<Finding>) {
    for (id, declared) in &document.resources {
        let path = format!("Resources.{id}");
        let reasons = declared.metadata.get(REASONS);
        let reason = |sid: &str| {
            let text = reasons.and_then(|reasons| reasons.get(sid)).and_then(Node::text);
            text.is_some_and(|text| !text.trim().is_empty())
        };
        let mut explained: BTreeSet<String> = BTreeSet::new();
        let properties = format!("{path}.Properties");
        for statement in statements(&declared.properties, &properties) {
            let wide = wide_parts(&statement);
            if wide.is_empty() {
                continue;
            }
            let sid = statement.node.get("Sid").and_then(Node::text).unwrap_or_default();
            explained.insert(sid.to_owned());
            if !reason(sid) {
                let message = format!(
                    "allows {}; name what is meant, or give the statement a Sid and write the reason under \
                     Metadata.{REASONS}.<Sid>",
                    wide.join(" and ")
                );
                find(found, statement.path, message);
            }
        }
        if declared.kind == "AWS::IAM::Role" && !reach(&declared.properties, "", MANAGED).is_empty() {
            explained.insert(MANAGED.to_owned());
            if !reason(MANAGED) {
                let message = format!(
                    "gives rights that AWS may widen; write the statements out, or write the reason under \
                     Metadata.{REASONS}.{MANAGED}"
                );
                find(found, format!("{properties}.{MANAGED}"), message);
            }
        }
        let Some(Node::Map(reasons)) = reasons else { continue };
        for sid in reasons.keys().filter(|sid| !explained.contains(*sid)) {
            let message = "explains nothing: no statement of this Sid is wide; remove the reason";
            find(found, format!("{path}.Metadata.{REASONS}.{sid}"), message);
        }
    }
}

/// The statements of every policy document in a resource that allow something.
pub(super) fn statements<'a>(properties: &'a Node, path: &str) -> Vec<Place<'a>> {
    let mut found = Vec::new();
    collect(properties, path, &mut found);
    found.retain(|statement| statement.node.get("Effect").and_then(Node::text) != Some("Deny"));
    found
}

fn collect<'a>(node: &'a Node, path: &str, found: &mut Vec<Place<'a>>) {
    for place in reach(node, path, "") {
        match place.node {
            Node::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    collect(item, &format!("{}[{at}]", place.path), found);
                }
            }
            Node::Map(entries) => {
                for (key, value) in entries {
                    let path = format!("{}.{key}", place.path);
                    if key == "Statement" {
                        found.extend(reach(value, &path, "").iter().flat_map(each));
                    } else {
                        collect(value, &path, found);
                    }
                }
            }
            _ => {}
        }
    }
}

/// What of a statement reaches further than a name, as it is written.
fn wide_parts(statement: &Place<'_>) -> Vec<String> {
    let part = |key: &str| -> Vec<Place<'_>> {
        reach(statement.node, &statement.path, key).iter().flat_map(each).collect()
    };
    let mut wide = Vec::new();
    for (key, is_wide) in [("Action", is_starred as fn(&str) -> bool), ("Resource", is_wide_resource)] {
        for place in part(key) {
            match shape(place.node) {
                Some(text) if is_wide(&text) => wide.push(format!("{key} `{text}`")),
                Some(_) => {}
                None => wide.push(format!("{key} of which it cannot be told what it comes to")),
            }
        }
    }
    for principal in part("Principal") {
        let named = match principal.node {
            Node::Map(entries) => entries.keys().flat_map(|key| part(&format!("Principal.{key}"))).collect(),
            _ => vec![principal],
        };
        let texts = named.iter().filter_map(|place| shape(place.node));
        wide.extend(texts.filter(|text| is_starred(text)).map(|text| format!("Principal `{text}`")));
    }
    for key in ["NotAction", "NotPrincipal", "NotResource"] {
        if statement.node.get(key).is_some() {
            wide.push(format!("all but its {key}"));
        }
    }
    wide
}

fn is_starred(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// See the head of this file.
fn is_wide_resource(text: &str) -> bool {
    let text = without_variables(text);
    let Some(star) = text.find(['*', '?']) else { return false };
    if !text.starts_with("arn:") {
        // A reference to one whole thing, and then a star for what is in it.
        return text == "*" || !text[..star].ends_with(['/', ':']);
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [_, partition, service, region, account, resource] = parts.as_slice() else { return true };
    if [partition, service, region, account].into_iter().any(|part| is_starred(part)) {
        return true;
    }
    let before = resource.find(['*', '?']).map_or(*resource, |at| &resource[..at]);
    let (name, ends): (&str, &[char]) = match *service {
        "s3" => (before, &['/']),
        // Names of log groups have slashes in them.
        "logs" => (before.split_once(':').map_or("", |(_, name)| name), &[':']),
        _ => (before.split_once(['/', ':']).map_or("", |(_, name)| name), &['/', ':']),
    };
    !name.ends_with(ends) || name.trim_matches(['/', ':']).is_empty()
}

/// A variable stands for one whole word of a name.
fn without_variables(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push('x');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_in_one_named_thing_is_no_wildcard() {
        for narrow in [
            "arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}",
            "arn:${AWS::Partition}:s3:::${AWS::StackName}-x/*",
            "arn:aws:s3:::bucket/.farm/*",
            "arn:aws:s3:::bucket/*.blend/report.json",
            "${Bucket.Arn}/*",
            "${RenderLogs.Arn}:*",
            "arn:aws:logs:eu-west-1:1:log-group:/farm/render:*",
            "arn:aws:batch:${AWS::Region}:${AWS::AccountId}:job-definition/${AWS::StackName}-render:*",
        ] {
            assert!(!is_wide_resource(narrow), "{narrow}");
        }
        for wide in [
            "*",
            "${Bucket.Arn}*",
            "arn:aws:s3:::*",
            "arn:aws:s3:::bucket*",
            "arn:aws:s3:::*/key",
            "arn:*:s3:::bucket",
            "arn:aws:batch:*:1:job-queue/q",
            "arn:aws:batch:eu-west-1:*:job-queue/q",
            "arn:aws:batch:eu-west-1:1:job/*",
            "arn:aws:batch:eu-west-1:1:job-definition/farm-*",
            "arn:aws:batch:eu-west-1:1:*",
            "arn:aws:logs:eu-west-1:1:log-group:*",
            "arn:aws:logs:eu-west-1:1:log-group:/aws/*",
            "arn:aws:sqs:eu-west-1:1:queue?",
            "arn:aws:sqs*",
        ] {
            assert!(is_wide_resource(wide), "{wide}");
        }
    }
}
