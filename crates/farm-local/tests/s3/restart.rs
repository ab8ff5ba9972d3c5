//! Restarts, crashes, events, and readers that outlive what they read.

use std::fs;
use std::io::Read as _;

use farm_local::s3::{PutAttributes, Store, StoreError, StoreOptions};

use super::{BUCKET, MIB, Server, files, noise};

fn attributes() -> PutAttributes {
    PutAttributes {
        metadata: [("m".to_owned(), "1".to_owned())].into(),
        tags: [("frame".to_owned(), "3".to_owned())].into(),
        content_type: Some("x/y".to_owned()),
    }
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let server = Server::start().await;
    let long = format!("{}/ü", "k".repeat(1000));
    let before = [
        server.store.put(BUCKET, "a", b"one", attributes()).unwrap(),
        server.store.put(BUCKET, "a/b", b"two", attributes()).unwrap(),
        server.store.put(BUCKET, &long, b"three", PutAttributes::default()).unwrap(),
    ];
    server.client.create_bucket().bucket("second").send().await.unwrap();
    let server = server.restart().await;
    assert_eq!(server.store.list(BUCKET, "").unwrap(), before);
    assert_eq!(server.get(&long).await, b"three");
    assert_eq!(server.get("a").await, b"one");
    assert_eq!(server.store.tags(BUCKET, "a/b").unwrap()["frame"], "3");
    server.client.head_bucket().bucket("second").send().await.unwrap();
    server.assert_clean();
}

/// What a crash can leave, placed by hand: bytes without a record, half a record that was never
/// renamed, parts of an upload, a bucket that was being made.
#[tokio::test]
async fn what_a_crash_leaves_is_cleared_and_the_old_object_stands() {
    let server = Server::start().await;
    server.put("k", "old").await;
    let folder = server.close().await;
    let root = folder.path();
    let bucket = root.join("buckets").join(BUCKET);
    fs::write(bucket.join("content/0000000000000001"), "half of a new obj").unwrap();
    fs::write(root.join("temp/0000000000000002"), r#"{"key":"k","content":"00000"#).unwrap();
    fs::create_dir_all(root.join("uploads/0000000000000003")).unwrap();
    fs::write(root.join("uploads/0000000000000003/part"), "part").unwrap();
    fs::create_dir_all(root.join("buckets/half-made/objects")).unwrap();

    let server = Server::over(folder, StoreOptions::default()).await;
    assert_eq!(server.get("k").await, b"old");
    server.assert_clean();
    assert!(server.store.head("half-made", "k").is_err());
    server.store.create_bucket("half-made").unwrap();
    server.store.put("half-made", "k", b"x", PutAttributes::default()).unwrap();
}

/// Where the writer of [`a_writer_that_is_killed`] finds its store.
const CHILD: &str = "FARM_LOCAL_TEST_KILLED_WRITER";

/// The process is killed amid puts, again and again: `k` is always one whole object, and never an
/// older one than was acknowledged.
#[test]
fn a_writer_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let progress = folder.path().join("progress");
    Store::open(&root, StoreOptions::default()).unwrap().create_bucket(BUCKET).unwrap();
    let acknowledged = || fs::read(&progress).map(|bytes| bytes.len()).unwrap_or(0);
    for round in 1..=12 {
        let before = acknowledged();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "restart::writes_until_killed"])
            .env(CHILD, folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while acknowledged() < before + round {
            assert!(std::time::Instant::now() < deadline, "round {round}: the writer does not get on");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let store = Store::open(&root, StoreOptions::default()).unwrap();
        let bytes = store.read(BUCKET, "k").unwrap();
        let info = store.head(BUCKET, "k").unwrap();
        let number: usize = info.tags["n"].parse().unwrap();
        assert!(number >= acknowledged(), "{number} after {} acknowledged", acknowledged());
        assert!(bytes == body(number), "round {round}: object {number} has other bytes");
        let content = files(&root.join("buckets").join(BUCKET).join("content"));
        assert_eq!((content.len(), files(&root.join("temp")).len()), (1, 0), "nothing is left over");
    }
}

fn body(number: usize) -> Vec<u8> {
    vec![u8::try_from(number % 251).unwrap(); 200_000 + number]
}

#[test]
#[ignore = "the child of a_writer_that_is_killed; does nothing by itself"]
fn writes_until_killed() {
    use std::io::Write as _;
    let Some(folder) = std::env::var_os(CHILD).map(std::path::PathBuf::from) else { return };
    let store = Store::open(&folder.join("store"), StoreOptions::default()).unwrap();
    let mut progress = fs::File::options().create(true).append(true).open(folder.join("progress")).unwrap();
    let first = store.tags(BUCKET, "k").map_or(1, |tags| tags["n"].parse::<usize>().unwrap() + 1);
    // A put that was done but not acknowledged counts as acknowledged from here on.
    let behind = first - 1 - usize::try_from(progress.metadata().unwrap().len()).unwrap();
    progress.write_all(&vec![b'.'; behind]).unwrap();
    for number in first.. {
        let tags = [("n".to_owned(), number.to_string())].into();
        store.put(BUCKET, "k", &body(number), PutAttributes { tags, ..PutAttributes::default() }).unwrap();
        progress.write_all(b".").unwrap();
    }
}

#[tokio::test]
async fn a_damaged_record_costs_its_own_object_only() {
    let server = Server::start().await;
    server.put("good", "good").await;
    let objects = server.folder.path().join("buckets").join(BUCKET).join("objects");
    let good = files(&objects);
    server.put("bad", "bad").await;
    let bad = files(&objects).into_iter().find(|path| !good.contains(path)).unwrap();
    let folder = server.close().await;
    let whole = fs::read(&bad).unwrap();
    for damage in [&whole[..whole.len() / 2], b"", b"{}", &fs::read(&good[0]).unwrap()] {
        fs::write(&bad, damage).unwrap();
        let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
        assert_eq!(store.read(BUCKET, "good").unwrap(), b"good");
        assert!(store.head(BUCKET, "bad").unwrap_err().is_not_found());
    }
    // The bytes are kept for as long as nobody knows whose they are: a mended record finds them.
    fs::write(&bad, &whole).unwrap();
    let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
    assert_eq!(store.read(BUCKET, "bad").unwrap(), b"bad");
    drop(store);

    fs::write(&bad, "damaged again").unwrap();
    let server = Server::over(folder, StoreOptions::default()).await;
    server.put("bad", "anew").await;
    let server = server.restart().await;
    assert_eq!(server.get("bad").await, b"anew");
    server.assert_clean();
}

#[tokio::test]
async fn a_folder_is_opened_by_one_store_only() {
    let server = Server::start().await;
    match Store::open(server.folder.path(), StoreOptions::default()) {
        Err(error @ StoreError::InUse { .. }) => assert!(error.to_string().contains("in use")),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("opened twice"),
    }
    server.put("k", "still served").await;
    let folder = server.close().await;
    Store::open(folder.path(), StoreOptions::default()).unwrap();
}

#[tokio::test]
async fn a_reader_keeps_the_bytes_it_began_with() {
    let server = Server::start().await;
    let old = noise(24 * MIB);
    server.put("k", old.clone()).await;
    let (mut file, _) = server.store.open_object(BUCKET, "k").unwrap();
    let mut got = server.client.get_object().bucket(BUCKET).key("k").send().await.unwrap().body;
    let mut bytes = got.try_next().await.unwrap().unwrap().to_vec();

    server.put("k", "new").await;
    assert_eq!(server.get("k").await, b"new");
    server.store.delete(BUCKET, "k").unwrap();
    while let Some(more) = got.try_next().await.unwrap() {
        bytes.extend_from_slice(&more);
    }
    assert!(bytes == old, "{} bytes of {}", bytes.len(), old.len());
    let mut from_file = Vec::new();
    file.read_to_end(&mut from_file).unwrap();
    assert!(from_file == old);
    server.assert_clean();
}

#[tokio::test]
async fn events_come_in_order_and_after_the_object() {
    let server = Server::start().await;
    let mut events = server.store.subscribe();
    let mut others = server.store.subscribe();
    let put = server.client.put_object().bucket(BUCKET).key("ü b.blend").body(b"hello".to_vec().into());
    put.tagging("frame=3").send().await.unwrap();
    let event = events.recv().await.unwrap();
    assert_eq!((event.bucket.as_str(), event.key.as_str(), event.size), (BUCKET, "ü b.blend", 5));
    assert_eq!(event.etag, "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(event.event_name, "ObjectCreated:Put");
    assert_eq!(event.time_ms, server.store.head(BUCKET, "ü b.blend").unwrap().last_modified_ms);

    let copy = server.client.copy_object().bucket(BUCKET).key("copy");
    copy.copy_source(format!("{BUCKET}/%C3%BC%20b.blend")).send().await.unwrap();
    let copied = events.recv().await.unwrap();
    assert_eq!((copied.key.as_str(), copied.event_name), ("copy", "ObjectCreated:Copy"));

    server.client.delete_object_tagging().bucket(BUCKET).key("copy").send().await.unwrap();
    server.store.delete(BUCKET, "copy").unwrap();
    let refused = server.client.put_object().bucket(BUCKET).key("ü b.blend").if_none_match("*");
    refused.body(b"x".to_vec().into()).send().await.unwrap_err();
    assert!(events.try_recv().is_err(), "only what is created is announced");

    // A subscriber may look at once: the object and its tags are there.
    let store = server.store.clone();
    let looking = tokio::spawn(async move {
        for number in 0..50 {
            let event = events.recv().await.unwrap();
            let tags = store.tags(&event.bucket, &event.key).unwrap();
            assert_eq!((event.key, tags["n"].clone()), (format!("k{number}"), number.to_string()));
        }
        events
    });
    for number in 0..50 {
        let put = server.client.put_object().bucket(BUCKET).key(format!("k{number}"));
        put.body(b"x".to_vec().into()).tagging(format!("n={number}")).send().await.unwrap();
    }
    looking.await.unwrap();

    let mut sequencers = Vec::new();
    while let Ok(event) = others.try_recv() {
        sequencers.push(event.sequencer);
    }
    assert_eq!(sequencers.len(), 52, "every subscriber hears of every object");
    let server = server.restart().await;
    let mut events = server.store.subscribe();
    server.store.put(BUCKET, "later", b"x", PutAttributes::default()).unwrap();
    sequencers.push(events.recv().await.unwrap().sequencer);
    assert!(
        sequencers.windows(2).all(|pair| pair[0] < pair[1] && pair[0].len() == pair[1].len()),
        "{sequencers:?}"
    );
    assert!(sequencers[0].bytes().all(|byte| byte.is_ascii_hexdigit()));
}

/// No event is lost, doubled or out of order when many write at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_of_many_writers() {
    let server = Server::start().await;
    let mut events = server.store.subscribe();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = server.store.clone();
            tokio::task::spawn_blocking(move || {
                for number in 0..20 {
                    let key = format!("{writer}/{number}");
                    store.put(BUCKET, &key, b"x", PutAttributes::default()).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut seen = Vec::new();
    while let Ok(event) = events.try_recv() {
        seen.push((event.sequencer, event.key));
    }
    assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0), "in the order of their sequencers");
    let mut keys: Vec<_> = seen.into_iter().map(|(_, key)| key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 160);
}
