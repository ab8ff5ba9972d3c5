//! What moto does not know or cannot be made to say, in AWS's words: quotas of Fargate, bad states, refusals, credentials
//! that are no good.

use farm_testing::{Reply, Request};
use serde_json::json;

use crate::farm::{Farm, is, json_reply, quota};

/// A farm where one call is answered otherwise.
fn answering(
    region: &'static str,
    call: &'static str,
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> Farm {
    Farm::answering(region, "", move |request| is(request, call).then(&reply))
}

fn xml(status: u16, body: &str) -> Reply {
    Reply::Say(status, "Content-Type: text/xml\r\n".to_owned(), body.to_owned())
}

#[test]
fn a_quota_that_the_account_never_asked_for_is_aws_s_own() {
    let farm = Farm::answering("us-east-1", "", |request| quota(request, None));
    let spot = farm.finding("spot");
    assert_eq!(spot["verdict"], "warning");
    assert_eq!(spot["says"], "6 vCPU: one frame at a time; the farm asks for 256");
    assert_eq!(
        spot["mends"][0]["run"],
        "aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-36FBB829 \
         --desired-value 256 --region us-east-1"
    );
    let farm = Farm::answering("us-east-1", "", |request| quota(request, Some(0.0)));
    let ran = farm.doctor(&["--json"]);
    assert_eq!((ran.finding("on-demand")["verdict"].as_str(), ran.code), (Some("bad"), 1));
}

#[test]
fn a_stack_whose_deploy_failed() {
    let farm = answering("us-east-1", "DescribeStacks", || {
        xml(
            200,
            "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult>\
             <Stacks><member><StackName>render-farm</StackName><StackStatus>ROLLBACK_COMPLETE</StackStatus>\
             <StackStatusReason>The following resource(s) failed to create: [Queue].</StackStatusReason>\
             <CreationTime>2026-06-01T10:00:00Z</CreationTime></member></Stacks></DescribeStacksResult>\
             </DescribeStacksResponse>",
        )
    });
    let finding = farm.finding("stack");
    assert_eq!(finding["verdict"], "bad");
    assert!(finding["says"].as_str().unwrap().ends_with("failed to create: [Queue]."), "{finding}");
    assert_eq!(finding["mends"][0]["run"], "cargo xtask deploy --stack render-farm --region us-east-1");
}

#[test]
fn an_environment_that_batch_cannot_use() {
    let parts = Farm::stand("us-east-1").parts;
    let farm = answering("us-east-1", "DescribeComputeEnvironments", move || {
        let of = |arn: &str, kind: &str, status: &str, reason: &str| {
            json!({
                "computeEnvironmentName": "x", "computeEnvironmentArn": parts[arn], "state": "ENABLED",
                "status": status, "statusReason": reason,
                "computeResources": {"type": kind, "maxvCpus": 256, "subnets": [parts["subnet_a"]],
                                     "securityGroupIds": [parts["group"]]},
            })
        };
        let why = "CLIENT_ERROR - User: arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForBatch is not authorized";
        let all = [of("spot", "FARGATE_SPOT", "INVALID", why), of("on-demand", "FARGATE", "VALID", "")];
        json_reply(200, &json!({"computeEnvironments": all}))
    });
    let finding = farm.finding("environments");
    assert_eq!(finding["verdict"], "bad");
    let says = finding["says"].as_str().unwrap();
    assert!(
        says.starts_with("spot (Fargate Spot) is INVALID: Batch lacks the role that it works with (CLIENT"),
        "{says}"
    );
    assert_eq!(farm.finding("subnets")["verdict"], "good", "what it names is looked at all the same");
}

#[test]
fn who_may_not_look_hears_which_right_lacks() {
    let denied = |call: &'static str, right: &'static str, check: &'static str| {
        let farm = Farm::answering("us-east-1", "", move |request: &Request| {
            let words = format!("User: arn:aws:iam::1:user/x is not authorized to perform: {right}");
            let query = ["DescribeStacks"].contains(&call);
            let ec2 = right.starts_with("ec2:");
            is(request, call).then(|| match (query, ec2) {
                (true, _) => xml(
                    403,
                    &format!("<ErrorResponse><Error><Code>AccessDenied</Code><Message>{words}</Message></Error></ErrorResponse>"),
                ),
                (_, true) => xml(
                    403,
                    &format!("<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>{words}</Message></Error></Errors></Response>"),
                ),
                _ => Reply::Say(
                    400,
                    "Content-Type: application/x-amz-json-1.1\r\nx-amzn-errortype: AccessDeniedException\r\n".to_owned(),
                    json!({"__type": "AccessDeniedException", "message": words}).to_string(),
                ),
            })
        });
        let ran = farm.doctor(&["--json"]);
        let finding = ran.finding(check);
        assert_eq!(finding["verdict"], "not-looked-at", "{finding:#}");
        assert_eq!(finding["says"], format!("these credentials lack the right `{right}`"));
        assert_eq!(ran.code, 0, "what is not looked at is not bad");
    };
    denied("DescribeStacks", "cloudformation:DescribeStacks", "stack");
    denied("DescribeJobDefinitions", "batch:DescribeJobDefinitions", "images");
    denied("DescribeImages", "ecr:DescribeImages", "images");
    denied("DescribeJobQueues", "batch:DescribeJobQueues", "queue");
    denied("DescribeComputeEnvironments", "batch:DescribeComputeEnvironments", "environments");
    denied("GetServiceQuota", "servicequotas:GetServiceQuota", "spot");
    denied("DescribeSubnets", "ec2:DescribeSubnets", "subnets");
    denied("DescribeRouteTables", "ec2:DescribeRouteTables", "subnets");
    denied("DescribeSecurityGroups", "ec2:DescribeSecurityGroups", "security-groups");
    denied("DescribeVpcEndpoints", "ec2:DescribeVpcEndpoints", "endpoint");
    denied("DescribeLogGroups", "logs:DescribeLogGroups", "logs");
}

#[test]
fn credentials_that_are_no_good() {
    let refused = |code: &'static str| {
        let farm = answering("us-east-1", "GetCallerIdentity", move || {
            let body = format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
            );
            xml(403, &body)
        });
        farm.doctor(&["--json"])
    };
    for (code, says) in [
        ("ExpiredToken", "these credentials have expired"),
        ("InvalidClientTokenId", "AWS does not know these credentials"),
    ] {
        let ran = refused(code);
        let finding = ran.finding("credentials");
        assert_eq!((finding["verdict"].as_str(), finding["says"].as_str()), (Some("bad"), Some(says)));
        assert_eq!(ran.code, 1);
        assert_eq!(ran.finding("logs")["says"], "the credentials come first");
    }
    let shown = {
        let farm = answering("us-east-1", "GetCallerIdentity", || {
            xml(403, "<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>")
        });
        farm.doctor(&[])
    };
    assert!(shown.out.contains("- not looked at 12 more"), "{}", shown.out);
}

#[test]
fn a_bucket_of_another_region_or_account() {
    let head = |status: u16, more: &'static str| {
        Farm::answering("us-east-1", "", move |request: &Request| {
            request.head.starts_with("HEAD ").then(|| Reply::Say(status, more.to_owned(), String::new()))
        })
    };
    let elsewhere = head(301, "x-amz-bucket-region: eu-west-1\r\n");
    let finding = elsewhere.finding("bucket");
    assert_eq!(
        finding["mends"][0]["run"],
        "farm doctor --bucket render-farm-123456789012-us-east-1 --region eu-west-1"
    );
    let anothers = head(403, "").finding("bucket");
    assert_eq!(anothers["verdict"], "warning", "it can be read: {anothers}");
    assert!(anothers["says"].as_str().unwrap().contains("not account 123456789012's"), "{anothers}");
}
