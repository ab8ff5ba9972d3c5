//! What IAM would be asked for each call: actions, and what they are on.

use http::{HeaderMap, Uri};
use s3s::access::{S3Access, S3AccessContext};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::access::KeyRing;

/// Lets in what is signed, and tells the ring of it.
pub(super) struct Access(pub(super) KeyRing);

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = context.credentials() else {
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, "Signature is required"));
        };
        let key = credentials.access_key.clone();
        self.0.tell(&key, || {
            asked(context.s3_op().name(), context.s3_path(), context.uri(), context.headers())
        });
        Ok(())
    }
}

/// Actions and resources of one call.
fn asked(operation: &str, path: &S3Path, uri: &Uri, headers: &HeaderMap) -> Vec<(String, String)> {
    let resource = match path {
        S3Path::Root => "*".to_owned(),
        S3Path::Bucket { bucket } => format!("arn:aws:s3:::{bucket}"),
        S3Path::Object { bucket, key } => format!("arn:aws:s3:::{bucket}/{key}"),
    };
    let mut asked: Vec<(String, String)> = actions(operation, of_version(uri), headers)
        .into_iter()
        .map(|action| (format!("s3:{action}"), resource.clone()))
        .collect();
    if let Some(source) = headers.get("x-amz-copy-source").and_then(|value| value.to_str().ok()) {
        let (path, version) = source.split_once("?versionId=").unzip();
        let path = percent_encoding::percent_decode_str(path.unwrap_or(source)).decode_utf8_lossy();
        let action = if version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
        asked.push((action.to_owned(), format!("arn:aws:s3:::{}", path.trim_start_matches('/'))));
    }
    asked
}

fn of_version(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("versionId=")))
}

fn actions(operation: &str, version: bool, headers: &HeaderMap) -> Vec<String> {
    let of_version =
        |action: &str| if version { action.replace("Object", "ObjectVersion") } else { action.to_owned() };
    let action = match operation {
        "GetObject" | "HeadObject" => of_version("GetObject"),
        "DeleteObject" => of_version("DeleteObject"),
        "GetObjectTagging" | "PutObjectTagging" | "DeleteObjectTagging" | "GetObjectAttributes" => {
            of_version(operation)
        }
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => "ListBucket".to_owned(),
        "ListMultipartUploads" => "ListBucketMultipartUploads".to_owned(),
        "ListParts" => "ListMultipartUploadParts".to_owned(),
        "ListBuckets" => "ListAllMyBuckets".to_owned(),
        "DeleteObjects" => "DeleteObject".to_owned(),
        "PutObject"
        | "CopyObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload" => "PutObject".to_owned(),
        // IAM's word is the call's own.
        other => other.to_owned(),
    };
    let tagged = headers.get("x-amz-tagging").is_some_and(|value| !value.is_empty());
    let tags = (tagged && action == "PutObject").then(|| "PutObjectTagging".to_owned());
    std::iter::once(action).chain(tags).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(operation: &str, query: &str, headers: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        let path = S3Path::Object { bucket: "b".into(), key: "a b.blend/frame_0001.png".into() };
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect();
        asked(operation, &path, &format!("http://localhost/b/k{query}").parse().unwrap(), &headers)
    }

    #[test]
    fn calls_are_told_in_iams_words() {
        let object = "arn:aws:s3:::b/a b.blend/frame_0001.png";
        let one = |action: &str| vec![(format!("s3:{action}"), object.to_owned())];
        assert_eq!(of("HeadObject", "", &[]), one("GetObject"));
        assert_eq!(of("GetObject", "?x=1&versionId=v", &[]), one("GetObjectVersion"));
        assert_eq!(of("GetObjectTagging", "?tagging&versionId=v", &[]), one("GetObjectVersionTagging"));
        assert_eq!(of("UploadPart", "?partNumber=1", &[]), one("PutObject"));
        assert_eq!(of("AbortMultipartUpload", "", &[]), one("AbortMultipartUpload"));
        let tagged = of("PutObject", "", &[("x-amz-tagging", "farm=render")]);
        assert_eq!(tagged, [one("PutObject"), one("PutObjectTagging")].concat());
        let copied = of("CopyObject", "", &[("x-amz-copy-source", "b/sc%C3%A9ne.blend?versionId=7")]);
        let source = ("s3:GetObjectVersion".to_owned(), "arn:aws:s3:::b/scéne.blend".to_owned());
        assert_eq!(copied, [one("PutObject"), vec![source]].concat());
    }

    #[test]
    fn listing_is_on_the_bucket() {
        let path = S3Path::Bucket { bucket: "b".into() };
        let listed = asked("ListObjectsV2", &path, &"http://localhost/b".parse().unwrap(), &HeaderMap::new());
        assert_eq!(listed, [("s3:ListBucket".to_owned(), "arn:aws:s3:::b".to_owned())]);
    }
}
