//! The farm's own template, and mutants of it: a wire that leads nowhere is found.

use std::path::Path;

use farm_contract::keys::{self, BlendKey, FrameName};
use farm_contract::plan::RenderId;
use serde_json::{Value, json};

use super::*;
use crate::batch::RetryAction;
use crate::workers::Workers;

fn blenders(versions: &[&str]) -> Vec<Blender> {
    versions.iter().map(|version| format!("{version}=/opt/blender-{version}").parse().expect("one")).collect()
}

fn site(blenders: &[Blender]) -> Site<'_> {
    Site { programs: Path::new("/programs"), blenders, workers: Workers { count: 3, threads: 2 } }
}

/// The blueprint of the farm's template after a change of it.
fn with(change: impl FnOnce(&mut BTreeMap<String, ResolvedResource>)) -> Result<Blueprint, BlueprintError> {
    let blenders = blenders(&["4.5", "4.1"]);
    let site = site(&blenders);
    let (inputs, mut resolved) = synthesize(&site).expect("the farm's template");
    change(&mut resolved.resources);
    Blueprint::read(&resolved, &inputs, &site.programs())
}

/// The error after one value of the template is replaced.
fn without(id: &str, pointer: &str, value: Value) -> String {
    let changed = with(|resources| {
        let resource = resources.get_mut(id).expect("a resource");
        *resource.properties.pointer_mut(pointer).expect("a property") = value;
    });
    changed.map(|_| ()).expect_err("a wire that leads nowhere").to_string()
}

/// The other half, that no role may write such a key whatever a scene asks for, is shown where the policies
/// are put to AWS's own rules.
#[test]
fn nothing_that_the_farm_writes_starts_a_render() {
    let bucket = with(|_| {}).expect("the farm").bucket;
    let starts = |key: &str| {
        ["ObjectCreated:Put", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload"]
            .iter()
            .any(|event| bucket.notifies(event, key))
    };
    let render = RenderId::of_event("b", "k", "v", "s");
    for upload in ["a.blend", "my films/shot 1.blend", "a.blend.zip", "a.blend/b.blend", "x/.blend.blend"] {
        assert!(starts(upload), "{upload}");
        let key = BlendKey::parse(upload).expect("an upload");
        let extension = |extension| FrameName { frame: -7, rest: format!("_L.{extension}") }.to_string();
        let frames = ["png", "exr", "jp2"].map(|it| key.file(&extension(it)));
        let made = keys::OWN_NAMES.iter().chain(&["depth/Image0001.exr"]).map(|name| key.file(name));
        let kept = [keys::plan(&render), keys::task(&render, 3), keys::report_of_refused(".farm/x.blend")];
        for written in frames.into_iter().chain(made).chain(kept) {
            assert!(!starts(&written), "{written}");
        }
    }
    for deployed in [".farm/lambda/0123.zip", ".farm/template/0123.yaml"] {
        assert!(!starts(deployed), "{deployed}");
    }
}

#[test]
fn the_farms_own_template_is_wired() {
    let farm = with(|_| {}).expect("the farm");
    assert_eq!(farm.bucket.name, "farm-000000000000-us-east-1");
    for (event, key, wakes) in [
        ("ObjectCreated:Put", "a/b.blend", true),
        ("ObjectCreated:CompleteMultipartUpload", "p.blend.zip", true),
        ("ObjectCreated:Put", "a.blend/frame_0001.png", false),
        ("ObjectCreated:Put", "a.BLEND", false),
        ("ObjectRemoved:Delete", "a.blend", false),
    ] {
        assert_eq!(farm.bucket.notifies(event, key), wakes, "{event} {key}");
    }
    let function = &farm.function;
    assert_eq!(function.program, Path::new("/programs/trigger-lambda"));
    assert_eq!(function.environment["BUCKET_NAME"], farm.bucket.name);
    assert_eq!(function.environment["FARM_MAX_VCPUS"], "12", "three workers with four vCPUs each");
    assert_eq!((function.retries, function.timeout.as_secs(), function.memory_mb), (2, 60, 256));
    let [queue] = farm.queues.as_slice() else { panic!("one queue: {:?}", farm.queues) };
    assert!(queue.fair_share && function.environment["JOB_QUEUE_ARN"].ends_with(&queue.name));
    let definition =
        |name: &str| farm.definitions.iter().find(|one| one.job.name == name).expect("it is there");
    let (render, zip) = (definition("farm-render-4-5"), definition("farm-zip"));
    assert_eq!(render.job.program, Path::new("/programs/render-task"));
    assert_eq!(zip.job.program, Path::new("/programs/zip-task"));
    assert_eq!(
        (
            render.image_environment["FARM_BLENDER"].as_str(),
            render.image_environment["FARM_THREADS"].as_str()
        ),
        ("/opt/blender-4.5", "2")
    );
    // Each Blender has its own job definitions, which the function finds in the order of its versions.
    assert_eq!(function.environment["FARM_BLENDER_VERSION"], "4.5 4.1");
    let named = |variable: &str| {
        let arns = function.environment[variable].split(' ');
        let names =
            arns.map(|arn| arn.rsplit_once('/').expect("an ARN").1.split(':').next().expect("a name"));
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(named("JOB_DEFINITION_ARN"), ["farm-render-4-5", "farm-render-4-1"]);
    assert_eq!(named("LARGE_JOB_DEFINITION_ARN"), ["farm-render-4-5-large", "farm-render-4-1-large"]);
    assert_eq!(definition("farm-render-4-1").image_environment["FARM_BLENDER"], "/opt/blender-4.1");
    assert!(!zip.image_environment.contains_key("FARM_BLENDER"));
    assert_ne!(render.role, zip.role);
    assert_eq!(farm.roles.len(), 3);
    assert_eq!(
        (render.mounts.as_slice(), render.job.stop_timeout.as_secs()),
        (["/scratch".to_owned()].as_slice(), 120)
    );
    assert_eq!(render.job.attempts, 3);
    let rules = &render.job.evaluate_on_exit;
    let rule = |code: &str| rules.iter().find(|rule| rule.on_exit_code.as_deref() == Some(code));
    assert!(rule("0").is_none() && rules.len() > 2, "{rules:?}");
    assert_eq!(rules.last().map(|rule| rule.action), Some(RetryAction::Exit), "{rules:?}");
    assert_eq!(render.job.timeout.map(|timeout| timeout.as_secs()), Some(86_400));
    assert!(farm.outputs["UploadCommand"].contains("--bucket farm-000000000000-us-east-1"));
    let event = |array: Value| {
        json!({"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": {
            "jobQueue": function.environment["JOB_QUEUE_ARN"], "status": "FAILED", "arrayProperties": array,
        }})
    };
    let [rule] = farm.rules.as_slice() else { panic!("one rule: {:?}", farm.rules) };
    assert!(rule.matches(&event(json!({"size": 3}))) && !rule.matches(&event(json!({"index": 1}))));
}

/// As the stack of somebody who is told.
#[test]
fn where_somebody_is_told_of_renders_the_function_hears_of_archives_that_are_made() {
    let blenders = blenders(&["4.5"]);
    let site = site(&blenders);
    let (inputs, _) = synthesize(&site).expect("the farm's template");
    let inputs = inputs.with("Email", "artist@example.org");
    let config = stack::farm::FarmConfig::new(vec!["4.5".parse().expect("a version")]).expect("a farm");
    let document = stack::farm::template(&config).expect("a farm").finish().expect("a template").document;
    let resolved = stack::template::resolve(&document, &inputs, &AwsNames::new(&inputs)).expect("a stack");
    let farm = Blueprint::read(&resolved, &inputs, &site.programs()).expect("a farm");
    assert_eq!(
        farm.function.environment["FARM_TOPIC_ARN"],
        "arn:aws:sns:us-east-1:000000000000:farm-Notices"
    );
    let event = |status: &str| {
        let queue = &farm.function.environment["JOB_QUEUE_ARN"];
        let job = json!({"jobQueue": queue, "status": status});
        json!({"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": job})
    };
    let heard =
        |rules: &[Rule]| ["FAILED", "SUCCEEDED", "RUNNING"].map(|status| rules[0].matches(&event(status)));
    assert_eq!(heard(&farm.rules), [true, true, false]);
    let nobody = with(|_| {}).expect("the farm");
    assert!(!nobody.function.environment.contains_key("FARM_TOPIC_ARN"));
    assert_eq!(heard(&nobody.rules), [true, false, false]);
}

#[test]
fn a_wire_that_leads_nowhere_is_found() {
    for (id, pointer, value, why) in [
        (
            "Bucket",
            "/NotificationConfiguration/LambdaConfigurations/0/Function",
            json!("arn:x"),
            "no function",
        ),
        (
            "Bucket",
            "/NotificationConfiguration/LambdaConfigurations/0/Filter/S3Key/Rules/0/Name",
            json!("ending"),
            "suffix",
        ),
        ("Bucket", "/NotificationConfiguration/LambdaConfigurations", json!([]), "notifies nobody"),
        ("TriggerPermission", "/SourceArn", json!("arn:aws:s3:::another"), "AWS::Lambda::Permission"),
        ("TriggerPermission", "/SourceAccount", Value::Null, "AWS::Lambda::Permission"),
        ("TriggerPermission", "/Principal", json!("events.amazonaws.com"), "AWS::Lambda::Permission"),
        ("JobEventsPermission", "/SourceArn", json!("arn:aws:events:::rule/x"), "AWS::Lambda::Permission"),
        ("JobEvents", "/Targets/0/Arn", json!("arn:x"), "no function"),
        ("JobEvents", "/EventPattern/source", json!("aws.batch"), "list"),
        ("TriggerFunction", "/Code/S3Bucket", json!("elsewhere"), "not the farm's"),
        ("TriggerFunction", "/Code/S3Key", json!("x.zip"), "nothing here stands for"),
        ("TriggerFunction", "/Role", json!("arn:x"), "none of the template's"),
        ("TriggerPermission", "/Action", json!("lambda:GetFunction"), "AWS::Lambda::Permission"),
        ("TriggerPermission", "/FunctionName", json!("another"), "AWS::Lambda::Permission"),
        ("JobEventsPermission", "/Action", json!("lambda:GetFunction"), "AWS::Lambda::Permission"),
        ("JobEvents", "/Targets", json!([]), "nobody"),
        ("JobEvents", "/Targets/0/DeadLetterConfig/Arn", json!("arn:x"), "no queue"),
        ("JobEvents", "/EventPattern/detail/jobQueue/0", json!("arn:x"), "no queue"),
        ("Queue", "/State", json!("DISABLED"), "no job would ever run"),
        ("SpotCompute", "/State", json!("DISABLED"), "no job would ever run"),
        (
            "ZipJob",
            "/EcsProperties/TaskProperties/0/ExecutionRoleArn",
            json!("farm-ExecutionRole"),
            "that starts its tasks",
        ),
        (
            "ZipJob",
            "/EcsProperties/TaskProperties/0/TaskRoleArn",
            json!("farm-ZipRole"),
            "none of the template's",
        ),
        ("TriggerRetries", "/FunctionName", json!("another"), "none of the template's"),
        ("TriggerRetries", "/DestinationConfig/OnFailure/Destination", json!("arn:x"), "no queue"),
        ("Queue", "/ComputeEnvironmentOrder/0/ComputeEnvironment", json!("arn:x"), "no compute environment"),
        ("Queue", "/SchedulingPolicyArn", json!("arn:x"), "no scheduling policy"),
        (
            "ZipJob",
            "/EcsProperties/TaskProperties/0/Containers/0/Image",
            json!("x@sha256:0"),
            "nothing here stands for",
        ),
        ("ZipJob", "/EcsProperties/TaskProperties/0/TaskRoleArn", json!("arn:x"), "none of the template's"),
        ("ZipJob", "/EcsProperties/TaskProperties/0/Volumes", json!([]), "none of its volumes"),
        ("ZipJob", "/EcsProperties/TaskProperties", json!([]), "length 0"),
        ("ZipJob", "/RetryStrategy/EvaluateOnExit/0/Action", json!("STOP"), "no action"),
        ("ZipJob", "/Timeout/AttemptDurationSeconds", json!("soon"), "whole number"),
    ] {
        let error = without(id, pointer, value);
        assert!(error.contains(why), "{id}{pointer}: {error}");
    }
}

#[test]
fn what_the_template_says_is_what_is_read() {
    let changed = with(|resources| {
        for (id, pointer, value) in [
            ("TriggerRetries", "/MaximumRetryAttempts", json!(1)),
            ("TriggerFunction", "/Timeout", json!("7")),
            ("JobEvents", "/State", json!("DISABLED")),
            (
                "ZipJob",
                "/RetryStrategy",
                json!({"Attempts": 5, "EvaluateOnExit": [{"OnExitCode": "9", "Action": "RETRY"}]}),
            ),
            (
                "Bucket",
                "/NotificationConfiguration/LambdaConfigurations/0/Filter/S3Key/Rules/0",
                json!({"Name": "prefix", "Value": "shots/"}),
            ),
        ] {
            let resource = resources.get_mut(id).expect("a resource");
            *resource.properties.pointer_mut(pointer).expect("a property") = value;
        }
    });
    let farm = changed.expect("a farm");
    assert_eq!((farm.function.retries, farm.function.timeout.as_secs()), (1, 7));
    assert!(farm.rules.is_empty(), "a rule that is switched off hands nothing on");
    let zip = farm.definitions.iter().find(|one| one.job.name == "farm-zip").expect("it is there");
    let [rule] = zip.job.evaluate_on_exit.as_slice() else { panic!("one rule: {:?}", zip.job) };
    assert_eq!(
        (zip.job.attempts, rule.on_exit_code.as_deref(), rule.action),
        (5, Some("9"), RetryAction::Retry)
    );
    assert!(farm.bucket.notifies("ObjectCreated:Put", "shots/a.png"));
    assert!(!farm.bucket.notifies("ObjectCreated:Put", "a.blend"));
}

#[test]
fn one_machine_stands_for_one_function_and_one_bucket() {
    let none = with(|resources| drop(resources.remove("TriggerFunction"))).map(|_| ());
    assert!(matches!(none, Err(BlueprintError::None("AWS::Lambda::Function"))), "{none:?}");
    let several = with(|resources| {
        let bucket = resources["Bucket"].clone();
        resources.insert("Second".to_owned(), bucket);
    });
    assert!(matches!(several.map(|_| ()), Err(BlueprintError::Several("AWS::S3::Bucket"))));
}

#[test]
fn a_blender_that_the_farm_does_not_render_with_is_refused() {
    let error = synthesize(&site(&blenders(&["3.6"]))).map(|_| ()).expect_err("too old");
    assert!(error.to_string().contains("4.1"), "{error}");
}
