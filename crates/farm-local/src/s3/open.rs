//! Opening a store: take the lock, read the records, clear away what a crash left.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::{Arc, RwLock};

use super::content::remove;
use super::error::StoreError;
use super::events::{Sequence, Subscribers};
use super::object::{ObjectRecord, record_name};
use super::space::Space;
use super::store::{Bucket, BucketRecord, Inner, StoreOptions, file_name};

impl Inner {
    pub(super) fn open(root: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        fs::create_dir_all(root.join("buckets")).map_err(StoreError::io("cannot make", root))?;
        // Before anything is removed: it might be another store's, still in use.
        let lock = lock(root)?;
        let sequence = Sequence::open(&root.join("sequence"))?;
        for name in ["temp", "uploads"] {
            empty(&root.join(name))?;
        }
        let mut buckets = BTreeMap::new();
        for folder in entries(&root.join("buckets"))? {
            if let Some(bucket) = read_bucket(&folder)? {
                buckets.insert(file_name(&folder), bucket);
            }
        }
        Ok(Self {
            space: Space::new(root.to_owned(), options.free_space, options.reserve_bytes),
            root: root.to_owned(),
            sequence,
            subscribers: Subscribers::default(),
            buckets: RwLock::new(buckets),
            uploads: std::sync::Mutex::default(),
            _lock: lock,
        })
    }
}

fn lock(root: &Path) -> Result<File, StoreError> {
    let path = root.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StoreError::io("cannot open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(StoreError::InUse { root: root.to_owned() }),
        Err(fs::TryLockError::Error(error)) => Err(StoreError::io("cannot lock", &path)(error)),
    }
}

/// Makes a directory that has nothing in it.
fn empty(folder: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("cannot empty", folder)(error))
        }
        _ => fs::create_dir_all(folder).map_err(StoreError::io("cannot make", folder)),
    }
}

fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, StoreError> {
    let read = fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()
    });
    read.map_err(StoreError::io("cannot read", folder))
}

/// A bucket, or nothing where the folder is none (one that a crash left half made).
fn read_bucket(folder: &Path) -> Result<Option<Bucket>, StoreError> {
    let record = fs::read(folder.join("bucket.json"))
        .and_then(|bytes| Ok(serde_json::from_slice::<BucketRecord>(&bytes)?));
    let record = match record {
        Ok(record) => record,
        Err(error) => {
            tracing::warn!("{} is not a bucket, and is skipped: {error}", folder.display());
            return Ok(None);
        }
    };
    let content = folder.join("content");
    let mut objects = BTreeMap::new();
    let mut referenced = HashSet::new();
    let mut damaged = false;
    for path in entries(&folder.join("objects"))? {
        match read_record(&path, &content) {
            Ok(record) => {
                referenced.insert(record.content.clone());
                objects.insert(record.key.clone(), Arc::new(record));
            }
            Err(error) => {
                damaged = true;
                tracing::warn!(
                    "the record {} is damaged, and its object is missing: {error}",
                    path.display()
                );
            }
        }
    }
    // A damaged record no longer tells which bytes were its own: then none are thrown away.
    if !damaged {
        for path in entries(&content)? {
            if !referenced.contains(&file_name(&path)) {
                remove(&path);
            }
        }
    }
    Ok(Some(Bucket { created_ms: record.created_ms, objects }))
}

fn read_record(path: &Path, content: &Path) -> io::Result<ObjectRecord> {
    let record: ObjectRecord = serde_json::from_slice(&fs::read(path)?)?;
    if record_name(&record.key) != file_name(path) {
        return Err(io::Error::other(format!("it is not the record of `{}`", record.key)));
    }
    if record.content.contains('/') {
        return Err(io::Error::other("it names a file elsewhere"));
    }
    let size = fs::metadata(content.join(&record.content))?.len();
    if size != record.size {
        return Err(io::Error::other(format!("its content has {size} bytes, not {}", record.size)));
    }
    Ok(record)
}
