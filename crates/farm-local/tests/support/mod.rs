//! What the tests of the whole farm share: the programs as built, and the Blender that the
//! project's test command set up.

#![allow(dead_code, reason = "each test uses its own part")]
#![allow(clippy::expect_used, clippy::panic, reason = "a failing test panics")]

pub mod fake;
pub mod fargate;
pub mod farm;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Folder of the built programs, beside the running test.
pub fn programs() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it lies");
    test.parent().and_then(|deps| deps.parent()).expect("target/PROFILE/deps/test").to_owned()
}

/// One of the farm's programs.
pub fn program(name: &str) -> PathBuf {
    let path = programs().join(name);
    assert!(path.is_file(), "{} is not built; run the tests with `cargo xtask test`", path.display());
    path
}

/// The Blender that tests render with.
pub fn blender() -> PathBuf {
    let path = std::env::var_os("FARM_TEST_BLENDER").map(PathBuf::from);
    path.expect("FARM_TEST_BLENDER names no Blender; run the tests with `cargo xtask test`")
}

/// A Python that has the AWS CLI: a client that we did not write.
pub fn python() -> PathBuf {
    let path = std::env::var_os("FARM_TEST_PYTHON").map(PathBuf::from);
    path.expect("FARM_TEST_PYTHON names no Python; run the tests with `cargo xtask test`")
}

/// What a script makes with a Blender, in a folder that is its argument: made once, and kept beside the built
/// programs.
pub fn made_by(blender: &Path, script: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    let text = std::fs::read(&script).expect("the script");
    // Another script or another Blender makes something else.
    let mut hash = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(&(text, blender), &mut hash);
    let folder = programs().join(format!("test-scenes-{:016x}", std::hash::Hasher::finish(&hash)));
    std::fs::create_dir_all(&folder).expect("a folder");
    // Tests run in several processes: one makes the scenes, the others wait for it.
    let lock = std::fs::File::create(folder.join("lock")).expect("a lock");
    lock.lock().expect("locked");
    let made = folder.join("made");
    if !made.exists() {
        let output = Command::new(blender).arg(script).arg(&folder).output().expect("Blender starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::write(&made, "").expect("a mark");
    }
    folder
}

/// One of the tests' scenes, as `scenes.py` names them.
pub fn scene(name: &str) -> PathBuf {
    let scene = made_by(&blender(), "support/scenes.py").join(format!("{name}.blend"));
    assert!(scene.is_file(), "scenes.py makes no {name}.blend");
    scene
}
