//! The simulator of IAM, which we did not write, and the policies that it is asked about.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use farm_local::blueprint::{Blender, Site, synthesize};
use farm_local::workers::Workers;
use farm_testing::tool;
use serde_json::{Value, json};
use stack::template::{AwsNames, Inputs, Names as _, Resolved};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/iam/simulate.mjs");

/// A question for the simulator.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// ARN of the role that calls.
    pub role: String,
    pub action: String,
    pub resource: String,
    /// Whether the call is encrypted on its way.
    pub secure: bool,
}

impl Question {
    pub fn new(role: &str, action: &str, resource: &str) -> Self {
        Self { role: role.to_owned(), action: action.to_owned(), resource: resource.to_owned(), secure: true }
    }
}

/// The policies of the farm's template, as it is resolved for loopback.
pub struct Policies {
    simulator: PathBuf,
    resolved: Resolved,
    inputs: Inputs,
}

impl Policies {
    /// None where there is no simulator to ask.
    pub fn of_the_farm() -> Option<Self> {
        let simulator = tool("FARM_TEST_IAM_SIMULATOR")?;
        let blenders = [Blender { version: "4.5".to_owned(), path: "/".into() }];
        let site =
            Site { programs: Path::new("/"), blenders: &blenders, workers: Workers { count: 2, threads: 1 } };
        let (inputs, resolved) = synthesize(&site).expect("the farm's template");
        Some(Self { simulator, resolved, inputs })
    }

    /// What a resource is known by.
    pub fn arn(&self, id: &str) -> String {
        let (names, resource) = (AwsNames::new(&self.inputs), &self.resolved.resources[id]);
        let arn = names.attribute(id, resource, "Arn").and_then(|arn| arn.as_str().map(str::to_owned));
        arn.unwrap_or_else(|| names.reference(id, resource).expect("a name"))
    }

    /// The statements of a role.
    pub fn statements(&self, role: &str) -> Vec<Value> {
        let policies = self.resolved.resources[role].properties["Policies"].as_array().expect("policies");
        let statements = policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array());
        statements.flatten().cloned().collect()
    }

    fn role_id(&self, arn: &str) -> &str {
        let roles = self.resolved.resources.iter().filter(|(_, resource)| resource.kind == "AWS::IAM::Role");
        let mut ids = roles.map(|(id, _)| id.as_str());
        ids.find(|id| self.arn(id) == arn).expect("a role of the template")
    }

    /// What the simulator says to each question.
    pub fn verdicts(&self, questions: &[Question]) -> Vec<String> {
        let bucket = self.arn("Bucket");
        let bucket_policy = &self.resolved.resources["BucketPolicy"].properties["PolicyDocument"];
        let cases = questions.iter().map(|question| {
            let policies = &self.resolved.resources[self.role_id(&question.role)].properties["Policies"];
            let policies = policies.as_array().expect("policies").iter();
            let identity: Vec<Value> = policies
                .map(|policy| json!({"name": policy["PolicyName"], "policy": policy["PolicyDocument"]}))
                .collect();
            let in_bucket = question.resource == bucket
                || question.resource.strip_prefix(&bucket).is_some_and(|rest| rest.starts_with('/'));
            json!({
                "identityPolicies": identity,
                "resourcePolicy": if in_bucket { Some(bucket_policy) } else { None },
                "request": {
                    "action": question.action,
                    "principal": question.role,
                    "resource": {"resource": question.resource, "accountId": self.inputs.account_id},
                    "contextVariables": {"aws:SecureTransport": question.secure.to_string()},
                },
            })
        });
        let cases = Value::Array(cases.collect());
        let mut node = Command::new("node")
            .arg(SCRIPT)
            .arg(&self.simulator)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node starts");
        node.stdin.take().expect("a pipe").write_all(cases.to_string().as_bytes()).expect("Node reads");
        let output = node.wait_with_output().expect("Node ends");
        assert!(output.status.success(), "the simulator fails");
        let verdicts: Vec<String> = serde_json::from_slice(&output.stdout).expect("verdicts");
        assert_eq!(verdicts.len(), questions.len());
        verdicts
    }
}
