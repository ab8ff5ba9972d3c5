//! The one place where an object appears, changes or goes: under the lock, by one rename.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::conditions::WriteConditions;
use super::content::{Pending, remove, sync_directory};
use super::error::StoreError;
use super::events::ObjectCreated;
use super::object::ObjectRecord;
use super::store::Inner;

/// What happens to an object's record.
enum Change<'a> {
    /// It is created anew, of these bytes: an event is announced under this name.
    Create(&'static str, &'a mut Pending),
    /// Only its tags change, and only if it is still this one.
    Retag(Arc<ObjectRecord>),
}

impl Inner {
    /// Makes an object of bytes that are complete, if `conditions` hold at that moment.
    pub(super) fn create(
        &self,
        bucket: &str,
        record: ObjectRecord,
        mut content: Pending,
        conditions: &WriteConditions,
        event_name: &'static str,
    ) -> Result<Arc<ObjectRecord>, StoreError> {
        let created = self.commit(bucket, record, conditions, Change::Create(event_name, &mut content))?;
        content.keep();
        Ok(created)
    }

    /// Switches an object's record: the only way in which one appears or changes.
    fn commit(
        &self,
        bucket: &str,
        record: ObjectRecord,
        conditions: &WriteConditions,
        mut change: Change<'_>,
    ) -> Result<Arc<ObjectRecord>, StoreError> {
        let mut fresh = Pending::new(self.root.join("temp").join(self.sequence.next()));
        let bytes = serde_json::to_vec(&record)
            .map_err(|error| StoreError::io("cannot encode the record", fresh.path())(error.into()))?;
        let failed = |path: &Path, size: u64, error| self.space.explain(size, path, error);
        let size = bytes.len() as u64;
        fresh.fill(&bytes).map_err(|error| failed(fresh.path(), size, error))?;
        // All is written before anything is brought to the disk: a journal then takes it in one go.
        if let Change::Create(_, content) = &mut change {
            content.sync().map_err(|error| failed(content.path(), record.size, error))?;
            let folder = self.bucket_folder(bucket).join("content");
            sync_directory(&folder).map_err(|error| failed(&folder, 0, error))?;
        }
        fresh.sync().map_err(|error| failed(fresh.path(), size, error))?;
        let path = self.record_path(bucket, &record.key);
        let record = Arc::new(record);

        let mut buckets = self.write();
        let objects =
            &mut buckets.get_mut(bucket).ok_or_else(|| StoreError::NoSuchBucket(bucket.to_owned()))?.objects;
        let there = objects.get(&record.key);
        conditions.check(&record.key, there.map(Arc::as_ref))?;
        if let Change::Retag(expected) = &change
            && !there.is_some_and(|there| Arc::ptr_eq(there, expected))
        {
            return Err(changed(&record.key));
        }
        fs::rename(fresh.path(), &path).map_err(|error| self.space.explain(0, &path, error))?;
        let old = objects.insert(record.key.clone(), record.clone());
        if let Change::Create(event_name, _) = change {
            self.subscribers.announce(&ObjectCreated {
                bucket: bucket.to_owned(),
                key: record.key.clone(),
                size: record.size,
                etag: record.etag.clone(),
                sequencer: self.sequence.next(),
                event_name,
                time_ms: record.last_modified_ms,
            });
        }
        drop(buckets);

        fresh.keep();
        if let Some(old) = old.filter(|old| old.content != record.content) {
            remove(&self.content_path(bucket, &old.content));
        }
        self.sync_records(bucket);
        Ok(record)
    }

    /// Gives an object other tags.
    pub(super) fn retag(
        &self,
        bucket: &str,
        key: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        // Whoever overwrites the object in between wins; then these tags go to the new one.
        for _ in 0..100 {
            let there = self.record(bucket, key)?;
            let mut record = ObjectRecord::clone(&there);
            record.attributes.tags.clone_from(&tags);
            match self.commit(bucket, record, &WriteConditions::default(), Change::Retag(there)) {
                Err(StoreError::Refused { code: "OperationAborted", .. }) => {}
                other => return other.map(|_| ()),
            }
        }
        Err(changed(key))
    }

    pub(super) fn delete(
        &self,
        bucket: &str,
        key: &str,
        conditions: &WriteConditions,
    ) -> Result<(), StoreError> {
        let mut buckets = self.write();
        let objects =
            &mut buckets.get_mut(bucket).ok_or_else(|| StoreError::NoSuchBucket(bucket.to_owned()))?.objects;
        conditions.check(key, objects.get(key).map(Arc::as_ref))?;
        if !objects.contains_key(key) {
            return Ok(());
        }
        let path = self.record_path(bucket, key);
        match fs::remove_file(&path) {
            // Whoever cleared it away by hand wanted the same.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("cannot remove", &path)(error));
            }
            _ => {}
        }
        let old = objects.remove(key);
        drop(buckets);

        if let Some(old) = old {
            remove(&self.content_path(bucket, &old.content));
        }
        self.sync_records(bucket);
        Ok(())
    }

    /// The switch is done and visible; a failure here can no longer undo it.
    fn sync_records(&self, bucket: &str) {
        let folder = self.bucket_folder(bucket).join("objects");
        if let Err(error) = sync_directory(&folder) {
            tracing::warn!("cannot sync {}: {error}", folder.display());
        }
    }
}

fn changed(key: &str) -> StoreError {
    StoreError::refused("OperationAborted", format!("`{key}` was changed at the same time. Try again."))
}
