//! Writing an object once more in its own place, by the bucket itself.
//!
//! The ETag of an object that came in parts is made of the parts' own. So it is copied in parts of the
//! same lengths: then it is the same again.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use farm_aws::AwsError;
use futures::{StreamExt, TryStreamExt, stream};

use crate::copying::{AT_ONCE, Copying, Description, Failed, status};
use crate::error::FarmError;
use crate::tagging;

/// An object as it lies there.
pub(crate) struct Original<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: &'a str,
    head: HeadObjectOutput,
}

impl<'a> Original<'a> {
    /// Looks at an object; `None` where there is none.
    ///
    /// # Errors
    /// The bucket does not tell.
    pub(crate) async fn look(
        client: &'a Client,
        bucket: &'a str,
        key: &'a str,
    ) -> Result<Option<Self>, FarmError> {
        match client.head_object().bucket(bucket).key(key).send().await {
            Ok(head) => Ok(Some(Self { client, bucket, key, head })),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(AwsError::new(format!("look at `{key}`"), error).into()),
        }
    }

    /// Its ETag, quotes included.
    pub(crate) fn etag(&self) -> &str {
        self.head.e_tag().unwrap_or_default()
    }

    /// Its size in bytes; none where the bucket does not tell.
    pub(crate) fn size(&self) -> Option<u64> {
        self.head.content_length().and_then(|length| u64::try_from(length).ok())
    }

    /// When the bucket deletes it by itself, in its own words.
    pub(crate) fn expiration(&self) -> Option<&str> {
        self.head.expiration()
    }

    /// In how many parts it came, by its ETag; `None` where it came in one piece.
    fn parts(&self) -> Option<i32> {
        self.etag().trim_matches('"').rsplit_once('-')?.1.parse().ok()
    }

    /// Writes the object again in its own place; `tags` take the place of those of their names. Gives its new ETag.
    ///
    /// # Errors
    /// It was replaced, or the bucket did not do it.
    pub(crate) async fn write_again(&self, tags: &[(&str, String)]) -> Result<String, FarmError> {
        let mut copying = Copying {
            client: self.client,
            bucket: self.bucket,
            from: self.key,
            source: Some(self.etag()),
            to: self.key,
            replaced: Some(self.etag()),
            // S3 copies an object onto itself only where something is said anew, be it the same.
            described: Some(Description {
                metadata: self.head.metadata().cloned(),
                content_type: self.head.content_type().map(str::to_owned),
            }),
            tagging: None,
        };
        if !tags.is_empty() {
            copying.tagging = Some(self.tagging(tags).await?);
        }
        let written = match self.parts() {
            None => copying.whole().await,
            Some(parts) => {
                copying.tagging = Some(self.tagging(tags).await?);
                copying.in_parts(&self.lengths(parts).await?).await
            }
        };
        written.map_err(|failed| self.replaced(failed))
    }

    async fn tagging(&self, others: &[(&str, String)]) -> Result<String, FarmError> {
        let tags = self.client.get_object_tagging().bucket(self.bucket).key(self.key).send().await;
        let tags = tags.map_err(|error| self.failed(error))?.tag_set;
        let kept = tags.iter().map(|tag| (tag.key(), tag.value()));
        let kept = kept.filter(|(name, _)| others.iter().all(|(other, _)| other != name));
        let others = others.iter().map(|(name, value)| (*name, value.as_str()));
        Ok(tagging::encoded(kept.chain(others)))
    }

    /// Lengths of the parts in which the object came.
    async fn lengths(&self, parts: i32) -> Result<Vec<u64>, FarmError> {
        let lengths = stream::iter(1..=parts).map(|number| async move {
            let call = self.client.head_object().bucket(self.bucket).key(self.key).part_number(number);
            let head = call.if_match(self.etag()).send().await.map_err(|error| self.failed(error))?;
            Ok(head.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default())
        });
        lengths.buffered(AT_ONCE).try_collect().await
    }

    fn failed<E>(&self, error: SdkError<E, HttpResponse>) -> FarmError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let status = status(&error);
        self.replaced(Failed { status, error: AwsError::new(format!("write `{}` again", self.key), error) })
    }

    fn replaced(&self, failed: Failed) -> FarmError {
        match failed.status {
            Some(404 | 409 | 412) => FarmError::Replaced(self.key.to_owned()),
            _ => failed.error.into(),
        }
    }
}

/// Whether the bucket says that there is no such object.
pub(crate) fn is_missing<E>(error: &SdkError<E, HttpResponse>) -> bool {
    status(error) == Some(404)
}
