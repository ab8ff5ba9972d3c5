//! The programs of others that the tests ask: each pinned, fetched once, and handed to the tests
//! in an environment variable.
//!
//! Some of them need what not every machine has. The tests that need those are then left out, and
//! the person is told so: see [`Tools::left_out`].

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::kept::Contents;
use crate::python::{self, Version};
use crate::venv::Packages;
use crate::{debian, fuzz, npm};

const PYTHON: Version = Version { minor: 11 };
const LOCALSTACK_PYTHON: Version = Version { minor: 13 };

/// The variables in which the tests find them.
pub const VARIABLES: [&str; 7] = [
    "FARM_TEST_PYTHON",
    "FARM_TEST_CHECKOV",
    "FARM_TEST_LOCALSTACK",
    "FARM_TEST_IAM_SIMULATOR",
    "FARM_TEST_FFMPEG",
    "FARM_TEST_CHROMIUM",
    "FARM_TEST_BROWSER",
];

/// The variable in which the tests find the names of those of [`VARIABLES`] that this machine cannot
/// have. A test whose tool is in neither was not started by this command, and says so.
pub const LEFT_OUT: &str = "FARM_TEST_LEFT_OUT";

/// What the tests get, and what they do not.
pub struct Tools {
    /// Of [`VARIABLES`], those whose tool is there, with the path to it.
    pub environment: Vec<(&'static str, PathBuf)>,
    /// Of [`VARIABLES`], those whose tool cannot be had here, with a sentence: which tests go without
    /// it, and why.
    pub left_out: Vec<(&'static str, String)>,
}

impl Tools {
    /// The sentences of what is left out.
    pub fn left_out_words(&self) -> Vec<&str> {
        self.left_out.iter().map(|(_, words)| words.as_str()).collect()
    }

    /// Leaves the tests with containers out, which are run where they are asked for.
    pub fn leave_out_containers(&mut self) {
        let why = "The tests that build the images and run them: --containers runs them too.";
        self.left_out.push(("FARM_TEST_CONTAINERS", why.to_owned()));
        let why = "The test that deploys with Podman: --containers runs it too.";
        self.left_out.push(("FARM_TEST_PODMAN", why.to_owned()));
        let why = "The tests that push to a registry of images: --containers runs them too.";
        self.left_out.push(("FARM_TEST_REGISTRY", why.to_owned()));
    }

    /// The value of [`LEFT_OUT`].
    pub fn left_out_names(&self) -> String {
        self.left_out.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",")
    }
}

/// Finds or fetches all of them. Debian's packages are installed only where the person `installs` such.
///
/// # Errors
/// One that this machine could have cannot be installed.
pub fn ensure(installs: bool) -> Result<Tools> {
    let mut tools = Tools { environment: Vec::new(), left_out: Vec::new() };
    tools.environment.push(("FARM_TEST_PYTHON", second_opinions().ensure()?));
    tools.environment.push(("FARM_TEST_CHECKOV", checkov().ensure()?));

    let localstack = localstack();
    if localstack.is_made()? || python::find(LOCALSTACK_PYTHON).is_some() {
        tools.environment.push(("FARM_TEST_LOCALSTACK", localstack.ensure()?));
    } else {
        let why = format!(
            "The tests that deploy the stack to LocalStack: it needs Python {LOCALSTACK_PYTHON}, which is neither \
             on PATH nor kept by pyenv or uv."
        );
        tools.left_out.push(("FARM_TEST_LOCALSTACK", why));
    }
    if npm::is_there() {
        tools.environment.push(("FARM_TEST_IAM_SIMULATOR", iam_simulator().ensure()?));
    } else {
        let why = "The tests that simulate IAM: the simulator needs Node 18 or newer with npm, which are not both on \
                   PATH.";
        tools.left_out.push(("FARM_TEST_IAM_SIMULATOR", why.to_owned()));
    }
    if installs {
        debian::install("ffmpeg")?;
    }
    match debian::on_path("ffmpeg").filter(|ffmpeg| ffmpeg.with_file_name("ffprobe").is_file()) {
        Some(ffmpeg) => tools.environment.push(("FARM_TEST_FFMPEG", ffmpeg)),
        None => {
            let why = "The tests of film and contact sheet: ffmpeg and ffprobe (Debian's package ffmpeg) are not both \
                       on PATH.";
            tools.left_out.push(("FARM_TEST_FFMPEG", why.to_owned()));
        }
    }
    if installs {
        debian::install("chromium")?;
    }
    match debian::on_path("chromium").filter(|_| npm::is_there()) {
        Some(chromium) => {
            tools.environment.push(("FARM_TEST_CHROMIUM", chromium));
            tools.environment.push(("FARM_TEST_BROWSER", browser().ensure()?));
        }
        None => {
            let why = "The tests of the page in a browser: Chromium (Debian's package chromium) and Node 18 or newer with \
                       npm are not both on PATH.";
            tools.left_out.push(("FARM_TEST_CHROMIUM", why.to_owned()));
        }
    }
    if !fuzz::is_possible() {
        let why = "The fuzzing of what reads the bytes of strangers: libFuzzer needs a C++ compiler, which is \
                   neither on PATH nor named in CXX.";
        tools.left_out.push(("FARM_TEST_FUZZING", why.to_owned()));
    }
    Ok(tools)
}

pub fn second_opinions() -> Packages<'static> {
    Packages {
        contents: Contents {
            name: "tools",
            what: "what the tests ask for a second opinion (awscli, boto3, cfn-lint, moto, parliament)",
            size: "about 75 MB from PyPI, 490 MB on disk",
        },
        python: PYTHON,
        or_else: None,
        requirements: include_str!("../tools-requirements.txt"),
        sources: None,
        check: |python| imports(python, "awscli.clidriver, boto3, cfnlint, moto.server, parliament"),
    }
}

fn checkov() -> Packages<'static> {
    Packages {
        contents: Contents {
            name: "checkov",
            what: "who looks over the template for what is unsafe (checkov)",
            size: "about 56 MB from PyPI, 290 MB on disk",
        },
        python: PYTHON,
        or_else: None,
        requirements: include_str!("../checkov-requirements.txt"),
        sources: None,
        check: |python| imports(python, "checkov.main"),
    }
}

fn localstack() -> Packages<'static> {
    Packages {
        contents: Contents {
            name: "localstack",
            what: "the CloudFormation engine that the stack is deployed to in tests (LocalStack)",
            size: "about 110 MB from PyPI, 500 MB on disk",
        },
        python: LOCALSTACK_PYTHON,
        or_else: None,
        requirements: include_str!("../localstack-requirements.txt"),
        sources: Some(include_str!("../localstack-sources.txt")),
        check: |python| imports(python, "localstack.aws.components, localstack.runtime.main"),
    }
}

/// What drives a browser through the page of `farm watch --web`.
pub fn browser() -> npm::Package<'static> {
    npm::Package {
        contents: Contents {
            name: "browser",
            what: "what drives a browser through pages (puppeteer-core)",
            size: "about 12 MB from npm's registry, 57 MB on disk",
        },
        manifest: include_str!("../browser/package.json"),
        lock: include_str!("../browser/package-lock.json"),
    }
}

fn iam_simulator() -> npm::Package<'static> {
    npm::Package {
        contents: Contents {
            name: "iam-simulator",
            what: "an evaluator of IAM policies (iam-simulate)",
            size: "about 1 MB from npm's registry, 20 MB on disk",
        },
        manifest: include_str!("../iam-simulator/package.json"),
        lock: include_str!("../iam-simulator/package-lock.json"),
    }
}

fn imports(python: &Path, modules: &str) -> Result<(), String> {
    let tried = Command::new(python).args(["-c", &format!("import {modules}")]).output();
    match tried {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("its Python does not start ({error})")),
    }
}
