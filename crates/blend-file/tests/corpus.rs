//! What the reader says of files against what Blender's own API says of them, field by field.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use blend_file::{FileSource, Limits, read_facts};
use farm_testing::tool;
use serde_json::Value;

#[test]
fn blender_says_the_same() {
    compare("FARM_TEST_BLENDER");
}

#[test]
fn a_newer_blender_says_the_same() {
    compare("FARM_TEST_BLENDER_NEWER");
}

/// The Python of a Blender makes the corpus, and is asked.
fn compare(variable: &str) {
    let Some(python) = tool(variable) else { return };
    let folder = tempfile::tempdir().unwrap();
    run(&python, "make.py", folder.path());
    let answers = run(&python, "ask.py", folder.path());
    let line = answers.lines().find_map(|line| line.strip_prefix("FACTS ")).unwrap();
    let answers: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
    assert!(answers.len() > 20, "{} files", answers.len());
    let mut differences = Vec::new();
    for (name, said) in &answers {
        let file = std::fs::File::open(folder.path().join(name)).unwrap();
        let facts = read_facts(&mut FileSource::new(file).unwrap(), &Limits::default()).unwrap();
        let mut read = serde_json::to_value(&facts).unwrap();
        let mut said = said.clone();
        let packed = if name.contains("-zstd") { "zstd" } else { "none" };
        for (field, expected) in [
            ("compression", packed.into()),
            ("pointer_size", 8.into()),
            ("byte_order", Value::from("little")),
        ] {
            said[field] = expected;
        }
        // Blender's lists are sorted by name, the file's are not.
        for list in ["scenes", "files", "drivers", "simulations", "linked", "scripts"] {
            sort(&mut read[list]);
            sort(&mut said[list]);
        }
        different(&format!("{name}: "), &read, &said, &mut differences);
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

/// What a script prints. A Blender that hangs does not hang the tests.
fn run(python: &Path, script: &str, folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(script);
    let said = tempfile::NamedTempFile::new().unwrap();
    let mut blender = Command::new(python)
        .arg("-B")
        .arg(script)
        .arg(folder)
        .stdout(said.reopen().unwrap())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = blender.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > Duration::from_secs(180) {
            blender.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let said = String::from_utf8_lossy(&std::fs::read(said.path()).unwrap()).into_owned();
    assert!(status.success(), "{status}\n{said}");
    said
}

fn sort(list: &mut Value) {
    list.as_array_mut().unwrap().sort_by_key(Value::to_string);
}

/// Adds every difference with the path to it.
fn different(path: &str, read: &Value, said: &Value, found: &mut Vec<String>) {
    match (read, said) {
        (Value::Object(read), Value::Object(said)) => {
            for name in read.keys().chain(said.keys().filter(|name| !read.contains_key(*name))) {
                let nothing = Value::from("(not told)");
                let path = format!("{path}.{name}");
                different(
                    &path,
                    read.get(name).unwrap_or(&nothing),
                    said.get(name).unwrap_or(&nothing),
                    found,
                );
            }
        }
        (Value::Array(read), Value::Array(said)) if read.len() == said.len() => {
            for (at, (read, said)) in read.iter().zip(said).enumerate() {
                different(&format!("{path}[{at}]"), read, said, found);
            }
        }
        // Single precision in the file, double in Python.
        (Value::Number(a), Value::Number(b)) if a.as_f64().unwrap() as f32 == b.as_f64().unwrap() as f32 => {}
        // Where it is not on Windows, Blender turns the strokes of Windows' paths when it opens a file.
        (Value::String(a), Value::String(b)) if path.ends_with("path") && a.replace('\\', "/") == *b => {}
        _ if read == said => {}
        _ => found.push(format!("{path}\n    read {read}\n    said {said}")),
    }
}
