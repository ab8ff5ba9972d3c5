//! What `docker save` and `podman save` write: an image as one tar.
//!
//! It is read once, from a pipe, and its manifest comes last as a rule. So every file of it goes to a
//! folder first, under a number and never under a name of the archive's own; `image` then says what
//! they are.

mod error;
mod image;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tar::EntryType;

pub use error::ArchiveError;
pub use image::{Image, Layer};

use crate::digest::{Digest, Fault, Hasher, copy};

/// The files of an archive.
#[derive(Debug, Default)]
pub struct Archive {
    files: HashMap<String, Spooled>,
    /// What stands for another file, by the name of that.
    links: HashMap<String, String>,
}

/// A file of the archive's.
#[derive(Debug, Clone)]
struct Spooled {
    path: PathBuf,
    size: u64,
    /// Of the file as it came.
    digest: Digest,
}

impl Archive {
    /// Reads an archive to its end, and lays its files into a folder. `told` hears how much has come.
    ///
    /// # Errors
    /// It is no archive, or ends in the middle, or a file cannot be written.
    pub fn spool(from: impl Read, folder: &Path, mut told: impl FnMut(u64)) -> Result<Self, ArchiveError> {
        let mut archive = Self::default();
        let mut came = 0;
        let mut tar = tar::Archive::new(Counting { from, came: 0, broken: None });
        // A fault of the pipe looks like one of the archive.
        let outcome = archive.fill(&mut tar, folder, &mut |size| {
            came += size;
            told(came);
        });
        let mut from = tar.into_inner();
        if let Some(error) = from.broken.take() {
            return Err(ArchiveError::Reading(error));
        }
        match outcome {
            Err(ArchiveError::NotAnArchive) if from.came == 0 => return Err(ArchiveError::Empty),
            outcome => outcome?,
        }
        // Who writes is to come to his end.
        copy(&mut from, io::sink(), |_| {}).map_err(|fault| match fault {
            Fault::Reading(error) | Fault::Writing(error) => ArchiveError::Reading(error),
        })?;
        if from.came == 0 {
            return Err(ArchiveError::Empty);
        }
        Ok(archive)
    }

    fn fill<R: Read>(
        &mut self,
        tar: &mut tar::Archive<R>,
        folder: &Path,
        told: &mut dyn FnMut(u64),
    ) -> Result<(), ArchiveError> {
        let broken = |first: bool| if first { ArchiveError::NotAnArchive } else { ArchiveError::CutOff };
        for (number, entry) in tar.entries().map_err(|_| ArchiveError::NotAnArchive)?.enumerate() {
            let mut entry = entry.map_err(|_| broken(number == 0))?;
            let name = normal("", &String::from_utf8_lossy(&entry.path_bytes()));
            let target = entry.link_name_bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            match (entry.header().entry_type(), target) {
                (EntryType::Regular | EntryType::Continuous, _) => {
                    let path = folder.join(number.to_string());
                    let size = entry.size();
                    let file = File::create(&path).map_err(|error| ArchiveError::writing(&path, error))?;
                    let mut hasher = Hasher::default();
                    copy(&mut entry, file, |bytes| {
                        hasher.add(bytes);
                        told(bytes.len() as u64);
                    })
                    .map_err(|fault| match fault {
                        Fault::Reading(_) => ArchiveError::CutOff,
                        Fault::Writing(error) => ArchiveError::writing(&path, error),
                    })?;
                    if hasher.size() != size {
                        return Err(ArchiveError::CutOff);
                    }
                    self.files.insert(name, Spooled { path, size, digest: hasher.finish() });
                }
                (EntryType::Symlink, Some(target)) => {
                    let beside = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                    let target = normal(beside, &target);
                    self.links.insert(name, target);
                }
                (EntryType::Link, Some(target)) => {
                    self.links.insert(name, normal("", &target));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A file by its name, or by a name that stands for it.
    fn file(&self, name: &str) -> Option<&Spooled> {
        let mut name = normal("", name);
        // As many steps as there are links: more would be a circle.
        for _ in 0..=self.links.len() {
            if let Some(file) = self.files.get(&name) {
                return Some(file);
            }
            name = self.links.get(&name)?.clone();
        }
        None
    }
}

/// A path without `.` and `..`. It names something in the archive, and never a file of this machine.
fn normal(beside: &str, path: &str) -> String {
    let beside = if path.starts_with('/') { "" } else { beside };
    let mut parts: Vec<&str> = Vec::new();
    for part in beside.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Knows how much came, and whether the pipe itself failed.
struct Counting<R> {
    from: R,
    came: u64,
    broken: Option<io::Error>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.from.read(into) {
            Ok(length) => {
                self.came += length as u64;
                Ok(length)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.broken = Some(error);
                Err(kind.into())
            }
        }
    }
}

#[cfg(test)]
mod tests;
