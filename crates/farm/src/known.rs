//! What a file on this disk, or in an archive on it, says about itself.

use std::fs::File;
use std::io;
use std::path::Path;

use blend_file::{BlendError, ENOUGH, Facts, FileSource, Limits, ReadError, Source, read_facts, read_head};
use farm_intake::{Known, Project};
use project_archive::Reader;

use crate::error::FarmError;
use crate::project::main_of;

/// All facts of a `.blend` on this disk.
///
/// # Errors
/// The file cannot be read, or is no good Blender file.
pub fn facts(path: &Path) -> Result<Facts, FarmError> {
    let file = File::open(path).map_err(FarmError::disk(path))?;
    let mut source = FileSource::new(file).map_err(FarmError::disk(path))?;
    read_facts(&mut source, &Limits::default()).map_err(|error| of_reading(path, error))
}

/// What can be known of a `.blend` on this disk: its head alone where there is more than the farm looks at.
///
/// # Errors
/// The file cannot be read, or is no good Blender file.
pub fn of_file(path: &Path) -> Result<Known, FarmError> {
    let file = File::open(path).map_err(FarmError::disk(path))?;
    known(path, &mut FileSource::new(file).map_err(FarmError::disk(path))?)
}

/// What can be known of the main file of an archive on this disk, and what comes with it. `asked` is the main
/// file's path in the archive, or the end of that.
///
/// # Errors
/// The archive cannot be read or would be refused, or it does not tell which of its files is the main one.
pub fn of_archive(path: &Path, asked: Option<&str>) -> Result<(Known, Project), FarmError> {
    let refused = |error| FarmError::Archive(path.to_owned(), error);
    let mut archive = File::open(path).map_err(FarmError::disk(path))?;
    let contents =
        project_archive::contents(&mut archive, &project_archive::Limits::default()).map_err(refused)?;
    let names: Vec<&str> = contents.files().map(|file| file.name.as_str()).collect();
    let main = main_of(&path.display().to_string(), &names, asked)?;
    let project = Project::new(main, names.iter().map(|name| (*name).to_owned()));
    let member = contents.files().find(|file| file.name == main);
    let Some(member) = member else {
        return Err(FarmError::Disk(path.to_owned(), io::ErrorKind::NotFound.into()));
    };
    let mut source = Packed(project_archive::open_member(archive, member));
    Ok((known(path, &mut source)?, project))
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
    match read_facts(source, &Limits::default()) {
        Ok(facts) => Ok(Known::Facts(Box::new(facts))),
        // The file may be rendered all the same: what is more than a look tells, Blender finds.
        Err(ReadError::Blend(error @ (BlendError::TooMuch | BlendError::Unsupported { .. }))) => {
            let size = source.size();
            let length = usize::try_from(size).unwrap_or(ENOUGH).min(ENOUGH);
            let first = source.read(0, length).map_err(FarmError::disk(path))?;
            let head = read_head(&first, size).map_err(|error| FarmError::Blend(path.to_owned(), error))?;
            Ok(Known::Head(head, error.to_string()))
        }
        Err(error) => Err(of_reading(path, error)),
    }
}

fn of_reading(path: &Path, error: ReadError) -> FarmError {
    match error {
        ReadError::Source(error) => FarmError::Disk(path.to_owned(), error),
        ReadError::Blend(error) => FarmError::Blend(path.to_owned(), error),
    }
}
