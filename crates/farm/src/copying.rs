//! Copies that the bucket itself makes, of which no byte travels.

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, MetadataDirective, TaggingDirective};
use farm_aws::AwsError;
use futures::{StreamExt, TryStreamExt, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Calls under way at once.
pub(crate) const AT_ONCE: usize = 8;
/// What stands as it is in the name of a copy's source.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One object of a bucket, to be copied within it.
pub(crate) struct Copying<'a> {
    pub(crate) client: &'a Client,
    pub(crate) bucket: &'a str,
    /// Key of the object.
    pub(crate) from: &'a str,
    /// ETag that it must have, quotes included.
    pub(crate) source: Option<&'a str>,
    /// Key of the copy.
    pub(crate) to: &'a str,
    /// ETag that must stand there before, quotes included.
    pub(crate) replaced: Option<&'a str>,
    /// What the copy says of itself; else, of a copy in one piece, what the object does.
    pub(crate) described: Option<Description>,
    /// Tags as S3 takes them; else, of a copy in one piece, those of the object.
    pub(crate) tagging: Option<String>,
}

/// What an object says of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Description {
    pub(crate) metadata: Option<HashMap<String, String>>,
    pub(crate) content_type: Option<String>,
}

/// A copy that was not made.
pub(crate) struct Failed {
    /// HTTP's number of the answer, where there was one.
    pub(crate) status: Option<u16>,
    pub(crate) error: AwsError,
}

impl Copying<'_> {
    /// Copies up to 5 GiB in one piece. Gives the copy's ETag.
    pub(crate) async fn whole(&self) -> Result<String, Failed> {
        let described = self.described.clone();
        let metadata = described.is_some().then_some(MetadataDirective::Replace);
        let tags = if self.tagging.is_some() { TaggingDirective::Replace } else { TaggingDirective::Copy };
        let Description { metadata: said, content_type } = described.unwrap_or_default();
        let call = self.client.copy_object().bucket(self.bucket).key(self.to).copy_source(self.source_name());
        let call = call.set_copy_source_if_match(self.source.map(str::to_owned));
        let call = call.set_if_match(self.replaced.map(str::to_owned));
        let call = call.set_metadata_directive(metadata).set_metadata(said).set_content_type(content_type);
        let call = call.tagging_directive(tags).set_tagging(self.tagging.clone());
        let copied = call.send().await.map_err(|error| self.failed(error))?;
        Ok(copied.copy_object_result.and_then(|result| result.e_tag).unwrap_or_default())
    }

    /// Copies in parts of these lengths, of which the copy's ETag is made. Gives that.
    pub(crate) async fn in_parts(&self, lengths: &[u64]) -> Result<String, Failed> {
        let (bucket, key) = (self.bucket, self.to);
        let Description { metadata, content_type } = self.described.clone().unwrap_or_default();
        let begun = self.client.create_multipart_upload().bucket(bucket).key(key);
        let begun = begun.set_metadata(metadata).set_content_type(content_type);
        let begun = begun.set_tagging(self.tagging.clone()).send().await;
        let id = begun.map_err(|error| self.failed(error))?.upload_id.unwrap_or_default();
        let written = async {
            let copies = stream::iter((1..).zip(ranges(lengths))).map(|(number, range)| {
                let call = self.client.upload_part_copy().bucket(bucket).key(key).upload_id(&id);
                let call = call.part_number(number).copy_source(self.source_name()).copy_source_range(range);
                let call = call.set_copy_source_if_match(self.source.map(str::to_owned));
                async move {
                    let copied = call.send().await.map_err(|error| self.failed(error))?;
                    let etag = copied.copy_part_result.and_then(|part| part.e_tag);
                    Ok::<_, Failed>(CompletedPart::builder().part_number(number).set_e_tag(etag).build())
                }
            });
            let copies: Vec<_> = copies.buffered(AT_ONCE).try_collect().await?;
            let whole = CompletedMultipartUpload::builder().set_parts(Some(copies)).build();
            let call = self.client.complete_multipart_upload().bucket(bucket).key(key).upload_id(&id);
            let call = call.multipart_upload(whole).set_if_match(self.replaced.map(str::to_owned));
            Ok(call.send().await.map_err(|error| self.failed(error))?.e_tag.unwrap_or_default())
        };
        let written = written.await;
        if written.is_err() {
            // What is told is why it failed; the bucket's own rule clears away what stays.
            let _ = self.client.abort_multipart_upload().bucket(bucket).key(key).upload_id(&id).send().await;
        }
        written
    }

    fn source_name(&self) -> String {
        utf8_percent_encode(&format!("{}/{}", self.bucket, self.from), &PLAIN).to_string()
    }

    fn failed<E>(&self, error: SdkError<E, HttpResponse>) -> Failed
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let again = if self.from == self.to { " again" } else { "" };
        Failed { status: status(&error), error: AwsError::new(format!("write `{}`{again}", self.to), error) }
    }
}

/// HTTP's number of the answer, where there was one.
pub(crate) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_without_a_gap() {
        assert_eq!(ranges(&[5, 5, 2]), ["bytes=0-4", "bytes=5-9", "bytes=10-11"]);
        assert_eq!(ranges(&[]), [""; 0]);
    }

    #[test]
    fn the_name_of_a_source_is_encoded() {
        let config = aws_sdk_s3::Config::builder().behavior_version_latest().build();
        let copying = Copying {
            client: &Client::from_conf(config),
            bucket: "farm",
            from: "my shot+é.blend",
            source: None,
            to: "x",
            replaced: None,
            described: None,
            tagging: None,
        };
        assert_eq!(copying.source_name(), "farm/my%20shot%2B%C3%A9.blend");
    }
}
