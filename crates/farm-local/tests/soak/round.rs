//! One round: a few uploads into a farm that fails at random, and then once more into one that does not.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use farm_contract::frames::FrameSpec;
use farm_local::faults::Faults;
use farm_local::lambda::s3_notification;

use crate::chance::Chance;
use crate::judge::{self, Tally};
use crate::support::fake::{Fake, fake_blender};
use crate::support::farm::TestFarm;

/// An upload, as the last one of its key.
#[derive(Debug, Clone)]
pub struct Uploaded {
    pub key: String,
    pub bytes: Vec<u8>,
    pub frames: Vec<i32>,
    tags: Vec<(&'static str, String)>,
    /// Frames that can never be rendered.
    pub wrong: Vec<i32>,
}

impl Uploaded {
    fn put(&self, farm: &TestFarm) {
        let tags: Vec<(&str, &str)> = self.tags.iter().map(|(name, value)| (*name, value.as_str())).collect();
        farm.put(&self.key, &self.bytes, &tags);
    }
}

/// Plays one round, and judges what the bucket holds in the end.
pub async fn play(number: u64, chance: Chance) -> Tally {
    let notes = tempfile::tempdir().unwrap();
    open_to_all(notes.path());
    let at_fault = Arc::new(AtomicBool::new(true));
    let random = chance.faults(5 + chance.below(15));
    let faults = {
        let (at_fault, random) = (Arc::clone(&at_fault), random.clone());
        Faults::deciding(move |call| at_fault.load(Ordering::SeqCst).then(|| random.decide(call)).flatten())
    };
    let farm = TestFarm::with_faults(fake_blender(), 6, faults.clone()).await;
    let mut created = farm.farm.store.subscribe();
    let mut failures = farm.farm.lambda.failures();

    let mut uploads = Vec::new();
    for at in 0..2 + chance.below(5) {
        let mut upload = upload(&chance, number, at, notes.path());
        upload.put(&farm);
        if chance.percent(30) {
            // Replaced in mid-render: by other bytes, or by the same ones with other frames.
            pause(&chance, 1500).await;
            upload = replaced(&chance, number, at, upload, notes.path());
            upload.put(&farm);
        }
        uploads.push(upload);
        pause(&chance, 500).await;
    }
    // Events come more than once, late, and in any order.
    let mut events = Vec::new();
    while let Ok(object) = created.try_recv() {
        if farm.farm.takes(&object.key) {
            events.push(s3_notification(&object, "us-east-1"));
        }
    }
    for _ in 0..chance.below(6) {
        let event = events[chance.below(events.len())].clone();
        farm.farm.lambda.invoke_async(event);
        pause(&chance, 800).await;
    }
    farm.idle().await;
    at_fault.store(false, Ordering::SeqCst);
    let mut tally = Tally { rounds: 1, faults: faults.injected().len(), ..Tally::default() };
    let given_up: Vec<String> =
        std::iter::from_fn(|| failures.try_recv().ok()).map(|failure| failure.event.to_string()).collect();
    for upload in &uploads {
        tally.add(judge::under_faults(&farm, upload, &given_up).await);
    }
    // The artist tries again what did not come through; nothing fails any more.
    for upload in &uploads {
        upload.put(&farm);
    }
    farm.idle().await;
    for upload in &uploads {
        tally.add(judge::in_the_end(&farm, upload).await);
    }
    tally.add(judge::of_the_farm(&farm).await);
    farm.farm.shutdown().await;
    tally
}

/// Under root, Blender is somebody else.
fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777)).unwrap();
}

async fn pause(chance: &Chance, most: usize) {
    tokio::time::sleep(Duration::from_millis(chance.below(most) as u64)).await;
}

fn upload(chance: &Chance, number: u64, at: usize, notes: &Path) -> Uploaded {
    let frames: Vec<i32> = (1..=1 + chance.below(10) as i32).collect();
    let some = |percent| frames.iter().copied().filter(|_| chance.percent(percent)).collect::<Vec<_>>();
    // Pictures of some MB each, so that the archive comes in parts.
    let heavy = if chance.percent(15) { frames.clone() } else { Vec::new() };
    let wrong = if chance.percent(20) { some(30) } else { Vec::new() };
    let notes = notes.join(format!("{at}-{}", chance.below(1 << 30)));
    std::fs::create_dir(&notes).unwrap();
    open_to_all(&notes);
    let fake = Fake {
        name: format!("round {number}, upload {at}, {}", chance.below(1 << 30)),
        crash: some(5),
        hungry: some(5),
        always: false,
        wrong: wrong.clone(),
        heavy,
        wait: Vec::new(),
    };
    let chunk = 1 + chance.below(4);
    let tags = vec![("frames", FrameSpec::describe(&frames)), ("chunk", chunk.to_string())];
    Uploaded { key: format!("shots/{at} é.blend"), bytes: fake.blend(&notes), frames, tags, wrong }
}

fn replaced(chance: &Chance, number: u64, at: usize, old: Uploaded, notes: &Path) -> Uploaded {
    let new = upload(chance, number, at, notes);
    if chance.percent(50) {
        return new;
    }
    let wrong = old.wrong.iter().copied().filter(|frame| new.frames.contains(frame)).collect();
    Uploaded { bytes: old.bytes, wrong, ..new }
}
