//! What a file on this disk, or in an archive on it, says about itself.

use std::fs::File;
use std::io;
use std::path::Path;

use blend_file::{Facts, FileSource, Limits, ReadError, Source, read_facts};
use farm_intake::{Known, Project, main_file};
use project_archive::Reader;

use crate::destination::ARCHIVE;
use crate::error::FarmError;

/// All facts of a `.blend` on this disk.
///
/// # Errors
/// The file cannot be read, or is no good Blender file.
pub fn facts(path: &Path) -> Result<Facts, FarmError> {
    let file = File::open(path).map_err(FarmError::disk(path))?;
    let mut source = FileSource::new(file).map_err(FarmError::disk(path))?;
    read_facts(&mut source, &Limits::default()).map_err(|error| of_reading(path, error))
}

/// What can be known of a `.blend` on this disk: its head alone where it cannot be looked through.
///
/// # Errors
/// The file cannot be read, or is no good Blender file.
pub fn of_file(path: &Path) -> Result<Known, FarmError> {
    let file = File::open(path).map_err(FarmError::disk(path))?;
    known(path, &mut FileSource::new(file).map_err(FarmError::disk(path))?)
}

/// What can be known of the main file of an archive on this disk, and what comes with it. It is found as the farm
/// finds it: `name` is what the archive is called in the bucket, `asked` what the upload says of it.
///
/// # Errors
/// The archive cannot be read or would be refused, or it does not tell which of its files is the main one.
pub fn of_archive(path: &Path, name: &str, asked: Option<&str>) -> Result<(Known, Project), FarmError> {
    let refused = |error| FarmError::Archive(path.to_owned(), error);
    let mut archive = File::open(path).map_err(FarmError::disk(path))?;
    let contents =
        project_archive::contents(&mut archive, &project_archive::Limits::default()).map_err(refused)?;
    let names = || contents.files().map(|file| file.name.as_str());
    let main = main_file(name.strip_suffix(ARCHIVE).unwrap_or(name), asked, names())?;
    let Some(member) = contents.files().find(|file| file.name == main) else {
        return Err(FarmError::Disk(path.join(main), io::ErrorKind::NotFound.into()));
    };
    let project = Project::new(main, names().map(str::to_owned));
    let mut source = Packed(project_archive::open_member(archive, member));
    Ok((known(&path.join(main), &mut source)?, project))
}

/// A file of an archive, as a source of a `.blend`.
struct Packed(Reader<File>);

impl Source for Packed {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.0.read_at(offset, length)
    }
}

fn known(path: &Path, source: &mut dyn Source) -> Result<Known, FarmError> {
    Known::read(source, &Limits::default()).map_err(|error| of_reading(path, error))
}

fn of_reading(path: &Path, error: ReadError) -> FarmError {
    match error {
        ReadError::Source(error) => FarmError::Disk(path.to_owned(), error),
        ReadError::Blend(error) => FarmError::Blend(path.to_owned(), error),
    }
}
