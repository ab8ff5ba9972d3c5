//! Whole tables.

use crate::farm::{Farm, quota};

#[test]
fn a_good_farm_is_good_at_each_point() {
    let farm = Farm::stand("eu-west-1");
    let ran = farm.doctor(&[]);
    assert_eq!((ran.code, ran.told.as_str()), (0, ""), "{}", ran.out);
    insta::assert_snapshot!(farm.masked(ran.account()));
    assert!(!ran.out.contains('\x1b'), "no colours where nobody sees them");
    let json = farm.doctor(&["--json"]).json();
    assert_eq!(json["good"], true);
    assert_eq!(json["findings"].as_array().map(Vec::len), Some(19));
}

#[test]
fn a_farm_that_is_broken_everywhere_is_told_with_what_mends_it() {
    let snippet = r#"
aws("cloudformation").delete_stack(StackName=STACK)
aws("ecr").batch_delete_image(repositoryName=STACK, imageIds=[{"imageDigest": farm["digest of zip"]}])
aws("batch").update_job_queue(jobQueue=farm["queue"], state="DISABLED")
aws("batch").update_compute_environment(computeEnvironment=farm["spot"], state="DISABLED")
ec2 = aws("ec2")
ec2.delete_route(RouteTableId=farm["table"], DestinationCidrBlock="0.0.0.0/0")
ec2.delete_vpc_endpoints(VpcEndpointIds=[farm["endpoint"]])
https = ec2.describe_security_groups(GroupIds=[farm["group"]])["SecurityGroups"][0]["IpPermissionsEgress"]
ec2.revoke_security_group_egress(GroupId=farm["group"], IpPermissions=https)
aws("logs").delete_log_group(logGroupName=farm["logs"])
"#;
    let farm = Farm::answering("eu-west-2", snippet, |request| quota(request, None));
    let ran = farm.doctor(&[]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.told);
    insta::assert_snapshot!(farm.masked(ran.account()));
}
