//! Between S3's words and the store's.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use s3s::dto::{CopySource, ETag, ETagCondition, Metadata, Timestamp};

use crate::s3::checksum::Algorithm;
use crate::s3::conditions::{ReadConditions, WriteConditions};
use crate::s3::error::StoreError;
use crate::s3::object::{Headers, check_metadata};
use crate::s3::tags;

/// The checksums that an input names, as they stand in the request.
macro_rules! checksums {
    ($input:expr) => {{
        use $crate::s3::checksum::Algorithm;
        [
            (Algorithm::Crc32, $input.checksum_crc32.take()),
            (Algorithm::Crc32c, $input.checksum_crc32c.take()),
            (Algorithm::Crc64Nvme, $input.checksum_crc64nvme.take()),
            (Algorithm::Sha1, $input.checksum_sha1.take()),
            (Algorithm::Sha256, $input.checksum_sha256.take()),
        ]
        .into_iter()
        .filter_map(|(algorithm, value)| Some((algorithm, value?)))
        .collect::<Vec<(Algorithm, String)>>()
    }};
}
pub(super) use checksums;

/// Puts a checksum into the field of an output that is its own.
macro_rules! set_checksum {
    ($output:expr, $algorithm:expr, $value:expr) => {{
        use $crate::s3::checksum::Algorithm;
        let value = Some($value);
        match $algorithm {
            Algorithm::Crc32 => $output.checksum_crc32 = value,
            Algorithm::Crc32c => $output.checksum_crc32c = value,
            Algorithm::Crc64Nvme => $output.checksum_crc64nvme = value,
            Algorithm::Sha1 => $output.checksum_sha1 = value,
            Algorithm::Sha256 => $output.checksum_sha256 = value,
        }
    }};
}
pub(super) use set_checksum;

/// The headers of an input that are kept with the object.
macro_rules! kept_headers {
    ($input:expr) => {
        $crate::s3::object::Headers {
            content_type: $input.content_type.take(),
            cache_control: $input.cache_control.take(),
            content_disposition: $input.content_disposition.take(),
            content_encoding: $input.content_encoding.take(),
            content_language: $input.content_language.take(),
        }
    };
}
pub(super) use kept_headers;

/// The user's attributes, if S3 takes them.
pub(super) fn attributes(
    mut headers: Headers,
    metadata: Option<Metadata>,
    tagging: Option<&str>,
) -> Result<crate::s3::object::Attributes, StoreError> {
    // How the request travels is not how the object is encoded.
    headers.content_encoding = headers
        .content_encoding
        .map(|value| {
            let kept = value.split(',').map(str::trim).filter(|encoding| *encoding != "aws-chunked");
            kept.collect::<Vec<_>>().join(", ")
        })
        .filter(|value| !value.is_empty());
    let metadata: BTreeMap<String, String> = metadata.unwrap_or_default().into_iter().collect();
    check_metadata(&metadata)?;
    let tags = tagging.map(tags::parse_header).transpose()?.unwrap_or_default();
    Ok(crate::s3::object::Attributes { headers, metadata, tags })
}

/// The conditions of a write.
pub(super) fn write_conditions(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
) -> Result<WriteConditions, StoreError> {
    let absent = match if_none_match {
        None => false,
        Some(ETagCondition::Any) => true,
        Some(ETagCondition::ETag(_)) => {
            return Err(StoreError::refused("NotImplemented", "If-None-Match of a write can only be `*`."));
        }
    };
    Ok(WriteConditions { absent, etag: if_match.map(etag_text) })
}

/// The conditions of a copy's target, which s3s does not read.
pub(super) fn write_conditions_of(headers: &HeaderMap) -> Result<WriteConditions, StoreError> {
    let condition = |name: &str| {
        headers
            .get(name)
            .map(|value| {
                ETagCondition::parse_http_header(value.as_bytes())
                    .map_err(|_| StoreError::refused("InvalidArgument", format!("invalid header: {name}")))
            })
            .transpose()
    };
    write_conditions(condition("if-match")?, condition("if-none-match")?)
}

/// The conditions of a read.
pub(super) fn read_conditions(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
    modified_since: Option<Timestamp>,
    unmodified_since: Option<Timestamp>,
) -> ReadConditions {
    ReadConditions {
        etag: if_match.map(etag_text),
        not_etag: if_none_match.map(etag_text),
        modified_since,
        unmodified_since,
    }
}

fn etag_text(condition: ETagCondition) -> String {
    match condition {
        ETagCondition::Any => "*".to_owned(),
        ETagCondition::ETag(etag) => etag.into_value(),
    }
}

/// An ETag as S3 gives it: in quotes.
pub(super) fn etag(value: &str) -> Option<ETag> {
    Some(ETag::Strong(value.to_owned()))
}

/// A time.
pub(super) fn timestamp(milliseconds: u64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_millis(milliseconds))
}

/// A size or a count as S3's types take it.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Bucket and key of a copy's source.
pub(super) fn copy_source(source: CopySource) -> Result<(String, String), StoreError> {
    match source {
        CopySource::Bucket { bucket, key, version_id: None } => Ok((bucket.into(), key.into())),
        _ => Err(StoreError::refused(
            "NotImplemented",
            "Only an object of a bucket, without a version, can be copied.",
        )),
    }
}

/// There are no versions, so none may be asked for.
pub(super) fn no_version(id: Option<&str>) -> Result<(), StoreError> {
    match id {
        None | Some("null") => Ok(()),
        Some(id) => {
            Err(StoreError::refused("InvalidArgument", format!("Invalid version id specified: `{id}`")))
        }
    }
}

/// At most one checksum may come with a request.
pub(super) fn one_checksum(
    mut given: Vec<(Algorithm, String)>,
) -> Result<Option<(Algorithm, String)>, StoreError> {
    if given.len() > 1 {
        return Err(StoreError::refused(
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        ));
    }
    Ok(given.pop())
}
