//! Parts of a content that an earlier submission sent before it was broken off.
//!
//! A content's key names its bytes, so an upload under that key that nobody ended is of the same bytes, whoever began it.
//! Each of its parts is believed only if its checksum is that of the file here.

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::CompletedPart;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use farm_aws::AwsError;

use super::ask::Content;
use super::put::length_of;
use crate::error::FarmError;

/// An upload in parts that goes on.
#[derive(Debug, Default)]
pub(super) struct Begun {
    /// Its id.
    pub(super) id: String,
    /// The parts that are there, by their index.
    pub(super) parts: HashMap<usize, CompletedPart>,
}

/// A checksum of a part as S3 writes it.
pub(super) fn encoded(checksum: u64) -> String {
    STANDARD.encode(checksum.to_be_bytes())
}

/// The upload under this key that has the most parts of the content; `None` where there is none.
///
/// # Errors
/// The bucket does not tell.
pub(super) async fn begun(
    client: &Client,
    bucket: &str,
    key: &str,
    content: &Content,
) -> Result<Option<Begun>, FarmError> {
    let doing = || format!("look for parts of `{key}`");
    let listed = client.list_multipart_uploads().bucket(bucket).prefix(key).send().await;
    let listed = match listed {
        Ok(listed) => listed,
        // Who may write need not be let look at what others began.
        Err(error) if error.code() == Some("AccessDenied") => return Ok(None),
        Err(error) => return Err(AwsError::new(doing(), error).into()),
    };
    let mut most: Option<Begun> = None;
    for upload in listed.uploads().iter().filter(|upload| upload.key() == Some(key)) {
        let Some(id) = upload.upload_id() else { continue };
        let mut begun = Begun { id: id.to_owned(), parts: HashMap::new() };
        let mut pages = client.list_parts().bucket(bucket).key(key).upload_id(id).into_paginator().send();
        while let Some(page) = pages.next().await {
            // One that is ended in this moment is of no use any more.
            let Ok(page) = page else { break };
            for part in page.parts() {
                let Some(number) = part.part_number() else { continue };
                let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
                let sum = content.parts.get(index).map(|sum| encoded(*sum));
                let length = length_of(content.size, index);
                let same = sum.is_some() && part.checksum_crc64_nvme().map(str::to_owned) == sum;
                if same && part.size().and_then(|size| u64::try_from(size).ok()) == Some(length) {
                    let done = CompletedPart::builder().part_number(number);
                    let done = done.set_e_tag(part.e_tag().map(str::to_owned)).set_checksum_crc64_nvme(sum);
                    begun.parts.insert(index, done.build());
                }
            }
        }
        // One without a good part may be of another program, which sends them otherwise.
        let parts = most.as_ref().map_or(0, |most| most.parts.len());
        if begun.parts.len() > parts {
            most = Some(begun);
        }
    }
    Ok(most)
}

/// Bytes of the parts that are there already.
pub(super) fn bytes(begun: &Begun, size: u64) -> u64 {
    begun.parts.keys().map(|index| length_of(size, *index)).sum()
}
