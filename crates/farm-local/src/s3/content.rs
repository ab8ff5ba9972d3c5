//! Files that hold bytes: written and hashed in one pass, gone again unless kept.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};

use super::checksum::{Algorithm, Expected, Hasher};
use super::error::StoreError;
use super::space::Claim;

/// A file that is removed when this is dropped, unless [`keep`](Self::keep) was called.
pub(super) struct Pending {
    path: PathBuf,
    kept: bool,
    /// Open while its bytes are not yet brought to the disk.
    unsynced: Option<File>,
}

impl Pending {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, kept: false, unsynced: None }
    }

    /// Writes all of it, but not yet to the disk.
    pub(super) fn fill(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(&self.path)?;
        file.write_all(bytes)?;
        self.unsynced = Some(file);
        Ok(())
    }

    /// Brings its bytes to the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.unsynced.take().map_or(Ok(()), |file| file.sync_all())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.kept {
            remove(&self.path);
        }
    }
}

/// Removes a file that nothing refers to any more. What stays behind is removed when the store
/// is opened again.
pub(super) fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!("cannot remove {}: {error}", path.display());
        }
        _ => {}
    }
}

/// A new file with these bytes, on the disk when this returns.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes names in a directory outlast a power cut.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Takes the bytes of an object or of a part.
pub(super) struct ContentWriter {
    pending: Pending,
    file: File,
    size: u64,
    md5: Md5,
    algorithm: Algorithm,
    hasher: Hasher,
    /// Where the client gives another checksum than the one to keep.
    other: Option<(Algorithm, Hasher)>,
    claim: Claim,
}

/// Bytes in a file, and what they hash to.
pub(super) struct Content {
    pub(super) pending: Pending,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
    pub(super) algorithm: Algorithm,
    pub(super) checksum: Vec<u8>,
    other: Option<Sum>,
}

/// A checksum's bytes by its algorithm.
pub(super) type Sum = (Algorithm, Vec<u8>);

impl ContentWriter {
    /// Writes to a file that must not exist yet. `algorithm` is the checksum to keep.
    pub(super) fn create(path: PathBuf, algorithm: Algorithm, claim: Claim) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self {
            pending: Pending::new(path),
            file,
            size: 0,
            md5: Md5::new(),
            algorithm,
            hasher: Hasher::new(algorithm),
            other: None,
            claim,
        })
    }

    /// Computes one more checksum, to compare with what the client gives.
    pub(super) fn also(&mut self, algorithm: Algorithm) {
        self.other = (algorithm != self.algorithm).then(|| (algorithm, Hasher::new(algorithm)));
    }

    pub(super) fn path(&self) -> &Path {
        self.pending.path()
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.md5.update(bytes);
        self.hasher.update(bytes);
        if let Some((_, other)) = &mut self.other {
            other.update(bytes);
        }
        self.size += bytes.len() as u64;
        self.claim.used(bytes.len() as u64);
        Ok(())
    }

    /// The bytes are complete. They are brought to the disk when they become an object: those of a part, which
    /// does not outlive the process, never need to be.
    pub(super) fn finish(mut self) -> Content {
        self.pending.unsynced = Some(self.file);
        Content {
            pending: self.pending,
            size: self.size,
            md5: self.md5.finalize().into(),
            algorithm: self.algorithm,
            checksum: self.hasher.finish(),
            other: self.other.map(|(algorithm, hasher)| (algorithm, hasher.finish())),
        }
    }
}

impl Content {
    /// Whether the bytes are what the client says they are.
    pub(super) fn check(&self, expected: &Expected) -> Result<(), StoreError> {
        expected.check(&self.md5, self.algorithm, &self.checksum)?;
        match &self.other {
            Some((algorithm, checksum)) => expected.check(&self.md5, *algorithm, checksum),
            None => Ok(()),
        }
    }

    /// The checksum that the client gave, or the one that is kept.
    pub(super) fn given_sum(&self) -> Sum {
        self.other.clone().unwrap_or_else(|| (self.algorithm, self.checksum.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::space::Space;

    /// The system's own `No space left on device`, where there is a device for it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_fills_up_is_said_so_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("content");
        let space = Space::new(folder.path().to_owned(), std::sync::Arc::new(|_| Ok(1 << 40)), 0);
        let claim = space.claim(1000, false).unwrap();
        let mut writer = ContentWriter::create(path.clone(), Algorithm::Crc32, claim).unwrap();
        writer.file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert!(path.exists());
        let error = writer.write(&[0; 1000]).unwrap_err();
        drop(writer);
        assert!(!path.exists());
        assert!(matches!(space.explain(1000, &path, error), StoreError::NoSpace { needed: 1000, .. }));
    }
}
