//! Objects: put, get, head, copy, delete.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range as ByteRange;

use bytes::Bytes;
use futures::Stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use tokio::task::JoinHandle;

use super::blocking;
use super::body::Incoming;
use super::convert::{
    attributes, checksums, etag, kept_headers, no_version, number, read_conditions, set_checksum, timestamp,
    write_conditions,
};
use crate::s3::checksum::Algorithm;
use crate::s3::conditions::{ReadConditions, Verdict, failed};
use crate::s3::error::StoreError;
use crate::s3::object::ObjectRecord;
use crate::s3::store::{Store, whole};

/// Bytes read from the disk at once.
pub(super) const READ_BYTES: usize = 256 << 10;
/// S3's limit for one DeleteObjects.
const MAX_DELETES: usize = 1000;

pub(super) async fn put_object(
    store: &Store,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let mut input = request.input;
    let incoming = Incoming::new(
        input.body.take(),
        input.content_length,
        &request.headers,
        request.trailing_headers,
        checksums!(input),
        input.content_md5.as_deref(),
    )?;
    let algorithm = incoming.algorithm().unwrap_or(Algorithm::DEFAULT);
    let conditions = write_conditions(input.if_match.take(), input.if_none_match.take());
    let kept = kept_headers!(input);
    let said = attributes(kept, input.metadata.take(), input.tagging.as_deref());
    let PutObjectInput { bucket, key, .. } = input;

    // All that can be refused before the body is read.
    let prepared = conditions.and_then(|conditions| {
        let there = store.inner.record(&bucket, &key).ok();
        conditions.check(&key, there.as_deref())?;
        Ok((conditions, said?))
    });
    let (prepared, writer) = match prepared {
        Ok(prepared) => (Some(prepared), store.inner.writer(&bucket, &key, incoming.length, algorithm)),
        Err(error) => (None, Err(error)),
    };
    let content = incoming.store(store, writer).await?;
    let (conditions, said) = prepared.unwrap_or_default();

    let inner = store.inner.clone();
    let created = blocking(move || {
        let record = whole(&key, &content, said);
        inner.create(&bucket, record, content.pending, &conditions, "ObjectCreated:Put")
    })
    .await?;
    let mut output = PutObjectOutput {
        e_tag: etag(&created.etag),
        checksum_type: Some(ChecksumType::from_static(created.checksum.kind.name())),
        ..PutObjectOutput::default()
    };
    set_checksum!(output, created.checksum.algorithm, created.checksum.value.clone());
    Ok(S3Response::new(output))
}

/// The fields that GET and HEAD have in common.
macro_rules! describe {
    ($output:ident, $record:expr, $selected:expr, $with_checksum:expr) => {{
        let record: &ObjectRecord = $record;
        let selected: &Selected = $selected;
        let output = $output {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(number(selected.bytes.end - selected.bytes.start)),
            content_range: selected.content_range(record.size),
            e_tag: etag(&record.etag),
            last_modified: Some(timestamp(record.last_modified_ms)),
            content_type: Some(
                record
                    .attributes
                    .headers
                    .content_type
                    .clone()
                    .unwrap_or_else(|| "binary/octet-stream".to_owned()),
            ),
            cache_control: record.attributes.headers.cache_control.clone(),
            content_disposition: record.attributes.headers.content_disposition.clone(),
            content_encoding: record.attributes.headers.content_encoding.clone(),
            content_language: record.attributes.headers.content_language.clone(),
            metadata: Some(record.attributes.metadata.clone().into_iter().collect()),
            parts_count: selected.parts,
            ..$output::default()
        };
        let mut output = output;
        // Of a range there is none.
        if $with_checksum && !selected.partial {
            output.checksum_type = Some(ChecksumType::from_static(record.checksum.kind.name()));
            set_checksum!(output, record.checksum.algorithm, record.checksum.value.clone());
        }
        output
    }};
}

pub(super) async fn get_object(
    store: &Store,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let input = request.input;
    no_version(input.version_id.as_deref())?;
    let (bucket, key) = (input.bucket, input.key);
    let inner = store.inner.clone();
    let (file, record) = blocking(move || inner.open_content(&bucket, &key)).await?;
    let conditions = read_conditions(
        input.if_match,
        input.if_none_match,
        input.if_modified_since,
        input.if_unmodified_since,
    );
    check_read(&conditions, &record)?;
    let selected = select(&record, input.range, input.part_number)?;
    let mut output = describe!(GetObjectOutput, &record, &selected, enabled(input.checksum_mode.as_ref()));
    output.tag_count = i32::try_from(record.attributes.tags.len()).ok().filter(|count| *count > 0);
    output.body = Some(StreamingBlob::wrap(stream(file, selected.bytes).map_err(S3Error::internal_error)?));
    Ok(S3Response::new(output))
}

pub(super) async fn head_object(
    store: &Store,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    no_version(input.version_id.as_deref())?;
    let record = store.inner.record(&input.bucket, &input.key)?;
    let conditions = read_conditions(
        input.if_match,
        input.if_none_match,
        input.if_modified_since,
        input.if_unmodified_since,
    );
    check_read(&conditions, &record)?;
    let selected = select(&record, input.range, input.part_number)?;
    let output = describe!(HeadObjectOutput, &record, &selected, enabled(input.checksum_mode.as_ref()));
    let mut response = S3Response::new(output);
    response.status = selected.partial.then_some(StatusCode::PARTIAL_CONTENT);
    Ok(response)
}

fn enabled(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

fn check_read(conditions: &ReadConditions, record: &ObjectRecord) -> S3Result<()> {
    match conditions.check(record) {
        Verdict::Proceed => Ok(()),
        Verdict::Failed(condition) => Err(failed(condition).into()),
        Verdict::NotModified => {
            let mut error = S3Error::new(S3ErrorCode::NotModified);
            let mut headers = HeaderMap::new();
            if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", record.etag)) {
                headers.insert(header::ETAG, etag);
            }
            error.set_headers(headers);
            Err(error)
        }
    }
}

/// The bytes that a read asks for.
struct Selected {
    bytes: ByteRange<u64>,
    partial: bool,
    parts: Option<i32>,
}

impl Selected {
    fn content_range(&self, size: u64) -> Option<String> {
        // Of an empty part there is no first and last byte to name.
        (self.partial && !self.bytes.is_empty())
            .then(|| format!("bytes {}-{}/{size}", self.bytes.start, self.bytes.end - 1))
    }
}

fn select(record: &ObjectRecord, range: Option<Range>, part: Option<i32>) -> S3Result<Selected> {
    let parts = i32::try_from(record.parts.len()).ok().filter(|count| *count > 0);
    let out_of_range = |code: &'static str, message: String| {
        let mut error = S3Error::from(StoreError::refused(code, message));
        error.set_status_code(StatusCode::RANGE_NOT_SATISFIABLE);
        error
    };
    match (range, part) {
        (Some(_), Some(_)) => Err(S3Error::with_message(
            S3ErrorCode::InvalidRequest,
            "Cannot specify both Range header and partNumber query parameter.",
        )),
        (Some(range), None) => match range.check(record.size) {
            Ok(bytes) if !bytes.is_empty() => Ok(Selected { bytes, partial: true, parts: None }),
            _ => Err(out_of_range(
                "InvalidRange",
                format!("The requested range is not satisfiable: the object has {} bytes.", record.size),
            )),
        },
        (None, Some(number)) => {
            // A part is asked for by its place; an object put whole has one.
            let sizes: Vec<u64> = match parts {
                Some(_) => record.parts.iter().map(|part| part.size).collect(),
                None => vec![record.size],
            };
            let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
            let Some((place, size)) = place.and_then(|place| Some((place, *sizes.get(place)?))) else {
                return Err(out_of_range(
                    "InvalidPartNumber",
                    format!("The object has {} parts, and no part {number}.", sizes.len()),
                ));
            };
            let start: u64 = sizes[..place].iter().sum();
            Ok(Selected { bytes: start..start + size, partial: true, parts })
        }
        (None, None) => Ok(Selected { bytes: 0..record.size, partial: false, parts: None }),
    }
}

/// Bytes of a file that are still to be sent.
struct Rest {
    file: std::fs::File,
    bytes: u64,
}

impl Rest {
    /// The next chunk, and the rest behind it. An empty chunk is the end of a file that is too short.
    fn next(mut self) -> io::Result<(Bytes, Self)> {
        let most = self.bytes.min(READ_BYTES as u64);
        let mut chunk = Vec::with_capacity(usize::try_from(most).unwrap_or(READ_BYTES));
        self.file.by_ref().take(most).read_to_end(&mut chunk)?;
        self.bytes -= chunk.len() as u64;
        Ok((chunk.into(), self))
    }

    /// Reads the next chunk, if there is one, where reading may block.
    fn ahead(self) -> Option<JoinHandle<io::Result<(Bytes, Self)>>> {
        (self.bytes > 0).then(|| tokio::task::spawn_blocking(move || self.next()))
    }
}

/// The bytes of a file, in chunks. Each is read while the one before it is sent.
fn stream(
    mut file: std::fs::File,
    bytes: ByteRange<u64>,
) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static> {
    if bytes.start > 0 {
        file.seek(SeekFrom::Start(bytes.start))?;
    }
    let rest = Rest { file, bytes: bytes.end - bytes.start };
    Ok(futures::stream::try_unfold(rest.ahead(), |ahead| async move {
        let Some(ahead) = ahead else { return Ok(None) };
        let (chunk, rest) = ahead.await.map_err(io::Error::other)??;
        Ok((!chunk.is_empty()).then(|| (chunk, rest.ahead())))
    }))
}

pub(super) async fn get_object_attributes(
    store: &Store,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let input = request.input;
    no_version(input.version_id.as_deref())?;
    let record = store.inner.record(&input.bucket, &input.key)?;
    let asked = |name: &str| input.object_attributes.iter().any(|attribute| attribute.as_str() == name);
    let mut output = GetObjectAttributesOutput {
        last_modified: Some(timestamp(record.last_modified_ms)),
        ..GetObjectAttributesOutput::default()
    };
    if asked(ObjectAttributes::ETAG) {
        output.e_tag = etag(&record.etag);
    }
    if asked(ObjectAttributes::OBJECT_SIZE) {
        output.object_size = Some(number(record.size));
    }
    if asked(ObjectAttributes::STORAGE_CLASS) {
        output.storage_class = Some(StorageClass::from_static(StorageClass::STANDARD));
    }
    if asked(ObjectAttributes::CHECKSUM) {
        let mut checksum = Checksum {
            checksum_type: Some(ChecksumType::from_static(record.checksum.kind.name())),
            ..Checksum::default()
        };
        // Here, and only here, S3 gives a composite one without the number of parts.
        let value = record.checksum.value.split('-').next().unwrap_or_default().to_owned();
        set_checksum!(checksum, record.checksum.algorithm, value);
        output.checksum = Some(checksum);
    }
    if asked(ObjectAttributes::OBJECT_PARTS) && !record.parts.is_empty() {
        output.object_parts = Some(object_parts(&record, input.part_number_marker, input.max_parts));
    }
    Ok(S3Response::new(output))
}

fn object_parts(record: &ObjectRecord, marker: Option<i32>, max: Option<i32>) -> GetObjectAttributesParts {
    let marker = marker.unwrap_or(0);
    let max = max.unwrap_or(1000).clamp(0, 1000);
    let mut rest = record.parts.iter().filter(|part| part.number > marker);
    let mut last = None;
    let mut parts = Vec::new();
    for part in rest.by_ref().take(usize::try_from(max).unwrap_or(0)) {
        let mut given = ObjectPart {
            part_number: Some(part.number),
            size: Some(number(part.size)),
            ..ObjectPart::default()
        };
        set_checksum!(given, record.checksum.algorithm, part.checksum.clone());
        last = Some(part.number);
        parts.push(given);
    }
    let more = rest.next().is_some();
    GetObjectAttributesParts {
        is_truncated: Some(more),
        max_parts: Some(max),
        part_number_marker: Some(marker),
        next_part_number_marker: last.filter(|_| more),
        parts: Some(parts),
        total_parts_count: i32::try_from(record.parts.len()).ok(),
    }
}

pub(super) async fn delete_object(
    store: &Store,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let DeleteObjectInput { bucket, key, if_match, version_id, .. } = request.input;
    no_version(version_id.as_deref())?;
    let conditions = write_conditions(if_match, None)?;
    let inner = store.inner.clone();
    blocking(move || inner.delete(&bucket, &key, &conditions)).await?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

pub(super) async fn delete_objects(
    store: &Store,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let DeleteObjectsInput { bucket, delete, .. } = request.input;
    if delete.objects.is_empty() || delete.objects.len() > MAX_DELETES {
        return Err(S3Error::with_message(
            S3ErrorCode::MalformedXML,
            format!("{} keys to delete; S3 takes 1 to {MAX_DELETES}.", delete.objects.len()),
        ));
    }
    store.inner.bucket_exists(&bucket)?;
    let quiet = delete.quiet.unwrap_or(false);
    let inner = store.inner.clone();
    let output = blocking(move || {
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in delete.objects {
            let key = object.key;
            let done = no_version(object.version_id.as_deref())
                .and_then(|()| write_conditions(object.e_tag.map(ETagCondition::ETag), None))
                .and_then(|conditions| inner.delete(&bucket, &key, &conditions));
            match done {
                Ok(()) => deleted.push(DeletedObject { key: Some(key), ..DeletedObject::default() }),
                Err(error) => {
                    let error = S3Error::from(error);
                    errors.push(Error {
                        key: Some(key),
                        code: Some(error.code().as_str().to_owned()),
                        message: error.message().map(str::to_owned),
                        version_id: None,
                    });
                }
            }
        }
        Ok(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            errors: Some(errors),
            ..DeleteObjectsOutput::default()
        })
    })
    .await?;
    Ok(S3Response::new(output))
}
