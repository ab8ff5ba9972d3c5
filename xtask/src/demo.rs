//! The demo scene, made by the same Blender that renders it.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::blender::{Blender, Need, script};
use crate::folders;
use crate::output::{self, Advice};

/// The frames of the demo, which loop.
pub const FRAMES: &str = "1-24";

const SCRIPT: &str = include_str!("../../demo/make_demo.py");

/// What the script uses of Blender came with 4.2.
pub fn need() -> Need {
    Need::at_least(blend_file::Version { major: 4, minor: 2 }, "the demo needs Blender 4.2")
}

/// The demo's file, made where it does not lie there yet: the same bytes each time, so that a
/// second run finds the frames of the first.
pub fn make(blender: &Blender) -> Result<PathBuf> {
    let made_by = blender.version.to_string();
    let folder = folders::demo()?.join(format!("demo-{}", folders::name_of([SCRIPT, &made_by])));
    let file = folder.join("demo.blend");
    if file.exists() {
        return Ok(file);
    }
    output::step("Making the demo scene");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // Under the process's own name until it is whole: another run may be making it as well.
    let me = std::process::id();
    let program = folder.join(format!("make-{me}.py"));
    let half = folder.join(format!("half-{me}.blend"));
    fs::write(&program, SCRIPT).with_context(|| format!("cannot write {}", program.display()))?;
    let outcome = script(&blender.path, &program)
        .arg(&half)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", blender.path.display()))?;
    fs::remove_file(&program).with_context(|| format!("cannot remove {}", program.display()))?;
    if !outcome.status.success() || !half.exists() {
        let said = String::from_utf8_lossy(&outcome.stderr);
        return Err(Advice::error(
            format!("{} did not make the demo scene: {}", blender.path.display(), said.trim()),
            "Give a .blend of your own, or another Blender with --blender.",
        ));
    }
    fs::rename(&half, &file).with_context(|| format!("cannot name {}", file.display()))?;
    Ok(file)
}
