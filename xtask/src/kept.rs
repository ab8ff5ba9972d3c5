//! Folders of what is fetched once and kept: made whole or not at all.
//!
//! A folder is never changed once it is whole: it is named after its contents. Two runs at once
//! wait for each other; what an interrupted run left is made anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::folders;
use crate::output::{self, Advice};

/// Written last: a folder without it is not whole.
const MARKER: &str = "complete";

/// What lies in the folder, for its name and for a person.
pub struct Contents<'a> {
    /// Name of the folder, to which the contents' hash is added.
    pub name: &'a str,
    /// What this is, for a person.
    pub what: &'a str,
    /// How much is fetched and stored, and from where, for a person.
    pub size: &'a str,
}

/// The folder for what these files pin.
pub fn folder<'a>(name: &str, pins: impl IntoIterator<Item = &'a str>) -> Result<PathBuf> {
    Ok(folders::cache()?.join(format!("{name}-{}", folders::name_of(pins))))
}

/// Whether it is there and whole.
pub fn is_whole(folder: &Path) -> bool {
    folder.join(MARKER).exists()
}

/// Makes the folder where it is not whole. `make` gets the path of a folder that is not there.
pub fn ensure(folder: &Path, contents: &Contents<'_>, make: impl FnOnce() -> Result<()>) -> Result<()> {
    if is_whole(folder) {
        return Ok(());
    }
    let cache = folders::cache()?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let _lock = lock(&folder.with_added_extension("lock"), "Another run is installing the same")?;
    if is_whole(folder) {
        return Ok(());
    }
    output::step(format_args!("Fetching {}: {}, into {}", contents.what, contents.size, folder.display()));
    if folder.exists() {
        output::note("An earlier run was interrupted; its folder is made anew.");
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    make()?;
    let marker = folder.join(MARKER);
    fs::write(&marker, contents.what).with_context(|| format!("cannot write {}", marker.display()))
}

/// Holds other runs off until it is dropped, or this process ends in whatever way. Where there is one,
/// `told` says so to a person who waits.
///
/// # Errors
/// The file cannot be written or locked.
pub fn lock(path: &Path, told: &str) -> Result<fs::File> {
    let shown = path.display();
    let file = fs::File::create(path).with_context(|| format!("cannot write {shown}"))?;
    if file.try_lock().is_err() {
        output::note(format_args!("{told}; waiting for it."));
        file.lock().with_context(|| format!("cannot lock {shown}"))?;
    }
    Ok(file)
}

/// Runs a step of the making, with its own words and progress on stderr.
pub fn run(command: &mut Command, what: &str) -> Result<()> {
    let program = command.get_program().display().to_string();
    let status =
        command.stdout(std::io::stderr()).status().with_context(|| format!("cannot run {program}"))?;
    if status.success() {
        return Ok(());
    }
    Err(Advice::error(
        format!("{what} could not be installed ({program}: {status})."),
        "What it says above names the reason. Mend it (network, space on the disk) and run this again; what is \
         whole is kept.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_named_after_all_that_is_pinned() {
        let name = |pins: &[&str]| folder("tools", pins.iter().copied()).unwrap();
        assert_eq!(name(&["a==1"]), name(&["a==1"]));
        assert_ne!(name(&["a==1"]), name(&["a==2"]));
        assert_ne!(name(&["a==1"]), name(&["a==1", "b==1"]));
    }
}
