//! Every role can do just what its program does: the calls that the programs make in a run of the
//! whole farm, recorded with their roles, are put to a simulator of IAM with the roles' policies;
//! and what no program does is refused by them.
//!
//! On a machine without Node these tests are left out, and `cargo xtask test` says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

#[path = "iam/simulator.rs"]
mod simulator;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use farm_contract::project::{ContentHash, Manifest, ProjectFile};
use farm_contract::report::State;
use farm_contract::{env, keys};
use farm_local::access::Caller;
use farm_local::faults::Faults;
use simulator::{Policies, Question};
use support::fargate;
use support::farm::TestFarm;
use support::scene;

/// Uploads of every kind, so that every program does all that it ever does.
async fn everything(farm: &TestFarm) {
    let read = |name: &str| std::fs::read(scene(name)).unwrap();
    farm.upload("shots/array.blend", read("plain"), "frames=1-4&chunk=1").await;
    // With a file beside it, which is there; and with one that is not, so that its tasks fail.
    let (there, gone) = (project(farm, "tex/a.png", b"abc"), project(farm, "tex/gone.png", b"gone"));
    farm.put(&keys::project_file(&ContentHash::of(b"abc")), b"abc", &[]);
    farm.upload("a project.blend", read("fileoutput"), &format!("frame=1&project={there}")).await;
    // Refused: where its report can lie beside it, and where it cannot.
    farm.upload("untagged.blend", read("plain"), "").await;
    farm.upload(".farm/x.blend", read("plain"), "frame=1").await;
    // Its frames fail, so the array does, and the finisher makes what there is.
    farm.upload("broken.blend", read("plain"), &format!("frames=1-2&chunk=1&project={gone}")).await;
    // Replaced in mid-render: the jobs of the first are stopped.
    farm.upload("replaced.blend", read("slow"), "frames=1-40&chunk=1").await;
    let first = farm.report_that("replaced.blend", |report| report.state == State::Accepted).await;
    farm.upload("replaced.blend", read("late"), "frame=1").await;
    farm.report_that("replaced.blend", |report| {
        report.render != first.render && report.state == State::Complete
    })
    .await;
    for (key, state) in [
        ("shots/array.blend", State::Complete),
        ("a project.blend", State::Complete),
        ("untagged.blend", State::Rejected),
        (".farm/x.blend", State::Rejected),
    ] {
        assert_eq!(farm.last_report(key).await.state, state, "{key}");
    }
    assert!(matches!(farm.last_report("broken.blend").await.state, State::Failed | State::Partial));
    // Of which each task costs more than all may: it notes that, and has the render stopped.
    farm.upload("dear.blend", read("plain"), "frames=1-2&chunk=1&max_cost=1").await;
    farm.last_report("dear.blend").await;
    // Once more the same: its frames are found and none is rendered.
    farm.upload("shots/array.blend", read("plain"), "frames=1-4&chunk=2").await;
    farm.idle().await;
}

/// Puts the list of a project of one file besides the main one.
fn project(farm: &TestFarm, path: &str, content: &[u8]) -> ContentHash {
    let file =
        ProjectFile { path: path.into(), size: content.len() as u64, sha256: ContentHash::of(content) };
    let list = serde_json::to_vec(&Manifest::new("main.blend", vec![file]).unwrap()).unwrap();
    let hash = ContentHash::of(&list);
    farm.put(&keys::project(&hash), &list, &[]);
    hash
}

/// What the farm's programs called, each call once.
async fn recorded() -> BTreeSet<Question> {
    // As on Fargate, where a task looks what was paid for the attempts before it.
    let programs = fargate::programs(&[(env::JOB_ATTEMPT, "2")]).await;
    let folder = programs.path().to_owned();
    let farm = TestFarm::with_programs(folder, support::blender(), 2, Faults::none()).await;
    let mut calls = farm.farm.calls();
    everything(&farm).await;
    let mut recorded = BTreeSet::new();
    while let Ok(call) = calls.try_recv() {
        if let Caller::Role(role) = call.caller {
            recorded.insert(Question::new(&role, &call.action, &call.resource));
        }
    }
    farm.farm.shutdown().await;
    recorded
}

#[tokio::test]
async fn each_role_may_do_all_that_its_program_does() {
    let Some(policies) = Policies::of_the_farm() else { return };
    let questions: Vec<Question> = recorded().await.into_iter().collect();
    let verdicts = policies.verdicts(&questions);
    let refused: Vec<_> =
        questions.iter().zip(&verdicts).filter(|(_, verdict)| *verdict != "Allowed").collect();
    assert!(refused.is_empty(), "{refused:#?}");

    // A run in which hardly anything was called would prove hardly anything. What is granted and was
    // not called is known by name.
    for (role, unseen) in [
        ("RenderRole", &["s3:GetObjectVersion"][..]),
        // The archive of this run is written in one piece.
        ("ZipRole", &["s3:AbortMultipartUpload", "s3:ListBucketMultipartUploads"]),
        (
            "TriggerRole",
            &[
                // The loopback bucket keeps no versions.
                "s3:GetObjectVersion",
                "s3:GetObjectVersionTagging",
                // Never called: S3 tells a missing object from a forbidden one only to who has it.
                "s3:ListBucket",
                // Lambda does these in the function's name.
                "sqs:SendMessage",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
            ],
        ),
    ] {
        let arn = policies.arn(role);
        let called: BTreeSet<&str> = questions
            .iter()
            .filter(|question| question.role == arn)
            .map(|question| question.action.as_str())
            .collect();
        let statements = policies.statements(role);
        let allowed = statements.iter().filter(|statement| statement["Effect"] == "Allow");
        let granted: BTreeSet<&str> = allowed
            .flat_map(|statement| statement["Action"].as_array().unwrap())
            .filter_map(|action| action.as_str())
            .collect();
        let unseen: BTreeSet<&str> = unseen.iter().copied().collect();
        assert_eq!(granted.difference(&called).copied().collect::<BTreeSet<_>>(), unseen, "{role}");
    }
}

#[tokio::test]
async fn what_no_program_does_is_refused() {
    let Some(policies) = Policies::of_the_farm() else { return };
    let [render, zip, trigger] = ["RenderRole", "ZipRole", "TriggerRole"].map(|role| policies.arn(role));
    let [bucket, queue] = ["Bucket", "Queue"].map(|id| policies.arn(id));
    let key = |key: &str| format!("{bucket}/{key}");
    let job = |name: &str| format!("arn:aws:batch:us-east-1:000000000000:{name}");
    let refused: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::from([
        (
            render.as_str(),
            vec![
                // Nothing that starts a render, at any depth, and no verdict.
                ("s3:PutObject", key("a.blend")),
                ("s3:PutObject", key("a.blend/frame_0001.blend")),
                ("s3:PutObject", key("a.blend/b.blend.zip")),
                ("s3:PutObject", key("a.blend/report.json")),
                ("s3:PutObject", key("a.blend/frames.zip")),
                ("s3:PutObject", key("a.blend/preview.mp4")),
                ("s3:PutObject", key("a.blend/contact-sheet.gif")),
                ("s3:PutObject", key("elsewhere.png")),
                ("s3:PutObject", key(".farm/renders/1/plan.json")),
                ("s3:PutObject", key(".farm/lambda/1.zip")),
                ("s3:DeleteObject", key("a.blend")),
                ("s3:DeleteObject", key("a.blend/frame_0001.png")),
                ("s3:DeleteObjectVersion", key("a.blend")),
                ("s3:GetObject", key(".farm/renders/1/plan.json")),
                ("s3:GetObject", "arn:aws:s3:::another/a.blend".to_owned()),
                ("s3:ListBucket", "arn:aws:s3:::another".to_owned()),
                ("s3:PutBucketNotification", bucket.clone()),
                ("s3:PutBucketPolicy", bucket.clone()),
                ("batch:SubmitJob", queue.clone()),
                ("batch:TerminateJob", job("job/1")),
            ],
        ),
        (
            zip.as_str(),
            vec![
                ("s3:GetObject", key("a.blend")),
                ("s3:PutObject", key("a.blend")),
                ("s3:PutObject", key("a.blend/frame_0001.png")),
                ("s3:PutObject", key("a.blend/other.zip")),
                ("s3:PutObject", key("a.blend/other.mp4")),
                ("s3:PutObject", key("photos/report.json")),
                ("s3:PutObject", key(".farm/renders/1/plan.json")),
                ("s3:DeleteObject", key("a.blend/frames.zip")),
                ("s3:PutObject", "arn:aws:s3:::another/a.blend/frames.zip".to_owned()),
                ("batch:SubmitJob", queue.clone()),
            ],
        ),
        (
            trigger.as_str(),
            vec![
                ("s3:PutObject", key("a.blend")),
                ("s3:PutObject", key("a.blend/frame_0001.png")),
                ("s3:PutObject", key("a.blend/frames.zip")),
                ("s3:PutObject", key(".farm/lambda/1.zip")),
                ("s3:DeleteObject", key("a.blend")),
                ("s3:GetObject", key("a.blend/frame_0001.png")),
                ("batch:SubmitJob", job("job-queue/another")),
                ("batch:SubmitJob", job("job-definition/another:1")),
                ("batch:SubmitJob", job("job-definition/farm-zip-of-another:1")),
                ("batch:RegisterJobDefinition", job("job-definition/farm-zip:1")),
                ("batch:CancelJob", job("job/1")),
                ("sqs:ReceiveMessage", policies.arn("FailedEvents")),
                ("iam:PassRole", render.clone()),
                ("lambda:UpdateFunctionCode", policies.arn("TriggerFunction")),
            ],
        ),
    ]);
    let mut questions: Vec<Question> = refused
        .iter()
        .flat_map(|(role, calls)| {
            calls.iter().map(|(action, resource)| Question::new(role, action, resource))
        })
        .collect();
    // What is allowed, but in the clear.
    for (role, action, resource) in [
        (&render, "s3:GetObject", key("a.blend")),
        (&zip, "s3:PutObject", key("a.blend/frames.zip")),
        (&trigger, "s3:ListBucket", bucket.clone()),
    ] {
        questions.push(Question { secure: false, ..Question::new(role, action, &resource) });
        let secure = policies.verdicts(&[Question::new(role, action, &resource)]);
        assert_eq!(secure, ["Allowed"], "{action} on {resource} is allowed where it is encrypted");
    }
    let verdicts = policies.verdicts(&questions);
    let wrong: Vec<_> =
        questions.iter().zip(&verdicts).filter(|(_, verdict)| !verdict.ends_with("Denied")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
