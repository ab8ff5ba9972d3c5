//! One bucket, as far as the client reads it.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::EncodingType;
use bytes::Bytes;
use farm_aws::AwsError;
use farm_contract::keys;

use crate::error::FarmError;
use crate::rewrite::is_missing;

/// A bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// How it is called.
    pub client: Client,
    /// Its name.
    pub name: String,
}

/// An object, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Key.
    pub key: String,
    /// ETag, quotes included.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Option<SystemTime>,
}

/// What an object says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// ETag, quotes included.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Option<SystemTime>,
    /// Whether it is encrypted with a key of the owner's.
    pub own_key: bool,
    /// Media type.
    pub content_type: Option<String>,
    /// What its writer says of it.
    pub metadata: HashMap<String, String>,
}

impl Head {
    /// What it says under this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.metadata.get(name).map(String::as_str)
    }

    /// The same as a number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }
}

impl Bucket {
    /// A bucket of this name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// The bytes of a small object, and its ETag; `None` where there is none.
    ///
    /// # Errors
    /// The bucket does not give them.
    pub async fn read(&self, key: &str) -> Result<Option<(Bytes, String)>, FarmError> {
        let doing = || format!("read `{key}`");
        match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(answer) => {
                let etag = answer.e_tag().unwrap_or_default().to_owned();
                let body = answer.body.collect().await;
                let body = body.map_err(|error| AwsError::broken(doing(), error.to_string()))?;
                Ok(Some((body.into_bytes(), etag)))
            }
            Err(error)
                if is_missing(&error) && error.as_service_error().is_some_and(|e| e.is_no_such_key()) =>
            {
                Ok(None)
            }
            Err(error) => Err(AwsError::new(doing(), error).into()),
        }
    }

    /// What an object says of itself; `None` where there is none.
    ///
    /// # Errors
    /// The bucket does not tell.
    pub async fn head(&self, key: &str) -> Result<Option<Head>, FarmError> {
        match self.client.head_object().bucket(&self.name).key(key).send().await {
            Ok(head) => Ok(Some(Head {
                etag: head.e_tag().unwrap_or_default().to_owned(),
                size: head.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                modified: head.last_modified.and_then(|time| SystemTime::try_from(time).ok()),
                own_key: head
                    .server_side_encryption
                    .as_ref()
                    .is_some_and(|how| how.as_str().starts_with("aws:kms")),
                content_type: head.content_type,
                metadata: head.metadata.unwrap_or_default(),
            })),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(AwsError::new(format!("look at `{key}`"), error).into()),
        }
    }

    /// All objects whose keys begin so, in the order of their keys.
    ///
    /// # Errors
    /// The bucket does not tell.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, FarmError> {
        let call = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
        // As they are, some keys would not be XML.
        let mut pages = call.encoding_type(EncodingType::Url).into_paginator().send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::new(format!("list `{prefix}`"), error))?;
            let encoded = page.encoding_type == Some(EncodingType::Url);
            listed.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| {
                let key = object.key?;
                Some(Listed {
                    key: if encoded { keys::decode_listed(&key) } else { key },
                    etag: object.e_tag.unwrap_or_default(),
                    size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                    modified: object.last_modified.and_then(|time| SystemTime::try_from(time).ok()),
                })
            }));
        }
        Ok(listed)
    }

    /// What stands between this prefix and the next slash, each once.
    ///
    /// # Errors
    /// The bucket does not tell.
    pub async fn folders(&self, prefix: &str) -> Result<Vec<String>, FarmError> {
        let call = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).delimiter("/");
        let mut pages = call.into_paginator().send();
        let mut folders = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::new(format!("list `{prefix}`"), error))?;
            let found = page.common_prefixes.unwrap_or_default().into_iter().filter_map(|found| found.prefix);
            folders.extend(
                found.filter_map(|found| Some(found.strip_prefix(prefix)?.trim_end_matches('/').to_owned())),
            );
        }
        Ok(folders)
    }

    /// Writes a small object, of this media type. Whoever reads it over the web asks whether it has changed.
    ///
    /// # Errors
    /// The bucket does not take it.
    pub async fn put(&self, key: &str, media_type: &str, bytes: Vec<u8>) -> Result<(), FarmError> {
        let put = self.client.put_object().bucket(&self.name).key(key).content_type(media_type);
        let put = put.cache_control("no-cache").body(ByteStream::from(bytes)).send().await;
        put.map(drop).map_err(|error| AwsError::new(format!("write `{key}`"), error).into())
    }

    /// Deletes an object, where there is one.
    ///
    /// # Errors
    /// The bucket does not.
    pub async fn delete(&self, key: &str) -> Result<(), FarmError> {
        let gone = self.client.delete_object().bucket(&self.name).key(key).send().await;
        gone.map(drop).map_err(|error| AwsError::new(format!("delete `{key}`"), error).into())
    }

    /// An address at which anybody may read this object for so long, or until the credentials end that sign it.
    ///
    /// # Errors
    /// There are no credentials, or S3 signs nothing for so long.
    pub async fn signed(&self, key: &str, within: Duration) -> Result<String, FarmError> {
        let doing = || format!("sign the address of `{key}`");
        let config = PresigningConfig::expires_in(within)
            .map_err(|error| AwsError::unsent(doing(), error.to_string()))?;
        let signed = self.client.get_object().bucket(&self.name).key(key).presigned(config).await;
        Ok(signed.map_err(|error| AwsError::new(doing(), error))?.uri().to_owned())
    }
}
