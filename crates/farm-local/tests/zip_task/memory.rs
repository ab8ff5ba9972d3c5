//! The archive is larger than the memory that making it takes.

use std::time::Duration;

use farm_contract::exit::TaskExit;

use crate::bench::{Bench, ended};

/// Size of the archive.
const ARCHIVE_MIB: u64 = 256;
/// Four parts of 8 MiB in flight, their copies on the way out, and the program itself.
const MEMORY_MIB: u64 = 128;

#[tokio::test]
async fn memory_does_not_grow_with_the_archive() {
    let bench = Bench::start("a.blend", 1..=16).await;
    bench.frames(1..=16, (ARCHIVE_MIB << 20) as usize / 16).await;
    let child = bench.spawn(bench.address, false);
    let status = format!("/proc/{}/status", child.id().expect("it runs"));
    let mut end = std::pin::pin!(ended(child));
    let mut peak = 0;
    let (code, stderr) = loop {
        tokio::select! {
            end = &mut end => break end,
            () = tokio::time::sleep(Duration::from_millis(5)) => {
                // Gone already, or not read yet: the last reading stands.
                peak = std::fs::read_to_string(&status).ok().and_then(|text| peak_mib(&text)).unwrap_or(peak);
            }
        }
    };
    assert_eq!(code, i32::from(TaskExit::Done.code()), "{stderr}");
    let archive = bench.s3.head_object().bucket(crate::bench::BUCKET).key(bench.key.frames_zip());
    let size = archive.send().await.unwrap().content_length().unwrap();
    assert!(u64::try_from(size).unwrap() > ARCHIVE_MIB << 20);
    assert!((1..MEMORY_MIB).contains(&peak), "{peak} MiB for {ARCHIVE_MIB} MiB");
}

/// The most memory that a process ever held.
fn peak_mib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024)
}
