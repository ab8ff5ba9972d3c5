//! What costs money while nothing renders.
//!
//! A list of what is free at rest, not of what costs: a type that nobody thought of is found.
//! Bytes that are stored cost what they cost; that is what the lifecycle rules are for.

use super::values::{literal, outside, reach};
use super::{Finding, find, of_type};
use crate::template::document::Document;

/// Resource types that cost nothing while nothing happens, some of them with a property that
/// would change that: see [`check()`].
const FREE: [&str; 37] = [
    "AWS::Batch::ComputeEnvironment",
    "AWS::Batch::JobDefinition",
    "AWS::Batch::JobQueue",
    "AWS::Batch::SchedulingPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::ECR::Repository",
    "AWS::Events::Rule",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Function",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
];

/// Alarms that an account has for nothing.
const FREE_ALARMS: usize = 10;
/// Dashboards that an account has for nothing.
const FREE_DASHBOARDS: usize = 3;

pub(super) fn check(document: &Document, found: &mut Vec<Finding>) {
    for (id, declared) in &document.resources {
        let kind = declared.kind.as_str();
        if !FREE.contains(&kind) {
            let message = format!(
                "`{kind}` is not among the types that cost nothing at rest; do without it, or add it to the list \
                 of check/idle.rs with what makes it free"
            );
            find(found, format!("Resources.{id}"), message);
        }
    }
    for (_, path, endpoint) in of_type(document, "AWS::EC2::VPCEndpoint") {
        for kind in reach(&endpoint.properties, &path, "VpcEndpointType") {
            if kind.node.text() != Some("Gateway") {
                find(found, kind.path, "only Gateway endpoints are free; the others cost by the hour");
            }
        }
    }
    for (_, path, environment) in of_type(document, "AWS::Batch::ComputeEnvironment") {
        for least in ["ComputeResources.MinvCpus", "ComputeResources.DesiredvCpus"] {
            for vcpus in reach(&environment.properties, &path, least) {
                if outside(document, vcpus.node, 0, 0).is_some() {
                    find(
                        found,
                        vcpus.path,
                        "keeps machines running while nothing renders; write 0 or leave it out",
                    );
                }
            }
        }
    }
    for kind in ["AWS::Lambda::Alias", "AWS::Lambda::Version"] {
        for (_, path, function) in of_type(document, kind) {
            for place in reach(&function.properties, &path, "ProvisionedConcurrencyConfig") {
                find(found, place.path, "provisioned concurrency costs by the hour; leave it out");
            }
        }
    }
    for (_, path, bucket) in of_type(document, "AWS::S3::Bucket") {
        for place in reach(&bucket.properties, &path, "MetricsConfigurations") {
            find(found, place.path, "request metrics cost by the month; leave them out");
        }
    }
    for (_, path, group) in of_type(document, "AWS::Logs::LogGroup") {
        if reach(&group.properties, &path, "RetentionInDays").is_empty() {
            find(found, path, "keeps its lines for ever; give RetentionInDays");
        }
    }
    let alarms: Vec<_> = of_type(document, "AWS::CloudWatch::Alarm").collect();
    for (_, path, alarm) in &alarms {
        for period in reach(&alarm.properties, path, "Period") {
            if literal(period.node).is_some_and(|seconds| seconds < 60.0) {
                find(
                    found,
                    period.path,
                    "an alarm that looks more than once a minute costs three times as much; write 60 or more",
                );
            }
        }
    }
    too_many(alarms.len(), FREE_ALARMS, "alarms", found);
    let dashboards = of_type(document, "AWS::CloudWatch::Dashboard").count();
    too_many(dashboards, FREE_DASHBOARDS, "dashboards", found);
}

fn too_many(count: usize, free: usize, what: &str, found: &mut Vec<Finding>) {
    if count > free {
        find(
            found,
            "Resources",
            format!("has {count} {what}, of which {free} are free; bring them down to that"),
        );
    }
}
