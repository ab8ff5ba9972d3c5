//! Lists.

use aws_sdk_s3::types::EncodingType;
use farm_local::s3::PutAttributes;

use super::{BUCKET, Server, assert_refused};

fn fill(server: &Server, keys: &[&str]) {
    for key in keys {
        server.store.put(BUCKET, key, key.as_bytes(), PutAttributes::default()).unwrap();
    }
}

#[tokio::test]
async fn prefixes_folders_and_order() {
    let server = Server::start().await;
    fill(&server, &["b", "a", "a/1", "a/2/x", "a0", "Z", "é", "🎬", "\u{ffee}"]);
    let list = || server.client.list_objects_v2().bucket(BUCKET);
    let keys = |answer: &aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output| -> Vec<String> {
        answer.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    };
    let all = list().send().await.unwrap();
    // UTF-16 order, a common mistake, would have the emoji before U+FFEE.
    assert_eq!(keys(&all), ["Z", "a", "a/1", "a/2/x", "a0", "b", "é", "\u{ffee}", "🎬"]);
    assert_eq!((all.key_count(), all.is_truncated(), all.max_keys()), (Some(9), Some(false), Some(1000)));
    let first = &all.contents()[0];
    assert_eq!(first.size(), Some(1));
    assert_eq!(first.e_tag(), Some("\"21c2e59531c8710156d34a3c30ac81d5\""), "the MD5 of Z");
    assert!(first.last_modified().is_some());

    let top = list().delimiter("/").send().await.unwrap();
    assert_eq!(keys(&top), ["Z", "a", "a0", "b", "é", "\u{ffee}", "🎬"]);
    let folders: Vec<_> = top.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap()).collect();
    assert_eq!(folders, ["a/"]);
    assert_eq!(top.key_count(), Some(8));
    let below = list().prefix("a/").delimiter("/").send().await.unwrap();
    assert_eq!(keys(&below), ["a/1"]);
    assert_eq!(below.common_prefixes()[0].prefix(), Some("a/2/"));
    assert_eq!(keys(&list().prefix("a").start_after("a/1").send().await.unwrap()), ["a/2/x", "a0"]);
    assert!(keys(&list().prefix("none").send().await.unwrap()).is_empty());
    assert_refused(list().continuation_token("not one").send().await, "InvalidArgument");
    assert_refused(server.client.list_objects_v2().bucket("nowhere").send().await, "NoSuchBucket");

    let old = server.client.list_objects().bucket(BUCKET).delimiter("/").max_keys(2).send().await.unwrap();
    assert_eq!(old.next_marker(), Some("a"));
    let old = server.client.list_objects().bucket(BUCKET).delimiter("/").marker("a").max_keys(2);
    let old = old.send().await.unwrap();
    assert_eq!(old.common_prefixes()[0].prefix(), Some("a/"));
    assert_eq!(old.contents()[0].key(), Some("a0"));
}

#[tokio::test]
async fn a_thousand_to_a_page() {
    let server = Server::start().await;
    let store = server.store.clone();
    let keys: Vec<String> = (0..1005).map(|number| format!("k/{number:05}")).collect();
    let put = keys.clone();
    tokio::task::spawn_blocking(move || {
        for key in put {
            store.put(BUCKET, &key, b"", PutAttributes::default()).unwrap();
        }
    })
    .await
    .unwrap();
    let first = server.client.list_objects_v2().bucket(BUCKET).max_keys(5000).send().await.unwrap();
    assert_eq!((first.contents().len(), first.is_truncated()), (1000, Some(true)));

    for size in [1000, 300, 7] {
        let mut pages =
            server.client.list_objects_v2().bucket(BUCKET).into_paginator().page_size(size).send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            found.extend(page.unwrap().contents().iter().map(|object| object.key().unwrap().to_owned()));
        }
        assert_eq!(found, keys, "pages of {size}");
    }
    let none = server.client.list_objects_v2().bucket(BUCKET).max_keys(0).send().await.unwrap();
    assert_eq!((none.contents().len(), none.is_truncated()), (0, Some(false)));
    assert_eq!(server.store.list(BUCKET, "k/0100").unwrap().len(), 5);
}

#[tokio::test]
async fn keys_are_url_encoded_on_demand() {
    let server = Server::start().await;
    fill(&server, &["a b+c/ü%.blend"]);
    let list = server.client.list_objects_v2().bucket(BUCKET).prefix("a ").encoding_type(EncodingType::Url);
    let answer = list.send().await.unwrap();
    assert_eq!(answer.contents()[0].key(), Some("a%20b%2Bc/%C3%BC%25.blend"));
    assert_eq!(answer.prefix(), Some("a%20"));
    assert_eq!(answer.encoding_type(), Some(&EncodingType::Url));
}
