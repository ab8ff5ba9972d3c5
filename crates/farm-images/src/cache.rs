//! The folder that keeps compressed layers, so that each is compressed once.
//!
//! A file's name says which layer it is, how it was compressed and what its content must be:
//! `DIFF_ID.zstd-LEVEL.DIGEST`. A file that is something else is made anew. When a file was changed says
//! when it was wanted last; what nobody wants any more goes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::archive::Layer;
use crate::compress::{LEVEL, compress};
use crate::digest::{Digest, Fault, Hasher, copy};
use crate::error::ImagesError;

/// A layer that no push wanted for so long is made anew should one want it again.
const KEPT: Duration = Duration::from_secs(60 * 24 * 60 * 60);
/// What stands in the name of every layer's file.
const ZSTD: &str = ".zstd-";
/// How folders of a run begin.
const SPOOL: &str = "spool-";
/// After this time nobody works in such a folder any more.
const LEFT: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// A compressed layer.
#[derive(Debug, Clone)]
pub struct Packed {
    pub path: PathBuf,
    pub digest: Digest,
    pub size: u64,
}

/// What happens while a layer is being packed.
pub enum Packing {
    Damaged,
    Done(u64),
}

impl Cache {
    /// Makes the folder where there is none.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(folder: &Path) -> Result<Self, ImagesError> {
        fs::create_dir_all(folder).map_err(|error| ImagesError::file("make the folder", folder, error))?;
        let cache = Self { folder: folder.to_owned() };
        cache.sweep();
        Ok(cache)
    }

    /// A folder for one run. It is on the same disk, so that what it holds can be moved over.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn spool(&self) -> Result<TempDir, ImagesError> {
        let made = tempfile::Builder::new().prefix(SPOOL).tempdir_in(&self.folder);
        made.map_err(|error| ImagesError::file("make a folder in", &self.folder, error))
    }

    /// What a run left that was killed, and layers that were not wanted for long.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let changed = entry.metadata().and_then(|data| data.modified()).ok();
            let older = |than| changed.and_then(|time| time.elapsed().ok()).is_some_and(|age| age > than);
            // One that cannot be removed is no reason to stop.
            if name.starts_with(SPOOL) && older(LEFT) {
                drop(fs::remove_dir_all(entry.path()));
            } else if name.contains(ZSTD) && older(KEPT) {
                drop(fs::remove_file(entry.path()));
            }
        }
    }

    /// A layer as it goes to the registry: kept from earlier, or compressed now by way of `spool`.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn pack(
        &self,
        layer: &Layer,
        spool: &Path,
        mut told: impl FnMut(Packing),
    ) -> Result<Packed, ImagesError> {
        let beginning = format!("{}{ZSTD}{LEVEL}.", layer.diff_id.hex());
        let entries = fs::read_dir(&self.folder);
        let entries = entries.map_err(|error| ImagesError::file("read", &self.folder, error))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(wanted) = name.to_str().and_then(|name| name.strip_prefix(&beginning)) else {
                continue;
            };
            let path = entry.path();
            let (digest, size) = content(&path).map_err(|error| ImagesError::file("read", &path, error))?;
            if digest.hex() == wanted {
                // Where it cannot be marked, it goes earlier than it had to.
                drop(File::open(&path).and_then(|file| file.set_modified(SystemTime::now())));
                return Ok(Packed { path, digest, size });
            }
            told(Packing::Damaged);
            fs::remove_file(&path).map_err(|error| ImagesError::file("remove", &path, error))?;
        }

        let made = spool.join(layer.diff_id.hex());
        let compressed = compress(layer, &made, |done| told(Packing::Done(done)));
        let (digest, size) = compressed.map_err(|error| ImagesError::file("write", &made, error))?;
        let path = self.folder.join(format!("{beginning}{}", digest.hex()));
        fs::rename(&made, &path).map_err(|error| ImagesError::file("write", &path, error))?;
        Ok(Packed { path, digest, size })
    }
}

fn content(path: &Path) -> io::Result<(Digest, u64)> {
    let mut hasher = Hasher::default();
    copy(File::open(path)?, io::sink(), |bytes| hasher.add(bytes)).map_err(|fault| match fault {
        Fault::Reading(error) | Fault::Writing(error) => error,
    })?;
    let size = hasher.size();
    Ok((hasher.finish(), size))
}
