//! The store: buckets and objects in a directory, and the one place where an object is switched.
//!
//! ```text
//! ROOT/lock                         held while the store is open
//! ROOT/sequence                     how often it was opened
//! ROOT/temp/                        records being written; emptied at open
//! ROOT/uploads/ID/                  parts of multipart uploads; emptied at open
//! ROOT/buckets/NAME/bucket.json     when the bucket was made
//! ROOT/buckets/NAME/objects/*.json  one record per object, named by the hash of its key
//! ROOT/buckets/NAME/content/*       bytes; each name is used once, ever
//! ```
//!
//! A put writes its bytes under a new name, then its record, then renames the record over the
//! old one: that rename is the whole switch. All records are also in memory; the lock on them
//! makes conditional writes atomic and keeps events in order.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Read as _;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedReceiver;

use super::checksum::{Algorithm, Checksum, hex};
use super::conditions::WriteConditions;
use super::content::{Content, ContentWriter, sync_directory, write_whole};
use super::error::StoreError;
use super::events::{ObjectCreated, Sequence, Subscribers};
use super::multipart::Upload;
use super::object::{Attributes, ObjectInfo, ObjectRecord, PutAttributes, check_key, now_ms, record_name};
use super::space::{self, FreeSpace, Space};

/// How a store behaves.
#[derive(Clone)]
pub struct StoreOptions {
    /// Bytes to leave free on the disk; only small reports and records may use them.
    pub reserve_bytes: u64,
    /// Reads the free bytes of the file system.
    pub free_space: FreeSpace,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { reserve_bytes: space::DEFAULT_RESERVE, free_space: Arc::new(space::free_space) }
    }
}

/// Buckets and objects in a directory. Clones are the same store.
///
/// All methods block on the disk; within async code, keep them to small objects or call them
/// from `spawn_blocking`.
#[derive(Clone)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) root: PathBuf,
    pub(super) space: Space,
    pub(super) sequence: Sequence,
    pub(super) subscribers: Subscribers,
    pub(super) buckets: RwLock<BTreeMap<String, Bucket>>,
    pub(super) uploads: Mutex<HashMap<String, Arc<Mutex<Upload>>>>,
    /// Locked as long as the store is open.
    pub(super) _lock: File,
}

/// One bucket, in memory. The order of a `BTreeMap<String, _>` is S3's: UTF-8 bytes.
pub(super) struct Bucket {
    pub(super) created_ms: u64,
    pub(super) objects: BTreeMap<String, Arc<ObjectRecord>>,
}

/// What stands in `bucket.json`.
#[derive(Serialize, Deserialize)]
pub(super) struct BucketRecord {
    pub(super) created_ms: u64,
}

impl Store {
    /// Opens the store in `root`, which is made if it is not there. Removes what a crash left.
    ///
    /// # Errors
    /// The directory is in use by another store, or cannot be read or written. A damaged record
    /// is no error: it is logged and its object is missing.
    pub fn open(root: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        Inner::open(root, options).map(|inner| Self { inner: Arc::new(inner) })
    }

    /// Events of all objects created from now on, in order.
    pub fn subscribe(&self) -> UnboundedReceiver<ObjectCreated> {
        self.inner.subscribers.add()
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// The name is not a bucket's, or it exists (`BucketAlreadyOwnedByYou`).
    pub fn create_bucket(&self, name: &str) -> Result<(), StoreError> {
        if !s3s::path::check_bucket_name(name) {
            return Err(StoreError::refused(
                "InvalidBucketName",
                format!(
                    "`{name}` is not a valid bucket name: 3 to 63 lower-case letters, digits and hyphens."
                ),
            ));
        }
        let mut buckets = self.inner.write();
        if buckets.contains_key(name) {
            return Err(StoreError::refused(
                "BucketAlreadyOwnedByYou",
                format!("The bucket `{name}` exists already, and you own it."),
            ));
        }
        let folder = self.inner.bucket_folder(name);
        let made = || {
            fs::create_dir_all(folder.join("objects"))?;
            fs::create_dir_all(folder.join("content"))?;
            let record = serde_json::to_vec(&BucketRecord { created_ms: now_ms() })?;
            let fresh = folder.join("bucket.new");
            write_whole(&fresh, &record)?;
            fs::rename(&fresh, folder.join("bucket.json"))?;
            sync_directory(&folder)
        };
        made().map_err(|error| self.inner.space.explain(0, &folder, error))?;
        buckets.insert(name.to_owned(), Bucket { created_ms: now_ms(), objects: BTreeMap::new() });
        Ok(())
    }

    /// Puts an object, as PutObject does, and announces it. Tags and metadata are not checked.
    ///
    /// # Errors
    /// No such bucket, a key that is too long or empty, or a full disk.
    pub fn put(
        &self,
        bucket: &str,
        key: &str,
        bytes: &[u8],
        attributes: PutAttributes,
    ) -> Result<ObjectInfo, StoreError> {
        let mut writer = self.inner.writer(bucket, key, bytes.len() as u64, Algorithm::DEFAULT)?;
        writer
            .write(bytes)
            .map_err(|error| self.inner.space.explain(bytes.len() as u64, &self.inner.root, error))?;
        let content = writer.finish();
        let record = whole(key, &content, attributes.into());
        let conditions = WriteConditions::default();
        let created = self.inner.create(bucket, record, content.pending, &conditions, "ObjectCreated:Put")?;
        Ok(created.info())
    }

    /// What is known of an object.
    ///
    /// # Errors
    /// No such bucket or object.
    pub fn head(&self, bucket: &str, key: &str) -> Result<ObjectInfo, StoreError> {
        self.inner.record(bucket, key).map(|record| record.info())
    }

    /// An object's tags.
    ///
    /// # Errors
    /// No such bucket or object.
    pub fn tags(&self, bucket: &str, key: &str) -> Result<BTreeMap<String, String>, StoreError> {
        self.inner.record(bucket, key).map(|record| record.attributes.tags.clone())
    }

    /// All objects whose key starts with `prefix`, in the order of their keys.
    ///
    /// # Errors
    /// No such bucket.
    pub fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        let buckets = self.inner.read();
        let objects = &find(&buckets, bucket)?.objects;
        let from_prefix = objects.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        Ok(from_prefix
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(_, record)| record.info())
            .collect())
    }

    /// The bytes of a small object.
    ///
    /// # Errors
    /// No such bucket or object, or its file cannot be read.
    pub fn read(&self, bucket: &str, key: &str) -> Result<Vec<u8>, StoreError> {
        let (mut file, record) = self.inner.open_content(bucket, key)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(StoreError::io("cannot read", &self.inner.content_path(bucket, &record.content)))?;
        Ok(bytes)
    }

    /// An object's bytes as an open file, at its start. It stays readable, with these bytes,
    /// when the object is overwritten or deleted.
    ///
    /// # Errors
    /// No such bucket or object, or its file cannot be opened.
    pub fn open_object(&self, bucket: &str, key: &str) -> Result<(File, ObjectInfo), StoreError> {
        self.inner.open_content(bucket, key).map(|(file, record)| (file, record.info()))
    }

    /// Deletes an object. One that is not there is no error, as on S3.
    ///
    /// # Errors
    /// No such bucket, or the record cannot be removed.
    pub fn delete(&self, bucket: &str, key: &str) -> Result<(), StoreError> {
        self.inner.delete(bucket, key, &WriteConditions::default())
    }
}

/// The record of an object that was written whole.
pub(super) fn whole(key: &str, content: &Content, attributes: Attributes) -> ObjectRecord {
    ObjectRecord {
        key: key.to_owned(),
        content: file_name(content.pending.path()),
        size: content.size,
        etag: hex(&content.md5),
        last_modified_ms: now_ms(),
        checksum: Checksum::full(content.algorithm, &content.checksum),
        parts: Vec::new(),
        attributes,
    }
}

/// The last part of a path that this module made.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

pub(super) fn find<'a>(buckets: &'a BTreeMap<String, Bucket>, name: &str) -> Result<&'a Bucket, StoreError> {
    buckets.get(name).ok_or_else(|| StoreError::NoSuchBucket(name.to_owned()))
}

impl Inner {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn bucket_folder(&self, bucket: &str) -> PathBuf {
        self.root.join("buckets").join(bucket)
    }

    pub(super) fn content_path(&self, bucket: &str, name: &str) -> PathBuf {
        self.bucket_folder(bucket).join("content").join(name)
    }

    pub(super) fn record_path(&self, bucket: &str, key: &str) -> PathBuf {
        self.bucket_folder(bucket).join("objects").join(record_name(key))
    }

    pub(super) fn bucket_exists(&self, bucket: &str) -> Result<(), StoreError> {
        find(&self.read(), bucket).map(|_| ())
    }

    pub(super) fn record(&self, bucket: &str, key: &str) -> Result<Arc<ObjectRecord>, StoreError> {
        let buckets = self.read();
        let record = find(&buckets, bucket)?.objects.get(key);
        record.cloned().ok_or_else(|| StoreError::NoSuchKey(key.to_owned()))
    }

    /// An object's file, opened under the lock: a put that replaces the object removes the old
    /// file only after it has held that lock.
    pub(super) fn open_content(
        &self,
        bucket: &str,
        key: &str,
    ) -> Result<(File, Arc<ObjectRecord>), StoreError> {
        let buckets = self.read();
        let record =
            find(&buckets, bucket)?.objects.get(key).ok_or_else(|| StoreError::NoSuchKey(key.to_owned()))?;
        let path = self.content_path(bucket, &record.content);
        let file = File::open(&path).map_err(StoreError::io("cannot read", &path))?;
        Ok((file, record.clone()))
    }

    /// A writer for a new object's bytes, if the bucket, the key and the disk allow it.
    pub(super) fn writer(
        &self,
        bucket: &str,
        key: &str,
        size: u64,
        algorithm: Algorithm,
    ) -> Result<ContentWriter, StoreError> {
        check_key(key)?;
        self.bucket_exists(bucket)?;
        let claim = self.space.claim(size, space::may_use_reserve(key, size))?;
        let path = self.content_path(bucket, &self.sequence.next());
        ContentWriter::create(path.clone(), algorithm, claim)
            .map_err(|error| self.space.explain(size, &path, error))
    }
}
