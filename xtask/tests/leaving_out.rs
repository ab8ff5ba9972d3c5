//! `cargo xtask test` on a machine that lacks what some tests need: the real program, with a
//! Python and a cargo of our own making on PATH.
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

/// Makes virtual environments whose Python is itself, has all packages, and passes for a Blender
/// that renders. It is no 3.13.
const PYTHON: &str = r#"
case "$*" in
    *"(3, 13)"*) exit 1 ;;
    "-m venv "*) /bin/mkdir -p "$3/bin" && /bin/cp "$0" "$3/bin/python" ;;
    *self_check.py*)
        for folder in "$@"; do :; done
        printf 4.5 > "$folder/version.txt"
        printf '\211PNG\r\n\032\n\0\0\0\015IHDR\0\0\0\040\0\0\0\022rest\0\0\0\0IEND\256B`\202' > "$folder/frame.png" ;;
esac"#;

/// Says what the tests get.
const CARGO: &str = r#"echo "cargo $1" >&2
[ "$1" = build ] || /usr/bin/env | /bin/grep ^FARM_TEST_ >&2
exit 0"#;

/// A program that is still being written cannot be started, and a child that is just being started
/// holds the files of all: so one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn xtask(arguments: &[&str]) -> Output {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let machine = TempDir::new().unwrap();
    let bin = machine.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for (name, body) in [("python3", PYTHON), ("cargo", CARGO)] {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("test")
        .args(arguments)
        .env("PATH", &bin)
        .env("CARGO", bin.join("cargo"))
        .env("XDG_CACHE_HOME", machine.path().join("cache"))
        .env("HOME", machine.path())
        .env_remove("PYENV_ROOT")
        .env_remove("CXX")
        // Of another project, or of an older version.
        .env("FARM_TEST_LOCALSTACK", "/elsewhere/python")
        .output()
        .unwrap()
}

#[test]
fn what_is_left_out_is_said_before_and_after_the_tests() {
    let output = xtask(&[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let (before, rest) = said.split_once("cargo test\n").unwrap_or_else(|| panic!("no tests ran: {said}"));
    for part in [before, rest] {
        assert!(part.contains("==> Left out on this machine\n"), "{said}");
        assert!(part.contains("deploy the stack to LocalStack: it needs Python 3.13"), "{said}");
        assert!(part.contains("simulate IAM: the simulator needs Node 18"), "{said}");
        assert!(part.contains("film and contact sheet: ffmpeg and ffprobe"), "{said}");
        assert!(part.contains("the page in a browser: Chromium"), "{said}");
        assert!(part.contains("bytes of strangers: libFuzzer needs a C++ compiler"), "{said}");
    }
    assert!(said.contains("FARM_TEST_PYTHON=") && said.contains("FARM_TEST_CHECKOV="), "{said}");
    assert!(!said.contains("FARM_TEST_LOCALSTACK=") && !said.contains("FARM_TEST_IAM_SIMULATOR="), "{said}");
    let left_out = "FARM_TEST_LOCALSTACK,FARM_TEST_IAM_SIMULATOR,FARM_TEST_FFMPEG,FARM_TEST_CHROMIUM,FARM_TEST_FUZZING,\
                    FARM_TEST_CONTAINERS,FARM_TEST_PODMAN,FARM_TEST_REGISTRY";
    assert!(said.contains(&format!("FARM_TEST_LEFT_OUT={left_out}\n")), "{said}");
}

#[test]
fn where_nothing_may_be_left_out_nothing_is_begun() {
    let output = xtask(&["--none-left-out"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: Not every test can run on this machine."), "{said}");
    assert!(
        said.contains("Python 3.13")
            && said.contains("Node 18")
            && said.contains("C++")
            && said.contains("hint: "),
        "{said}"
    );
    assert!(!said.contains("cargo "), "{said}");
}
