//! The files that come with a scene: in one archive, or one by one in the bucket.

use std::io::{self, BufReader, Read, Seek};

use anyhow::Result;
use farm_contract::Fault;
use farm_contract::keys::{self, BlendKey};
use farm_contract::project::{ContentHash, MAX_MANIFEST_BYTES, Manifest};
use farm_intake::{Project, main_file};
use project_archive::{Limits, Reader, UnpackError, open_member, table};
use tokio::time::Instant;

use super::ranged::{Ranged, in_time};
use super::{Scene, Unread, known};
use crate::storage::{Object, Storage};

/// What is read of an archive at once.
const READ_AHEAD: usize = 64 << 10;
/// What is read at once of a file that is deflated in it: it can only be read from its beginning on.
const READ_AHEAD_DEFLATED: usize = 2 << 20;

/// The project whose list of files the upload names.
pub(super) async fn listed(storage: &Storage, list: &ContentHash) -> Result<Result<Project, Fault>> {
    let again = "Submit the project again with `farm submit`.";
    let key = keys::project(list);
    let Some(found) = storage.head(&key).await? else {
        let message = "The bucket no longer has the list of the project's files.";
        return Ok(Err(Fault::new(message, again)));
    };
    // Whichever version it is: its hash proves it, and no right is needed to read versions.
    let object = Object { version_id: None, ..found };
    if object.size == 0 || object.size > MAX_MANIFEST_BYTES {
        return Ok(Err(Fault::new("The list of the project's files has an impossible length.", again)));
    }
    let Some(json) = storage.range(&key, &object, 0, object.size).await? else {
        return Ok(Err(Fault::new("The list of the project's files was replaced meanwhile.", again)));
    };
    if ContentHash::of(&json) != *list {
        return Ok(Err(Fault::new("The list of the project's files is not what was submitted.", again)));
    }
    Ok(Manifest::from_json(&json).map(|manifest| {
        let files = manifest.files.into_iter().map(|file| file.path);
        Project::new(&manifest.main, files)
    }))
}

/// The scene in an archive.
pub(super) fn packed(ranged: Ranged, key: &BlendKey, main: Option<&str>) -> Result<Scene, Unread> {
    let refused = |error: UnpackError| match error {
        UnpackError::Read(error) => Unread::Broken(error),
        error => Fault::new(error.to_string(), error.hint()).into(),
    };
    let until = ranged.until();
    let mut archive = BufReader::with_capacity(READ_AHEAD, ranged);
    let table = table(&mut archive, &Limits::default()).map_err(refused)?;
    let name = key.file_name();
    let name = name.strip_suffix(".blend.zip").unwrap_or(name);
    let main = main_file(name, main, table.files().map(|file| file.name.as_str()))?;
    let Some(entry) = table.files().find(|file| file.name == main) else {
        let message = format!("There is no `{main}` in the archive.");
        return Err(Fault::new(message, "Upload the archive again.").into());
    };
    let member = table.locate(&mut archive, entry).map_err(refused)?;
    let project = Project::new(main, table.files().map(|file| file.name.clone()));
    // Names and sizes of 100,000 files are no small part of the function's memory.
    drop(table);
    let ahead = if member.is_stored { READ_AHEAD } else { READ_AHEAD_DEFLATED };
    let archive = BufReader::with_capacity(ahead, archive.into_inner());
    let known = known(&mut Packed { reader: open_member(archive, &member), until })?;
    Ok(Scene { known, project })
}

/// A `.blend` in an archive.
struct Packed<R> {
    reader: Reader<R>,
    until: Instant,
}

impl<R: Read + Seek> blend_file::Source for Packed<R> {
    fn size(&self) -> u64 {
        self.reader.size()
    }

    fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        // What is inflated again and again is fetched but once.
        if offset > 0 {
            in_time(self.until)?;
        }
        self.reader.read_at(offset, length)
    }
}
