//! `cargo xtask deploy` with what cannot be: refused in words, before anything is built or written.
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::process::Command;

#[test]
fn what_cannot_be_is_refused_before_anything_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("farm.toml");
    let refused = |arguments: &[&str], words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["deploy", "--file", file.to_str().unwrap()])
            .args(arguments)
            // Nobody could build here.
            .env_clear()
            .env("CARGO", "/nowhere/cargo")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{told}");
        for word in words {
            assert!(told.contains(word), "`{word}` is not in: {told}");
        }
        assert!(!told.contains("Building"), "{told}");
    };
    refused(
        &["--blender", "3.6"],
        &["error: There is no Blender 3.6 to build an image of.", "hint: Known are 5.2, ", ", 4.1;"],
    );
    refused(&["--spot", "sometimes"], &["invalid value 'sometimes'", "first, only, never"]);
    refused(&["--max-vcpus", "0"], &["0 is not in 1..=100000"]);
    refused(&["--set", "FrameSeconds"], &["error: `FrameSeconds` cannot be read.", "--set NAME=VALUE"]);
    assert!(!file.exists(), "nothing is written");
    std::fs::write(&file, "stak = \"x\"\n").unwrap();
    refused(&[], &["has a `stak`, which is nothing of a farm's", "hint: Known are stack, account, region"]);
}
