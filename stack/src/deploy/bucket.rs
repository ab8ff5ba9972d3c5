//! The farm's bucket, as far as deploying needs it: what a deploy puts there, and what is in the way
//! when the farm goes.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use farm_contract::keys::FARM_PREFIX;
use sha2::{Digest, Sha256};

use super::aws::{Aws, AwsError};

/// A template's address is good for this long; CloudFormation reads it once, at once.
const ADDRESS: Duration = Duration::from_secs(15 * 60);

/// A bucket by its name.
#[derive(Debug, Clone, Copy)]
pub struct Bucket<'a> {
    aws: &'a Aws,
    name: &'a str,
}

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

/// Key of the function's code: it names its contents, so another code is another key.
pub fn code_key(code: &[u8]) -> String {
    format!("{FARM_PREFIX}lambda/{}.zip", digest(code))
}

/// Key of a template that is too long for a request.
fn template_key(text: &str) -> String {
    format!("{FARM_PREFIX}template/{}.yaml", digest(text.as_bytes()))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<'a> Bucket<'a> {
    /// The bucket of this name.
    pub fn new(aws: &'a Aws, name: &'a str) -> Self {
        Self { aws, name }
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Whether it stands, and is ours to look at.
    ///
    /// # Errors
    /// S3 does not tell, or it is somebody else's.
    pub async fn stands(&self) -> Result<bool, AwsError> {
        let looked = self.aws.s3.head_bucket().bucket(self.name).send().await;
        let status = looked.as_ref().err().and_then(|error| Some(error.raw_response()?.status().as_u16()));
        let doing = || format!("look at the bucket `{}`", self.name);
        // An answer to HEAD has no words of its own.
        let refused = |words: &str| Err(AwsError::unsent(doing(), words));
        match (looked, status) {
            (Ok(_), _) => Ok(true),
            (_, Some(404)) => Ok(false),
            (_, Some(403)) => refused("access denied: it is another account's, or you may not look at it"),
            (_, Some(301)) => refused("it already exists, in another region"),
            (Err(error), _) => Err(AwsError::new(doing(), error)),
        }
    }

    /// Puts the function's code where it is not yet. Whether it was there.
    ///
    /// # Errors
    /// S3 does not take it.
    pub async fn put_code(&self, code: &[u8]) -> Result<bool, AwsError> {
        let key = code_key(code);
        match self.aws.s3.head_object().bucket(self.name).key(&key).send().await {
            Ok(_) => return Ok(true),
            Err(error) if error.raw_response().is_some_and(|raw| raw.status().as_u16() == 404) => {}
            Err(error) => return Err(AwsError::new(format!("look for `{key}` in the bucket"), error)),
        }
        self.put(&key, code.to_vec(), "application/zip").await?;
        Ok(false)
    }

    /// Puts a template, and gives the address at which CloudFormation reads it.
    ///
    /// # Errors
    /// S3 does not take it.
    pub async fn put_template(&self, text: &str) -> Result<String, AwsError> {
        let key = template_key(text);
        self.put(&key, text.as_bytes().to_vec(), "application/yaml").await?;
        let doing = || format!("find the address of `{key}`");
        let get = self.aws.s3.get_object().bucket(self.name).key(&key);
        let config = PresigningConfig::expires_in(ADDRESS)
            .map_err(|error| AwsError::unsent(doing(), error.to_string()))?;
        let signed = get.presigned(config).await.map_err(|error| AwsError::new(doing(), error))?;
        // CloudFormation reads it with the rights of whoever asks, and takes no signature.
        let address = signed.uri();
        Ok(address.split_once('?').map_or(address, |(address, _)| address).to_owned())
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, kind: &str) -> Result<(), AwsError> {
        let put = self.aws.s3.put_object().bucket(self.name).key(key).content_type(kind);
        let answer = put.body(ByteStream::from(bytes)).send().await.map(|_| ());
        answer.map_err(|error| AwsError::new(format!("put `{key}` into the bucket"), error))
    }

    /// What is in it.
    ///
    /// # Errors
    /// S3 does not tell.
    pub async fn contents(&self) -> Result<Contents, AwsError> {
        let mut contents = Contents::default();
        let (mut key, mut version) = (None, None);
        loop {
            let list = self.aws.s3.list_object_versions().bucket(self.name);
            let page = list.set_key_marker(key).set_version_id_marker(version).send().await;
            let page = page.map_err(|error| self.unlisted(error))?;
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
            (key, version) = (page.next_key_marker, page.next_version_id_marker);
        }
        contents.unfinished = self.unfinished().await?.len() as u64;
        Ok(contents)
    }

    /// Keys and ids of uploads that were begun and not ended.
    async fn unfinished(&self) -> Result<BTreeSet<(String, String)>, AwsError> {
        let mut found = BTreeSet::new();
        let (mut key, mut id) = (None, None);
        loop {
            let list = self.aws.s3.list_multipart_uploads().bucket(self.name);
            let page = list.set_key_marker(key).set_upload_id_marker(id).send().await;
            let page = page.map_err(|error| self.unlisted(error))?;
            let uploads = page.uploads.unwrap_or_default().into_iter();
            found.extend(uploads.filter_map(|upload| Some((upload.key?, upload.upload_id?))));
            if page.is_truncated != Some(true) {
                return Ok(found);
            }
            (key, id) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    /// Deletes everything in it: every version, every delete marker, every upload that was begun.
    /// `gone` hears how many versions are deleted, after each thousand.
    ///
    /// # Errors
    /// S3 does not delete one of them; the error names it.
    pub async fn empty(&self, mut gone: impl FnMut(u64)) -> Result<(), AwsError> {
        for (key, id) in self.unfinished().await? {
            let abort = self.aws.s3.abort_multipart_upload().bucket(self.name).key(&key).upload_id(id);
            let answer = abort.send().await.map(|_| ());
            answer.map_err(|error| AwsError::new(format!("give up the upload of `{key}`"), error))?;
        }
        let mut count = 0;
        // What is deleted is no longer listed: the first page is asked for until it is empty.
        loop {
            let page = self.aws.s3.list_object_versions().bucket(self.name).send().await;
            let page = page.map_err(|error| self.unlisted(error))?;
            let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
            let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
            let mut objects = Vec::new();
            for (key, version) in versions.chain(markers) {
                let object = ObjectIdentifier::builder().key(key.unwrap_or_default());
                let object = object.set_version_id(version.map(str::to_owned)).build();
                objects.push(object.map_err(|error| AwsError::unsent("name an object", error.to_string()))?);
            }
            if objects.is_empty() {
                return Ok(());
            }
            count += objects.len() as u64;
            let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
            let delete = delete.map_err(|error| AwsError::unsent("name objects", error.to_string()))?;
            let answer = self.aws.s3.delete_objects().bucket(self.name).delete(delete).send().await;
            let answer = answer.map_err(|error| AwsError::new(format!("empty `{}`", self.name), error))?;
            if let Some(refused) = answer.errors().first() {
                let words = format!(
                    "{} ({})",
                    refused.message().unwrap_or("no reason is given"),
                    refused.code().unwrap_or("no code")
                );
                let doing = format!("delete `{}` in `{}`", refused.key().unwrap_or_default(), self.name);
                return Err(AwsError::unsent(doing, words));
            }
            gone(count);
        }
    }

    /// Deletes the bucket, which must be empty.
    ///
    /// # Errors
    /// S3 does not delete it.
    pub async fn delete(&self) -> Result<(), AwsError> {
        match self.aws.s3.delete_bucket().bucket(self.name).send().await {
            Ok(_) => Ok(()),
            // The answer to the first attempt was lost, and the SDK's second finds nothing.
            Err(error) if error.code() == Some("NoSuchBucket") => Ok(()),
            Err(error) => Err(AwsError::new(format!("delete the bucket `{}`", self.name), error)),
        }
    }

    fn unlisted<E, R>(&self, error: aws_sdk_s3::error::SdkError<E, R>) -> AwsError
    where
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        AwsError::new(format!("list what is in `{}`", self.name), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_their_contents() {
        let key = code_key(b"code");
        assert_eq!(key, code_key(b"code"));
        assert_ne!(key, code_key(b"other code"));
        assert_eq!(key.len(), ".farm/lambda/".len() + 64 + ".zip".len());
        assert!(template_key("a").starts_with(".farm/template/"));
    }
}
