//! Put, get, head, copy, delete.

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{Delete, MetadataDirective, ObjectIdentifier, TaggingDirective};

use super::{BUCKET, MIB, Server, assert_refused, noise, refusal};

#[tokio::test]
async fn what_is_put_is_what_is_got() {
    let server = Server::start().await;
    let put = server.client.put_object().bucket(BUCKET).key("scene.blend").body(b"hello".to_vec().into());
    let put = put
        .content_type("application/x-blender")
        .cache_control("no-cache")
        .content_disposition("attachment")
        .metadata("farm-render", "r1")
        .metadata("note", "zwei Wörter");
    let put = put.send().await.unwrap();
    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));

    let head = server.client.head_object().bucket(BUCKET).key("scene.blend").send().await.unwrap();
    assert_eq!(head.content_length(), Some(5));
    assert_eq!(head.e_tag(), put.e_tag());
    assert_eq!(head.content_type(), Some("application/x-blender"));
    assert_eq!(head.cache_control(), Some("no-cache"));
    assert_eq!(head.content_disposition(), Some("attachment"));
    assert_eq!(head.content_encoding(), None, "aws-chunked is not the object's");
    assert_eq!(head.metadata().unwrap()["farm-render"], "r1");
    let age = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .abs_diff(u64::try_from(head.last_modified().unwrap().secs()).unwrap());
    assert!(age < 60, "{age} s");

    let got = server.client.get_object().bucket(BUCKET).key("scene.blend").send().await.unwrap();
    assert_eq!(got.content_type(), Some("application/x-blender"));
    assert_eq!(got.metadata().unwrap()["farm-render"], "r1");
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");

    let info = server.store.head(BUCKET, "scene.blend").unwrap();
    assert_eq!((info.size, info.etag.as_str()), (5, "5d41402abc4b2a76b9719d911017c592"));
    assert_eq!(info.metadata["note"], "zwei Wörter");
    assert_eq!(server.store.read(BUCKET, "scene.blend").unwrap(), b"hello");
    server.assert_clean();
}

#[tokio::test]
async fn an_object_put_in_process_is_the_same_to_a_client() {
    let server = Server::start().await;
    let attributes = farm_local::s3::PutAttributes {
        metadata: [("a".to_owned(), "1".to_owned())].into(),
        content_type: Some("image/png".to_owned()),
        ..Default::default()
    };
    let info = server.store.put(BUCKET, "x.png", b"png", attributes).unwrap();
    let head = server.client.head_object().bucket(BUCKET).key("x.png").send().await.unwrap();
    assert_eq!(head.e_tag(), Some(format!("\"{}\"", info.etag).as_str()));
    assert_eq!(head.content_type(), Some("image/png"));
    assert_eq!(head.metadata().unwrap()["a"], "1");
    assert_eq!(server.get("x.png").await, b"png");
    server.store.delete(BUCKET, "x.png").unwrap();
    assert!(server.store.head(BUCKET, "x.png").unwrap_err().is_not_found());
    server.assert_clean();
}

#[tokio::test]
async fn ranges() {
    let server = Server::start().await;
    server.put("ten", *b"0123456789").await;
    for (range, bytes, content_range) in [
        ("bytes=0-0", &b"0"[..], "bytes 0-0/10"),
        ("bytes=3-5", b"345", "bytes 3-5/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-4", b"6789", "bytes 6-9/10"),
        ("bytes=-40", b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ] {
        let got = server.client.get_object().bucket(BUCKET).key("ten").range(range).send().await.unwrap();
        assert_eq!(got.content_range(), Some(content_range), "{range}");
        assert_eq!(got.content_length(), i64::try_from(bytes.len()).ok(), "{range}");
        assert_eq!(got.body.collect().await.unwrap().to_vec(), bytes, "{range}");
    }
    for range in ["bytes=10-", "bytes=99-100", "bytes=-0"] {
        let answer = server.client.get_object().bucket(BUCKET).key("ten").range(range).send().await;
        assert_eq!(refusal(answer), ("InvalidRange".to_owned(), 416), "{range}");
    }
    server.put("empty", *b"").await;
    assert_eq!(server.get("empty").await, b"");
    let answer = server.client.get_object().bucket(BUCKET).key("empty").range("bytes=0-").send().await;
    assert_eq!(refusal(answer).1, 416);
}

#[tokio::test]
async fn what_is_not_there() {
    let server = Server::start().await;
    let client = &server.client;
    assert_refused(client.get_object().bucket(BUCKET).key("no").send().await, "NoSuchKey");
    assert_eq!(refusal(client.head_object().bucket(BUCKET).key("no").send().await).1, 404);
    assert_refused(client.get_object().bucket("nowhere").key("no").send().await, "NoSuchBucket");
    assert_eq!(refusal(client.head_bucket().bucket("nowhere").send().await).1, 404);
    let put = client.put_object().bucket("nowhere").key("k").body(b"x".to_vec().into());
    assert_refused(put.send().await, "NoSuchBucket");
    client.delete_object().bucket(BUCKET).key("no").send().await.unwrap();
}

#[tokio::test]
async fn buckets() {
    let server = Server::start().await;
    let client = &server.client;
    client.create_bucket().bucket("another.one").send().await.unwrap();
    assert_refused(client.create_bucket().bucket("another.one").send().await, "BucketAlreadyOwnedByYou");
    assert_refused(client.create_bucket().bucket("Not_A_Bucket").send().await, "InvalidBucketName");
    client.head_bucket().bucket("another.one").send().await.unwrap();
    let location = client.get_bucket_location().bucket(BUCKET).send().await.unwrap();
    assert!(location.location_constraint().is_none_or(|region| region.as_str().is_empty()), "{location:?}");
    let all = client.list_buckets().send().await.unwrap();
    let names: Vec<_> = all.buckets().iter().filter_map(|bucket| bucket.name()).collect();
    assert_eq!(names, ["another.one", BUCKET]);
    server.put("k", "here").await;
    assert_refused(client.get_object().bucket("another.one").key("k").send().await, "NoSuchKey");
}

#[tokio::test]
async fn any_legal_key_works() {
    let server = Server::start().await;
    let long = "ü".repeat(512);
    let keys = [
        "a",
        "a/b",
        "a/b/c",
        "a b  c",
        " lead and trail ",
        "plus+plus",
        "50%",
        "50%25",
        "über/Häuser.blend",
        "🎬/🎞️.blend",
        "..",
        "../up",
        "a/../b",
        "./here",
        "/leading",
        "//two",
        "trailing/",
        "a//b",
        "q?x=1&y=2#z",
        "<xml>&amp;\"'",
        "back\\slash",
        "(){}[]!*'~^`|,;:@$=",
        &long,
    ];
    for key in keys {
        server.put(key, key.as_bytes()).await;
    }
    for key in keys {
        assert_eq!(server.get(key).await, key.as_bytes(), "{key}");
        let got = server.client.get_object_tagging().bucket(BUCKET).key(key).send().await.unwrap();
        assert!(got.tag_set().is_empty());
    }
    let listed = server.client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let listed: Vec<_> = listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect();
    let mut sorted: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
    sorted.sort();
    assert_eq!(listed, sorted, "in the order of UTF-8 bytes");

    let deletes = keys.map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(deletes.to_vec())).build().unwrap();
    let answer = server.client.delete_objects().bucket(BUCKET).delete(delete).send().await.unwrap();
    assert_eq!(answer.deleted().len(), keys.len());
    assert!(answer.errors().is_empty());
    assert!(server.store.list(BUCKET, "").unwrap().is_empty());
    server.assert_clean();
}

#[tokio::test]
async fn what_aws_refuses_of_a_put() {
    let server = Server::start().await;
    let put = |key: &str| server.client.put_object().bucket(BUCKET).key(key).body(b"x".to_vec().into());
    assert_refused(put(&"k".repeat(1025)).send().await, "KeyTooLongError");
    put(&"k".repeat(1024)).send().await.unwrap();
    assert_refused(put("k").metadata("m", "v".repeat(2048)).send().await, "MetadataTooLarge");
    put("k").metadata("m", "v".repeat(2047)).send().await.unwrap();
    assert_refused(put("k").if_none_match("\"abc\"").send().await, "NotImplemented");
    let both = server.client.get_object().bucket(BUCKET).key("k").range("bytes=0-0").part_number(1);
    assert_refused(both.send().await, "InvalidRequest");
    let version = server.client.get_object().bucket(BUCKET).key("k").version_id("v1");
    assert_refused(version.send().await, "InvalidArgument");
}

#[tokio::test]
async fn a_refused_put_with_a_large_body_gets_its_answer() {
    let server = Server::start().await;
    for _ in 0..3 {
        let put = server.client.put_object().bucket(BUCKET).key("k").body(noise(12 * MIB).into());
        assert_refused(put.tagging("frames=1,5").send().await, "InvalidTag");
    }
    server.assert_clean();
}

#[tokio::test]
async fn copies() {
    let server = Server::start().await;
    let client = &server.client;
    let source = "über/a + b.blend";
    let put = client.put_object().bucket(BUCKET).key(source).body(b"bytes".to_vec().into());
    put.content_type("x/y").metadata("m", "1").tagging("frame=3").send().await.unwrap();
    let encoded = format!("{BUCKET}/%C3%BCber/a%20%2B%20b.blend");

    let copy = || client.copy_object().bucket(BUCKET).copy_source(&encoded);
    let answer = copy().key("copy").send().await.unwrap();
    let etag = answer.copy_object_result().unwrap().e_tag().unwrap().to_owned();
    assert_eq!(etag, format!("\"{}\"", server.store.head(BUCKET, source).unwrap().etag));
    let info = server.store.head(BUCKET, "copy").unwrap();
    assert_eq!(server.get("copy").await, b"bytes");
    assert_eq!(info.content_type.as_deref(), Some("x/y"));
    assert_eq!(info.metadata["m"], "1");
    assert_eq!(info.tags["frame"], "3");

    let replaced = copy()
        .key("other")
        .metadata_directive(MetadataDirective::Replace)
        .metadata("n", "2")
        .tagging_directive(TaggingDirective::Replace)
        .tagging("frames=1-2");
    replaced.send().await.unwrap();
    let info = server.store.head(BUCKET, "other").unwrap();
    assert_eq!(info.metadata, [("n".to_owned(), "2".to_owned())].into());
    assert_eq!(info.tags, [("frames".to_owned(), "1-2".to_owned())].into());

    assert_refused(copy().key(source).send().await, "InvalidRequest");
    copy().key(source).metadata_directive(MetadataDirective::Replace).send().await.unwrap();
    assert_eq!(server.get(source).await, b"bytes", "an object copied onto itself keeps its bytes");

    assert_refused(copy().key("c").copy_source_if_match("\"0\"").send().await, "PreconditionFailed");
    assert_refused(copy().key("c").copy_source_if_none_match(&etag).send().await, "PreconditionFailed");
    assert_refused(copy().key("copy").if_none_match("*").send().await, "PreconditionFailed");
    copy().key("fresh").if_none_match("*").send().await.unwrap();
    let missing = client.copy_object().bucket(BUCKET).key("c").copy_source(format!("{BUCKET}/no"));
    assert_refused(missing.send().await, "NoSuchKey");
    server.assert_clean();
}

#[tokio::test]
async fn several_are_deleted_at_once() {
    let server = Server::start().await;
    for key in ["a", "b", "c"] {
        server.put(key, "x").await;
    }
    let identifier = |key: &str| ObjectIdentifier::builder().key(key);
    let objects = vec![
        identifier("a").build().unwrap(),
        identifier("missing").build().unwrap(),
        identifier("b").e_tag("\"0\"").build().unwrap(),
    ];
    let delete = Delete::builder().set_objects(Some(objects)).build().unwrap();
    let answer = server.client.delete_objects().bucket(BUCKET).delete(delete).send().await.unwrap();
    let deleted: Vec<_> = answer.deleted().iter().filter_map(|object| object.key()).collect();
    assert_eq!(deleted, ["a", "missing"]);
    assert_eq!(answer.errors()[0].key(), Some("b"));
    assert_eq!(answer.errors()[0].code(), Some("PreconditionFailed"));
    let left: Vec<_> = server.store.list(BUCKET, "").unwrap().into_iter().map(|info| info.key).collect();
    assert_eq!(left, ["b", "c"]);
    server.assert_clean();
}

/// Neither a put nor a get holds an object in memory.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn large_objects_are_streamed() {
    fn peak_mib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }
    const SIZE: usize = 320 * MIB;
    let server = Server::start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(SIZE as u64).unwrap();
    let before = peak_mib();

    let body = ByteStream::from_path(file.path()).await.unwrap();
    server.client.put_object().bucket(BUCKET).key("large").body(body).send().await.unwrap();
    let mut got = server.client.get_object().bucket(BUCKET).key("large").send().await.unwrap().body;
    let mut length = 0;
    while let Some(bytes) = got.try_next().await.unwrap() {
        length += bytes.len();
    }
    assert_eq!(length, SIZE);
    let grown = peak_mib() - before;
    // Other tests run in the same process; a whole object would still show.
    assert!(grown < 200, "memory grew by {grown} MiB for an object of {} MiB", SIZE / MIB);
}

#[tokio::test]
async fn many_clients_at_once() {
    let server = Server::start().await;
    let puts = (0..60).map(|number| {
        let client = server.client.clone();
        tokio::spawn(async move {
            let body = SdkBody::from(vec![number; 50_000]);
            let put = client.put_object().bucket(BUCKET).key(format!("k{number}"));
            put.body(ByteStream::new(body)).send().await.unwrap();
        })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.unwrap();
    }
    for number in 0..60 {
        assert_eq!(server.get(&format!("k{number}")).await, vec![number; 50_000]);
    }
    server.assert_clean();
}
