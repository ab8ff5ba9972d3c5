//! Compute environments and queues: what Batch takes on Fargate, and what lets them be changed
//! later.

use super::values::reach;
use super::{Finding, find, of_type};
use crate::template::document::{Document, Node};

/// Properties of a compute environment that are about machines of EC2.
const NOT_ON_FARGATE: [&str; 12] = [
    "AllocationStrategy",
    "BidPercentage",
    "DesiredvCpus",
    "Ec2Configuration",
    "Ec2KeyPair",
    "ImageId",
    "InstanceRole",
    "InstanceTypes",
    "LaunchTemplate",
    "PlacementGroup",
    "SpotIamFleetRole",
    "Tags",
];

pub(super) fn check(document: &Document, found: &mut Vec<Finding>) {
    for (_, path, environment) in of_type(document, "AWS::Batch::ComputeEnvironment") {
        let replace = reach(&environment.properties, &path, "ReplaceComputeEnvironment");
        if replace.is_empty() || replace.iter().any(|place| *place.node != Node::Bool(false)) {
            let message =
                "a change would put another environment in its place under the running queue; write false";
            find(found, format!("{path}.ReplaceComputeEnvironment"), message);
        }
        for resources in reach(&environment.properties, &path, "ComputeResources") {
            let kinds = reach(resources.node, &resources.path, "Type");
            let fargate = |kind: &str| kind == "FARGATE" || kind == "FARGATE_SPOT";
            if !kinds.iter().any(|kind| kind.node.text().is_some_and(fargate)) {
                continue;
            }
            for key in NOT_ON_FARGATE {
                for place in reach(resources.node, &resources.path, key) {
                    find(found, place.path, "is about machines, which Fargate has none of; leave it out");
                }
            }
            for key in ["SecurityGroupIds", "Subnets"] {
                if reach(resources.node, &resources.path, key).is_empty() {
                    find(found, format!("{}.{key}", resources.path), "Fargate wants these; give them");
                }
            }
        }
    }
    for (kind, name) in [
        ("AWS::Batch::ComputeEnvironment", "ComputeEnvironmentName"),
        ("AWS::Batch::JobQueue", "JobQueueName"),
    ] {
        for (_, path, named) in of_type(document, kind) {
            for place in reach(&named.properties, &path, name) {
                let message =
                    "two cannot have one name, so a change that replaces it would fail; leave the name out";
                find(found, place.path, message);
            }
        }
    }
}
