//! The folder `generated/`: seeing that it is what the schemas say, or making it so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Whether to write, or only to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Makes the folder what it should be.
    Write,
    /// Fails where it is not.
    Check,
}

/// Holds the folder to these files, and returns what was not as it should be. Files that do not
/// belong there go.
///
/// # Errors
/// A file cannot be read or written; or with [`Mode::Check`], something is stale.
pub fn write_or_check(folder: &Path, files: &BTreeMap<PathBuf, String>, mode: Mode) -> Result<Vec<PathBuf>> {
    let present = present(folder)?;
    let strays = present.iter().filter(|path| !files.contains_key(*path));
    let stale = files
        .iter()
        .filter(|(path, text)| fs::read_to_string(folder.join(path)).map_or(true, |found| found != **text));
    let wrong: BTreeSet<PathBuf> = strays.cloned().chain(stale.map(|(path, _)| path.clone())).collect();
    if wrong.is_empty() {
        return Ok(Vec::new());
    }
    if mode == Mode::Check {
        let wrong: Vec<String> = wrong.iter().map(|path| path.display().to_string()).collect();
        bail!("{} is not what the schemas say: {}", folder.display(), wrong.join(", "));
    }
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    for (path, text) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(wrong.into_iter().collect())
}

fn present(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut open = if folder.exists() { vec![folder.to_owned()] } else { Vec::new() };
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("cannot read {}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap_or(&path).to_owned());
            }
        }
    }
    Ok(found)
}
