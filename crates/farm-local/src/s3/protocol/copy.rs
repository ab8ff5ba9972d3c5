//! Copies, of whole objects and for parts.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range as ByteRange;

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::blocking;
use super::body::MAX_PUT_BYTES;
use super::convert::{
    attributes, copy_source, etag, kept_headers, read_conditions, set_checksum, timestamp,
    write_conditions_of,
};
use super::objects::READ_BYTES;
use crate::s3::checksum::Algorithm;
use crate::s3::conditions::{ReadConditions, Verdict, failed};
use crate::s3::content::ContentWriter;
use crate::s3::error::StoreError;
use crate::s3::object::ObjectRecord;
use crate::s3::store::{Inner, Store, whole};

pub(super) async fn copy_object(
    store: &Store,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let mut input = request.input;
    let source = copy_source(input.copy_source)?;
    let from = read_conditions(
        input.copy_source_if_match,
        input.copy_source_if_none_match,
        input.copy_source_if_modified_since,
        input.copy_source_if_unmodified_since,
    );
    let conditions = write_conditions_of(&request.headers)?;
    let replace_metadata = replaces(input.metadata_directive.as_ref().map(MetadataDirective::as_str));
    let replace_tags = replaces(input.tagging_directive.as_ref().map(TaggingDirective::as_str));
    let kept = kept_headers!(input);
    let said = attributes(kept, input.metadata, input.tagging.as_deref())?;
    let algorithm = input.checksum_algorithm.map(|asked| Algorithm::parse(asked.as_str())).transpose()?;
    let (bucket, key) = (input.bucket, input.key);
    if source == (bucket.clone(), key.clone()) && !replace_metadata {
        return Err(S3Error::with_message(
            S3ErrorCode::InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing \
             the object's metadata.",
        ));
    }
    let inner = store.inner.clone();
    let created = blocking(move || {
        let (file, original) = open_source(&inner, &source, &from)?;
        let algorithm = algorithm.unwrap_or(original.checksum.algorithm);
        let writer = inner.writer(&bucket, &key, original.size, algorithm)?;
        let content = copy_bytes(&inner, file, 0..original.size, writer)?;
        let mut carried = original.attributes.clone();
        if replace_metadata {
            carried.headers = said.headers;
            carried.metadata = said.metadata;
        }
        if replace_tags {
            carried.tags = said.tags;
        }
        let record = whole(&key, &content, carried);
        inner.create(&bucket, record, content.pending, &conditions, "ObjectCreated:Copy")
    })
    .await?;
    let mut result = CopyObjectResult {
        e_tag: etag(&created.etag),
        last_modified: Some(timestamp(created.last_modified_ms)),
        checksum_type: Some(ChecksumType::from_static(created.checksum.kind.name())),
        ..CopyObjectResult::default()
    };
    set_checksum!(result, created.checksum.algorithm, created.checksum.value.clone());
    let output = CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() };
    Ok(S3Response::new(output))
}

fn replaces(directive: Option<&str>) -> bool {
    directive == Some("REPLACE")
}

/// The object to copy from, if its conditions hold.
pub(super) fn open_source(
    inner: &Inner,
    source: &(String, String),
    conditions: &ReadConditions,
) -> Result<(std::fs::File, std::sync::Arc<ObjectRecord>), StoreError> {
    let (file, record) = inner.open_content(&source.0, &source.1)?;
    match conditions.check(&record) {
        Verdict::Proceed => Ok((file, record)),
        Verdict::NotModified => Err(failed("x-amz-copy-source-if-none-match or -if-modified-since")),
        Verdict::Failed(condition) => Err(failed(&format!("x-amz-copy-source-{condition}"))),
    }
}

/// Copies a range of a file through the hashes.
pub(super) fn copy_bytes(
    inner: &Inner,
    mut from: std::fs::File,
    bytes: ByteRange<u64>,
    mut writer: ContentWriter,
) -> Result<crate::s3::content::Content, StoreError> {
    let size = bytes.end - bytes.start;
    if size > MAX_PUT_BYTES {
        return Err(StoreError::refused(
            "InvalidRequest",
            format!("{size} bytes in one copy; S3 allows {MAX_PUT_BYTES}. Copy it in parts."),
        ));
    }
    let path = writer.path().to_owned();
    let copy = move || {
        from.seek(SeekFrom::Start(bytes.start))?;
        let mut from = from.take(size);
        let mut buffer = vec![0; READ_BYTES];
        loop {
            match from.read(&mut buffer)? {
                0 => break Ok(writer.finish()),
                count => writer.write(&buffer[..count])?,
            }
        }
    };
    copy().map_err(|error| inner.space.explain(size, &path, error))
}
