//! The template's text, read by a YAML 1.1 reader that is not ours: PyYAML, which CloudFormation's
//! command line and most tools around it read with.
#![expect(clippy::expect_used, reason = "a failing test panics")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_yaml::Value as Yaml;
use stack::template::Template;

const READ: &str = "
import json, sys, yaml
print(json.dumps(yaml.safe_load(sys.stdin.buffer.read().decode('utf-8'))['Metadata']['Texts']))
";

/// What YAML 1.1 takes for dates, numbers, truths and nothing, when it stands bare.
const TREACHEROUS: [&str; 26] = [
    "2012-10-17",
    "2010-09-09 10:00:00",
    "123456789012",
    "4.5",
    "on",
    "Off",
    "YES",
    "no",
    "y",
    "N",
    "true",
    "null",
    "~",
    "",
    "0123",
    "0o17",
    "0x1F",
    "0b1",
    "1_000",
    "1:30",
    "1e3",
    "1.0e+3",
    ".5",
    ".inf",
    "<<",
    "=",
];

fn texts() -> Vec<String> {
    let strange = prop_oneof![
        "[ a-z0-9:#'\"\\[\\]{},!&*|>%@`~?.\\-]{0,12}",
        "[ \n\ta:#-]{0,12}",
        "[0-9_.:eExXo+-]{1,8}",
        "([a-z\"{}:,]{1,9}( [a-z]{1,9})?\n){1,5}",
        "[ -~\u{a0}-\u{ff}\u{2028}\u{feff}\u{1f600}]{0,10}",
    ];
    let mut runner = TestRunner::deterministic();
    let drawn = (0..3_000).map(|_| strange.new_tree(&mut runner).expect("a text").current());
    TREACHEROUS.into_iter().map(str::to_owned).chain(drawn).collect()
}

#[test]
fn every_text_is_a_text_to_yaml_1_1() {
    let texts = texts();
    let mut template = Template::default();
    let list = texts.iter().map(|text| Yaml::from(text.as_str())).collect();
    template.metadata.insert(Yaml::from("Texts"), Yaml::Sequence(list));
    let body = template.to_yaml().expect("a template");

    let python = std::env::var_os("FARM_TEST_PYTHON")
        .expect("FARM_TEST_PYTHON names no Python; run the tests with `cargo xtask test`");
    let mut reader = Command::new(python)
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    reader.stdin.take().expect("a pipe").write_all(body.as_bytes()).expect("Python reads");
    let output = reader.wait_with_output().expect("Python ends");
    assert!(output.status.success(), "PyYAML refuses the text");
    let read: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(read.len(), texts.len());
    for (read, text) in read.iter().zip(&texts) {
        assert_eq!(read.as_str(), Some(text.as_str()), "{text:?} is read as {read}");
    }
}
