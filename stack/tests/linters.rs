//! The farm's template, read by linters that others wrote: cfn-lint, which knows the schema of
//! every resource; checkov, which knows what is unsafe; and parliament, which knows every action
//! of IAM and what it can be granted on.
//!
//! Each of them is shown a mutant too, so that one that reads nothing does not pass for one that
//! finds nothing.
#![expect(clippy::expect_used, reason = "a failing test panics")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value as Json;
use serde_yaml::Value as Yaml;
use stack::template::document::Node;
use stack::template::{AwsNames, Document, Inputs, resolve};
use support::{
    cfn_lint, changed, document, farm_text, folder_of, foundation_text, inputs, lines, run_python, said,
    standard, statement,
};

/// A text with one place changed.
fn mutant(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "`{from}` should stand in the template once");
    text.replace(from, to)
}

#[test]
fn cfn_lint_finds_nothing_but_a_property_that_is_misspelt() {
    let (farm, foundation) = (farm_text(&standard()), foundation_text(&standard()));
    let misspelt = mutant(&foundation, "VersioningConfiguration:", "VersionConfiguration:");
    let found =
        cfn_lint(&[("farm.yaml", &farm), ("foundation.yaml", &foundation), ("misspelt.yaml", &misspelt)]);
    let [one] = found.as_slice() else { panic!("one misspelt property: {}", lines(&found)) };
    assert_eq!((one.filename.as_str(), one.rule.id.as_str()), ("misspelt.yaml", "E3002"), "{one}");
    assert!(one.message.contains("VersionConfiguration"), "{one}");
}

#[test]
fn what_cfn_lint_passes_over_is_explained_and_would_still_be_found() {
    for text in [farm_text(&standard()), foundation_text(&standard())] {
        let root: Yaml = serde_yaml::from_str(&text).expect("YAML");
        let Some(told) = root["Metadata"].get("cfn-lint") else { continue };
        let rules = told["config"]["ignore_checks"].as_sequence().expect("a list of rules");
        let without = without_block(&text, "cfn-lint");
        let found = cfn_lint(&[("template.yaml", &without)]);
        for rule in rules.iter().filter_map(Yaml::as_str) {
            let reason = told["reasons"][rule].as_str().unwrap_or_default();
            assert!(!reason.trim().is_empty(), "{rule} is passed over without a reason");
            assert!(found.iter().any(|lint| lint.rule.id == rule), "{rule} finds nothing any more");
        }
    }
}

/// The text without the key and all that stands under it, wherever the key is.
fn without_block(text: &str, key: &str) -> String {
    let mut out = String::new();
    let mut below: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if below.is_some_and(|depth| !line.is_empty() && indent <= depth) {
            below = None;
        }
        if line.trim() == format!("{key}:") {
            below = Some(indent);
        }
        if below.is_none() {
            out.push_str(line);
            out.push('\n');
        }
    }
    assert_ne!(out.len(), text.len(), "there is no `{key}` to take out");
    out
}

/// What checkov says, by file.
#[derive(Deserialize)]
struct Checkov {
    results: Results,
}

#[derive(Deserialize)]
struct Results {
    passed_checks: Vec<Checked>,
    failed_checks: Vec<Checked>,
    skipped_checks: Vec<Checked>,
    parsing_errors: Vec<Json>,
}

#[derive(Deserialize)]
struct Checked {
    check_id: String,
    resource: String,
    file_path: String,
    check_result: CheckResult,
}

#[derive(Deserialize)]
struct CheckResult {
    #[serde(default)]
    suppress_comment: String,
}

const FILES: [&str; 2] = ["farm.yaml", "foundation.yaml"];

/// Checkov's word on both templates, on both without what they waive, and on one with a door
/// that stands open. It takes seconds to start, so it is asked once.
fn checked() -> &'static Results {
    static RESULTS: OnceLock<Results> = OnceLock::new();
    RESULTS.get_or_init(|| {
        let (farm, foundation) = (farm_text(&standard()), foundation_text(&standard()));
        let (bare_farm, bare_foundation) =
            (without_block(&farm, "checkov"), without_block(&foundation, "checkov"));
        let open = mutant(&foundation, "BlockPublicPolicy: true", "BlockPublicPolicy: false");
        let texts = [
            ("farm.yaml", farm.as_str()),
            ("foundation.yaml", &foundation),
            ("bare-farm.yaml", &bare_farm),
            ("bare-foundation.yaml", &bare_foundation),
            ("open.yaml", &open),
        ];
        let folder = folder_of(&texts);
        let mut arguments = vec!["-m", "checkov.main", "--skip-download", "--framework", "cloudformation"];
        arguments.extend(["--output", "json", "--file"]);
        arguments.extend(texts.map(|(name, _)| name));
        let answer: Checkov = said(&run_python("FARM_TEST_CHECKOV", folder.path(), &arguments));
        assert!(answer.results.parsing_errors.is_empty(), "{:?}", answer.results.parsing_errors);
        answer.results
    })
}

/// Of these, what is about a file: resource, check, and the reason that is given.
fn about(checks: &[Checked], file: &str) -> BTreeSet<(String, String, String)> {
    let of_file = checks.iter().filter(|check| check.file_path.trim_start_matches('/') == file);
    of_file
        .map(|check| {
            let reason = check.check_result.suppress_comment.clone();
            (check.resource.clone(), check.check_id.clone(), reason)
        })
        .collect()
}

/// What a template waives, each with its reason, as checkov names resources.
fn waivers(text: &str) -> BTreeSet<(String, String, String)> {
    let mut waivers = BTreeSet::new();
    for (id, declared) in &document(text).resources {
        let skip = declared.metadata.get("checkov").and_then(|checkov| checkov.get("skip"));
        let Some(Node::List(entries)) = skip else { continue };
        for entry in entries {
            let word = |key: &str| entry.get(key).and_then(Node::text).unwrap_or_default().to_owned();
            assert!(!word("comment").trim().is_empty(), "{id} waives {} without a reason", word("id"));
            waivers.insert((format!("{}.{id}", declared.kind), word("id"), word("comment")));
        }
    }
    waivers
}

fn texts() -> [(&'static str, String); 2] {
    [(FILES[0], farm_text(&standard())), (FILES[1], foundation_text(&standard()))]
}

#[test]
fn checkov_finds_nothing_but_what_the_template_explains() {
    for (file, text) in texts() {
        assert_eq!(about(&checked().failed_checks, file), BTreeSet::new(), "{file}");
        // With its own words, so that nothing is passed over for another reason.
        assert_eq!(about(&checked().skipped_checks, file), waivers(&text), "{file}");
        assert!(!about(&checked().passed_checks, file).is_empty(), "checkov looked at nothing in {file}");
    }
}

#[test]
fn what_the_template_waives_would_still_be_found() {
    for (file, text) in texts() {
        let found: BTreeSet<_> = about(&checked().failed_checks, &format!("bare-{file}"))
            .into_iter()
            .map(|(resource, check, _)| (resource, check))
            .collect();
        let waived: BTreeSet<_> =
            waivers(&text).into_iter().map(|(resource, check, _)| (resource, check)).collect();
        assert_eq!(found, waived, "{file}");
    }
}

#[test]
fn checkov_sees_a_door_that_stands_open() {
    let found: Vec<_> = about(&checked().failed_checks, "open.yaml").into_iter().collect();
    let [(resource, check, _)] = found.as_slice() else { panic!("one open door: {found:?}") };
    assert_eq!((resource.as_str(), check.as_str()), ("AWS::S3::Bucket.Bucket", "CKV_AWS_54"));
}

/// Reads named policies, `[[name, document], ...]`, and answers with what is found in each.
const PARLIAMENT: &str = "
import json, sys, warnings
warnings.simplefilter('ignore')
from parliament import analyze_policy_string
found = []
for name, policy in json.load(open('policies.json')):
    for finding in analyze_policy_string(json.dumps(policy), include_community_auditors=True).findings:
        about = finding.detail or finding.location.get('actions') or ''
        found.append([name, finding.issue + ' ' + json.dumps(about, sort_keys=True)])
print(json.dumps(found))
";

/// What parliament finds in the template, and why it stands all the same.
const KNOWN: [(&str, &str, &str); 2] = [
    (
        "ExecutionRole.Policies[0].PolicyDocument",
        r#"CREDENTIALS_EXPOSURE ["ecr:getauthorizationtoken"]"#,
        "A token is what Fargate logs into the registry with.",
    ),
    (
        "TriggerRole.Policies[0].PolicyDocument",
        r#"RESOURCE_MISMATCH [{"action": "batch:SubmitJob", "required_format": "arn:*:batch:*:*:job/*"}]"#,
        "AWS's own examples name queue and definition and no job, and say that these two are what is wanted.",
    ),
];

/// What parliament finds in every trust policy, since it was lent a `Resource`: who trusts has
/// none, and parliament reads no statement without. Its `sts:AssumeRole` on `*` is ours.
const LENT: [&str; 2] = [r#"CREDENTIALS_EXPOSURE ["sts:assumerole"]"#, r#"RESOURCE_STAR ["sts:AssumeRole"]"#];

/// Every policy document of the template, by its place, with all values worked out.
fn policies(document: &Document, inputs: &Inputs) -> BTreeMap<String, Json> {
    fn collect(value: &Json, path: String, found: &mut BTreeMap<String, Json>) {
        match value {
            Json::Object(entries) if entries.contains_key("Statement") => {
                found.insert(path, value.clone());
            }
            Json::Object(entries) => {
                entries.iter().for_each(|(key, value)| collect(value, format!("{path}.{key}"), found));
            }
            Json::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| collect(item, format!("{path}[{at}]"), found));
            }
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    let resolved = resolve(document, inputs, &AwsNames::new(inputs)).expect("a farm");
    for (id, resource) in &resolved.resources {
        collect(&resource.properties, id.clone(), &mut found);
    }
    found
}

/// What parliament finds in them, by place.
fn parliament(mut policies: BTreeMap<String, Json>) -> BTreeSet<(String, String)> {
    for (_, policy) in policies.iter_mut().filter(|(place, _)| trusts(place)) {
        let statements = policy["Statement"].as_array_mut().expect("statements");
        for statement in statements {
            statement["Resource"] = Json::from("*");
        }
    }
    let policies: Vec<(String, Json)> = policies.into_iter().collect();
    let text = serde_json::to_string(&policies).expect("JSON");
    let folder = folder_of(&[("policies.json", &text)]);
    let found: Vec<(String, String)> =
        said(&run_python("FARM_TEST_PYTHON", folder.path(), &["-c", PARLIAMENT]));
    found.into_iter().collect()
}

fn trusts(place: &str) -> bool {
    place.ends_with(".AssumeRolePolicyDocument")
}

/// Two stacks; each of the template's conditions holds in one of them and not in the other.
fn both_sides(document: &Document) -> [Inputs; 2] {
    let bare = inputs(document);
    let full = bare
        .clone()
        .with("Email", "artist@example.org")
        .with("Webhook", "https://example.org/farm")
        .with("KmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:key/0f0e0d0c")
        .with("RenderExpiryDays", "7")
        .with("SubnetIds", "subnet-1,subnet-2")
        .with("VpcId", "vpc-1");
    let holds =
        |inputs: &Inputs| resolve(document, inputs, &AwsNames::new(inputs)).expect("a farm").conditions;
    let (bare_holds, full_holds) = (holds(&bare), holds(&full));
    for (name, holds) in &bare_holds {
        assert_ne!(full_holds.get(name), Some(holds), "condition {name} is the same in both stacks");
    }
    [bare, full]
}

/// Parliament cannot tell whether a service's name is one: it takes any.
#[test]
fn parliament_finds_nothing_but_what_is_known() {
    let document = document(&farm_text(&standard()));
    for inputs in both_sides(&document) {
        let policies = policies(&document, &inputs);
        for place in ["BucketPolicy.PolicyDocument", "FailedEventsPolicy.PolicyDocument"] {
            assert!(policies.contains_key(place), "{place} is not looked at");
        }
        let network = inputs.parameters.contains_key("VpcId");
        assert_ne!(policies.contains_key("BucketEndpoint.PolicyDocument"), network);
        let known = KNOWN.iter().map(|(place, finding, _)| ((*place).to_owned(), (*finding).to_owned()));
        let lent = policies.keys().filter(|place| trusts(place));
        let lent = lent.flat_map(|place| LENT.map(|finding| (place.clone(), finding.to_owned())));
        let expected: BTreeSet<_> = known.chain(lent).collect();
        assert_eq!(expected.len(), KNOWN.len() + 4 * LENT.len(), "four roles trust somebody");
        assert_eq!(parliament(policies), expected);
    }
}

#[test]
fn parliament_sees_what_does_not_fit() {
    let text = farm_text(&standard());
    let bucket = "[!Sub 'arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}-${AWS::Region}']";
    let trust = "Resources.TriggerRole.Properties.AssumeRolePolicyDocument.Statement[0]";
    let plans = statement(&text, "TriggerRole", "ReadPlans");
    for (path, value, place, finding) in [
        (format!("{plans}.Action"), "[s3:GetObjects]", "Policies[0].PolicyDocument", "UNKNOWN_ACTION"),
        // The bucket where its objects are meant. A linter of templates cannot tell one `!Sub`
        // from the other.
        (format!("{plans}.Resource"), bucket, "Policies[0].PolicyDocument", r#""action": "s3:GetObject""#),
        (format!("{trust}.Action"), "[sts:AsumeRole]", "AssumeRolePolicyDocument", "UNKNOWN_ACTION"),
    ] {
        let document = changed(&text, &path, Some(value));
        let found = parliament(policies(&document, &inputs(&document)));
        let place = format!("TriggerRole.{place}");
        assert!(found.iter().any(|(at, what)| *at == place && what.contains(finding)), "{path}: {found:?}");
    }
}
