//! Multipart uploads: parts as files, until they are put together or dropped.
//!
//! They do not outlive the process: opening the store drops what is half uploaded, so that a
//! crash leaves nothing on the disk that nobody will ever complete.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::checksum::{Algorithm, Kind, hex};
use super::content::{Content, ContentWriter, remove};
use super::error::StoreError;
use super::object::{Attributes, check_key, now_ms};
use super::space;
use super::store::Inner;

/// S3's part numbers.
const PART_NUMBERS: std::ops::RangeInclusive<i32> = 1..=10_000;

/// An upload under way.
pub(super) struct Upload {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) initiated_ms: u64,
    pub(super) algorithm: Algorithm,
    pub(super) kind: Kind,
    /// Whether the client named the algorithm: then it must give every part's checksum.
    pub(super) named: bool,
    pub(super) attributes: Attributes,
    folder: PathBuf,
    pub(super) parts: BTreeMap<i32, Part>,
    /// Completed or aborted while somebody else waited for the lock.
    pub(super) over: bool,
}

/// A part that is in a file.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
    pub(super) checksum: Vec<u8>,
    pub(super) last_modified_ms: u64,
}

impl Part {
    pub(super) fn etag(&self) -> String {
        hex(&self.md5)
    }
}

pub(super) fn locked(upload: &Mutex<Upload>) -> MutexGuard<'_, Upload> {
    upload.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn no_such_upload() -> StoreError {
    StoreError::refused(
        "NoSuchUpload",
        "The specified upload does not exist. It may have been completed or aborted, or the local farm \
         was restarted since it began.",
    )
}

impl Inner {
    /// Begins an upload; the answer is its id.
    pub(super) fn begin_upload(
        &self,
        bucket: &str,
        key: &str,
        attributes: Attributes,
        checksum: Option<(Algorithm, Kind)>,
    ) -> Result<String, StoreError> {
        check_key(key)?;
        self.bucket_exists(bucket)?;
        let id = self.sequence.next();
        let folder = self.root.join("uploads").join(&id);
        fs::create_dir(&folder).map_err(|error| self.space.explain(0, &folder, error))?;
        let (algorithm, kind) = checksum.unwrap_or((Algorithm::DEFAULT, Kind::FullObject));
        let upload = Upload {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            initiated_ms: now_ms(),
            algorithm,
            kind,
            named: checksum.is_some(),
            attributes,
            folder,
            parts: BTreeMap::new(),
            over: false,
        };
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        uploads.insert(id.clone(), Arc::new(Mutex::new(upload)));
        Ok(id)
    }

    /// The upload of that id, if it is one of this bucket and key.
    pub(super) fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<Arc<Mutex<Upload>>, StoreError> {
        self.bucket_exists(bucket)?;
        let uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        let found = uploads.get(id).cloned().ok_or_else(no_such_upload)?;
        drop(uploads);
        let upload = locked(&found);
        let fits = !upload.over && upload.bucket == bucket && upload.key == key;
        drop(upload);
        if fits { Ok(found) } else { Err(no_such_upload()) }
    }

    /// All uploads of a bucket, by key and then id.
    pub(super) fn uploads_of(&self, bucket: &str) -> Vec<(String, Arc<Mutex<Upload>>)> {
        let uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<_> = uploads.iter().map(|(id, upload)| (id.clone(), upload.clone())).collect();
        drop(uploads);
        let mut found: Vec<_> = all
            .into_iter()
            .filter_map(|(id, upload)| {
                let inside = locked(&upload);
                let sort = (inside.bucket == bucket && !inside.over).then(|| (inside.key.clone(), id))?;
                drop(inside);
                Some((sort, upload))
            })
            .collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        found.into_iter().map(|((_, id), upload)| (id, upload)).collect()
    }

    /// A writer for the bytes of a part.
    pub(super) fn part_writer(
        &self,
        upload: &Mutex<Upload>,
        number: i32,
        size: u64,
        given: Option<Algorithm>,
    ) -> Result<ContentWriter, StoreError> {
        check_part_number(number)?;
        let upload = locked(upload);
        if let Some(given) = given.filter(|given| upload.named && *given != upload.algorithm) {
            return Err(StoreError::refused(
                "InvalidRequest",
                format!(
                    "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                    upload.algorithm.name(),
                    given.name()
                ),
            ));
        }
        let claim = self.space.claim(size, space::may_use_reserve(&upload.key, size))?;
        let path = upload.folder.join(self.sequence.next());
        ContentWriter::create(path.clone(), upload.algorithm, claim)
            .map_err(|error| self.space.explain(size, &path, error))
    }

    /// The part's bytes are there and checked: it counts from now on.
    pub(super) fn add_part(
        upload: &Mutex<Upload>,
        number: i32,
        content: Content,
    ) -> Result<Part, StoreError> {
        let mut upload = locked(upload);
        if upload.over {
            return Err(no_such_upload());
        }
        let part = Part {
            path: content.pending.path().to_owned(),
            size: content.size,
            md5: content.md5,
            checksum: content.checksum,
            last_modified_ms: now_ms(),
        };
        content.pending.keep();
        if let Some(old) = upload.parts.insert(number, part.clone()) {
            remove(&old.path);
        }
        Ok(part)
    }

    /// Drops an upload and its parts.
    pub(super) fn abort_upload(&self, bucket: &str, key: &str, id: &str) -> Result<(), StoreError> {
        let shared = self.upload(bucket, key, id)?;
        let mut upload = locked(&shared);
        if upload.over {
            return Err(no_such_upload());
        }
        self.end_upload(&mut upload, id);
        Ok(())
    }

    /// Completed or aborted: its parts go.
    pub(super) fn end_upload(&self, upload: &mut Upload, id: &str) {
        upload.over = true;
        if let Err(error) = fs::remove_dir_all(&upload.folder) {
            tracing::warn!("cannot remove {}: {error}", upload.folder.display());
        }
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

pub(super) fn check_part_number(number: i32) -> Result<(), StoreError> {
    if PART_NUMBERS.contains(&number) {
        return Ok(());
    }
    Err(StoreError::refused(
        "InvalidArgument",
        format!("Part number must be an integer between 1 and 10000, inclusive; {number} is not."),
    ))
}
