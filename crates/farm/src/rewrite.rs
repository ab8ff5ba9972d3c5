//! Writing an object once more in its own place, by the bucket itself.
//!
//! The ETag of an object that came in parts is made of the parts' own. So it is copied in parts of the
//! same lengths: then it is the same again.

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, MetadataDirective, TaggingDirective};
use farm_aws::AwsError;
use futures::{StreamExt, TryStreamExt, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::FarmError;
use crate::location::Location;

/// Calls under way at once.
const AT_ONCE: usize = 8;
/// What stands as it is in the name of a copy's source.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An object as it lies there.
pub(crate) struct Original {
    head: HeadObjectOutput,
}

impl Original {
    /// Looks at an upload.
    ///
    /// # Errors
    /// There is none, or the bucket does not tell.
    pub(crate) async fn look(client: &Client, at: &Location) -> Result<Self, FarmError> {
        match client.head_object().bucket(&at.bucket).key(at.key.as_str()).send().await {
            Ok(head) => Ok(Self { head }),
            Err(error) if is_missing(&error) => Err(FarmError::NoUpload(at.key.to_string())),
            Err(error) => Err(AwsError::new(format!("look at `{}`", at.key), error).into()),
        }
    }

    /// Its ETag, quotes included.
    pub(crate) fn etag(&self) -> &str {
        self.head.e_tag().unwrap_or_default()
    }

    /// In how many parts it came, by its ETag; `None` where it came in one piece.
    fn parts(&self) -> Option<i32> {
        self.etag().trim_matches('"').rsplit_once('-')?.1.parse().ok()
    }

    fn metadata(&self) -> Option<HashMap<String, String>> {
        self.head.metadata().cloned()
    }
}

/// Writes the object again in its own place. Gives its new ETag.
///
/// # Errors
/// It was replaced, or the bucket did not do it.
pub(crate) async fn write_again(
    client: &Client,
    at: &Location,
    original: &Original,
) -> Result<String, FarmError> {
    match original.parts() {
        None => copy_whole(client, at, original).await,
        Some(parts) => copy_in_parts(client, at, original, parts).await,
    }
}

fn source(at: &Location) -> String {
    utf8_percent_encode(&format!("{}/{}", at.bucket, at.key), &PLAIN).to_string()
}

async fn copy_whole(client: &Client, at: &Location, original: &Original) -> Result<String, FarmError> {
    let head = &original.head;
    let copied = client
        .copy_object()
        .bucket(&at.bucket)
        .key(at.key.as_str())
        .copy_source(source(at))
        .copy_source_if_match(original.etag())
        .if_match(original.etag())
        // S3 copies an object onto itself only where something is said anew, be it the same.
        .metadata_directive(MetadataDirective::Replace)
        .set_metadata(original.metadata())
        .set_content_type(head.content_type().map(str::to_owned))
        .tagging_directive(TaggingDirective::Copy)
        .send()
        .await
        .map_err(|error| failed(at, error))?;
    Ok(copied.copy_object_result.and_then(|result| result.e_tag).unwrap_or_default())
}

async fn copy_in_parts(
    client: &Client,
    at: &Location,
    original: &Original,
    parts: i32,
) -> Result<String, FarmError> {
    let (bucket, key) = (at.bucket.as_str(), at.key.as_str());
    let ranges = ranges(&lengths(client, at, original, parts).await?);
    let tags = client.get_object_tagging().bucket(bucket).key(key).send().await;
    let tags = tags.map_err(|error| failed(at, error))?.tag_set;
    let begun = client
        .create_multipart_upload()
        .bucket(bucket)
        .key(key)
        .set_metadata(original.metadata())
        .set_content_type(original.head.content_type().map(str::to_owned))
        .tagging(tagging(tags.iter().map(|tag| (tag.key(), tag.value()))))
        .send()
        .await
        .map_err(|error| failed(at, error))?;
    let id = begun.upload_id.unwrap_or_default();
    let written = async {
        let copies = stream::iter((1..).zip(ranges)).map(|(number, range)| {
            let call = client.upload_part_copy().bucket(bucket).key(key).upload_id(&id).part_number(number);
            let call = call.copy_source(source(at)).copy_source_if_match(original.etag());
            async move {
                let copied = call.copy_source_range(range).send().await.map_err(|error| failed(at, error))?;
                let etag = copied.copy_part_result.and_then(|part| part.e_tag);
                Ok::<_, FarmError>(CompletedPart::builder().part_number(number).set_e_tag(etag).build())
            }
        });
        let copies: Vec<_> = copies.buffered(AT_ONCE).try_collect().await?;
        let whole = CompletedMultipartUpload::builder().set_parts(Some(copies)).build();
        let call = client.complete_multipart_upload().bucket(bucket).key(key).upload_id(&id);
        let made = call.multipart_upload(whole).if_match(original.etag()).send().await;
        Ok(made.map_err(|error| failed(at, error))?.e_tag.unwrap_or_default())
    };
    let written = written.await;
    if written.is_err() {
        // What is told is why it failed; the bucket's own rule clears away what stays.
        let _ = client.abort_multipart_upload().bucket(bucket).key(key).upload_id(&id).send().await;
    }
    written
}

/// Lengths of the parts in which the object came.
async fn lengths(
    client: &Client,
    at: &Location,
    original: &Original,
    parts: i32,
) -> Result<Vec<u64>, FarmError> {
    let lengths = stream::iter(1..=parts).map(|number| async move {
        let call = client.head_object().bucket(&at.bucket).key(at.key.as_str()).part_number(number);
        let head = call.if_match(original.etag()).send().await.map_err(|error| failed(at, error))?;
        Ok(head.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default())
    });
    lengths.buffered(AT_ONCE).try_collect().await
}

/// The bytes of parts of these lengths, as S3 reads a range.
fn ranges(lengths: &[u64]) -> Vec<String> {
    let ends = lengths.iter().scan(0, |end, length| {
        let start = *end;
        *end += length;
        Some((start, *end))
    });
    ends.map(|(start, end)| format!("bytes={start}-{}", end.saturating_sub(1))).collect()
}

/// Tags as S3 takes them with an object.
fn tagging<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    tags.map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect::<Vec<_>>().join("&")
}

fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Whether the bucket says that there is no such object.
pub(crate) fn is_missing<E>(error: &SdkError<E, HttpResponse>) -> bool {
    status(error) == Some(404)
}

fn failed<E>(at: &Location, error: SdkError<E, HttpResponse>) -> FarmError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match status(&error) {
        Some(404 | 409 | 412) => FarmError::Replaced(at.key.to_string()),
        _ => AwsError::new(format!("write `{}` again", at.key), error).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_without_a_gap() {
        assert_eq!(ranges(&[5, 5, 2]), ["bytes=0-4", "bytes=5-9", "bytes=10-11"]);
        assert_eq!(ranges(&[]), [""; 0]);
    }

    #[test]
    fn tags_and_keys_are_encoded() {
        assert_eq!(tagging([("frames", "1 5-9"), ("a&b", "=")].into_iter()), "frames=1%205%2D9&a%26b=%3D");
        let at: Location = "s3://farm/my shot+é.blend".parse().expect("an upload");
        assert_eq!(source(&at), "farm/my%20shot%2B%C3%A9.blend");
    }
}
