//! The program itself, where its environment is not what the stack sets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

use std::process::Command;

#[test]
fn a_missing_variable_ends_the_start_and_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_trigger-lambda"))
        .env_clear()
        .envs([
            ("BUCKET_NAME", "farm"),
            ("FARM_BLENDER_VERSION", "4.5"),
            ("FARM_MAX_VCPUS", "16"),
            ("FARM_TASK_VCPUS", "4"),
            ("FARM_TASK_PRICE", "0.2"),
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stdout).unwrap();
    let line: serde_json::Value = serde_json::from_str(log.trim()).expect("one line of JSON");
    assert_eq!(line["level"], "ERROR");
    assert!(line["message"].as_str().unwrap().contains("JOB_QUEUE_ARN"), "{line}");
}
