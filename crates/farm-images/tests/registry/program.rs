//! The real `images`, with a folder of its own and nothing of this machine's.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use super::servers::PASSWORD;

/// The program, and who plays AWS for it.
pub struct Program {
    aws: String,
    folder: TempDir,
    unset: Vec<&'static str>,
}

/// What it did.
#[derive(Debug)]
pub struct Ran {
    pub good: bool,
    /// Standard output: data.
    pub out: String,
    /// Standard error: what a person reads.
    pub told: String,
}

impl Ran {
    /// What it printed, where all went well.
    pub fn json(&self) -> Value {
        assert!(self.good, "{}", self.told);
        serde_json::from_str(&self.out).expect("JSON")
    }

    /// What it told, where it did not.
    pub fn error(&self) -> &str {
        assert!(!self.good, "{}", self.out);
        assert_eq!(self.out, "", "no data is printed");
        assert!(self.told.contains("error: ") && !self.told.contains("panicked"), "{}", self.told);
        &self.told
    }
}

impl Program {
    pub fn new(aws: &str) -> Self {
        Self {
            aws: format!("http://{aws}"),
            folder: tempfile::tempdir().expect("a folder"),
            unset: Vec::new(),
        }
    }

    /// Without a variable of the environment.
    pub fn without(mut self, variables: &[&'static str]) -> Self {
        self.unset.extend(variables);
        self
    }

    pub fn find(&self, tags: &[&str]) -> Ran {
        self.run(&[&["find", "--repository", "farm"], tags].concat(), b"")
    }

    pub fn push(&self, tag: &str, archive: &[u8]) -> Ran {
        let cache = self.cache();
        let cache = cache.to_str().expect("a path");
        self.run(&["push", "--repository", "farm", "--tag", tag, "--cache", cache], archive)
    }

    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_images"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL", &self.aws)
            .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            // The most that it could be made to say.
            .env("RUST_LOG", "trace");
        for variable in &self.unset {
            command.env_remove(variable);
        }
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().expect("images starts");
        // Who fails early does not read.
        drop(child.stdin.take().expect("a pipe").write_all(input));
        let output = child.wait_with_output().expect("images ends");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let (out, told) = (text(output.stdout), text(output.stderr));
        let secret = STANDARD.encode(format!("AWS:{PASSWORD}"));
        for text in [&out, &told] {
            assert!(!text.contains(PASSWORD) && !text.contains(&secret), "the password is shown: {text}");
        }
        Ran { good: output.status.success(), out, told }
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("layers")
    }

    /// What the cache holds, by name. What a run needed for itself must be gone.
    pub fn kept(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.cache()).expect("a folder");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        assert!(paths.iter().all(|path| path.is_file()), "{paths:?}");
        paths
    }
}
