//! What is in the bucket, and how all of it goes: versions, delete markers, and uploads that were
//! begun and not ended.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{Delete, EncodingType, Error as Refused, ObjectIdentifier};
use farm_aws::AwsError;
use percent_encoding::percent_decode_str;

use super::bucket::Bucket;

/// S3 asks for another attempt in a moment, and gets this many in a row.
const ATTEMPTS: usize = 8;
const PAUSE: Duration = Duration::from_secs(2);
/// What S3 says of an object that it could not delete just now.
const PASSING: [&str; 4] = ["InternalError", "OperationAborted", "ServiceUnavailable", "SlowDown"];

/// What is in a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Objects, as somebody who looks at the bucket sees them.
    pub objects: u64,
    /// Versions and delete markers, those of the objects included.
    pub versions: u64,
    /// Bytes of all versions.
    pub bytes: u64,
    /// Uploads that were begun and not ended.
    pub unfinished: u64,
}

/// A version of an object, or a delete marker.
type Version = (String, Option<String>);

impl Bucket<'_> {
    /// What is in it.
    ///
    /// # Errors
    /// S3 does not tell.
    pub async fn contents(&self) -> Result<Contents, AwsError> {
        let mut contents = Contents::default();
        let mut next = None;
        loop {
            let page = self.page(next).await?;
            for version in page.versions() {
                contents.versions += 1;
                contents.objects += u64::from(version.is_latest() == Some(true));
                contents.bytes +=
                    version.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
            }
            contents.versions += page.delete_markers().len() as u64;
            if page.is_truncated != Some(true) {
                break;
            }
            let key = page.next_key_marker.as_deref().map(plain).transpose()?;
            next = key.map(|key| (key, page.next_version_id_marker));
        }
        contents.unfinished = self.unfinished().await?.len() as u64;
        Ok(contents)
    }

    /// A page of versions, from behind this one.
    async fn page(&self, from: Option<Version>) -> Result<ListObjectVersionsOutput, AwsError> {
        let (key, version) = from.map_or((None, None), |(key, version)| (Some(key), version));
        let list = self.aws.s3.list_object_versions().bucket(&self.name).expected_bucket_owner(&self.owner);
        // A key may hold what XML cannot.
        let list = list.encoding_type(EncodingType::Url);
        let page = list.set_key_marker(key).set_version_id_marker(version).send().await;
        page.map_err(|error| AwsError::new(self.listing(), error))
    }

    fn listing(&self) -> String {
        format!("list what is in `{}`", self.name)
    }

    /// Keys and ids of uploads that were begun and not ended.
    async fn unfinished(&self) -> Result<BTreeSet<(String, String)>, AwsError> {
        let mut found = BTreeSet::new();
        let (mut key, mut id) = (None, None);
        loop {
            let list = self.aws.s3.list_multipart_uploads().bucket(&self.name);
            let list = list.expected_bucket_owner(&self.owner).encoding_type(EncodingType::Url);
            let page = list.set_key_marker(key).set_upload_id_marker(id).send().await;
            let page = page.map_err(|error| AwsError::new(self.listing(), error))?;
            for upload in page.uploads.unwrap_or_default() {
                if let (Some(key), Some(id)) = (upload.key, upload.upload_id) {
                    found.insert((plain(&key)?, id));
                }
            }
            if page.is_truncated != Some(true) {
                return Ok(found);
            }
            key = page.next_key_marker.as_deref().map(plain).transpose()?;
            id = page.next_upload_id_marker;
        }
    }

    /// Deletes everything in it: every version, every delete marker, every upload that was begun.
    /// `gone` hears how many versions are deleted, after each thousand.
    ///
    /// # Errors
    /// S3 does not delete one of them; the error names it.
    pub async fn empty(&self, mut gone: impl FnMut(u64)) -> Result<(), AwsError> {
        for (key, id) in self.unfinished().await? {
            self.give_up(&key, id).await?;
        }
        let (mut count, mut attempts) = (0, 0);
        // What is deleted is no longer listed: the first page is asked for until it is empty.
        loop {
            let page = self.page(None).await?;
            let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
            let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
            let listed: Vec<Version> = versions
                .chain(markers)
                .map(|(key, version)| Ok((plain(key.unwrap_or_default())?, version.map(str::to_owned))))
                .collect::<Result<_, AwsError>>()?;
            if listed.is_empty() {
                return Ok(());
            }
            let all = listed.len();
            let refused = self.delete_all(listed).await?;
            if let Some(lasting) = refused.iter().find(|refused| !is_passing(refused)) {
                return Err(self.kept(lasting));
            }
            attempts = if refused.len() < all { 0 } else { attempts + 1 };
            if let (Some(still), true) = (refused.first(), attempts == ATTEMPTS) {
                return Err(self.kept(still));
            }
            if attempts > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            count += (all - refused.len()) as u64;
            gone(count);
        }
    }

    async fn give_up(&self, key: &str, id: String) -> Result<(), AwsError> {
        let abort = self.aws.s3.abort_multipart_upload().bucket(&self.name).key(key).upload_id(id);
        match abort.expected_bucket_owner(&self.owner).send().await {
            Ok(_) => Ok(()),
            // Somebody was faster, or the answer to the first attempt was lost.
            Err(error) if error.code() == Some("NoSuchUpload") => Ok(()),
            Err(error) => Err(AwsError::new(format!("give up the upload of `{key}`"), error)),
        }
    }

    /// Deletes what a page lists. What S3 did not delete, and why.
    async fn delete_all(&self, listed: Vec<Version>) -> Result<Vec<Refused>, AwsError> {
        let doing = || format!("empty `{}`", self.name);
        let (written, unwritten): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|(key, _)| key.chars().all(in_xml));
        for (key, version) in unwritten {
            let delete = self.aws.s3.delete_object().bucket(&self.name).key(key).set_version_id(version);
            let answer = delete.expected_bucket_owner(&self.owner).send().await.map(|_| ());
            answer.map_err(|error| AwsError::new(doing(), error))?;
        }
        let objects = written
            .into_iter()
            .map(|(key, version)| ObjectIdentifier::builder().key(key).set_version_id(version).build());
        let objects = objects.collect::<Result<Vec<_>, _>>();
        let objects = objects.map_err(|error| AwsError::unsent(doing(), error.to_string()))?;
        if objects.is_empty() {
            return Ok(Vec::new());
        }
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let delete = delete.map_err(|error| AwsError::unsent(doing(), error.to_string()))?;
        let call = self.aws.s3.delete_objects().bucket(&self.name).delete(delete);
        let answer = call.expected_bucket_owner(&self.owner).send().await;
        let answer = answer.map_err(|error| AwsError::new(doing(), error))?;
        Ok(answer.errors.unwrap_or_default())
    }

    fn kept(&self, refused: &Refused) -> AwsError {
        let (why, code) = (refused.message(), refused.code());
        let words = format!("{} ({})", why.unwrap_or("no reason is given"), code.unwrap_or("no code"));
        AwsError::unsent(format!("delete `{}` in `{}`", refused.key().unwrap_or_default(), self.name), words)
    }

    /// Deletes the bucket, which must be empty.
    ///
    /// # Errors
    /// S3 does not delete it.
    pub async fn delete(&self) -> Result<(), AwsError> {
        let delete = self.aws.s3.delete_bucket().bucket(&self.name).expected_bucket_owner(&self.owner);
        match delete.send().await {
            Ok(_) => Ok(()),
            // The answer to the first attempt was lost, and the SDK's second finds nothing.
            Err(error) if error.code() == Some("NoSuchBucket") => Ok(()),
            Err(error) => Err(AwsError::new(format!("delete the bucket `{}`", self.name), error)),
        }
    }
}

fn is_passing(refused: &Refused) -> bool {
    refused.code().is_some_and(|code| PASSING.contains(&code))
}

/// A key as it is, of how a list that is encoded has it: as in a query, with a plus for a space.
fn plain(key: &str) -> Result<String, AwsError> {
    let spaced = key.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(Into::into)
        .map_err(|error| AwsError::unsent(format!("read the key `{key}`"), error.to_string()))
}

/// Whether XML 1.0, in which objects are named to S3, has this character.
fn in_xml(c: char) -> bool {
    !matches!(c, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_were_written() {
        for (listed, key) in [
            ("a%2Fb+c.blend", "a/b c.blend"),
            ("1%2B1", "1+1"),
            ("a%01b", "a\u{1}b"),
            ("%C3%A4.png", "ä.png"),
        ] {
            assert_eq!(plain(listed).expect("a key"), key);
        }
        assert!(plain("%FF").is_err());
        assert!("ä/b c\t".chars().all(in_xml) && !in_xml('\u{1}') && !in_xml('\u{ffff}'));
    }
}
