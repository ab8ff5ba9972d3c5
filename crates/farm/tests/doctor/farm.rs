//! A farm in moto, behind a server that answers what moto cannot, and the real `farm doctor` at it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use farm_testing::{Reply, Request, serve, tool};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::engine::Engine;

/// A farm, and how it is reached.
pub struct Farm {
    pub region: &'static str,
    /// Names and ids of its parts.
    pub parts: Value,
    endpoint: String,
}

/// What the doctor did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub told: String,
}

impl Farm {
    /// A good farm of this region, which is this test's alone.
    pub fn stand(region: &'static str) -> Self {
        Self::broken(region, "")
    }

    /// A farm that a snippet of Python has broken.
    pub fn broken(region: &'static str, snippet: &str) -> Self {
        Self::answering(region, snippet, |_| None)
    }

    /// The same, where some calls are answered otherwise than by moto.
    pub fn answering(
        region: &'static str,
        snippet: &str,
        answer: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let engine = Engine::get();
        let parts = engine.with(region, snippet);
        let endpoint = serve(move |request| {
            let own = answer(request).or_else(|| quota(request, Some(256.0)));
            own.unwrap_or_else(|| Reply::Pass(engine.address.clone()))
        });
        Self { region, parts, endpoint: format!("http://{endpoint}") }
    }

    pub fn part(&self, name: &str) -> &str {
        self.parts[name].as_str().unwrap_or_else(|| panic!("no {name}"))
    }

    /// Runs `farm doctor` on it.
    pub fn doctor(&self, arguments: &[&str]) -> Ran {
        let folder = machine();
        let mut command = doctor(&folder);
        self.client(&mut command);
        Ran::of(command.args(["--bucket", self.part("bucket")]).args(arguments))
    }

    /// Runs it for other options than those that name the farm.
    pub fn doctor_without(&self, change: impl FnOnce(&mut Command)) -> Ran {
        let folder = machine();
        let mut command = doctor(&folder);
        self.client(&mut command);
        change(&mut command);
        Ran::of(&mut command)
    }

    /// What was found of a check.
    pub fn finding(&self, check: &str) -> Value {
        self.doctor(&["--json"]).finding(check)
    }

    fn client(&self, command: &mut Command) {
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .env("AWS_REGION", self.region);
    }

    /// Runs a command that mends it, as it is told, with the AWS CLI of the tests.
    pub fn mend(&self, finding: &Value) {
        let python = tool("FARM_TEST_PYTHON").expect("the tests' Python is never left out");
        let programs = python.parent().expect("a folder").display().to_string();
        for mend in finding["mends"].as_array().expect("mends") {
            let run = mend["run"].as_str().unwrap_or_else(|| panic!("no command: {finding}"));
            let mut command = Command::new("/bin/sh");
            self.client(&mut command);
            let command = command.args(["-c", run]).env("PATH", format!("{programs}:/usr/bin:/bin"));
            let output = command.output().expect("a shell");
            assert!(output.status.success(), "{run}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }

    /// A text with names for what is another at each run.
    pub fn masked(&self, text: &str) -> String {
        let mut parts: Vec<(&String, &str)> = self
            .parts
            .as_object()
            .expect("parts")
            .iter()
            .filter_map(|(name, value)| Some((name, value.as_str()?)))
            .filter(|(_, value)| {
                value.contains('-') && !value.starts_with("render-farm") && *value != self.region
            })
            .collect();
        parts.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        parts
            .into_iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(value, &format!("<{name}>")))
    }
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("farm starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            told: text(&output.stderr),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {}{}", self.out, self.told))
    }

    /// What was found of a check.
    pub fn finding(&self, check: &str) -> Value {
        let json = self.json();
        let all = json["findings"].as_array().expect("findings");
        let found = all.iter().find(|finding| finding["check"] == check);
        found.unwrap_or_else(|| panic!("nothing is said of {check}: {json:#}")).clone()
    }

    /// The part of the table that is about the account.
    pub fn account(&self) -> &str {
        self.out.split("\nThis machine\n").next().unwrap_or_default()
    }
}

/// `farm doctor` with nothing of this machine's but what is in a folder.
pub fn doctor(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farm"));
    command
        .arg("doctor")
        .env_clear()
        .env("PATH", folder.path())
        .env("HOME", folder.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .current_dir(folder.path());
    command
}

/// A machine that has all that a farm wants.
pub fn machine() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    program(folder.path(), "blender", "echo 'Blender 4.5.1 LTS'");
    program(folder.path(), "python3.11", "echo 3.11");
    program(folder.path(), "ffmpeg", "echo 'ffmpeg version 7.1 Copyright'");
    folder
}

/// A program of one line.
pub fn program(folder: &Path, name: &str, line: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{line}\n")).expect("a program");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it may be run");
}

/// Whether a request is this call, in AWS's JSON, as a form, or at a path.
pub fn is(request: &Request, call: &str) -> bool {
    let head = request.head.to_lowercase();
    let named = head.lines().any(|line| {
        line.starts_with("x-amz-target:") && line.ends_with(&format!(".{}", call.to_lowercase()))
    });
    let form = String::from_utf8_lossy(&request.body).contains(&format!("Action={call}&"));
    named || form || request.line().to_lowercase().ends_with(&format!("/v1/{}", call.to_lowercase()))
}

/// An answer in AWS's JSON.
pub fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::Say(status, "Content-Type: application/x-amz-json-1.1\r\n".to_owned(), body.to_string())
}

/// As AWS tells of both quotas; where the account never asked for another, that there is none of its own.
pub fn quota(request: &Request, own: Option<f64>) -> Option<Reply> {
    let told = |value: f64| {
        let quota = json!({"ServiceCode": "fargate", "QuotaName": "vCPU resource count", "Value": value});
        json_reply(200, &json!({"Quota": quota}))
    };
    if is(request, "GetAWSDefaultServiceQuota") {
        return Some(told(6.0));
    }
    is(request, "GetServiceQuota").then(|| match own {
        Some(value) => told(value),
        None => json_reply(400, &json!({"__type": "NoSuchResourceException", "Message": "none"})),
    })
}
