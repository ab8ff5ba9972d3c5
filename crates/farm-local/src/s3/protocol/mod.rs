//! The S3 calls: which exist, and where each is answered. Everything else is `NotImplemented`.
//!
//! Here and below, requests become the store's words and its answers become S3's; what is
//! refused and what is kept is decided in the store.

mod body;
mod buckets;
mod convert;
mod copy;
mod multipart;
mod objects;
mod tagging;

use async_trait::async_trait;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};

use super::error::StoreError;
use super::store::Store;

/// The store, as s3s calls it.
pub(super) struct Protocol {
    store: Store,
}

impl Protocol {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }
}

/// Runs what blocks on the disk where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::refused("InternalError", error.to_string())))
}

/// Every call goes to the function of the same name.
macro_rules! calls {
    ($($module:ident::$call:ident($input:ident) -> $output:ident;)*) => {
        #[async_trait]
        impl S3 for Protocol {
            $(async fn $call(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                $module::$call(&self.store, request).await
            })*
        }
    };
}

calls! {
    buckets::list_buckets(ListBucketsInput) -> ListBucketsOutput;
    buckets::create_bucket(CreateBucketInput) -> CreateBucketOutput;
    buckets::head_bucket(HeadBucketInput) -> HeadBucketOutput;
    buckets::get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
    buckets::list_objects(ListObjectsInput) -> ListObjectsOutput;
    buckets::list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
    objects::put_object(PutObjectInput) -> PutObjectOutput;
    objects::get_object(GetObjectInput) -> GetObjectOutput;
    objects::head_object(HeadObjectInput) -> HeadObjectOutput;
    objects::get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput;
    copy::copy_object(CopyObjectInput) -> CopyObjectOutput;
    objects::delete_object(DeleteObjectInput) -> DeleteObjectOutput;
    objects::delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
    tagging::get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput;
    tagging::put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput;
    tagging::delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput;
    multipart::create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput;
    multipart::upload_part(UploadPartInput) -> UploadPartOutput;
    multipart::upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput;
    multipart::list_parts(ListPartsInput) -> ListPartsOutput;
    multipart::list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput;
    multipart::complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput;
    multipart::abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
}
