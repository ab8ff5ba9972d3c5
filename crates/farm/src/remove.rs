//! Deleting an upload with all that was made of it.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use farm_aws::AwsError;
use farm_contract::Fault;
use farm_contract::keys::{self, BlendKey};
use farm_contract::report::State;

use crate::bucket::{Bucket, Listed};
use crate::error::FarmError;
use crate::render::Found;
use crate::render::find::renders_of;

/// Objects that one call deletes.
const MOST: usize = 1000;

/// What would be deleted.
#[derive(Debug, Clone, Default)]
pub struct Removal {
    /// Keys, the upload's last.
    keys: Vec<String>,
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
                format!("Stop it first: farm cancel s3://{}/{key}.", bucket.name),
            )
            .into());
        }
        let mut removal = Self::default();
        for render in renders_of(bucket, key).await? {
            removal.take(bucket.list(&keys::render_prefix(&render)).await?);
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
        removal.take(made);
        if let Some(head) = bucket.head(key.as_str()).await? {
            removal.bytes += head.size;
            removal.keys.push(key.to_string());
        }
        Ok(removal)
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
