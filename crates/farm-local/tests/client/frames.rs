//! Frames into a folder.

use std::os::unix::fs::MetadataExt;

use crate::support::fake::{Fake, is_frame_of};
use crate::{Bench, KEY};

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_pulled_as_they_are_done_and_none_twice() {
    let bench = Bench::start().await;
    let blend = bench.put(
        &Fake { wait: vec![5, 6], heavy: vec![1], ..Fake::default() },
        &[("frames", "1-6"), ("chunk", "2"), ("order", "linear")],
    );
    let into = bench.notes.path().join("frames");
    let into = into.to_str().unwrap();
    let mut following = bench.command(&["pull", KEY, into, "--follow"]);
    bench.farm.report_that(KEY, |_| true).await;
    let following = tokio::task::spawn_blocking(move || following.output().unwrap());
    let there = |frame: i32| std::path::Path::new(into).join(format!("frame_{frame:04}.png"));
    // Those that are done come while others still render.
    while !(1..=4).all(|frame| there(frame).exists()) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(!there(5).exists() && !following.is_finished());
    bench.run(&["pull", KEY, into]).await.has(4, &["4 of 6 frames", "--follow"]);
    bench.go();
    crate::Said::of(following.await.unwrap()).has(0, &["6 of 6 frames"]);
    for frame in 1..=6 {
        assert!(is_frame_of(&std::fs::read(there(frame)).unwrap(), &blend, frame));
    }
    // Nothing half is left, and what is there is not fetched again.
    let names: Vec<_> = std::fs::read_dir(into).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let of_the_pull = names.iter().filter(|name| *name == ".farm-pull").count();
    assert_eq!((names.len(), of_the_pull), (7, 1), "{names:?}");
    let before = std::fs::metadata(there(2)).unwrap().ino();
    let pulled = bench.json(&["pull", KEY, into, "--json"]).await;
    assert_eq!((pulled["files"].as_u64(), pulled["done"].as_u64()), (Some(0), Some(6)));
    assert_eq!(std::fs::metadata(there(2)).unwrap().ino(), before);
    // One that is damaged, or gone, is; the others are not.
    let mut bytes = std::fs::read(there(3)).unwrap();
    bytes[60] ^= 1;
    std::fs::write(there(3), bytes).unwrap();
    std::fs::remove_file(there(4)).unwrap();
    let pulled = bench.json(&["pull", KEY, into, "--json"]).await;
    assert_eq!(pulled["files"], 2);
    assert!(is_frame_of(&std::fs::read(there(3)).unwrap(), &blend, 3));
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_of_what_is_not_complete_says_so() {
    let bench = Bench::start().await;
    bench.put(&Fake { wrong: vec![2], ..Fake::default() }, &[("frames", "1-3")]);
    bench.farm.last_report(KEY).await;
    let into = bench.notes.path().join("frames");
    bench
        .run(&["pull", KEY, into.to_str().unwrap(), "--follow"])
        .await
        .has(3, &["2 of 3 frames", "Frame 2 is missing"]);
    // A frame in the bucket that is not what its task put there.
    let name = format!("{KEY}/frame_0001.png");
    let mut bytes = bench.farm.stored(&name);
    bytes[60] ^= 1;
    let info = bench.farm.farm.store.head(bench.farm.farm.bucket(), &name).unwrap();
    let attributes = farm_local::s3::PutAttributes { metadata: info.metadata, ..Default::default() };
    bench.farm.farm.store.put(bench.farm.farm.bucket(), &name, &bytes, attributes).unwrap();
    std::fs::remove_dir_all(&into).unwrap();
    let said = bench.run(&["pull", KEY, into.to_str().unwrap()]).await;
    said.has(1, &["came with other bytes", "farm rerender"]);
    assert!(!into.join("frame_0001.png").exists(), "what is damaged never has the frame's name");
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_beside_a_frame_come_with_it_and_those_of_others_do_not() {
    use farm_contract::metadata;
    let bench = Bench::start().await;
    bench.put(&Fake::default(), &[("frames", "1-2")]);
    let report = bench.farm.last_report(KEY).await;
    let (store, bucket) = (&bench.farm.farm.store, bench.farm.farm.bucket());
    // As a frame of an earlier render is: no record of this one tells of it.
    let prefix = farm_contract::keys::tasks_prefix(&report.render.unwrap());
    for object in store.list(bucket, &prefix).unwrap() {
        store.delete(bucket, &object.key).unwrap();
    }
    let frame = format!("{KEY}/frame_0001.png");
    let mut said = store.head(bucket, &frame).unwrap().metadata;
    said.insert(metadata::FILES.to_owned(), "2".to_owned());
    let bytes = store.read(bucket, &frame).unwrap();
    let put = |name: &str, bytes: &[u8], metadata| {
        let attributes = farm_local::s3::PutAttributes { metadata, ..Default::default() };
        store.put(bucket, &format!("{KEY}/{name}"), bytes, attributes).unwrap();
    };
    put("frame_0001.png", &bytes, said.clone());
    said.remove(metadata::CRC32);
    put("masks/mask_0001.png", b"a mask", said.clone());
    said.insert(metadata::SOURCE.to_owned(), "another".to_owned());
    put("masks/old_0001.png", b"of an older scene", said);
    let into = bench.notes.path().join("frames");
    bench.run(&["pull", KEY, into.to_str().unwrap()]).await.has(0, &["2 of 2 frames"]);
    assert_eq!(std::fs::read(into.join("masks/mask_0001.png")).unwrap(), b"a mask");
    assert!(!into.join("masks/old_0001.png").exists() && into.join("frame_0002.png").exists());
    bench.farm.farm.shutdown().await;
}
