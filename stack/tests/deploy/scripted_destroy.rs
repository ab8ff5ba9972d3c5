//! What only a script can answer while a farm is taken down: jobs in every state, lists of several
//! pages, what S3 refuses, and answers that are lost.

use crate::script::{Answer, Script, TAGGED, account, events, plain, refusal, result, stack, template};

const BUCKET: &str = "/render-farm-123456789012-eu-west-1/";

fn versions(keys: &[&str]) -> Answer {
    let versions: String = keys
        .iter()
        .map(|key| {
            format!(
                "<Version><Key>{key}</Key><VersionId>1</VersionId><IsLatest>true</IsLatest><Size>1</Size></Version>"
            )
        })
        .collect();
    plain(
        200,
        &format!("<ListVersionsResult><IsTruncated>false</IsTruncated>{versions}</ListVersionsResult>"),
    )
}

fn uploads(key: &str, next: &str) -> Answer {
    let upload = format!("<Upload><Key>{key}</Key><UploadId>1</UploadId></Upload>");
    plain(200, &format!("<ListMultipartUploadsResult>{next}{upload}</ListMultipartUploadsResult>"))
}

fn refused(code: &str) -> Answer {
    let error = format!("<Error><Key>a.blend</Key><Code>{code}</Code><Message>No.</Message></Error>");
    plain(200, &format!("<DeleteResult>{error}</DeleteResult>"))
}

/// A bucket alone, which an earlier `destroy` left.
fn bucket_alone() -> Vec<(&'static str, Vec<Answer>)> {
    vec![
        account(),
        ("DescribeStacks", vec![refusal("ValidationError", "Stack with id render-farm does not exist")]),
        ("POST /v1/describejobdefinitions", vec![plain(200, r#"{"jobDefinitions":[]}"#)]),
        ("HEAD /render-farm-123456789012-eu-west-1/", vec![plain(200, "")]),
        ("GET /render-farm-123456789012-eu-west-1/?tagging", vec![plain(200, TAGGED)]),
        (
            "GET /render-farm-123456789012-eu-west-1/?uploads",
            vec![plain(200, "<ListMultipartUploadsResult/>")],
        ),
        (
            "GET /render-farm-123456789012-eu-west-1/?versions",
            vec![versions(&["a.blend"]), versions(&["a.blend"]), versions(&["a.blend"]), versions(&[])],
        ),
        ("POST /render-farm-123456789012-eu-west-1/?delete", vec![plain(200, "<DeleteResult/>")]),
        ("DELETE /render-farm-123456789012-eu-west-1/", vec![plain(204, "")]),
    ]
}

/// The script with other answers to one action.
fn with(
    mut script: Vec<(&'static str, Vec<Answer>)>,
    action: &'static str,
    answers: Vec<Answer>,
) -> Vec<(&'static str, Vec<Answer>)> {
    script.retain(|(known, _)| *known != action);
    script.push((action, answers));
    script
}

#[test]
fn jobs_in_every_state_are_stopped_once_and_only_after_the_queue_is_closed() {
    let job = |id: usize| plain(200, &format!(r#"{{"jobSummaryList":[{{"jobId":"j{id}","jobName":"n"}}]}}"#));
    let none = plain(200, r#"{"jobSummaryList":[]}"#);
    // Five states, each with a job: for the survey, and at two looks while they are stopped.
    let jobs: Vec<Answer> = (0..15).map(|call| job(call % 5)).chain([none]).collect();
    let resource = |id: &str, kind: &str| {
        format!(
            "<member><LogicalResourceId>{id}</LogicalResourceId><ResourceType>{kind}</ResourceType>\
             <PhysicalResourceId>arn:{id}</PhysicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus>\
             <LastUpdatedTimestamp>2026-11-25T10:00:00Z</LastUpdatedTimestamp></member>"
        )
    };
    let page = |id: &str, kind: &str, next: &str| {
        let summaries =
            format!("<StackResourceSummaries>{}</StackResourceSummaries>{next}", resource(id, kind));
        result("ListStackResources", &summaries)
    };
    let more = "<NextToken>more</NextToken>";
    let first = || page("Registry", "AWS::ECR::Repository", more);
    let second = || page("Queue", "AWS::Batch::JobQueue", "");
    let (made, gone) = (("render-farm", "CREATE_COMPLETE", ""), ("render-farm", "DELETE_COMPLETE", ""));
    let mut script = bucket_alone();
    for (action, answers) in [
        template(),
        ("DescribeStacks", vec![stack("UPDATE_COMPLETE"), stack("DELETE_COMPLETE").after("DeleteStack")]),
        ("DescribeStackEvents", vec![events(&[made]), events(&[made, gone]).after("DeleteStack")]),
        ("ListStackResources", (0..6).map(|call| if call % 2 == 0 { first() } else { second() }).collect()),
        (
            "POST /v1/describejobqueues",
            vec![plain(200, r#"{"jobQueues":[{"state":"ENABLED","status":"VALID"}]}"#)],
        ),
        ("POST /v1/listjobs", jobs),
        ("POST /v1/updatejobqueue", vec![plain(200, "{}")]),
        ("POST /v1/terminatejob", vec![plain(200, "{}")]),
        ("DeleteStack", vec![result("DeleteStack", "")]),
    ] {
        script = with(script, action, answers);
    }
    let aws = Script::start(&script);
    aws.stack(&["destroy", "--yes"]).well().says(&[
        "2 resources",
        "5 jobs that are not over",
        "the registry with all its images",
        "stopping 5 jobs",
        "no job is left",
        "The farm is gone.",
    ]);
    let actions = aws.actions();
    let at = |action: &str| actions.iter().position(|asked| asked == action).unwrap();
    assert!(at("POST /v1/updatejobqueue") < at("POST /v1/terminatejob"), "{actions:?}");
    assert!(at("POST /v1/terminatejob") < at("DeleteStack"), "{actions:?}");
    assert!(aws.form("POST /v1/updatejobqueue").contains("DISABLED"));
    assert_eq!(actions.iter().filter(|asked| *asked == "POST /v1/terminatejob").count(), 5);
}

#[test]
fn uploads_on_every_page_are_given_up_and_one_that_is_gone_is_no_trouble() {
    let next = "<IsTruncated>true</IsTruncated><NextKeyMarker>a+b.blend</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker>";
    let pages = [uploads("a+b.blend", next), uploads("c.blend", "")];
    let gone = plain(404, "<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>");
    let mut script = bucket_alone();
    for (action, answers) in [
        ("GET /render-farm-123456789012-eu-west-1/?uploads", [pages.clone(), pages].concat()),
        ("DELETE /render-farm-123456789012-eu-west-1/a%20b.blend", vec![plain(204, "")]),
        ("DELETE /render-farm-123456789012-eu-west-1/c.blend", vec![gone]),
    ] {
        script = with(script, action, answers);
    }
    let aws = Script::start(&script);
    aws.stack(&["destroy", "--yes"]).well().says(&["2 unfinished uploads", "The farm is gone."]);
    for key in ["a%20b.blend", "c.blend"] {
        let abort = format!("DELETE {BUCKET}{key}");
        assert!(aws.actions().contains(&abort), "{:?}", aws.actions());
    }
}

#[test]
fn what_s3_does_not_delete_is_named_and_what_it_cannot_delete_just_now_is_tried_again() {
    const DELETE: &str = "POST /render-farm-123456789012-eu-west-1/?delete";
    let never = Script::start(&with(bucket_alone(), DELETE, vec![refused("AccessDenied")]));
    never.stack(&["destroy", "--yes"]).badly(&[
        "cannot delete `a.blend` in `render-farm-123456789012-eu-west-1`: No. (AccessDenied)",
        "hint: ",
    ]);
    assert!(!never.actions().contains(&format!("DELETE {BUCKET}")), "the bucket stands");

    let later = vec![refused("InternalError"), plain(200, "<DeleteResult/>")];
    let later = Script::start(&with(bucket_alone(), DELETE, later));
    later.stack(&["destroy", "--yes"]).well().says(&["1 of 1 versions", "The farm is gone."]);
}

#[test]
fn a_bucket_that_was_deleted_though_the_answer_was_lost_is_gone() {
    let lost = plain(
        500,
        "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>",
    );
    let gone =
        plain(404, "<Error><Code>NoSuchBucket</Code><Message>The bucket does not exist</Message></Error>");
    let script = with(bucket_alone(), "DELETE /render-farm-123456789012-eu-west-1/", vec![lost, gone]);
    Script::start(&script).stack(&["destroy", "--yes"]).well().says(&["The farm is gone."]);
}
