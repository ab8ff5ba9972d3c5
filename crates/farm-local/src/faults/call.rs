//! Which call a request is.

use http::{Method, Request};
use percent_encoding::percent_decode_str;

/// Who is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// The bucket.
    S3,
    /// The queue.
    Batch,
}

/// One call, as the service's documentation names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// Who is called.
    pub service: Service,
    /// What for, such as `PutObject` or `SubmitJob`.
    pub operation: &'static str,
    /// Key of the object; empty where the call is about none.
    pub key: String,
}

impl Call {
    pub(super) fn of<B>(service: Service, request: &Request<B>) -> Self {
        let path = request.uri().path();
        match service {
            Service::Batch => Self { service, operation: batch(path), key: String::new() },
            Service::S3 => {
                let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
                let key = percent_decode_str(key).decode_utf8_lossy().into_owned();
                Self { service, operation: s3(request, key.is_empty()), key }
            }
        }
    }
}

fn batch(path: &str) -> &'static str {
    match path {
        "/v1/submitjob" => "SubmitJob",
        "/v1/describejobs" => "DescribeJobs",
        "/v1/listjobs" => "ListJobs",
        "/v1/canceljob" => "CancelJob",
        "/v1/terminatejob" => "TerminateJob",
        _ => "",
    }
}

fn s3<B>(request: &Request<B>, of_bucket: bool) -> &'static str {
    let query = request.uri().query().unwrap_or_default();
    let asks = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let copies = request.headers().contains_key("x-amz-copy-source");
    match *request.method() {
        Method::HEAD if of_bucket => "HeadBucket",
        Method::HEAD => "HeadObject",
        Method::GET if asks("uploads") => "ListMultipartUploads",
        Method::GET if of_bucket => "ListObjectsV2",
        Method::GET if asks("tagging") => "GetObjectTagging",
        Method::GET if asks("uploadId") => "ListParts",
        Method::GET => "GetObject",
        Method::PUT if asks("uploadId") && copies => "UploadPartCopy",
        Method::PUT if asks("uploadId") => "UploadPart",
        Method::PUT if asks("tagging") => "PutObjectTagging",
        Method::PUT if copies => "CopyObject",
        Method::PUT => "PutObject",
        Method::POST if asks("uploads") => "CreateMultipartUpload",
        Method::POST if asks("uploadId") => "CompleteMultipartUpload",
        Method::DELETE if asks("uploadId") => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_known_by_their_requests() {
        let call = |method: &str, uri: &str| {
            let request = Request::builder().method(method).uri(uri).body(()).expect("a request");
            let call = Call::of(Service::S3, &request);
            (call.operation, call.key)
        };
        assert_eq!(
            call("PUT", "/farm/my%20shot.blend/frame_0001.png?x-id=PutObject"),
            ("PutObject", "my shot.blend/frame_0001.png".into())
        );
        assert_eq!(call("PUT", "/farm/k?partNumber=1&uploadId=u"), ("UploadPart", "k".into()));
        assert_eq!(call("POST", "/farm/k?uploadId=u"), ("CompleteMultipartUpload", "k".into()));
        assert_eq!(call("POST", "/farm/k?uploads"), ("CreateMultipartUpload", "k".into()));
        assert_eq!(call("GET", "/farm/?list-type=2&prefix=a"), ("ListObjectsV2", String::new()));
        assert_eq!(call("GET", "/farm?uploads"), ("ListMultipartUploads", String::new()));
        assert_eq!(call("HEAD", "/farm/k"), ("HeadObject", "k".into()));
        let request = Request::post("/v1/submitjob").body(()).expect("a request");
        assert_eq!(Call::of(Service::Batch, &request).operation, "SubmitJob");
    }
}
