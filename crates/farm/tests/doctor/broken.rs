//! Farms that are broken at one point each. Where a command mends it, it is run, and the farm is good again.

use crate::farm::Farm;

/// Breaks a farm, and sees that one check says so in these words; then does what it says, and sees that it is good.
#[track_caller]
fn is_mended(region: &'static str, snippet: &str, check: &str, verdict: &str, words: &str) {
    let farm = Farm::broken(region, snippet);
    let ran = farm.doctor(&["--json"]);
    let finding = ran.finding(check);
    assert_eq!(finding["verdict"], verdict, "{finding:#}");
    assert_eq!(ran.code, i32::from(verdict == "bad"));
    let says = farm.masked(finding["says"].as_str().unwrap());
    assert!(says.contains(words), "{says}");
    let json = ran.json();
    let others = json["findings"].as_array().unwrap();
    let others = others.iter().filter(|other| other["check"] != check && other["place"] == "aws");
    assert!(others.clone().all(|other| other["verdict"] == "good"), "only that is wrong: {json:#}");
    farm.mend(&finding);
    assert_eq!(farm.finding(check)["verdict"], "good");
}

#[test]
fn a_queue_that_is_disabled() {
    let snippet = r#"aws("batch").update_job_queue(jobQueue=farm["queue"], state="DISABLED")"#;
    is_mended("eu-west-3", snippet, "queue", "bad", "it is disabled");
}

#[test]
fn an_environment_that_is_disabled() {
    let snippet =
        r#"aws("batch").update_compute_environment(computeEnvironment=farm["spot"], state="DISABLED")"#;
    is_mended("eu-north-1", snippet, "environments", "bad", "spot (Fargate Spot) starts no tasks");
}

#[test]
fn a_table_without_a_way_out() {
    let snippet = r#"aws("ec2").delete_route(RouteTableId=farm["table"], DestinationCidrBlock="0.0.0.0/0")"#;
    is_mended(
        "us-east-2",
        snippet,
        "subnets",
        "bad",
        "<subnet_a> has no route for 0.0.0.0/0; <subnet_b> has",
    );
}

#[test]
fn a_subnet_by_the_network_s_main_table_which_has_no_way_out() {
    let snippet = r#"
tables = aws("ec2").describe_route_tables(RouteTableIds=[farm["table"]])["RouteTables"]
for of in tables[0]["Associations"]:
    if of.get("SubnetId") == farm["subnet_a"]:
        aws("ec2").disassociate_route_table(AssociationId=of["RouteTableAssociationId"])
"#;
    let farm = Farm::broken("us-west-1", snippet);
    let finding = farm.finding("subnets");
    let says = farm.masked(finding["says"].as_str().unwrap());
    assert_eq!(says, "<subnet_a> has no route for 0.0.0.0/0: tasks there reach no registry");
    farm.mend(&finding);
    assert_eq!(farm.finding("subnets")["verdict"], "good");
    // The other table has no endpoint.
    let endpoint = farm.finding("endpoint");
    assert_eq!(endpoint["verdict"], "warning");
    farm.mend(&endpoint);
    assert_eq!(farm.finding("endpoint")["verdict"], "good");
}

#[test]
fn a_security_group_that_lets_nothing_out() {
    let snippet = r#"
ec2 = aws("ec2")
https = ec2.describe_security_groups(GroupIds=[farm["group"]])["SecurityGroups"][0]["IpPermissionsEgress"]
ec2.revoke_security_group_egress(GroupId=farm["group"], IpPermissions=https)
"#;
    is_mended("us-west-2", snippet, "security-groups", "bad", "<group> lets no HTTPS (port 443) out");
}

#[test]
fn a_network_without_a_way_to_the_bucket() {
    let snippet = r#"aws("ec2").delete_vpc_endpoints(VpcEndpointIds=[farm["endpoint"]])"#;
    is_mended("ap-south-1", snippet, "endpoint", "warning", "no gateway endpoint");
}

#[test]
fn a_log_group_that_is_gone() {
    let snippet = r#"aws("logs").delete_log_group(logGroupName=farm["logs"])"#;
    is_mended("ap-northeast-1", snippet, "logs", "bad", "no log group render-farm-logs");
}

/// Breaks a farm, and sees that one check says so in these words, and that a deploy mends it.
#[track_caller]
fn is_deployed_again(region: &'static str, snippet: &str, check: &str, verdict: &str, words: &str) {
    let farm = Farm::broken(region, snippet);
    let finding = farm.finding(check);
    assert_eq!(finding["verdict"], verdict, "{finding:#}");
    let says = farm.masked(finding["says"].as_str().unwrap());
    assert!(says.contains(words), "{says}");
    let mend = finding["mends"][0]["run"].as_str().unwrap();
    assert!(
        mend.starts_with("cargo xtask deploy") && mend.ends_with(&format!("--region {region}")),
        "{mend}"
    );
}

#[test]
fn a_stack_that_is_gone() {
    let snippet = r#"aws("cloudformation").delete_stack(StackName=STACK)"#;
    is_deployed_again("ap-northeast-2", snippet, "stack", "bad", "no stack render-farm in ap-northeast-2");
}

#[test]
fn an_image_that_is_gone() {
    let snippet = r#"
aws("ecr").batch_delete_image(repositoryName=STACK, imageIds=[{"imageDigest": farm["digest of render-4-5"]}])
"#;
    let words = "the registry lacks the image of render-farm-render-4-5 (";
    is_deployed_again("ap-southeast-1", snippet, "images", "bad", words);
}

#[test]
fn a_registry_that_is_gone() {
    let snippet = r#"aws("ecr").delete_repository(repositoryName=STACK, force=True)"#;
    is_deployed_again("ap-southeast-2", snippet, "images", "bad", "render-farm-zip (");
}

#[test]
fn a_job_definition_that_is_gone() {
    let snippet = r#"aws("batch").deregister_job_definition(jobDefinition=STACK + "-zip:1")"#;
    is_deployed_again("ca-central-1", snippet, "images", "bad", "no job definition render-farm-zip");
}

#[test]
fn a_queue_that_is_gone() {
    let snippet = r#"
aws("batch").update_job_queue(jobQueue=farm["queue"], state="DISABLED")
aws("batch").delete_job_queue(jobQueue=farm["queue"])
"#;
    is_deployed_again("sa-east-1", snippet, "queue", "bad", "there is no queue");
}

#[test]
fn a_bucket_that_says_nothing_of_a_farm() {
    let snippet = r#"aws("s3").delete_object(Bucket=farm["bucket"], Key=".farm/farm.json")"#;
    is_deployed_again("eu-central-1", snippet, "offer", "bad", "does not say what farm it is");
}

#[test]
fn a_farm_json_that_is_damaged() {
    let snippet = r#"aws("s3").put_object(Bucket=farm["bucket"], Key=".farm/farm.json", Body=b"{")"#;
    let farm = Farm::broken("eu-south-1", snippet);
    let finding = farm.finding("offer");
    assert_eq!(finding["verdict"], "bad", "{finding:#}");
    assert_eq!(farm.finding("stack")["verdict"], "not-looked-at");
}

#[test]
fn a_farm_of_an_older_version() {
    let snippet = "put_offer(aws, farm, stack=None, queue=None, logs=None, tasks=None)";
    is_deployed_again("me-south-1", snippet, "offer", "warning", "an older version");
    let farm = Farm::stand("me-south-1");
    for check in ["stack", "images", "queue", "logs"] {
        assert_eq!(farm.finding(check)["verdict"], "not-looked-at");
    }
}

#[test]
fn a_bucket_that_is_not_there() {
    let farm = Farm::stand("af-south-1");
    let ran = farm.doctor_without(|command| {
        command.args(["--json", "--bucket", "no-such-bucket-of-ours"]);
    });
    assert_eq!(ran.code, 1);
    assert_eq!(ran.finding("bucket")["says"], "there is no bucket no-such-bucket-of-ours");
    assert_eq!(ran.finding("offer")["says"], "there is no bucket");
}

#[test]
fn a_command_in_the_bucket_is_no_command_here() {
    let farm = Farm::broken("eu-south-2", r#"put_offer(aws, farm, logs="x; touch mark")"#);
    let mend = &farm.finding("logs")["mends"][0]["run"];
    assert_eq!(mend, "aws logs create-log-group --log-group-name 'x; touch mark' --region eu-south-2");
}
