//! Buckets: what must outlive the stack, and what must not pile up.

use super::values::{outside, reach};
use super::{Finding, find, of_type};
use crate::template::document::{Declared, Document};

/// The most days that S3 counts.
const MOST_DAYS: i64 = 2_147_483_647;

/// Days of a lifecycle rule. S3 takes no 0.
const DAYS: [&str; 3] = [
    "ExpirationInDays",
    "NoncurrentVersionExpiration.NoncurrentDays",
    "AbortIncompleteMultipartUpload.DaysAfterInitiation",
];

pub(super) fn check(document: &Document, found: &mut Vec<Finding>) {
    for (id, path, bucket) in of_type(document, "AWS::S3::Bucket") {
        // With RetainExceptOnCreate a creation that is rolled back takes its empty bucket along.
        let kept = ["Retain", "RetainExceptOnCreate"];
        for (key, policy, allowed) in [
            ("DeletionPolicy", &bucket.deletion_policy, kept.as_slice()),
            ("UpdateReplacePolicy", &bucket.update_replace_policy, &["Retain"]),
        ] {
            if !policy.as_deref().is_some_and(|policy| allowed.contains(&policy)) {
                let message =
                    format!("what is in the bucket would go with it; write {}", allowed.join(" or "));
                find(found, format!("Resources.{id}.{key}"), message);
            }
        }
        lifecycle(document, bucket, &path, found);
    }
}

fn lifecycle(document: &Document, bucket: &Declared, path: &str, found: &mut Vec<Finding>) {
    const RULES: &str = "LifecycleConfiguration.Rules.*";
    let rules = reach(&bucket.properties, path, RULES);
    let aborts = rules.iter().any(|rule| {
        rule.node.get("Status").and_then(|status| status.text()) == Some("Enabled")
            && !reach(rule.node, &rule.path, "AbortIncompleteMultipartUpload").is_empty()
    });
    if !aborts {
        let message =
            "parts of broken uploads would pile up unseen; add a rule with AbortIncompleteMultipartUpload";
        find(found, format!("{path}.LifecycleConfiguration"), message);
    }
    for rule in rules {
        for key in DAYS {
            for days in reach(rule.node, &rule.path, key) {
                // Under a condition, the condition keeps the 0 away that means never.
                let decided = (rule.chosen || days.chosen) && days.node.function().is_some();
                if !decided && let Some(problem) = outside(document, days.node, 1, MOST_DAYS) {
                    find(found, days.path, problem);
                }
            }
        }
    }
}
