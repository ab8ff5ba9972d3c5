//! From nothing to a farm, and on.

use serde_json::json;

use crate::engine::{Engine, Kind, image};

const BUCKET: &str = "render-farm-123456789012-eu-west-1";

/// What does not hang on our mends: on the engine as it is.
#[test]
fn a_farm_is_deployed_in_two_steps_changed_and_taken_down_by_an_engine_that_we_did_not_write() {
    let Some(engine) = Engine::start(Kind::Stock) else { return };
    let first = engine.deploy(&[]).well();
    let told = &first.told;
    let at = |words: &str| told.find(words).unwrap_or_else(|| panic!("`{words}` is not in: {told}"));
    let order = [
        at("1/2  Foundation"),
        at("+ Registry"),
        at("3/3  created        the stack"),
        at("2/2  Farm"),
        at("+ TriggerFunction"),
        at("the function's code"),
        at("changed        the stack"),
        at("The stack is as requested"),
    ];
    assert!(order.is_sorted(), "{told}");
    assert!(told.contains("--protect"), "protection is offered: {told}");
    for output in [
        &format!("BucketName    {BUCKET}"),
        "UploadCommand aws s3api put-object --bucket",
        "RegistryUri",
        "QueueArn",
        "DashboardUrl",
    ] {
        assert!(first.out.contains(output), "`{output}` is not in: {}", first.out);
    }
    let function = engine
        .ask("print(json.dumps(aws('lambda').list_functions()['Functions'][0]['Environment']['Variables']))");
    assert_eq!(function["BUCKET_NAME"], BUCKET);
    assert_eq!(function["FARM_MAX_VCPUS"], "256");

    // The same again: nothing to do, and the images and the code need not be named again.
    engine.deploy(&[]).well().says(&["No change"]);
    engine.stack(&["deploy", "--yes"]).well().says(&["No change", BUCKET]);

    let diff = engine.stack(&["diff", "--set", "MaxSpotVcpus=64"]).well();
    for line in ["~ SpotCompute", "Properties.ComputeResources.MaxvCpus: 256 -> 64", "~ TriggerFunction"] {
        assert!(diff.out.contains(line), "`{line}` is not in: {}", diff.out);
    }
    let left = engine.ask(
        "print(json.dumps([s['Status'] for s in aws('cloudformation').list_change_sets(StackName='render-farm')['Summaries'] if s.get('ExecutionStatus') == 'AVAILABLE']))",
    );
    assert_eq!(left, json!([]), "who only looks leaves no proposal behind");
    engine
        .stack(&["deploy", "--yes", "--set", "MaxSpotVcpus=64"])
        .well()
        .says(&["changed        SpotCompute"]);
    let ceilings = engine.ask(
        "print(json.dumps(sorted(c['computeResources']['maxvCpus'] for c in aws('batch').describe_compute_environments()['computeEnvironments'])))",
    );
    assert_eq!(ceilings, json!([64, 64]));

    let outputs = engine.stack(&["outputs", "--json"]).well();
    let outputs: serde_json::Value = serde_json::from_str(&outputs.out).expect("JSON");
    assert!(
        outputs
            .as_array()
            .unwrap()
            .iter()
            .any(|output| output["name"] == "BucketName" && output["value"] == BUCKET)
    );

    engine.stack(&["destroy", "--yes"]).well().says(&["39 resources", "The farm is gone."]);
    assert_eq!(engine.status("render-farm"), None);
    assert_eq!(engine.ask("print(json.dumps(aws('s3').list_buckets()['Buckets']))"), json!([]));
    engine.stack(&["outputs"]).badly(&["there is no stack `render-farm` in eu-west-1; deploy it first"]);
    engine.stack(&["destroy", "--yes"]).well().says(&["There is no stack `render-farm` in eu-west-1"]);
}

#[test]
fn the_foundation_alone_lets_images_be_pushed_and_the_farm_follows() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    engine.stack(&["deploy", "--yes"]).badly(&[
        "the function has no code; Blender 4.1 has no image; Blender 4.5 has no image; zip-task has no image",
        "--image 4.5=",
    ]);
    assert_eq!(engine.status("render-farm"), None, "nothing is begun that cannot be ended");
    let foundation =
        engine.stack(&["deploy", "--yes", "--foundation"]).well().says(&["1/1  Foundation", "RegistryUri"]);
    assert!(!foundation.out.contains("QueueArn"), "{}", foundation.out);
    engine.deploy(&[]).well().says(&["2/2  Farm", "QueueArn"]);
    // A second Blender comes with its image alone; the others are kept by name.
    let with_another = [
        "deploy",
        "--yes",
        "--blender",
        "4.5",
        "--blender",
        "5.0",
        "--image",
        &format!("4.5={}", image("4.5")),
        "--image",
        &format!("5.0={}", image("5.0")),
        "--image",
        &format!("zip={}", image("zip")),
    ];
    engine.stack(&with_another).well().says(&[
        "+ RenderJob50",
        "- RenderJob41",
        "deleted        RenderJob41",
    ]);
    let definitions = engine.ask(
        "print(json.dumps(sorted({d['jobDefinitionName'] for d in aws('batch').describe_job_definitions(status='ACTIVE')['jobDefinitions']})))",
    );
    assert_eq!(
        definitions,
        json!([
            "render-farm-render-4-5",
            "render-farm-render-4-5-large",
            "render-farm-render-5-0",
            "render-farm-render-5-0-large",
            "render-farm-zip"
        ])
    );
}

#[test]
fn a_template_too_long_for_a_request_goes_through_the_bucket() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    let blenders = ["4.2", "4.3", "4.4", "4.5", "5.0", "5.1"];
    let mut more: Vec<String> = Vec::new();
    for blender in blenders {
        more.extend([
            "--blender".to_owned(),
            blender.to_owned(),
            "--image".to_owned(),
            format!("{blender}={}", image(blender)),
        ]);
    }
    let function = engine.code(b"first").display().to_string();
    more.extend(["--image".to_owned(), format!("zip={}", image("zip")), "--function".to_owned(), function]);
    let arguments: Vec<&str> =
        ["deploy", "--yes"].into_iter().chain(more.iter().map(String::as_str)).collect();
    let synth: Vec<&str> =
        ["synth"].into_iter().chain(blenders.iter().flat_map(|blender| ["--blender", blender])).collect();
    assert!(engine.stack(&synth).well().out.len() > 51_200, "it is too long for a request");
    engine.stack(&arguments).well().says(&["RenderJob51Large"]);
    let templates = engine.ask(&format!(
        "print(json.dumps([o['Key'] for o in aws('s3').list_objects_v2(Bucket='{BUCKET}', Prefix='.farm/template/')['Contents']]))"
    ));
    assert_eq!(templates.as_array().map(Vec::len), Some(1));
}

#[test]
fn a_new_code_is_uploaded_once_and_changes_the_function_alone() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    engine.deploy(&[]).well();
    let code = engine.code(b"second").display().to_string();
    let changed = engine.stack(&["deploy", "--yes", "--function", &code]).well().says(&[
        "uploaded",
        "~ TriggerFunction",
        "1/1  changed        TriggerFunction",
    ]);
    assert!(!changed.told.contains("RenderJob"), "{}", changed.told);
    engine.stack(&["deploy", "--yes", "--function", &code]).well().says(&["No change"]);
    let keys = engine.ask(&format!(
        "print(json.dumps([o['Key'] for o in aws('s3').list_objects_v2(Bucket='{BUCKET}', Prefix='.farm/lambda/')['Contents']]))"
    ));
    assert_eq!(
        keys.as_array().map(Vec::len),
        Some(2),
        "the old code stays, for whoever takes the deploy back"
    );
}
