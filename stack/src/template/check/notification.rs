//! The wire from the bucket to the function. S3 asks for the permission at the moment at which the
//! notification is set, and whoever owns a bucket of the right name may use it: so the permission
//! stands first, and names bucket and account.

use super::values::{reach, shape, target};
use super::{Finding, find, of_type};
use crate::template::document::{Declared, Document, Node};

/// The events that S3 tells of.
const EVENTS: [&str; 27] = [
    "s3:IntelligentTiering",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:ObjectAcl:Put",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Put",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ObjectRestore:Post",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Delete",
    "s3:ObjectTagging:Put",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationReplicatedAfterThreshold",
];

const LAMBDA: &str = "NotificationConfiguration.LambdaConfigurations.*";

pub(super) fn check(document: &Document, found: &mut Vec<Finding>) {
    for (id, path, bucket) in of_type(document, "AWS::S3::Bucket") {
        events(bucket, &path, found);
        for name in reach(&bucket.properties, &path, &format!("{LAMBDA}.Filter.S3Key.Rules.*.Name")) {
            if !name.node.text().is_some_and(|name| ["prefix", "suffix"].contains(&name)) {
                find(
                    found,
                    name.path,
                    "S3 filters by nothing else than prefix and suffix; write one of them",
                );
            }
        }
        for function in reach(&bucket.properties, &path, &format!("{LAMBDA}.Function")) {
            let wanted = target(function.node);
            let permits = |other: &String| {
                document.resources.get(other).is_some_and(|other| for_s3(other) && permitted(other) == wanted)
            };
            if wanted.is_some() && !bucket.depends_on.iter().any(permits) {
                let message = "S3 refuses a notification that it has no permission for yet; name the function's \
                               AWS::Lambda::Permission for s3.amazonaws.com here";
                find(found, format!("Resources.{id}.DependsOn"), message);
            }
        }
    }
    for (_, path, permission) in of_type(document, "AWS::Lambda::Permission").filter(|(.., it)| for_s3(it)) {
        let account = reach(&permission.properties, &path, "SourceAccount");
        if account.is_empty()
            || account.iter().any(|place| shape(place.node).as_deref() != Some("${AWS::AccountId}"))
        {
            let message = "an S3 ARN names no account, so a stranger's bucket of this name could call; write !Ref AWS::AccountId";
            find(found, format!("{path}.SourceAccount"), message);
        }
        let sources = reach(&permission.properties, &path, "SourceArn");
        let known: Vec<String> = buckets(document);
        let is_known = |arn: String| known.contains(&arn);
        if sources.is_empty() || sources.iter().any(|place| !shape(place.node).is_some_and(is_known)) {
            let message = "is not the ARN of a bucket of this template; write the text of its BucketName after \
                           arn:${AWS::Partition}:s3:::";
            find(found, format!("{path}.SourceArn"), message);
        }
    }
}

fn events(bucket: &Declared, path: &str, found: &mut Vec<Finding>) {
    for target in ["LambdaConfigurations", "QueueConfigurations", "TopicConfigurations"] {
        for event in reach(&bucket.properties, path, &format!("NotificationConfiguration.{target}.*.Event")) {
            if !event.node.text().is_some_and(|name| EVENTS.contains(&name)) {
                let message = "S3 has no such event; write one that it has, as s3:ObjectCreated:*";
                find(found, event.path, message);
            }
        }
    }
}

fn for_s3(permission: &Declared) -> bool {
    permission.kind == "AWS::Lambda::Permission"
        && permission.properties.get("Principal").and_then(Node::text) == Some("s3.amazonaws.com")
}

fn permitted(permission: &Declared) -> Option<&str> {
    permission.properties.get("FunctionName").and_then(target)
}

/// The ARNs of the buckets of this template, from their names.
fn buckets(document: &Document) -> Vec<String> {
    of_type(document, "AWS::S3::Bucket")
        .flat_map(|(_, path, bucket)| reach(&bucket.properties, &path, "BucketName"))
        .filter_map(|name| shape(name.node))
        .map(|name| format!("arn:${{AWS::Partition}}:s3:::{name}"))
        .collect()
}
