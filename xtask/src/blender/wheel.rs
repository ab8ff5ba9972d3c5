//! The Blender Foundation's own Blender, as a Python package from PyPI.

use anyhow::Result;
use blend_file::Version;

use super::{Blender, Need, check};
use crate::kept::Contents;
use crate::output::Advice;
use crate::python;
use crate::venv::Packages;

/// The pinned version; its hashes stand in `bpy-requirements.txt`.
pub const BLENDER: &str = "4.5.15";
/// [`BLENDER`], as files know it.
const VERSION: Version = Version { major: 4, minor: 5 };

const REQUIREMENTS: &str = include_str!("../../bpy-requirements.txt");

/// Its version.
pub fn version() -> Version {
    VERSION
}

/// Whether the pinned Blender lies on this machine already.
pub fn is_installed() -> Result<bool> {
    packages(&format!("bpy-{BLENDER}"), &what()).is_made()
}

fn what() -> String {
    format!("Blender {BLENDER}, the Blender Foundation's own (bpy)")
}

fn packages<'a>(name: &'a str, what: &'a str) -> Packages<'a> {
    Packages {
        contents: Contents { name, what, size: "391 MB from PyPI, 900 MB on disk" },
        python: python::Version { minor: 11 },
        or_else: Some("give a Blender of your own with --blender PATH"),
        requirements: REQUIREMENTS,
        sources: None,
        check: |python| check(python, &Need::any()).map(drop),
    }
}

/// The pinned Blender, fetched where this machine does not have it yet.
pub fn installed() -> Result<Blender> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Advice::error(
            "There is no Blender on PATH that works, and the farm fetches one only for Linux on x86_64.",
            "Install Blender and give it with --blender PATH.",
        ));
    }
    let python = packages(&format!("bpy-{BLENDER}"), &what()).ensure()?;
    Ok(Blender { path: python, version: VERSION })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_version_is_one_everywhere() {
        assert_eq!(BLENDER.parse(), Ok(VERSION));
        assert!(REQUIREMENTS.contains(&format!("\nbpy=={BLENDER} ")), "{REQUIREMENTS}");
    }
}
