//! Tags after the upload.

use std::collections::BTreeMap;

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result};

use super::blocking;
use super::convert::no_version;
use crate::s3::store::Store;
use crate::s3::tags;

pub(super) async fn get_object_tagging(
    store: &Store,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    no_version(request.input.version_id.as_deref())?;
    let tags = store.tags(&request.input.bucket, &request.input.key)?;
    let tag_set = tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect();
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set, version_id: None }))
}

pub(super) async fn put_object_tagging(
    store: &Store,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let PutObjectTaggingInput { bucket, key, tagging, version_id, .. } = request.input;
    no_version(version_id.as_deref())?;
    let given = tagging
        .tag_set
        .into_iter()
        .map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()))
        .collect();
    let tags = tags::check(given)?;
    let inner = store.inner.clone();
    blocking(move || inner.retag(&bucket, &key, tags)).await?;
    Ok(S3Response::new(PutObjectTaggingOutput::default()))
}

pub(super) async fn delete_object_tagging(
    store: &Store,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let DeleteObjectTaggingInput { bucket, key, version_id, .. } = request.input;
    no_version(version_id.as_deref())?;
    let inner = store.inner.clone();
    blocking(move || inner.retag(&bucket, &key, BTreeMap::new())).await?;
    Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
}
