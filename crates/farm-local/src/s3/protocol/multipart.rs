//! Multipart uploads.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::blocking;
use super::body::Incoming;
use super::buckets::encoder;
use super::convert::{
    attributes, checksums, copy_source, etag, kept_headers, number, one_checksum, read_conditions,
    set_checksum, timestamp, write_conditions,
};
use super::copy::{copy_bytes, open_source};
use crate::s3::checksum::{Algorithm, encode};
use crate::s3::completion::{Completion, NamedPart};
use crate::s3::error::StoreError;
use crate::s3::multipart::{check_part_number, locked};
use crate::s3::store::{Inner, Store};

/// Entries in a page.
const MAX_ENTRIES: i32 = 1000;

pub(super) async fn create_multipart_upload(
    store: &Store,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let mut input = request.input;
    let kept = kept_headers!(input);
    let said = attributes(kept, input.metadata, input.tagging.as_deref())?;
    let asked = input.checksum_type.as_ref().map(ChecksumType::as_str);
    let checksum = match &input.checksum_algorithm {
        Some(name) => {
            let algorithm = Algorithm::parse(name.as_str())?;
            Some((algorithm, algorithm.multipart_kind(asked)?))
        }
        None if asked.is_some() => {
            return Err(S3Error::with_message(
                S3ErrorCode::InvalidRequest,
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
            ));
        }
        None => None,
    };
    let (inner, bucket, key) = (store.inner.clone(), input.bucket.clone(), input.key.clone());
    let id = blocking(move || inner.begin_upload(&bucket, &key, said, checksum)).await?;
    let output = CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: checksum.map(|(_, kind)| ChecksumType::from_static(kind.name())),
        ..CreateMultipartUploadOutput::default()
    };
    Ok(S3Response::new(output))
}

pub(super) async fn upload_part(
    store: &Store,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let mut input = request.input;
    let incoming = Incoming::new(
        input.body.take(),
        input.content_length,
        &request.headers,
        request.trailing_headers,
        checksums!(input),
        input.content_md5.as_deref(),
    )?;
    let number = input.part_number;
    let given = incoming.algorithm();
    let length = incoming.length;
    let inner = store.inner.clone();
    let prepared = blocking(move || {
        let upload = inner.upload(&input.bucket, &input.key, &input.upload_id)?;
        let writer = inner.part_writer(&upload, number, length, given)?;
        Ok((upload, writer))
    });
    let (upload, writer) = match prepared.await {
        Ok((upload, writer)) => (Some(upload), Ok(writer)),
        Err(error) => (None, Err(error)),
    };
    let content = incoming.store(store, writer).await?;
    let upload = upload.ok_or(S3ErrorCode::NoSuchUpload)?;
    let (algorithm, checksum) = content.given_sum();
    let part = blocking(move || Inner::add_part(&upload, number, content)).await?;
    let mut output = UploadPartOutput { e_tag: etag(&part.etag()), ..UploadPartOutput::default() };
    set_checksum!(output, algorithm, encode(&checksum));
    Ok(S3Response::new(output))
}

pub(super) async fn upload_part_copy(
    store: &Store,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let input = request.input;
    let source = copy_source(input.copy_source)?;
    let conditions = read_conditions(
        input.copy_source_if_match,
        input.copy_source_if_none_match,
        input.copy_source_if_modified_since,
        input.copy_source_if_unmodified_since,
    );
    let range = input.copy_source_range;
    let inner = store.inner.clone();
    let (part, algorithm) = blocking(move || {
        check_part_number(input.part_number)?;
        let upload = inner.upload(&input.bucket, &input.key, &input.upload_id)?;
        let (file, original) = open_source(&inner, &source, &conditions)?;
        let bytes = match range.as_deref() {
            None => 0..original.size,
            Some(range) => part_range(range, original.size)?,
        };
        let writer = inner.part_writer(&upload, input.part_number, bytes.end - bytes.start, None)?;
        let content = copy_bytes(&inner, file, bytes, writer)?;
        let algorithm = content.algorithm;
        Ok((Inner::add_part(&upload, input.part_number, content)?, algorithm))
    })
    .await?;
    let mut result = CopyPartResult {
        e_tag: etag(&part.etag()),
        last_modified: Some(timestamp(part.last_modified_ms)),
        ..CopyPartResult::default()
    };
    set_checksum!(result, algorithm, encode(&part.checksum));
    let output = UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() };
    Ok(S3Response::new(output))
}

/// `bytes=FIRST-LAST`, both named and both within the source.
fn part_range(range: &str, size: u64) -> Result<std::ops::Range<u64>, StoreError> {
    match Range::parse(range) {
        Ok(Range::Int { first, last: Some(last) }) if last < size => Ok(first..last + 1),
        Ok(Range::Int { last: Some(_), .. }) => Err(StoreError::refused(
            "InvalidArgument",
            format!("Range specified is not valid for source object of size: {size}"),
        )),
        _ => Err(StoreError::refused(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are \
             the zero-based offsets of the first and last bytes to copy",
        )),
    }
}

pub(super) async fn list_parts(
    store: &Store,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let marker = input.part_number_marker.unwrap_or(0);
    let max = entries(input.max_parts);
    let inner = store.inner.clone();
    let output = blocking(move || {
        let shared = inner.upload(&input.bucket, &input.key, &input.upload_id)?;
        let upload = locked(&shared);
        let mut rest = upload.parts.iter().filter(|(number, _)| **number > marker);
        let mut parts = Vec::new();
        for (place, part) in rest.by_ref().take(usize::try_from(max).unwrap_or(0)) {
            let mut listed = Part {
                part_number: Some(*place),
                size: Some(number(part.size)),
                e_tag: etag(&part.etag()),
                last_modified: Some(timestamp(part.last_modified_ms)),
                ..Part::default()
            };
            set_checksum!(listed, upload.algorithm, encode(&part.checksum));
            parts.push(listed);
        }
        let more = rest.next().is_some();
        Ok(ListPartsOutput {
            is_truncated: Some(more),
            max_parts: Some(max),
            part_number_marker: Some(marker),
            next_part_number_marker: parts.last().and_then(|part| part.part_number).filter(|_| more),
            parts: Some(parts),
            checksum_algorithm: upload.named.then(|| ChecksumAlgorithm::from_static(upload.algorithm.name())),
            checksum_type: upload.named.then(|| ChecksumType::from_static(upload.kind.name())),
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            ..ListPartsOutput::default()
        })
    })
    .await?;
    Ok(S3Response::new(output))
}

pub(super) async fn list_multipart_uploads(
    store: &Store,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    if input.delimiter.is_some() {
        return Err(S3Error::with_message(
            S3ErrorCode::NotImplemented,
            "Uploads under way cannot be folded at a delimiter here. List them by prefix.",
        ));
    }
    let max = entries(input.max_uploads);
    let encode = encoder(input.encoding_type.as_ref())?;
    let inner = store.inner.clone();
    let output = blocking(move || {
        inner.bucket_exists(&input.bucket)?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let after = input.key_marker.as_deref().map(|key| (key, input.upload_id_marker.as_deref()));
        let mut uploads = Vec::new();
        let mut more = false;
        for (id, shared) in inner.uploads_of(&input.bucket) {
            let upload = locked(&shared);
            let listed = match after {
                None => true,
                Some((key, None)) => upload.key.as_str() > key,
                Some((key, Some(marker))) => (upload.key.as_str(), id.as_str()) > (key, marker),
            };
            if !listed || !upload.key.starts_with(prefix) {
                continue;
            }
            if uploads.len() == usize::try_from(max).unwrap_or(0) {
                more = max > 0;
                break;
            }
            uploads.push(MultipartUpload {
                key: Some(encode(&upload.key)),
                upload_id: Some(id),
                initiated: Some(timestamp(upload.initiated_ms)),
                checksum_algorithm: upload
                    .named
                    .then(|| ChecksumAlgorithm::from_static(upload.algorithm.name())),
                checksum_type: upload.named.then(|| ChecksumType::from_static(upload.kind.name())),
                ..MultipartUpload::default()
            });
        }
        let last = uploads.last().filter(|_| more);
        Ok(ListMultipartUploadsOutput {
            is_truncated: Some(more),
            next_key_marker: last.and_then(|upload| upload.key.clone()),
            next_upload_id_marker: last.and_then(|upload| upload.upload_id.clone()),
            uploads: Some(uploads),
            max_uploads: Some(max),
            bucket: Some(input.bucket),
            key_marker: input.key_marker.as_deref().map(encode),
            upload_id_marker: input.upload_id_marker,
            prefix: input.prefix.as_deref().map(encode),
            encoding_type: input.encoding_type,
            ..ListMultipartUploadsOutput::default()
        })
    })
    .await?;
    Ok(S3Response::new(output))
}

fn entries(asked: Option<i32>) -> i32 {
    asked.unwrap_or(MAX_ENTRIES).clamp(0, MAX_ENTRIES)
}

pub(super) async fn complete_multipart_upload(
    store: &Store,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let mut input = request.input;
    let mut parts = Vec::new();
    for mut part in input.multipart_upload.take().and_then(|list| list.parts).unwrap_or_default() {
        let checksum = one_checksum(checksums!(part))?
            .map(|(algorithm, value)| Ok::<_, StoreError>((algorithm, algorithm.decode(&value)?)))
            .transpose()?;
        let etag = part.e_tag.map(ETag::into_value).unwrap_or_default();
        parts.push(NamedPart { number: part.part_number.unwrap_or(0), etag, checksum });
    }
    let completion = Completion {
        parts,
        conditions: write_conditions(input.if_match.take(), input.if_none_match.take())?,
        size: input.mpu_object_size.and_then(|size| u64::try_from(size).ok()),
        checksum: one_checksum(checksums!(input))?,
        kind: input.checksum_type.take().map(|kind| kind.as_str().to_owned()),
    };
    let inner = store.inner.clone();
    let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id);
    let created = blocking(move || inner.complete_upload(&bucket, &key, &id, &completion)).await?;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: etag(&created.etag),
        checksum_type: Some(ChecksumType::from_static(created.checksum.kind.name())),
        ..CompleteMultipartUploadOutput::default()
    };
    set_checksum!(output, created.checksum.algorithm, created.checksum.value.clone());
    Ok(S3Response::new(output))
}

pub(super) async fn abort_multipart_upload(
    store: &Store,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let AbortMultipartUploadInput { bucket, key, upload_id, .. } = request.input;
    let inner = store.inner.clone();
    blocking(move || inner.abort_upload(&bucket, &key, &upload_id)).await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}
