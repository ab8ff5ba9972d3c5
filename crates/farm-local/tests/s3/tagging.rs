//! Tags at the upload and later.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{Tag, Tagging};
use farm_local::s3::PutAttributes;

use super::{BUCKET, Server, assert_refused};

async fn tags(server: &Server, key: &str) -> BTreeMap<String, String> {
    let answer = server.client.get_object_tagging().bucket(BUCKET).key(key).send().await.unwrap();
    answer.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn tagging(pairs: &[(&str, &str)]) -> Tagging {
    let tags = pairs.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap());
    Tagging::builder().set_tag_set(Some(tags.collect())).build().unwrap()
}

#[tokio::test]
async fn tags_at_the_upload_and_later() {
    let server = Server::start().await;
    let put = server.client.put_object().bucket(BUCKET).key("k").body(b"x".to_vec().into());
    put.tagging("frames=1+5%2010-20&who=%C3%BC@host").send().await.unwrap();
    assert_eq!(tags(&server, "k").await, map([("frames", "1 5 10-20"), ("who", "ü@host")]));
    let got = server.client.get_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!(got.tag_count(), Some(2));

    let before = server.store.head(BUCKET, "k").unwrap();
    let retag = server.client.put_object_tagging().bucket(BUCKET).key("k");
    retag.tagging(tagging(&[("frame", "12"), (" x ", "")])).send().await.unwrap();
    assert_eq!(tags(&server, "k").await, map([("frame", "12"), (" x ", "")]));
    let after = server.store.head(BUCKET, "k").unwrap();
    assert_eq!((before.etag, before.last_modified_ms), (after.etag, after.last_modified_ms));
    assert_eq!(server.get("k").await, b"x");

    server.client.delete_object_tagging().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!(tags(&server, "k").await, map([]));
    let put = server.client.put_object().bucket(BUCKET).key("k").body(b"y".to_vec().into());
    put.tagging("frame=3").send().await.unwrap();
    server.put("k", "z").await;
    assert_eq!(tags(&server, "k").await, map([]), "a new object has only its own tags");
    let missing = server.client.put_object_tagging().bucket(BUCKET).key("no").tagging(tagging(&[]));
    assert_refused(missing.send().await, "NoSuchKey");
    server.assert_clean();
}

#[tokio::test]
async fn what_aws_refuses_is_refused_at_the_upload_and_later() {
    let server = Server::start().await;
    server.put("k", "old").await;
    let long_key = "k".repeat(129);
    let long_value = "v".repeat(257);
    let eleven: Vec<String> = (0..11).map(|number| format!("t{number}")).collect();
    let eleven: Vec<(&str, &str)> = eleven.iter().map(|key| (key.as_str(), "v")).collect();
    let cases: [(&[(&str, &str)], &str); 7] = [
        (&[("frames", "1,5,9")], "InvalidTag"),
        (&[("fra,mes", "1")], "InvalidTag"),
        (&[("a", "1"), ("a", "2")], "InvalidTag"),
        (&[(&long_key, "1")], "InvalidTag"),
        (&[("k", &long_value)], "InvalidTag"),
        (&[("aws:mine", "1")], "InvalidTag"),
        (&eleven, "BadRequest"),
    ];
    for (pairs, code) in cases {
        let retag = server.client.put_object_tagging().bucket(BUCKET).key("k").tagging(tagging(pairs));
        assert_refused(retag.send().await, code);
        let header: Vec<_> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let header = header.join("&");
        let put = server.client.put_object().bucket(BUCKET).key("k").body(b"new".to_vec().into());
        assert_refused(put.tagging(&header).send().await, code);
        let upload = server.client.create_multipart_upload().bucket(BUCKET).key("k");
        assert_refused(upload.tagging(&header).send().await, code);
    }
    assert_eq!(server.get("k").await, b"old");
    assert_eq!(tags(&server, "k").await, map([]));
    server.assert_clean();
}

#[tokio::test]
async fn in_process_any_tag_can_be_placed() {
    let server = Server::start().await;
    let attributes = PutAttributes { tags: map([("frames", "1,5,9")]), ..PutAttributes::default() };
    server.store.put(BUCKET, "k", b"x", attributes).unwrap();
    assert_eq!(tags(&server, "k").await, map([("frames", "1,5,9")]));
    assert_eq!(server.store.tags(BUCKET, "k").unwrap(), map([("frames", "1,5,9")]));
}

/// Tags and bytes change at the same time: neither is lost to the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn retagging_does_not_bring_old_bytes_back() {
    let server = Server::start().await;
    server.put("k", "0").await;
    let client = server.client.clone();
    let retagging = tokio::spawn(async move {
        for number in 0..40 {
            let value = number.to_string();
            let retag = client.put_object_tagging().bucket(BUCKET).key("k");
            retag.tagging(tagging(&[("n", &value)])).send().await.unwrap();
        }
    });
    for number in 1..=40 {
        server.put("k", number.to_string()).await;
        assert_eq!(server.get("k").await, number.to_string().as_bytes());
    }
    retagging.await.unwrap();
    assert_eq!(server.get("k").await, b"40");
    server.assert_clean();
}
