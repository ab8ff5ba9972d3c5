//! A full disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use farm_local::s3::{PutAttributes, StoreError, StoreOptions};

use super::{BUCKET, MIB, Server, assert_refused, noise, refusal};

/// A disk whose free space the test sets, and how often it was asked for.
struct Disk {
    free: AtomicU64,
    asked: AtomicUsize,
}

async fn server(free: u64) -> (Server, Arc<Disk>) {
    let disk = Arc::new(Disk { free: AtomicU64::new(free), asked: AtomicUsize::new(0) });
    let seen = disk.clone();
    let options = StoreOptions {
        free_space: Arc::new(move |_| {
            seen.asked.fetch_add(1, Ordering::SeqCst);
            Ok(seen.free.load(Ordering::SeqCst))
        }),
        ..StoreOptions::default()
    };
    (Server::with(options).await, disk)
}

#[tokio::test]
async fn a_full_disk_refuses_objects_but_takes_reports() {
    let (server, disk) = server(1 << 40).await;
    server.put("frame.png", "old").await;
    disk.free.store(0, Ordering::SeqCst);
    disk.asked.store(0, Ordering::SeqCst);

    let put = server.client.put_object().bucket(BUCKET).key("frame.png").body(noise(3 * MIB).into());
    let error = put.send().await.unwrap_err();
    assert_eq!(disk.asked.load(Ordering::SeqCst), 1, "the SDK does not try again");
    let message = error.message().unwrap().to_owned();
    assert!(message.contains("No space left"), "{message}");
    assert!(message.contains("free 0 bytes on the disk of"), "{message}");
    assert_eq!(refusal::<(), _>(Err(error)), ("InsufficientStorage".to_owned(), 507));
    assert_eq!(server.get("frame.png").await, b"old");

    server.put("scene.blend/report.json", "{}").await;
    server.put(".farm/renders/1/plan.json", "{}").await;
    assert_eq!(server.get("scene.blend/report.json").await, b"{}");
    let large = server.client.put_object().bucket(BUCKET).key("large/report.json");
    assert_refused(large.body(noise(MIB).into()).send().await, "InsufficientStorage");
    let copy = server.client.copy_object().bucket(BUCKET).key("copy").copy_source("farm/frame.png");
    assert_refused(copy.send().await, "InsufficientStorage");
    let inside = server.store.put(BUCKET, "inside", b"x", PutAttributes::default()).unwrap_err();
    assert!(matches!(inside, StoreError::NoSpace { needed: 1, free: 0, .. }));
    server.assert_clean();

    disk.free.store(1 << 40, Ordering::SeqCst);
    server.put("frame.png", "new").await;
    assert_eq!(server.get("frame.png").await, b"new");
}

/// The reserve counts: the object itself would fit.
#[tokio::test]
async fn the_reserve_stays_free() {
    let (server, _) = server((64 << 20) + 1000).await;
    server.put("fits", vec![0; 1000]).await;
    let put = server.client.put_object().bucket(BUCKET).key("does-not").body(vec![0; 1001].into());
    assert_refused(put.send().await, "InsufficientStorage");
}

#[tokio::test]
async fn parts_and_their_assembly_need_room_too() {
    let (server, disk) = server(1 << 40).await;
    let client = &server.client;
    let create = client.create_multipart_upload().bucket(BUCKET).key("k").send().await.unwrap();
    let id = create.upload_id.unwrap();
    let part = |number: i32| {
        let part = client.upload_part().bucket(BUCKET).key("k").upload_id(&id).part_number(number);
        part.body(noise(5 * MIB).into())
    };
    let mut parts = aws_sdk_s3::types::CompletedMultipartUpload::builder();
    for number in 1..=2 {
        let answer = part(number).send().await.unwrap();
        let named = aws_sdk_s3::types::CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag);
        parts = parts.parts(named.set_checksum_crc32(answer.checksum_crc32).build());
    }
    disk.free.store(0, Ordering::SeqCst);
    assert_refused(part(3).send().await, "InsufficientStorage");
    let complete = || {
        let complete = client.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id);
        complete.multipart_upload(parts.clone().build())
    };
    assert_refused(complete().send().await, "InsufficientStorage");
    disk.free.store(1 << 40, Ordering::SeqCst);
    complete().send().await.unwrap();
    assert_eq!(server.get("k").await.len(), 10 * MIB);
    server.assert_clean();
}
