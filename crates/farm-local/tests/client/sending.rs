//! Sending a scene: under a name, watched, pulled, and after it was broken off.

use farm_local::faults::{Fault, Signal, Step};

use crate::Bench;
use crate::support::fake::{Fake, is_frame_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_scene_is_sent_under_a_name_and_its_frames_come_back() {
    let bench = Bench::start().await;
    let fake = Fake::default();
    let file = bench.file("a.blend", &fake);
    let into = bench.notes.path().join("frames");
    let (file, folder) = (file.to_str().unwrap(), into.to_str().unwrap());
    let said = bench.run(&["submit", file, "--frames", "1-3", "--name", "take 2", "--pull", folder]).await;
    said.has(0, &["tasks", "time     about", "rendered on this machine", "take 2.blend", "3 of 3 frames"]);
    let blend = fake.blend(bench.notes.path());
    for frame in 1..=3 {
        let bytes = std::fs::read(into.join(format!("frame_{frame:04}.png"))).unwrap();
        assert!(is_frame_of(&bytes, &blend, frame));
    }
    // The same name again is watched as the new render that it is, not as the one before.
    let said = bench.run(&["submit", file, "--frames", "1-4", "--name", "take 2", "--watch"]).await;
    said.has(0, &["4 of 4 done", "of an earlier render took"]);
    let json = bench.json(&["submit", file, "--frames", "1-4", "--dry-run", "--json"]).await;
    assert_eq!((json["frames"].as_str(), json["sent"]["sent"].as_bool()), (Some("1-4"), Some(false)));
    assert!(
        json["expected"]["estimate"]["children"].as_u64().is_some_and(|tasks| (1..=4).contains(&tasks)),
        "{json}"
    );
    bench.run(&["submit", file, "s3://b/c.blend", "--name", "x"]).await.has(1, &["Leave one of them out"]);
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_on_where_its_sending_was_broken_off() {
    const PART: usize = 16 << 20;
    let killed = Step::new("UploadPart", Fault::KillBefore(Signal::KILL)).after(3);
    let bench = Bench::with_faults([killed]).await;
    let mut bytes = Fake::default().blend(bench.notes.path());
    // Behind the head that the farm looks at; each part is another.
    bytes.extend((0..6 * PART / 8).flat_map(|number| (number as u64).to_be_bytes()));
    let file = bench.notes.path().join("large.blend");
    std::fs::write(&file, &bytes).unwrap();
    let submit = ["submit", file.to_str().unwrap(), "--frames", "1"];
    assert_eq!(bench.run(&submit).await.code, None, "it was killed");
    let there = async || {
        let uploads =
            bench.farm.s3.list_multipart_uploads().bucket(bench.farm.farm.bucket()).send().await.unwrap();
        let [upload] = uploads.uploads() else { panic!("one that goes on: {uploads:?}") };
        let (key, id) = (upload.key().unwrap(), upload.upload_id().unwrap());
        let call = bench.farm.s3.list_parts().bucket(bench.farm.farm.bucket()).key(key).upload_id(id);
        call.send()
            .await
            .unwrap()
            .parts()
            .iter()
            .filter_map(|part| part.last_modified().map(ToString::to_string))
            .collect::<Vec<_>>()
    };
    let before = there().await;
    assert!(!before.is_empty() && before.len() < 7, "{before:?}");
    let mut calls = bench.farm.farm.calls();
    bench.run(&submit).await.has(0, &["The farm renders"]);
    let mut sent = 0;
    while let Ok(call) = calls.try_recv() {
        sent += usize::from(call.action == "s3:PutObject" && call.resource.contains("/.farm/files/"));
    }
    // Begin and end of the upload are writes too, to IAM: parts that were there are none.
    assert!(sent <= 7 - before.len() + 2, "{sent} of 7 parts with {} there", before.len());
    assert_eq!(bench.farm.stored("large.blend"), bytes);
    assert!(bench.farm.unfinished_uploads().await.is_empty());
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_frames_go_before_the_others_and_are_kept() {
    let bench = Bench::start().await;
    let fake = Fake::default();
    let file = bench.file("a.blend", &fake);
    let submit = ["submit", file.to_str().unwrap(), "--frames", "1-9", "--scout"];
    // Nobody can be asked: nothing is begun.
    bench.run(&submit).await.has(1, &["Nobody can be asked", "--yes"]);
    assert!(bench.farm.names("a.blend").await.is_empty());
    bench.run(&[&submit[..2], &["--frames", "1 5 9", "--watch"]].concat()).await.has(0, &["3 of 3 done"]);
    let frames = |names: Vec<String>| names.into_iter().filter(|name| name.starts_with("frame_")).count();
    assert_eq!(frames(bench.farm.names("a.blend").await), 3);
    let render = |frame: i32| {
        bench.farm.metadata(&format!("a.blend/frame_{frame:04}.png"), farm_contract::metadata::RENDER)
    };
    let scouted = render(5);
    let said = bench.run(&[&submit[..], &["--yes", "--watch"]].concat()).await;
    said.has(0, &["First the frames 1 5 9", "frame 5 took", "all 9 frames: about"]);
    said.has(0, &["The farm renders all frames", "9 of 9 done"]);
    assert_eq!((render(1), render(9)), (scouted.clone(), scouted.clone()), "kept");
    assert_ne!(render(2), scouted);
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_under_way_is_not_stopped_without_a_question() {
    let bench = Bench::start().await;
    let file = bench.file("a.blend", &Fake { wait: vec![1, 2], ..Fake::default() });
    let submit = ["submit", file.to_str().unwrap(), "--frames", "1-2"];
    bench.run(&submit).await.has(0, &["The farm renders"]);
    bench.farm.report_that("a.blend", |_| true).await;
    let first = bench.json(&["list", "--json"]).await["renders"][0]["render"].clone();
    bench.run(&submit).await.has(1, &["is being rendered", "Nobody can be asked", "--yes"]);
    assert_eq!(bench.json(&["list", "--json"]).await["renders"][0]["render"], first);
    bench.run(&[&submit[..], &["--name", "take-2"]].concat()).await.has(0, &["take-2.blend"]);
    bench.go();
    bench.farm.last_report("a.blend").await;
    let said = bench.run(&[&submit[..], &["--watch"]].concat()).await;
    said.has(0, &["2 of 2 frames of an earlier upload of this name"]);
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scouts_that_fail_keep_the_others_from_being_begun() {
    let bench = Bench::start().await;
    let file = bench.file("a.blend", &Fake { wrong: vec![5], ..Fake::default() });
    let said = bench.run(&["submit", file.to_str().unwrap(), "--frames", "1-9", "--scout", "--yes"]).await;
    said.has(3, &["wood", "The other frames were not begun"]);
    bench.farm.farm.shutdown().await;
}
