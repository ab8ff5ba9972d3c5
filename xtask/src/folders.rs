//! Where things lie: the built programs, and what is fetched once and kept.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::output::Advice;

/// The folder that cargo put this program into, and puts the others into.
pub fn programs() -> Result<PathBuf> {
    let me = std::env::current_exe().context("this program's own path is not known")?;
    me.parent().map(Path::to_owned).context("this program lies in no folder")
}

/// The root of the repository.
pub fn workspace() -> &'static Path {
    let me = Path::new(env!("CARGO_MANIFEST_DIR"));
    me.parent().unwrap_or(me)
}

/// Where cargo builds to.
pub fn target() -> Result<PathBuf> {
    let programs = programs()?;
    Ok(programs.parent().unwrap_or(&programs).to_owned())
}

/// Where the demo is made: beside the built programs, so that `cargo clean` clears it away.
pub fn demo() -> Result<PathBuf> {
    Ok(target()?.join("demo"))
}

/// What is fetched from the network and serves every checkout.
pub fn cache() -> Result<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache"))).ok_or_else(|| {
        Advice::error(
            "There is no folder to keep Blender in.",
            "Set HOME, or XDG_CACHE_HOME, to a folder that you may write to.",
        )
    })?;
    Ok(base.join("blender-render-farm"))
}

/// A short name for these contents: equal contents, equal name.
pub fn name_of<'a>(contents: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in contents {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
