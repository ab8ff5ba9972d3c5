//! What no engine answers, answered by a script: calls that neither LocalStack nor moto has, and
//! refusals that only AWS gives.

use crate::engine::image;
use crate::script::{Answer, Script, account, events, no_change, plain, refusal, result, stack, template};
use crate::scripted_bucket::HEAD;

#[test]
fn a_change_that_could_not_be_taken_back_is_taken_back_first() {
    let failed = ("render-farm", "UPDATE_ROLLBACK_FAILED", "");
    let mut answers = vec![
        account(),
        (
            "DescribeStacks",
            vec![
                stack("UPDATE_ROLLBACK_FAILED"),
                stack("UPDATE_ROLLBACK_IN_PROGRESS").after("ContinueUpdateRollback"),
                stack("UPDATE_ROLLBACK_COMPLETE"),
            ],
        ),
        (
            "DescribeStackEvents",
            vec![
                events(&[failed]),
                events(&[failed, ("ZipRole", "UPDATE_COMPLETE", "")]).after("ContinueUpdateRollback"),
                events(&[
                    failed,
                    ("ZipRole", "UPDATE_COMPLETE", ""),
                    ("render-farm", "UPDATE_ROLLBACK_COMPLETE", ""),
                ]),
            ],
        ),
        ("ContinueUpdateRollback", vec![result("ContinueUpdateRollback", "")]),
    ];
    answers.extend(no_change());
    let aws = Script::start(&answers);
    aws.stack(&["deploy", "--yes"]).well().says(&[
        "(UPDATE_ROLLBACK_FAILED)",
        "changed        ZipRole",
        "No change",
    ]);
    let actions = aws.actions();
    let at = |action: &str| actions.iter().position(|asked| asked == action).unwrap();
    assert!(at("ContinueUpdateRollback") < at("CreateChangeSet"), "{actions:?}");
    assert_eq!(actions.iter().filter(|action| *action == "ContinueUpdateRollback").count(), 1);
}

#[test]
fn what_still_cannot_be_taken_back_is_told_with_its_cause() {
    let failed = ("render-farm", "UPDATE_ROLLBACK_FAILED", "");
    let role = (
        "ZipRole",
        "UPDATE_FAILED",
        "User: x is not authorized to perform: iam:PutRolePolicy on resource: y",
    );
    let again =
        ("render-farm", "UPDATE_ROLLBACK_FAILED ", "The following resource(s) failed to update: [ZipRole].");
    let aws = Script::start(&[
        account(),
        template(),
        ("DescribeStacks", vec![stack("UPDATE_ROLLBACK_FAILED")]),
        (
            "DescribeStackEvents",
            vec![events(&[failed]), events(&[failed, role, again]).after("ContinueUpdateRollback")],
        ),
        ("ContinueUpdateRollback", vec![result("ContinueUpdateRollback", "")]),
    ]);
    aws.stack(&["deploy", "--yes"]).badly(&[
        "error: ZipRole was not changed: User: x is not authorized",
        "is UPDATE_ROLLBACK_FAILED: taking the changes back failed as well",
        "hint: Whoever deploys lacks the right `iam:PutRolePolicy`.",
    ]);
}

#[test]
fn patience_that_aws_asks_for_is_had() {
    let mut answers = vec![
        account(),
        (
            "DescribeStacks",
            vec![
                refusal("Throttling", "Rate exceeded"),
                refusal("Throttling", "Rate exceeded"),
                stack("UPDATE_COMPLETE"),
            ],
        ),
    ];
    answers.extend(no_change());
    answers.push(("PUT /render-farm-123456789012-us-west-2/.farm/farm.json", vec![plain(200, "")]));
    let aws = Script::start(&answers);
    aws.stack(&["deploy", "--yes", "--region", "us-west-2"])
        .well()
        .says(&["Stack render-farm in us-west-2, account 123456789012", "No change"]);
}

#[test]
fn who_may_not_is_told_what_is_missing() {
    let denied = "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: cloudformation:CreateChangeSet on resource: x";
    for (refused, words) in [
        (
            ("CreateChangeSet", refusal("AccessDenied", denied)),
            "hint: Whoever deploys lacks the right `cloudformation:CreateChangeSet`.",
        ),
        (
            (
                "DescribeStacks",
                refusal("ExpiredToken", "The security token included in the request is expired"),
            ),
            "hint: Log in to AWS again",
        ),
        (
            (
                "GetCallerIdentity",
                refusal("InvalidClientTokenId", "The security token included in the request is invalid."),
            ),
            "find out whose account this is",
        ),
    ] {
        let (action, answer) = refused;
        let mut answers = vec![account(), ("DescribeStacks", vec![stack("UPDATE_COMPLETE")])];
        answers.extend(no_change());
        answers.retain(|(known, _)| *known != action);
        answers.push((action, vec![answer]));
        Script::start(&answers).stack(&["deploy", "--yes"]).badly(&[words]);
    }
}

pub fn no_stack() -> Answer {
    refusal("ValidationError", "Stack with id render-farm does not exist")
}

#[test]
fn a_name_that_is_taken_is_told_before_anything_is_made() {
    let why = "The following validations failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot \
               Early Validation errors, use the DescribeEvents API for detailed failure information.";
    let taken = "Resource of type 'AWS::ECR::Repository' with identifier 'render-farm' already exists";
    let aws = Script::start(&[
        account(),
        (
            "DescribeStacks",
            vec![
                no_stack(),
                stack("REVIEW_IN_PROGRESS").after("CreateChangeSet"),
                no_stack().after("DeleteStack"),
            ],
        ),
        (HEAD, vec![plain(404, "")]),
        ("CreateChangeSet", vec![result("CreateChangeSet", "<Id>set</Id>")]),
        (
            "DescribeChangeSet",
            vec![result(
                "DescribeChangeSet",
                &format!("<Status>FAILED</Status><StatusReason>{why}</StatusReason>"),
            )],
        ),
        (
            "DescribeEvents",
            vec![result(
                "DescribeEvents",
                &format!(
                    "<OperationEvents><member><EventType>VALIDATION_ERROR</EventType><LogicalResourceId>Registry</LogicalResourceId>\
                     <ValidationStatusReason>{taken}</ValidationStatusReason></member></OperationEvents>"
                ),
            )],
        ),
        ("DeleteChangeSet", vec![result("DeleteChangeSet", "")]),
        ("DeleteStack", vec![result("DeleteStack", "")]),
    ]);
    aws.stack(&["deploy", "--yes", "--foundation"]).badly(&[
        &format!("error: CloudFormation does not take the changes: Registry: {taken}"),
        "hint: Something of that name is there and does not belong to this stack.",
    ]);
    assert!(aws.form("DescribeEvents").contains("ChangeSetName=set"));
    let actions = aws.actions();
    assert!(actions.iter().any(|action| action == "DeleteStack"), "no proposal is left behind: {actions:?}");
}

#[test]
fn a_stack_that_is_no_farm_is_left_alone_whatever_is_asked_for() {
    let other = "<TemplateBody>{\"Resources\": {\"Topic\": {\"Type\": \"AWS::SNS::Topic\"}}}</TemplateBody>";
    for status in ["CREATE_COMPLETE", "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"] {
        let images = ["4.5", "4.1", "zip"].map(|what| format!("{what}={}", image(what)));
        let whole = ["deploy", "--yes", "--image", &images[0], "--image", &images[1], "--image", &images[2]];
        for verb in [
            &whole[..],
            &["deploy", "--yes", "--foundation", "--protect"],
            &["diff"],
            &["site"],
            &["destroy", "--yes", "--unprotect"],
        ] {
            let aws = Script::start(&[
                account(),
                ("DescribeStacks", vec![stack(status)]),
                ("GetTemplate", vec![result("GetTemplate", other)]),
            ]);
            aws.stack(verb)
                .badly(&["the stack `render-farm` is no render farm of this program's", "--stack"]);
            let calls = aws.actions();
            let looks = ["GetCallerIdentity", "DescribeStacks", "GetTemplate"];
            assert!(calls.iter().all(|call| looks.contains(&call.as_str())), "{verb:?}: {calls:?}");
        }
    }
}

pub fn change(action: &str, id: &str, kind: &str) -> String {
    format!(
        "<member><Type>Resource</Type><ResourceChange><Action>{action}</Action>\
         <LogicalResourceId>{id}</LogicalResourceId><ResourceType>{kind}</ResourceType></ResourceChange></member>"
    )
}

#[test]
fn changes_on_two_pages_are_followed_though_the_status_lags() {
    let page = |change: &str, next: &str| {
        result(
            "DescribeChangeSet",
            &format!("<Status>CREATE_COMPLETE</Status><Changes>{change}</Changes>{next}"),
        )
    };
    let role = |id| change("Modify", id, "AWS::IAM::Role");
    let before = ("render-farm", "CREATE_COMPLETE", "");
    let begun = [before, ("render-farm", "UPDATE_IN_PROGRESS", ""), ("ZipRole", "UPDATE_COMPLETE", "")];
    let mut all = begun.to_vec();
    all.extend([("RenderRole", "UPDATE_COMPLETE", ""), ("render-farm", "UPDATE_COMPLETE", "")]);
    let executed = |answer: Answer| answer.after("ExecuteChangeSet");
    let mut answers = no_change();
    answers.retain(|(action, _)| !["DescribeChangeSet", "DeleteChangeSet"].contains(action));
    answers.extend([
        account(),
        (
            "DescribeStacks",
            vec![
                stack("CREATE_COMPLETE"),
                // What was asked for has not begun when it is first looked for.
                executed(stack("CREATE_COMPLETE")),
                executed(stack("UPDATE_IN_PROGRESS")),
                executed(stack("UPDATE_COMPLETE")),
            ],
        ),
        (
            "DescribeStackEvents",
            vec![
                events(&[before]),
                executed(events(&[before])),
                executed(events(&begun)),
                executed(events(&all)),
            ],
        ),
        (
            "DescribeChangeSet",
            vec![page(&role("ZipRole"), "<NextToken>second</NextToken>"), page(&role("RenderRole"), "")],
        ),
        ("ExecuteChangeSet", vec![result("ExecuteChangeSet", "")]),
    ]);
    let aws = Script::start(&answers);
    let ran = aws.stack(&["deploy", "--yes"]).well().says(&[
        "~ RenderRole",
        "~ ZipRole",
        "1/2  changed        ZipRole",
        "2/2  changed        RenderRole",
        "The stack is as requested",
    ]);
    assert_eq!(ran.told.matches("changed        ZipRole").count(), 1, "{}", ran.told);
    assert!(aws.forms("DescribeChangeSet")[1].contains("NextToken=second"));
    // Each carries its name as a token, so that a call whose answer is lost can be made again.
    let proposed = aws.form("CreateChangeSet");
    let (_, token) = proposed.split_once("ClientToken=").expect("a token");
    let token = token.split('&').next().unwrap();
    assert!(token.starts_with("farm-"), "{token}");
    assert!(aws.form("ExecuteChangeSet").contains(&format!("ClientRequestToken={token}")));
}
