//! Buckets and their lists.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result};

use super::blocking;
use super::convert::{etag, number, timestamp};
use crate::s3::error::StoreError;
use crate::s3::listing::{self, MAX_KEYS, Page, Query};
use crate::s3::object::ObjectRecord;
use crate::s3::store::{Store, find};

/// The one region there is.
const REGION: &str = "us-east-1";
/// What `encoding-type=url` leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*');

pub(super) async fn list_buckets(
    store: &Store,
    _request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let buckets = store.inner.read();
    let all = buckets.iter().map(|(name, bucket)| Bucket {
        name: Some(name.clone()),
        creation_date: Some(timestamp(bucket.created_ms)),
        bucket_region: None,
    });
    let output = ListBucketsOutput { buckets: Some(all.collect()), ..ListBucketsOutput::default() };
    Ok(S3Response::new(output))
}

pub(super) async fn create_bucket(
    store: &Store,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let (store, name) = (store.clone(), request.input.bucket);
    let location = Some(format!("/{name}"));
    blocking(move || store.create_bucket(&name)).await?;
    Ok(S3Response::new(CreateBucketOutput { location }))
}

pub(super) async fn head_bucket(
    store: &Store,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    store.inner.bucket_exists(&request.input.bucket)?;
    let output = HeadBucketOutput { bucket_region: Some(REGION.to_owned()), ..HeadBucketOutput::default() };
    Ok(S3Response::new(output))
}

/// Without a constraint, which is how S3 says us-east-1.
pub(super) async fn get_bucket_location(
    store: &Store,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    store.inner.bucket_exists(&request.input.bucket)?;
    Ok(S3Response::new(GetBucketLocationOutput::default()))
}

pub(super) async fn list_objects_v2(
    store: &Store,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let encode = encoder(input.encoding_type.as_ref())?;
    let token = input.continuation_token.as_deref().map(decode_token).transpose()?;
    let page = page(
        store,
        &input.bucket,
        input.prefix.as_deref(),
        input.delimiter.as_deref(),
        token.as_deref().or(input.start_after.as_deref()),
        input.max_keys,
    )?;
    let found = page.objects.len() + page.common_prefixes.len();
    let output = ListObjectsV2Output {
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_ref().map(|next| URL_SAFE_NO_PAD.encode(next)),
        contents: Some(contents(&page, encode)),
        common_prefixes: Some(common_prefixes(&page, encode)),
        key_count: i32::try_from(found).ok(),
        max_keys: Some(max_keys(input.max_keys)?.0),
        name: Some(input.bucket),
        prefix: Some(encode(input.prefix.as_deref().unwrap_or_default())),
        delimiter: input.delimiter.as_deref().map(encode),
        start_after: input.start_after.as_deref().map(encode),
        continuation_token: input.continuation_token,
        encoding_type: input.encoding_type,
        request_charged: None,
    };
    Ok(S3Response::new(output))
}

/// The older list, which some clients still ask for.
pub(super) async fn list_objects(
    store: &Store,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let encode = encoder(input.encoding_type.as_ref())?;
    let page = page(
        store,
        &input.bucket,
        input.prefix.as_deref(),
        input.delimiter.as_deref(),
        input.marker.as_deref(),
        input.max_keys,
    )?;
    let output = ListObjectsOutput {
        is_truncated: Some(page.next.is_some()),
        next_marker: page.next.as_deref().map(encode),
        contents: Some(contents(&page, encode)),
        common_prefixes: Some(common_prefixes(&page, encode)),
        max_keys: Some(max_keys(input.max_keys)?.0),
        name: Some(input.bucket),
        prefix: Some(encode(input.prefix.as_deref().unwrap_or_default())),
        delimiter: input.delimiter.as_deref().map(encode),
        marker: Some(encode(input.marker.as_deref().unwrap_or_default())),
        encoding_type: input.encoding_type,
        request_charged: None,
    };
    Ok(S3Response::new(output))
}

fn page(
    store: &Store,
    bucket: &str,
    prefix: Option<&str>,
    delimiter: Option<&str>,
    after: Option<&str>,
    max: Option<i32>,
) -> Result<Page, StoreError> {
    let (_, max_keys) = max_keys(max)?;
    let query = Query { prefix: prefix.unwrap_or_default(), delimiter, after, max_keys };
    let buckets = store.inner.read();
    Ok(listing::list(&find(&buckets, bucket)?.objects, &query))
}

/// Entries in a page: never more than S3 gives. Both as S3's type and as ours.
fn max_keys(asked: Option<i32>) -> Result<(i32, usize), StoreError> {
    let most = i32::try_from(MAX_KEYS).unwrap_or(i32::MAX);
    let count = asked.unwrap_or(most).min(most);
    usize::try_from(count).map(|size| (count, size)).map_err(|_| {
        StoreError::refused("InvalidArgument", format!("max-keys is {count}; it cannot be less than 0."))
    })
}

fn contents(page: &Page, encode: fn(&str) -> String) -> Vec<Object> {
    page.objects.iter().map(|record| object(record, encode)).collect()
}

fn object(record: &ObjectRecord, encode: fn(&str) -> String) -> Object {
    Object {
        key: Some(encode(&record.key)),
        size: Some(number(record.size)),
        e_tag: etag(&record.etag),
        last_modified: Some(timestamp(record.last_modified_ms)),
        checksum_algorithm: Some(vec![ChecksumAlgorithm::from_static(record.checksum.algorithm.name())]),
        checksum_type: Some(ChecksumType::from_static(record.checksum.kind.name())),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Object::default()
    }
}

fn common_prefixes(page: &Page, encode: fn(&str) -> String) -> Vec<CommonPrefix> {
    page.common_prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(encode(prefix)) }).collect()
}

/// Keys as they are, or URL-encoded where the client asks for it. A space is `%20`, which both
/// kinds of decoders read alike.
pub(super) fn encoder(asked: Option<&EncodingType>) -> Result<fn(&str) -> String, StoreError> {
    match asked.map(EncodingType::as_str) {
        None => Ok(str::to_owned),
        Some("url") => Ok(|text| utf8_percent_encode(text, PLAIN).to_string()),
        Some(other) => Err(StoreError::refused(
            "InvalidArgument",
            format!("Invalid Encoding Method specified in Request: {other}"),
        )),
    }
}

fn decode_token(token: &str) -> Result<String, StoreError> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| StoreError::refused("InvalidArgument", "The continuation token provided is incorrect"))
}
