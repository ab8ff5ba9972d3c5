//! Finding a Python of the version that something is built for, or `uv`, which can fetch one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A version of CPython, 3.x: packages with compiled parts are built for exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The x in 3.x.
    pub minor: u8,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "3.{}", self.minor)
    }
}

/// What makes the virtual environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interpreter {
    /// A Python of the wanted version that has `venv` and `pip`.
    Python(PathBuf),
    /// `uv` on PATH.
    Uv,
}

/// The first that is of this version: on PATH as `python3.x`, `python3` or `python`, then what
/// pyenv keeps; else `uv`.
pub fn find(version: Version) -> Option<Interpreter> {
    let on_path = [format!("python{version}"), "python3".to_owned(), "python".to_owned()];
    let mut all = on_path.into_iter().map(PathBuf::from).chain(pyenv().into_iter().flat_map(|root| {
        // Its shims on PATH answer for the version that is selected, which may be another.
        kept_by_pyenv(&root, version)
    }));
    if let Some(python) = all.find(|python| is(python, version)) {
        return Some(Interpreter::Python(python));
    }
    answers(Command::new("uv").arg("--version")).then_some(Interpreter::Uv)
}

/// Whether this program starts, is of the version, and can make virtual environments.
fn is(python: &Path, version: Version) -> bool {
    let minor = version.minor;
    let ask = format!("import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, {minor}))");
    answers(Command::new(python).args(["-c", &ask]))
}

fn pyenv() -> Option<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").filter(|root| !root.is_empty()).map(PathBuf::from);
    root.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")))
}

fn kept_by_pyenv(root: &Path, version: Version) -> Vec<PathBuf> {
    let start = format!("{version}.");
    let entries = std::fs::read_dir(root.join("versions")).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&start)))
        .map(|entry| entry.path().join("bin/python"))
        .collect();
    // Whichever it is: all are of the version. Sorted, so that it is the same one each time.
    found.sort();
    found
}

/// Whether a program starts and ends well.
pub fn answers(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pyenv_is_searched_for_the_version_and_no_other() {
        let root = tempfile::tempdir().unwrap();
        for name in ["3.13.0", "3.13.7", "3.1.3", "3.130.1", "pypy3.13-7", "3.13-dev"] {
            std::fs::create_dir_all(root.path().join("versions").join(name)).unwrap();
        }
        let found = kept_by_pyenv(root.path(), Version { minor: 13 });
        let expected: Vec<_> = ["3.13.0", "3.13.7"]
            .map(|name| root.path().join("versions").join(name).join("bin/python"))
            .into();
        assert_eq!(found, expected);
        assert_eq!(kept_by_pyenv(&root.path().join("none"), Version { minor: 13 }), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_program_of_another_version_is_none() {
        // The shape of a shim for a version that is not selected: it is there, and only complains.
        let folder = tempfile::tempdir().unwrap();
        let shim = folder.path().join("python3.13");
        std::fs::write(&shim, "#!/bin/sh\nexit 127\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&shim, mode).unwrap();
        assert!(!is(&shim, Version { minor: 13 }));
        assert!(!is(&folder.path().join("none"), Version { minor: 13 }));
    }
}
