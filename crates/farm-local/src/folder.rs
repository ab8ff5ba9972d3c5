//! The folder that a farm works in: one farm at a time, and nothing in it that is somebody else's.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// What a farm makes before all else, and holds as long as it works here.
const LOCK: &str = "lock";
const BUCKET: &str = "bucket";
const LOGS: &str = "logs";
const SCRATCH: &str = "scratch";

/// A farm's folder, which no other farm works in.
#[derive(Debug)]
pub struct Folder {
    /// What S3 keeps.
    pub bucket: PathBuf,
    /// What programs and tasks write.
    pub logs: PathBuf,
    /// Where tasks work; empty at first.
    pub scratch: PathBuf,
    // The system lets go of it with the process.
    _lock: File,
}

/// Why a farm cannot work in a folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system refuses something.
    #[error("cannot use {folder}")]
    Refused {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another farm works there.
    #[error("another farm is running in {0}; wait for it, or give another --out")]
    InUse(PathBuf),
    /// There is something else in it, by this name.
    #[error("{0} has a `{1}` in it that no farm made, and a farm would write there; give another --out")]
    NotAFarms(PathBuf, &'static str),
}

impl Folder {
    /// Takes a folder, which is made where it is not there.
    ///
    /// # Errors
    /// It is in use, holds what is somebody else's, or cannot be used.
    pub fn open(folder: &Path) -> Result<Self, FolderError> {
        let failed = |source| FolderError::Refused { folder: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let lock = folder.join(LOCK);
        let others = [BUCKET, LOGS, SCRATCH].into_iter().find(|name| folder.join(name).exists());
        if let (false, Some(name)) = (lock.exists(), others) {
            return Err(FolderError::NotAFarms(folder.to_owned(), name));
        }
        let lock = File::options().create(true).truncate(false).write(true).open(lock).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let scratch = folder.join(SCRATCH);
        // Nobody else works here: what lies in scratch was left by tasks that were killed.
        if scratch.exists() {
            std::fs::remove_dir_all(&scratch).map_err(failed)?;
        }
        Ok(Self {
            bucket: made(folder.join(BUCKET))?,
            logs: made(folder.join(LOGS))?,
            scratch: made(scratch)?,
            _lock: lock,
        })
    }
}

/// A folder that is there.
///
/// # Errors
/// It cannot be made.
pub fn made(folder: PathBuf) -> Result<PathBuf, FolderError> {
    match std::fs::create_dir_all(&folder) {
        Ok(()) => Ok(folder),
        Err(source) => Err(FolderError::Refused { folder, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_carries_one_farm() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = Folder::open(folder.path()).expect("free");
        assert!(matches!(Folder::open(folder.path()), Err(FolderError::InUse(_))));
        let left = held.scratch.join("left");
        std::fs::write(&left, "by a task that was killed").expect("written");
        drop(held);
        let again = Folder::open(folder.path()).expect("free again");
        assert!(!left.exists() && again.scratch.is_dir());
    }

    #[test]
    fn what_somebody_keeps_in_a_folder_is_not_taken_for_a_farms() {
        let home = tempfile::tempdir().expect("a folder");
        let thesis = home.path().join(SCRATCH).join("thesis.txt");
        std::fs::create_dir_all(home.path().join(SCRATCH)).expect("made");
        std::fs::write(&thesis, "years").expect("written");
        assert!(matches!(Folder::open(home.path()), Err(FolderError::NotAFarms(_, SCRATCH))));
        assert!(thesis.exists());
    }
}
