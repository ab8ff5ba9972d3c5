//! What goes wrong on the way: the first cause is named with what helps, and running the same command
//! again mends it.

use crate::engine::{Engine, Kind};
use crate::script::Script;

const NO_CODE: &str =
    "FunctionCodeKey=.farm/lambda/0000000000000000000000000000000000000000000000000000000000000000.zip";

#[test]
fn a_change_that_fails_is_taken_back_and_its_cause_named() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    engine.deploy(&[]).well();
    let policies = "print(json.dumps([aws('iam').get_role_policy(RoleName=r['RoleName'], PolicyName='farm')['PolicyDocument'] for r in aws('iam').list_roles()['Roles'] if 'farm' in r['RoleName']], sort_keys=True))";
    let before = engine.ask(policies);
    engine.stack(&["deploy", "--yes", "--set", NO_CODE, "--set", "KmsKeyArn=arn:aws:kms:eu-west-1:123456789012:key/1"]).badly(&[
        "not changed    TriggerFunction",
        "error: TriggerFunction was not changed: ",
        "caused by: the stack `render-farm` is UPDATE_ROLLBACK_COMPLETE: all that was changed was taken back",
        "hint: The function's code is not in the bucket. `cargo xtask deploy` uploads it",
    ]);
    assert_eq!(engine.status("render-farm").as_deref(), Some("UPDATE_ROLLBACK_COMPLETE"));
    assert_eq!(engine.ask(policies), before, "the roles are what they were");
    // What failed is not in the way of what comes next.
    engine
        .stack(&["deploy", "--yes", "--set", "LogRetentionDays=7"])
        .well()
        .says(&["changed        RenderLogs"]);
}

#[test]
fn a_first_deploy_that_fails_leaves_nothing_in_the_way_of_the_second() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    engine.ask("aws('ecr').create_repository(repositoryName='render-farm')");
    engine.deploy(&[]).badly(&[
        "error: Registry was not created: ",
        "is ROLLBACK_COMPLETE: nothing of it is left, and the next deploy begins anew",
        "hint: Something of that name is there and does not belong to this stack.",
    ]);
    assert_eq!(engine.status("render-farm").as_deref(), Some("ROLLBACK_COMPLETE"));
    engine.ask("aws('ecr').delete_repository(repositoryName='render-farm')");
    let second = engine.deploy(&[]).well();
    let second = second.says(&[
        "An earlier attempt was left half done (ROLLBACK_COMPLETE)",
        "1/2  Foundation",
        "2/2  Farm",
    ]);
    assert!(second.out.contains("UploadCommand"), "{}", second.out);
}

#[test]
fn a_proposal_that_nobody_carried_out_is_in_nobodys_way() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    engine.ask(
        "aws('cloudformation').create_change_set(StackName='render-farm', ChangeSetName='old', ChangeSetType='CREATE', \
         TemplateBody=json.dumps({'Resources': {'T': {'Type': 'AWS::SNS::Topic', 'Properties': {}}}}))\n\
         aws('cloudformation').get_waiter('change_set_create_complete').wait(StackName='render-farm', ChangeSetName='old', WaiterConfig={'Delay': 1})",
    );
    assert_eq!(engine.status("render-farm").as_deref(), Some("REVIEW_IN_PROGRESS"));
    engine.stack(&["deploy", "--yes", "--foundation"]).well().says(&["1/1  Foundation"]);
    assert_eq!(engine.status("render-farm").as_deref(), Some("CREATE_COMPLETE"));
}

#[test]
fn a_deploy_that_is_killed_is_followed_and_ended_by_the_next() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    for until in ["creating       Bucket", "2/2  Farm", "creating       SpotCompute"] {
        let arguments = engine.deployment(&[]);
        engine.kill_once_told(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), until);
    }
    let last = engine.deploy(&[]).well();
    assert!(last.out.contains("DashboardUrl"), "{}", last.out);
    assert!(matches!(engine.status("render-farm").as_deref(), Some("UPDATE_COMPLETE")));
    engine.deploy(&[]).well().says(&["No change"]);
}

#[test]
fn what_cannot_be_is_refused_before_anybody_is_called() {
    // An AWS that has no answer to anything: a call would fail otherwise.
    let nobody = Script::start(&[]);
    let refused = |arguments: &[&str], words: &[&str]| {
        let ran = nobody.stack(arguments);
        for word in words {
            assert!(ran.told.contains(word), "`{word}` is not in: {}", ran.told);
        }
        assert_ne!(ran.code, 0);
    };
    let image = format!("4.5={}", crate::engine::image("4.5"));
    refused(&["deploy", "--memory", "31"], &["4 vCPU take 8 to 30 GiB in steps of 1, not 31"]);
    refused(&["deploy", "--vcpus", "3"], &["Fargate has 0.25, 0.5, 1, 2, 4, 8, 16"]);
    refused(&["deploy", "--attempts", "11"], &["1 to 10 attempts, not 11"]);
    refused(
        &["deploy", "--blender", "4.5", "--blender", "5.0", "--image", &image],
        &["Blender 5.0 has no image: give --image 5.0="],
    );
    refused(&["deploy", "--set", "VpcId=vpc-1", "--set", "SubnetIds=subnet-1"], &["two subnets or more"]);
    refused(
        &["deploy", "--stack", "a-name-that-is-much-too-long-for-its-bucket"],
        &["it has 43 characters and may have 35"],
    );
    refused(&["deploy", "--set", "FrameSeconds=30"], &["parameter FrameSeconds: `30` is less than 60"]);
    refused(&["diff", "--blender", "3.6"], &["the oldest that does is 4.1"]);
    refused(&["deploy", "--function", "/nowhere.zip"], &["cannot read /nowhere.zip"]);
    assert!(nobody.actions().is_empty(), "somebody was called: {:?}", nobody.actions());
}
