//! What a person sees, as pictures of text.

use stack::deploy::{Action, Change, Contents, Detail};

use super::*;

const PLAIN: Look = Look { colour: false };

fn seen(news: &[News]) -> String {
    news.iter().flat_map(|news| lines(news, PLAIN)).map(|line| format!("{line}\n")).collect()
}

fn change(action: Action, id: &str, kind: &str, details: &[(&str, Option<&str>, Option<&str>)]) -> Change {
    let details = details.iter().map(|(path, before, after)| Detail {
        path: (*path).to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    });
    Change { action, logical_id: id.to_owned(), kind: kind.to_owned(), details: details.collect() }
}

fn event(id: &str, kind: &str, status: &str, reason: Option<&str>) -> StackEvent {
    StackEvent {
        id: status.to_owned(),
        time: jiff::Timestamp::UNIX_EPOCH,
        logical_id: id.to_owned(),
        kind: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.map(str::to_owned),
    }
}

#[test]
fn a_first_deploy_is_told_step_by_step() {
    let told = |seconds, event, done| News::Event { event, after: Duration::from_secs(seconds), done, of: 2 };
    let news = [
        News::Target {
            stack: "render-farm".into(),
            account: "123456789012".into(),
            region: "eu-west-1".into(),
        },
        News::Step { number: 1, of: 2, title: "Foundation: the bucket and the registry" },
        News::Plan(vec![
            change(Action::Add, "Bucket", "AWS::S3::Bucket", &[]),
            change(Action::Add, "Registry", "AWS::ECR::Repository", &[]),
        ]),
        told(0, event("render-farm", StackEvent::STACK, "CREATE_IN_PROGRESS", None), 0),
        told(2, event("Registry", "AWS::ECR::Repository", "CREATE_IN_PROGRESS", None), 0),
        told(
            3,
            event(
                "Registry",
                "AWS::ECR::Repository",
                "CREATE_IN_PROGRESS",
                Some("Resource creation Initiated"),
            ),
            0,
        ),
        told(4, event("Registry", "AWS::ECR::Repository", "CREATE_COMPLETE", None), 1),
        News::Waiting { on: vec!["Bucket".into()], silent: Duration::from_secs(30) },
        told(40, event("Bucket", "AWS::S3::Bucket", "CREATE_COMPLETE", None), 2),
        told(41, event("render-farm", StackEvent::STACK, "CREATE_COMPLETE", None), 2),
        News::Step { number: 2, of: 2, title: "Farm: everything else" },
        News::Uploaded { what: "the function's code", bytes: 2_310_000 },
        News::Done { took: Duration::from_secs(95) },
    ];
    insta::assert_snapshot!(seen(&news));
}

#[test]
fn a_plan_says_what_changes_from_what_to_what() {
    let long = format!("{} and so on", "x".repeat(100));
    let longer = format!("{} and so forth, up to its end", "x".repeat(100));
    let plan = News::Plan(vec![
        change(Action::Add, "RenderJob50", "AWS::Batch::JobDefinition", &[]),
        change(Action::Adopt, "Bucket", "AWS::S3::Bucket", &[]),
        change(
            Action::Modify,
            "TriggerFunction",
            "AWS::Lambda::Function",
            &[
                ("Properties.MemorySize", Some("128"), Some("256")),
                ("Properties.Description", None, Some(&long.repeat(2))),
                ("Properties.Code", Some(&long), Some(&longer)),
                ("Properties.Role", Some("a"), Some("{{changeSet:KNOWN_AFTER_APPLY}}")),
                ("Properties.Odd", Some("red\u{1b}[31m"), Some("two\nlines")),
                ("Tags", None, None),
            ],
        ),
        change(Action::MayReplace, "SpotCompute", "AWS::Batch::ComputeEnvironment", &[]),
        change(
            Action::Replace,
            "FairShare",
            "AWS::Batch::SchedulingPolicy",
            &[("Properties.Name", Some("a"), None)],
        ),
        change(Action::Remove, "Dashboard", "AWS::CloudWatch::Dashboard", &[]),
    ]);
    insta::assert_snapshot!(seen(&[plan, News::Plan(Vec::new()), News::NoChange]));
}

#[test]
fn what_goes_wrong_and_what_goes_is_told() {
    let failed = event("TriggerRole", "AWS::IAM::Role", "CREATE_FAILED", Some("Access denied"));
    let back = event(
        "render-farm",
        StackEvent::STACK,
        "UPDATE_ROLLBACK_IN_PROGRESS",
        Some("The following resource(s) failed"),
    );
    let after = Duration::from_secs(125);
    let stuck = event("render-farm", StackEvent::STACK, "UPDATE_ROLLBACK_FAILED", Some("\u{1b}[2Jgone\r"));
    let new = event("Bucket", "AWS::S3::Bucket", "SOMETHING_NEW", None);
    let news = [
        News::Following { status: "UPDATE_IN_PROGRESS".into() },
        News::Event { event: stuck, after, done: 11, of: 41 },
        News::Mending { status: "ROLLBACK_COMPLETE".into() },
        News::Event { event: failed, after, done: 11, of: 41 },
        News::Event { event: back, after, done: 11, of: 41 },
        News::Event {
            event: event("Bucket", "AWS::S3::Bucket", "DELETE_SKIPPED", None),
            after,
            done: 0,
            of: 0,
        },
        News::Event { event: new, after, done: 0, of: 0 },
        News::StoppingJobs { left: 2 },
        News::StoppingJobs { left: 0 },
        News::Emptying { gone: 1000, of: 2310 },
        News::Again { why: "Cannot delete, found existing JobQueue relationship".into() },
        News::Gone,
    ];
    insta::assert_snapshot!(seen(&news));
}

#[test]
fn what_would_be_lost_is_listed() {
    let contents = Contents { objects: 241, versions: 260, bytes: 1_230_000_000, unfinished: 1 };
    let whole = Loss {
        account: "123456789012".into(),
        status: Some("UPDATE_COMPLETE".into()),
        resources: 41,
        registry: true,
        jobs: 2,
        bucket: Some(("render-farm-123456789012-eu-west-1".into(), contents.clone())),
        protected: false,
    };
    let left = Loss { status: None, resources: 0, registry: false, jobs: 0, ..whole.clone() };
    let lines = [
        loss_lines("render-farm", "eu-west-1", &whole, false),
        loss_lines("render-farm", "eu-west-1", &whole, true),
        loss_lines("render-farm", "eu-west-1", &left, false),
    ];
    insta::assert_snapshot!(lines.concat().join("\n"));
}

#[test]
fn outputs_stand_under_each_other_with_what_they_are_for() {
    let output = |name: &str, value: &str, description: &str| Output {
        name: name.to_owned(),
        value: value.to_owned(),
        description: description.to_owned(),
    };
    let outputs = [
        output("BucketName", "render-farm-123456789012-eu-west-1", "Bucket for uploads"),
        output("QueueArn", "arn:aws:batch:eu-west-1:123456789012:job-queue/q", "Queue of the farm's jobs"),
    ];
    insta::assert_snapshot!(output_lines(&outputs, PLAIN).join("\n"));
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let news = News::Event {
        event: event("Queue", "AWS::Batch::JobQueue", "CREATE_COMPLETE", None),
        after: Duration::ZERO,
        done: 1,
        of: 1,
    };
    assert!(!lines(&news, PLAIN).concat().contains('\x1b'));
    assert!(lines(&news, Look { colour: true }).concat().contains("\x1b[32mcreated"));
}
