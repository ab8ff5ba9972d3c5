//! Checksums: given, trailing, computed, wrong.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, ChecksumType, ObjectAttributes};

use super::{BUCKET, Server, assert_refused, noise, refusal};

/// Of `123456789`, in base64.
const CRC32: &str = "y/Q5Jg==";
const CRC32C: &str = "4waSgw==";
const CRC64NVME: &str = "rosUhgp5mIg=";
const SHA1: &str = "98O8HYCOBHMq32eZZczDTKeuNEE=";
const SHA256: &str = "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=";

/// A client that sends no checksum unless told to.
fn plain(server: &Server) -> Client {
    let config = server.client.config().to_builder();
    Client::from_conf(config.request_checksum_calculation(RequestChecksumCalculation::WhenRequired).build())
}

async fn sums(server: &Server, key: &str) -> [Option<String>; 5] {
    let head = server.client.head_object().bucket(BUCKET).key(key).checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.unwrap();
    assert_eq!(head.checksum_type(), Some(&ChecksumType::FullObject));
    [
        head.checksum_crc32,
        head.checksum_crc32_c,
        head.checksum_crc64_nvme,
        head.checksum_sha1,
        head.checksum_sha256,
    ]
}

fn only(place: usize, value: &str) -> [Option<String>; 5] {
    let mut sums = [None, None, None, None, None];
    sums[place] = Some(value.to_owned());
    sums
}

#[tokio::test]
async fn every_algorithm_is_kept_and_given_back() {
    let server = Server::start().await;
    let client = plain(&server);
    let put = |key: &str| client.put_object().bucket(BUCKET).key(key).body(b"123456789".to_vec().into());
    put("crc32").checksum_crc32(CRC32).send().await.unwrap();
    put("crc32c").checksum_crc32_c(CRC32C).send().await.unwrap();
    put("crc64nvme").checksum_crc64_nvme(CRC64NVME).send().await.unwrap();
    put("sha1").checksum_sha1(SHA1).send().await.unwrap();
    put("sha256").checksum_sha256(SHA256).send().await.unwrap();
    put("none").send().await.unwrap();
    assert_eq!(sums(&server, "crc32").await, only(0, CRC32));
    assert_eq!(sums(&server, "crc32c").await, only(1, CRC32C));
    assert_eq!(sums(&server, "crc64nvme").await, only(2, CRC64NVME));
    assert_eq!(sums(&server, "sha1").await, only(3, SHA1));
    assert_eq!(sums(&server, "sha256").await, only(4, SHA256));
    assert_eq!(sums(&server, "none").await, only(2, CRC64NVME), "S3 adds this one by itself");
    server.store.put(BUCKET, "inside", b"123456789", Default::default()).unwrap();
    assert_eq!(sums(&server, "inside").await, only(2, CRC64NVME));

    let quiet = server.client.head_object().bucket(BUCKET).key("crc32").send().await.unwrap();
    assert_eq!(quiet.checksum_crc32(), None, "only where it is asked for");
}

#[tokio::test]
async fn a_trailer_after_a_streamed_body() {
    let server = Server::start().await;
    for (place, algorithm, value) in [
        (0, ChecksumAlgorithm::Crc32, CRC32),
        (1, ChecksumAlgorithm::Crc32C, CRC32C),
        (2, ChecksumAlgorithm::Crc64Nvme, CRC64NVME),
        (3, ChecksumAlgorithm::Sha1, SHA1),
        (4, ChecksumAlgorithm::Sha256, SHA256),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "123456789").unwrap();
        let body = ByteStream::from_path(file.path()).await.unwrap();
        let put = server.client.put_object().bucket(BUCKET).key("k").body(body);
        let put = put.checksum_algorithm(algorithm).send().await.unwrap();
        assert_eq!(put.checksum_type(), Some(&ChecksumType::FullObject));
        assert_eq!(sums(&server, "k").await, only(place, value));
        assert_eq!(server.get("k").await, b"123456789", "which the SDK checks against the same");
    }
}

#[tokio::test]
async fn a_wrong_one_is_refused_and_the_old_object_stays() {
    let server = Server::start().await;
    server.put("k", "old").await;
    let client = plain(&server);
    let put = || client.put_object().bucket(BUCKET).key("k").body(b"123456789".to_vec().into());
    for wrong in [
        put().checksum_crc32("AAAAAA=="),
        put().checksum_crc32_c(CRC32),
        put().checksum_crc64_nvme("AAAAAAAAAAA="),
        put().checksum_sha1("AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        put().checksum_sha256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        put().content_md5("AAAAAAAAAAAAAAAAAAAAAA=="),
    ] {
        assert_eq!(refusal(wrong.send().await), ("BadDigest".to_owned(), 400));
    }
    assert_refused(put().checksum_crc32("nonsense").send().await, "InvalidRequest");
    assert_refused(put().content_md5("nonsense").send().await, "InvalidDigest");
    let two = put().checksum_crc32(CRC32).checksum_sha1(SHA1);
    assert_refused(two.send().await, "InvalidRequest");
    let unknown = put().customize().mutate_request(|request| {
        request.headers_mut().insert("x-amz-checksum-xxhash64", "AAAAAAAAAAA=");
    });
    assert_refused(unknown.send().await, "InvalidRequest");
    assert_eq!(server.get("k").await, b"old");
    put().content_md5("JfnnlDI7RTiF9RgfG2JNCw==").send().await.unwrap();
    server.assert_clean();
}

#[tokio::test]
async fn no_checksum_of_the_whole_with_a_range() {
    let server = Server::start().await;
    let bytes = noise(100_000);
    server.put("k", bytes.clone()).await;
    let get = server.client.get_object().bucket(BUCKET).key("k").range("bytes=10-19");
    let got = get.checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
    assert_eq!(got.checksum_crc32(), None);
    assert_eq!(got.body.collect().await.unwrap().to_vec(), bytes[10..20]);
}

#[tokio::test]
async fn attributes() {
    let server = Server::start().await;
    let etag = server.put("k", "123456789").await;
    let ask = server.client.get_object_attributes().bucket(BUCKET).key("k");
    let ask = ask
        .object_attributes(ObjectAttributes::Checksum)
        .object_attributes(ObjectAttributes::Etag)
        .object_attributes(ObjectAttributes::ObjectSize)
        .object_attributes(ObjectAttributes::ObjectParts);
    let got = ask.send().await.unwrap();
    assert_eq!(got.object_size(), Some(9));
    assert_eq!(got.e_tag().map(|tag| tag.trim_matches('"')), Some(etag.trim_matches('"')));
    assert_eq!(got.checksum().unwrap().checksum_crc32(), Some(CRC32));
    assert_eq!(got.checksum().unwrap().checksum_type(), Some(&ChecksumType::FullObject));
    assert!(got.object_parts().is_none());
}
