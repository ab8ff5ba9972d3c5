//! A CloudFormation engine for one test, and the real `stack` against it.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use farm_testing::tool;
use serde_json::Value;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "eu-west-1";
const ENGINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/localstack/engine.py");
/// What every snippet of Python begins with: a client of a service is `aws("s3")`.
const BEGIN: &str = "import boto3, json\ndef aws(name): return boto3.client(name)\n";

/// Which engine: LocalStack with what it lacks, or mended besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Stock,
    Mended,
}

/// An engine that is up. It ends with the test.
pub struct Engine {
    url: String,
    folder: TempDir,
    child: Child,
}

/// What `stack` did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    /// Standard output: data.
    pub out: String,
    /// Standard error: what a person reads.
    pub told: String,
}

impl Engine {
    /// None where this machine has no Python that the engine runs with.
    pub fn start(kind: Kind) -> Option<Self> {
        let python = tool("FARM_TEST_LOCALSTACK")?;
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(python);
        command.arg(ENGINE).arg(folder.path().join("engine"));
        if kind == Kind::Stock {
            command.arg("stock");
        }
        // It ends when its standard input is closed: with this process, however that ends.
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the engine's Python starts");
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
        said.read_line(&mut line).expect("the engine speaks");
        let url = line.trim().strip_prefix("ready ").unwrap_or_else(|| panic!("the engine said `{line}`"));
        Some(Self { url: url.to_owned(), folder, child })
    }

    /// The environment of a client: the engine's address alone, and nothing of this machine's.
    fn client(&self, command: &mut Command) {
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", ACCOUNT)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION);
    }

    /// `stack` with these arguments, to be started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stack"));
        self.client(&mut command);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `stack` to its end.
    pub fn stack(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().expect("stack starts"))
    }

    /// Runs `stack deploy --yes` with images and code, and what else is given.
    pub fn deploy(&self, more: &[&str]) -> Ran {
        self.stack(&self.deployment(more).iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Runs `stack` until it has told this, and kills it.
    pub fn kill_once_told(&self, arguments: &[&str], until: &str) {
        let mut child = self.command(arguments).spawn().expect("stack starts");
        let mut told = String::new();
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut lines = lines.map(|line| line.expect("text")).inspect(|line| told.extend([line, "\n"]));
        let seen = lines.any(|line| line.contains(until));
        drop(lines);
        child.kill().expect("it is ours to kill");
        child.wait().expect("it ends");
        assert!(seen, "it came to its end before `{until}`: {told}");
    }

    /// The arguments of a deploy with all that the farm needs.
    pub fn deployment(&self, more: &[&str]) -> Vec<String> {
        let image = |what: &str| format!("{what}={}", image(what));
        let function = self.code(b"first");
        let needed = [
            "deploy".to_owned(),
            "--yes".to_owned(),
            "--image".to_owned(),
            image("4.5"),
            "--image".to_owned(),
            image("4.1"),
            "--image".to_owned(),
            image("zip"),
            "--function".to_owned(),
            function.display().to_string(),
        ];
        needed.into_iter().chain(more.iter().map(|argument| (*argument).to_owned())).collect()
    }

    /// A zip file with a `bootstrap` of these bytes.
    pub fn code(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("function.zip");
        let mut writer = ZipWriter::new(std::fs::File::create(&path).expect("a file"));
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("bootstrap", stored.unix_permissions(0o755)).expect("begun");
        writer.write_all(bytes).expect("written");
        writer.finish().expect("ended");
        path
    }

    /// What a snippet of Python with boto3, which we did not write, prints as JSON.
    pub fn ask(&self, snippet: &str) -> Value {
        let mut command = self.python();
        command.args(["-c", &format!("{BEGIN}{snippet}")]);
        let output = command.output().expect("Python starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{snippet}\n{told}");
        if output.stdout.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&output.stdout).expect("JSON")
        }
    }

    /// A Python with boto3, as a client of the engine.
    pub fn python(&self) -> Command {
        let mut command =
            Command::new(tool("FARM_TEST_PYTHON").expect("the tests' Python is never left out"));
        self.client(&mut command);
        // Nothing is left beside the scripts.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// The stack's status, or none where there is no stack.
    pub fn status(&self, stack: &str) -> Option<String> {
        let snippet = format!(
            "cf = aws('cloudformation')\n\
             stacks = [s for p in cf.get_paginator('describe_stacks').paginate() for s in p['Stacks']]\n\
             # This engine lists those that are gone too.\n\
             print(json.dumps([s['StackStatus'] for s in stacks if s['StackName'] == '{stack}' and s['StackStatus'] != 'DELETE_COMPLETE']))"
        );
        let statuses = self.ask(&snippet);
        statuses.as_array().and_then(|all| all.first()).and_then(Value::as_str).map(str::to_owned)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let ended = self.child.wait();
        drop(ended);
    }
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            told: text(&output.stderr),
        }
    }

    /// That it ended well.
    #[track_caller]
    pub fn well(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.told);
        self
    }

    /// That it ended badly, and said all of this.
    #[track_caller]
    pub fn badly(self, words: &[&str]) -> Self {
        assert_eq!(self.code, 1, "{}{}", self.out, self.told);
        for word in words {
            assert!(self.told.contains(word), "`{word}` is not in: {}", self.told);
        }
        self
    }

    /// That it said all of this.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(
                self.told.contains(word) || self.out.contains(word),
                "`{word}` is not in: {}{}",
                self.out,
                self.told
            );
        }
        self
    }
}

/// An image by its digest.
pub fn image(what: &str) -> String {
    let digest: String = what.bytes().cycle().take(32).map(|byte| format!("{byte:02x}")).collect();
    format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/render-farm@sha256:{digest}")
}
