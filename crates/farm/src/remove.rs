//! Deleting an upload with all that was made of it.

use std::time::SystemTime;

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use farm_aws::AwsError;
use farm_contract::keys::{self, BlendKey};
use farm_contract::report::State;
use farm_contract::{Fault, command};

use crate::bucket::{Bucket, Listed};
use crate::error::FarmError;
use crate::render::Found;
use crate::render::find::{at, renders};

/// Objects that one call deletes.
const MOST: usize = 1000;

/// What would be deleted.
#[derive(Debug, Clone, Default)]
pub struct Removal {
    /// Keys: the upload's first, so that no render begins of what is half gone, and its report's last, so that the rest is
    /// found once more where something breaks off.
    keys: Vec<String>,
    /// ETag of the upload, and when it was written; none where it is gone.
    upload: Option<(String, Option<SystemTime>)>,
    /// Bytes of all of it.
    pub bytes: u64,
    /// Frames among it.
    pub frames: usize,
}

impl Removal {
    /// What lies there of an upload: itself, its folder, and the records of all of its renders. Files that projects share
    /// stay.
    ///
    /// # Errors
    /// Its render is under way, or the bucket does not tell.
    pub async fn of(bucket: &Bucket, found: &Found) -> Result<Self, FarmError> {
        let key = &found.key;
        // One that the farm itself says is stuck has nobody who would end it.
        if found.report.as_ref().is_some_and(|it| it.state == State::Accepted && it.hint.is_none()) {
            return Err(Fault::new(
                format!("`{key}` is being rendered."),
                format!("Stop it first: {}", command::farm("cancel", &bucket.name, key.as_str())),
            )
            .into());
        }
        let mut removal = Self::default();
        if let Some(head) = bucket.head(key.as_str()).await? {
            removal.bytes += head.size;
            removal.keys.push(key.to_string());
            removal.upload = Some((head.etag, head.modified));
        }
        let made = bucket.list(&key.folder()).await?;
        if let Some(other) = made.iter().find(|listed| BlendKey::parse(&listed.key).is_ok()) {
            return Err(Fault::new(
                format!("Another upload lies below it: `{}`.", other.key),
                "Delete that one first, or move it.",
            )
            .into());
        }
        let frames = key.frames_prefix();
        removal.frames = made.iter().filter(|listed| listed.key.starts_with(&frames)).count();
        let (report, made): (Vec<_>, Vec<_>) =
            made.into_iter().partition(|listed| listed.key == key.report());
        removal.take(made);
        for render in renders(bucket).await?.remove(key.as_str()).unwrap_or_default() {
            removal.take(bucket.list(&keys::render_prefix(&render)).await?);
        }
        removal.take(report);
        Ok(removal)
    }

    /// The same once more, after somebody was asked: what would be deleted now.
    ///
    /// # Errors
    /// It was uploaded anew meanwhile, or is being rendered, or the bucket does not tell.
    pub async fn confirmed(&self, bucket: &Bucket, key: &BlendKey) -> Result<Self, FarmError> {
        let now = Self::of(bucket, &at(bucket, key).await?).await?;
        if now.upload == self.upload {
            return Ok(now);
        }
        Err(Fault::new(
            format!("`{key}` was uploaded anew meanwhile, so nothing was deleted."),
            "Whoever sent it may want it: farm status tells what becomes of it.",
        )
        .into())
    }

    fn take(&mut self, listed: Vec<Listed>) {
        self.bytes += listed.iter().map(|listed| listed.size).sum::<u64>();
        self.keys.extend(listed.into_iter().map(|listed| listed.key));
    }

    /// How many objects.
    pub fn objects(&self) -> usize {
        self.keys.len()
    }

    /// Deletes all of it. What a bucket with versions keeps of it, its lifecycle ends.
    ///
    /// # Errors
    /// The bucket does not delete something; the rest may be gone.
    pub async fn run(&self, bucket: &Bucket) -> Result<(), FarmError> {
        for keys in self.keys.chunks(MOST) {
            let objects = keys.iter().map(|key| ObjectIdentifier::builder().key(key).build());
            let objects = objects.collect::<Result<Vec<_>, _>>();
            let delete =
                objects.and_then(|objects| Delete::builder().set_objects(Some(objects)).quiet(true).build());
            let delete = delete.map_err(|error| AwsError::unsent("delete", error.to_string()))?;
            let answer = bucket.client.delete_objects().bucket(&bucket.name).delete(delete).send().await;
            let answer = answer.map_err(|error| AwsError::new("delete", error))?;
            if let Some(failed) = answer.errors().first() {
                let key = failed.key().unwrap_or_default();
                let words = failed.message().or(failed.code()).unwrap_or("it does not say why");
                return Err(AwsError::unsent(format!("delete `{key}`"), words).into());
            }
        }
        Ok(())
    }
}
