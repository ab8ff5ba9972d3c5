//! The trimmed Blender of the image makes the same pictures as the untouched one: a scene for each
//! feature, bit for bit.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use farm_testing::tool;
use serde_json::Value;

use crate::machine::{docker_command, told};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../render-task/tests/corpus");
const IMAGE: &str = "farm-test-corpus:4.5";

/// What each scene came to.
fn pictures(folder: &Path) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(folder.join("pictures.json")).unwrap();
    let told: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(told["pictures"].clone()).unwrap()
}

#[test]
fn the_image_renders_every_feature_as_the_untouched_blender_does() {
    let Some(docker) = tool("FARM_TEST_CONTAINERS") else { return };
    let blender = tool("FARM_TEST_BLENDER").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [corpus, untouched, trimmed] =
        ["corpus", "untouched", "trimmed"].map(|name| folder.path().join(name));
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
    };
    run(Command::new(&blender).arg("-I").arg(Path::new(SCRIPTS).join("scenes.py")).arg(&corpus));
    let render = Path::new(SCRIPTS).join("render.py");
    run(Command::new(&blender).arg("-I").arg(&render).arg(&corpus).arg(&untouched));

    crate::build_image(&docker, IMAGE);
    std::fs::create_dir(&trimmed).unwrap();
    // Whoever runs in the container has no name on this machine. Cycles writes beside a script of its.
    let all = |path: &Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    all(&trimmed);
    for entry in walkdir::WalkDir::new(&corpus) {
        let entry = entry.unwrap();
        if entry.file_type().is_dir() {
            all(entry.path());
        }
    }
    let mount = |from: &Path, to: &str| format!("{}:{to}", from.display());
    // Where it was saved: a scene may name a file by its whole path.
    let place = corpus.to_str().unwrap();
    let mut container = docker_command(&docker, &["run", "--rm", "--read-only", "--cap-drop", "ALL"]);
    container
        .args(["--security-opt", "no-new-privileges", "--network", "none", "--entrypoint"])
        .args(["/opt/blender/bin/python", "--volume", &mount(&corpus, place)])
        .args(["--volume", &mount(&trimmed, "/pictures"), "--volume", &mount(&render, "/render.py:ro")])
        .args([IMAGE, "-I", "/render.py", place, "/pictures"]);
    run(&mut container);

    let (untouched, trimmed) = (pictures(&untouched), pictures(&trimmed));
    assert!(untouched.len() >= 100, "a corpus of {}", untouched.len());
    let mut different = Vec::new();
    for (name, picture) in &untouched {
        assert!(picture.get("error").is_none(), "{name}: {picture}");
        if trimmed.get(name).map(|other| &other["pixels"]) != Some(&picture["pixels"]) {
            different.push(format!("{name}: {picture} / {:?}", trimmed.get(name)));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
