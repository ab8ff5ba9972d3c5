//! The Blender Foundation's own Blenders, as Python packages from PyPI.

use std::path::PathBuf;

use anyhow::Result;
use blend_file::Version;

use super::{Blender, Need, check};
use crate::kept::Contents;
use crate::output::Advice;
use crate::python;
use crate::venv::Packages;

/// A Blender that the farm fetches where a machine has none.
#[derive(Debug)]
pub struct Wheel {
    /// Its version in full.
    pub blender: &'static str,
    /// The same, as files know it.
    pub version: Version,
    /// Its packages, with their hashes.
    requirements: &'static str,
    size: &'static str,
}

/// All of them, the oldest first. The first is the one that renders where nothing is asked of it.
pub const WHEELS: [Wheel; 2] = [
    Wheel {
        blender: "4.5.15",
        version: Version { major: 4, minor: 5 },
        requirements: include_str!("../../bpy-4.5-requirements.txt"),
        size: "391 MB from PyPI, 900 MB on disk",
    },
    Wheel {
        blender: "5.0.1",
        version: Version { major: 5, minor: 0 },
        requirements: include_str!("../../bpy-5.0-requirements.txt"),
        size: "400 MB from PyPI, 950 MB on disk",
    },
];

impl Wheel {
    /// The one of this version in full.
    pub fn named(blender: &str) -> Option<&'static Self> {
        WHEELS.iter().find(|wheel| wheel.blender == blender)
    }

    /// Whether it lies on this machine already.
    ///
    /// # Errors
    /// The folder where it would lie cannot be told.
    pub fn is_installed(&self) -> Result<bool> {
        self.packages(&self.folder(), &self.what()).is_made()
    }

    /// It, fetched where this machine does not have it yet.
    ///
    /// # Errors
    /// It cannot be had here.
    pub fn installed(&self) -> Result<Blender> {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            return Err(Advice::error(
                "There is no Blender on PATH that works, and the farm fetches one only for Linux on x86_64.",
                "Install Blender and give it with --blender PATH.",
            ));
        }
        Ok(Blender { path: self.python()?, version: self.version })
    }

    fn python(&self) -> Result<PathBuf> {
        self.packages(&self.folder(), &self.what()).ensure()
    }

    fn folder(&self) -> String {
        format!("bpy-{}", self.blender)
    }

    fn what(&self) -> String {
        format!("Blender {}, the Blender Foundation's own (bpy)", self.blender)
    }

    fn packages<'a>(&self, name: &'a str, what: &'a str) -> Packages<'a> {
        Packages {
            contents: Contents { name, what, size: self.size },
            python: python::Version { minor: 11 },
            or_else: Some("give a Blender of your own with --blender PATH"),
            requirements: self.requirements,
            sources: None,
            check: |python| check(python, &Need::any()).map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pinned_version_is_one_everywhere_and_the_oldest_comes_first() {
        for wheel in &WHEELS {
            assert_eq!(wheel.blender.parse(), Ok(wheel.version));
            let pinned = format!("\nbpy=={} ", wheel.blender);
            assert!(wheel.requirements.contains(&pinned), "{}", wheel.requirements);
        }
        assert!(WHEELS.is_sorted_by(|one, other| one.version < other.version));
    }
}
