//! Writing one object in parts.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart, EncodingType,
};
use bytes::Bytes;
use farm_contract::keys::decode_listed;

use super::{Condition, Kind, Label, StorageError, Store, encode_crc32};

/// An object being written in parts. Nothing of it is there until it is completed; one that is
/// neither completed nor aborted is paid for and never seen.
#[derive(Debug)]
pub struct Upload<'a> {
    store: &'a Store,
    label: &'a Label,
    id: String,
}

/// A part that is there.
#[derive(Debug, Clone)]
pub struct Part {
    number: i32,
    etag: String,
    crc32: u32,
}

impl Store {
    /// Begins to write an object in parts.
    ///
    /// # Errors
    /// The bucket did not begin.
    pub async fn begin<'a>(&'a self, label: &'a Label) -> Result<Upload<'a>, StorageError> {
        let create = self.client.create_multipart_upload().bucket(&self.bucket).key(&label.key);
        let reply = create
            .content_type(label.content_type)
            .set_metadata(Some(label.metadata.clone()))
            .set_tagging(label.tagging.clone())
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .checksum_type(ChecksumType::FullObject)
            .send()
            .await
            .map_err(|error| StorageError::of_call("writing", &label.key, error))?;
        Ok(Upload { store: self, label, id: reply.upload_id.unwrap_or_default() })
    }
}

impl Store {
    /// Clears away what was begun under `key` and never came to an end: its task was killed. Whoever is
    /// still at work on one finds it gone, and begins anew.
    ///
    /// # Errors
    /// The bucket did not list or abort them.
    pub async fn clear_unfinished(&self, key: &str) -> Result<(), StorageError> {
        let list = self.client.list_multipart_uploads().bucket(&self.bucket).prefix(key);
        let page = list.encoding_type(EncodingType::Url).send().await;
        let page = page.map_err(|error| StorageError::of_call("listing parts of", key, error))?;
        let encoded = page.encoding_type == Some(EncodingType::Url);
        for begun in page.uploads.unwrap_or_default() {
            let (Some(at), Some(id)) = (begun.key, begun.upload_id) else { continue };
            // The prefix is that of longer keys too, which come after it.
            let at = if encoded { decode_listed(&at) } else { at };
            if at == key {
                tracing::info!("parts of an unfinished {key} are cleared away");
                self.abort(key, &id).await?;
            }
        }
        Ok(())
    }

    async fn abort(&self, key: &str, id: &str) -> Result<(), StorageError> {
        let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(key).upload_id(id);
        match abort.send().await.map_err(|error| StorageError::of_call("tidying", key, error)) {
            Err(error) if error.kind == Kind::Missing => Ok(()),
            aborted => aborted.map(|_| ()),
        }
    }
}

impl Upload<'_> {
    /// Writes part `number`, counted from 1. `crc32` is that of `body`; the bucket refuses other
    /// bytes.
    ///
    /// # Errors
    /// The bucket did not take it.
    pub async fn part(&self, number: i32, body: Bytes, crc32: u32) -> Result<Part, StorageError> {
        let part = self.store.client.upload_part().bucket(&self.store.bucket).key(&self.label.key);
        let reply = part
            .upload_id(&self.id)
            .part_number(number)
            .checksum_crc32(encode_crc32(crc32))
            .body(ByteStream::from(body))
            .customize()
            // As for a whole object.
            .disable_payload_signing()
            .send()
            .await
            .map_err(|error| StorageError::of_call("writing", &self.label.key, error))?;
        Ok(Part { number, etag: reply.e_tag.unwrap_or_default(), crc32 })
    }

    /// Makes the object of its parts, in order of their numbers. `size` and `crc32` are those of
    /// the whole; the bucket refuses parts that make anything else.
    ///
    /// # Errors
    /// [`Kind::Conflict`] where `condition` does not hold.
    pub async fn complete(
        &self,
        mut parts: Vec<Part>,
        size: u64,
        crc32: u32,
        condition: &Condition,
    ) -> Result<(), StorageError> {
        parts.sort_unstable_by_key(|part| part.number);
        let parts = parts.into_iter().map(|part| {
            let made = CompletedPart::builder().part_number(part.number).e_tag(part.etag);
            made.checksum_crc32(encode_crc32(part.crc32)).build()
        });
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        let complete = self.store.client.complete_multipart_upload();
        let complete = match condition {
            Condition::Absent => complete.if_none_match("*"),
            Condition::Unchanged(etag) => complete.if_match(etag),
        };
        let reply = complete
            .bucket(&self.store.bucket)
            .key(&self.label.key)
            .upload_id(&self.id)
            .multipart_upload(parts)
            .checksum_type(ChecksumType::FullObject)
            .checksum_crc32(encode_crc32(crc32))
            .set_mpu_object_size(i64::try_from(size).ok())
            .send()
            .await;
        match reply.map_err(|error| StorageError::of_write(&self.label.key, error)) {
            // An answer that was lost, and a second call that finds the upload already made
            // into its object: then that object is ours.
            Err(error) if error.kind == Kind::Missing => match self.store.head(&self.label.key).await? {
                Some(head) if head.size == size && head.metadata == self.label.metadata => Ok(()),
                _ => Err(error),
            },
            reply => reply.map(|_| ()),
        }
    }

    /// Gives up: the parts are deleted.
    ///
    /// # Errors
    /// The bucket did not delete them.
    pub async fn abort(&self) -> Result<(), StorageError> {
        self.store.abort(&self.label.key, &self.id).await
    }
}
