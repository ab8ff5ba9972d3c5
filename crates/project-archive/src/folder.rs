//! Writes into a folder, and takes everything away again unless all went well.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{UnpackError, shown};

const FILE: u32 = 0o644;
const FOLDER: u32 = 0o755;

/// A folder that was empty, and what was written into it.
pub(crate) struct Folder<'a> {
    root: &'a Path,
    folders: HashSet<String>,
    /// In the order in which they came to be: a folder before what is in it.
    written: Vec<Written>,
}

enum Written {
    File(PathBuf),
    Folder(PathBuf),
}

impl<'a> Folder<'a> {
    /// Makes sure that the folder is one and is empty.
    pub(crate) fn open(root: &'a Path) -> Result<Self, UnpackError> {
        let mut inside = fs::read_dir(root).map_err(UnpackError::Folder)?;
        match inside.next() {
            None => Ok(Self { root, folders: HashSet::new(), written: Vec::new() }),
            Some(Ok(_)) => Err(UnpackError::NotEmpty),
            Some(Err(error)) => Err(UnpackError::Folder(error)),
        }
    }

    /// Makes a folder and those that it is in, as far as they are not there yet.
    pub(crate) fn add_folder(&mut self, name: &str) -> Result<(), UnpackError> {
        let ends = name.match_indices('/').map(|(at, _)| at).chain([name.len()]);
        for folder in ends.map(|end| &name[..end]) {
            if self.folders.contains(folder) {
                continue;
            }
            let path = self.root.join(folder);
            // Never one that someone else made: it might be a link to elsewhere.
            DirBuilder::new().mode(FOLDER).create(&path).map_err(|source| failed(folder, source))?;
            self.folders.insert(folder.to_owned());
            self.written.push(Written::Folder(path.clone()));
            // Whatever this process takes away from the permissions of what it makes.
            fs::set_permissions(&path, Permissions::from_mode(FOLDER))
                .map_err(|source| failed(folder, source))?;
        }
        Ok(())
    }

    /// Makes a file, and the folders that it is in.
    pub(crate) fn add_file<'n>(&mut self, name: &'n str) -> Result<NewFile<'n>, UnpackError> {
        if let Some((folder, _)) = name.rsplit_once('/') {
            self.add_folder(folder)?;
        }
        let path = self.root.join(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE)
            .open(&path)
            .map_err(|source| failed(name, source))?;
        self.written.push(Written::File(path));
        file.set_permissions(Permissions::from_mode(FILE)).map_err(|source| failed(name, source))?;
        Ok(NewFile { name, file })
    }

    /// All went well: leaves everything where it is.
    pub(crate) fn keep(mut self) {
        self.written.clear();
    }
}

impl Drop for Folder<'_> {
    fn drop(&mut self) {
        for written in self.written.drain(..).rev() {
            // There is an error on its way already, and it is the one to tell.
            let _ = match written {
                Written::File(path) => fs::remove_file(path),
                Written::Folder(path) => fs::remove_dir(path),
            };
        }
    }
}

/// A file that was not there before.
pub(crate) struct NewFile<'n> {
    name: &'n str,
    file: File,
}

impl NewFile<'_> {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), UnpackError> {
        self.file.write_all(bytes).map_err(|source| failed(self.name, source))
    }
}

fn failed(name: &str, source: io::Error) -> UnpackError {
    UnpackError::Write { name: shown(name.as_bytes()), source }
}
