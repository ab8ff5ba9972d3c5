//! What the tests of the farm's template share: its text, values for its parameters, and a linter
//! that reads it.

#![allow(dead_code, reason = "each test uses its own part")]
#![allow(clippy::expect_used, clippy::panic, reason = "a failing test panics")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_yaml::Value as Yaml;
use stack::farm::{self, FarmConfig};
use stack::template::{Document, Inputs, Template};

pub fn standard() -> FarmConfig {
    FarmConfig::standard().expect("the standard farm stands")
}

pub fn farm_text(config: &FarmConfig) -> String {
    text(&farm::template(config).expect("a farm"))
}

pub fn foundation_text(config: &FarmConfig) -> String {
    text(&farm::foundation(config, None).expect("a foundation"))
}

pub fn text(template: &Template) -> String {
    template.to_yaml().expect("a template that can be written")
}

pub fn document(text: &str) -> Document {
    Document::parse(text).expect("our own text")
}

/// The template with one value changed: another at this path, as YAML, or none at all. What is
/// inside of a function is counted like items of a list. Only [`Document`] is to read the result,
/// which is not laid out for YAML 1.1.
pub fn changed(text: &str, path: &str, value: Option<&str>) -> Document {
    let mut root: Yaml = serde_yaml::from_str(text).expect("our own text");
    let dotted = path.replace('[', ".[");
    let mut parts: Vec<&str> = dotted.split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let mut place = &mut root;
    for part in parts {
        let index = part.strip_prefix('[').and_then(|part| part.strip_suffix(']')?.parse::<usize>().ok());
        let below = match index {
            Some(index) => place.get_mut(index),
            None => place.get_mut(part),
        };
        place = below.unwrap_or_else(|| panic!("{path}: there is no {part}"));
        while let Yaml::Tagged(tagged) = place {
            place = &mut tagged.value;
        }
    }
    let entries = place.as_mapping_mut().unwrap_or_else(|| panic!("{path}: no key can stand there"));
    match value {
        Some(value) => drop(entries.insert(last.into(), serde_yaml::from_str(value).expect("YAML"))),
        None => drop(entries.remove(last).unwrap_or_else(|| panic!("{path}: there is no {last}"))),
    }
    document(&serde_yaml::to_string(&root).expect("YAML"))
}

/// The path of a statement of a role's policy, by its Sid, for [`changed`]; one that stands under a
/// condition too.
pub fn statement(text: &str, role: &str, sid: &str) -> String {
    let root: Yaml = serde_yaml::from_str(text).expect("our own text");
    let statements = &root["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
    let found = statements.as_sequence().into_iter().flatten().enumerate().find_map(|(at, one)| match one {
        _ if one.get("Sid").is_some_and(|it| it == sid) => Some(format!("[{at}]")),
        Yaml::Tagged(tagged) if tagged.value[1]["Sid"] == sid => Some(format!("[{at}][1]")),
        _ => None,
    });
    let at = found.unwrap_or_else(|| panic!("{role} has no statement {sid}"));
    format!("Resources.{role}.Properties.Policies[0].PolicyDocument.Statement{at}")
}

/// A stack of which nothing is given but what must be: images, and the function's code.
pub fn inputs(document: &Document) -> Inputs {
    let mut inputs = Inputs::new("farm", "123456789012", "eu-west-1");
    for (name, _) in document.parameters.iter().filter(|(_, spec)| spec.default.is_none()) {
        inputs = inputs.with(name, &program(name));
    }
    inputs
}

/// What `deploy` fills in.
fn program(parameter: &str) -> String {
    let digest = "0123456789abcdef".repeat(4);
    match parameter {
        "FunctionCodeKey" => format!(".farm/lambda/{digest}.zip"),
        image if image.contains("Image") => {
            format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/farm@sha256:{digest}")
        }
        other => panic!("parameter {other} has no default; say here what the tests give it"),
    }
}

/// The Python that this variable names.
pub fn python(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable).map(PathBuf::from);
    path.unwrap_or_else(|| panic!("{variable} names no Python; run the tests with `cargo xtask test`"))
}

/// Runs Python in a folder that is its home too, so that no setting of the person's is read.
pub fn run_python(variable: &str, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(python(variable));
    command.arg("-I").args(arguments).current_dir(folder).env("HOME", folder);
    // Checkov asks a registry for news of itself otherwise.
    command.env("CKV_SKIP_PACKAGE_UPDATE_CHECK", "true");
    command.output().expect("Python starts")
}

/// Files of these names and texts.
pub fn folder_of(texts: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in texts {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

/// What is said on standard output, as JSON.
pub fn said<T: serde::de::DeserializeOwned>(output: &Output) -> T {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let told = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        panic!("no answer ({error}): {}", told.join("\n"))
    })
}

/// What cfn-lint finds in these templates, all of them in one call. Every rule is on, those for
/// information (`-c I`) and those on trial (`-e`) too, in every region that it knows; `-i` would
/// switch rules off.
pub fn cfn_lint(texts: &[(&str, &str)]) -> Vec<Lint> {
    const LINT: &str = "import sys; from cfnlint.runner import main; sys.exit(main())";
    let folder = folder_of(texts);
    let mut arguments = vec!["-c", LINT, "-c", "I", "-e", "-r", "ALL_REGIONS", "--format", "json", "--"];
    arguments.extend(texts.iter().map(|(name, _)| *name));
    let output = run_python("FARM_TEST_PYTHON", folder.path(), &arguments);
    let found: Vec<Lint> = said(&output);
    assert_eq!(output.status.success(), found.is_empty(), "cfn-lint ends with {}", output.status);
    found
}

/// A finding of cfn-lint.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Lint {
    pub filename: String,
    pub message: String,
    pub location: Location,
    pub rule: Rule,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Location {
    pub path: Vec<serde_json::Value>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Rule {
    pub id: String,
}

impl std::fmt::Display for Lint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path: Vec<String> = self
            .location
            .path
            .iter()
            .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
            .collect();
        writeln!(f, "{}: {} at {}: {}", self.filename, self.rule.id, path.join("."), self.message)
    }
}

/// All findings, one a line.
pub fn lines<T: std::fmt::Display>(found: &[T]) -> String {
    found.iter().map(T::to_string).collect::<Vec<_>>().join("\n")
}
