//! `farm resume`, as a person runs it.

use std::process::Command;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use farm_contract::metadata;
use farm_contract::report::State;
use farm_local::faults::{Fault, Step};

use crate::support::farm::TestFarm;
use crate::{Bench, KEY, plain, support};

/// What it says, and whether it is content.
async fn resume(farm: &TestFarm, key: &str) -> (bool, String) {
    let mut command = Command::new(support::program("farm"));
    command.args(["resume", &format!("s3://{}/{key}", farm.farm.bucket())]).env_clear();
    command.envs(farm.environment());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_missing_is_rendered() {
    // A right was lacking for a while: that is final, and another attempt does not mend it.
    let denied = Step::new("PutObject", Fault::Refuse(403, "AccessDenied")).on("frame_0003.png").times(100);
    let bench = Bench::start([denied]).await;
    let blend = bench.put(&plain(), &[("frames", "1-4"), ("chunk", "1")]);
    bench.farm.idle().await;
    let first = bench.report();
    assert_eq!((first.state, first.frames.unwrap().missing.as_str()), (State::Partial, "3"));
    bench.script.end();
    let (good, said) = resume(&bench.farm, KEY).await;
    assert!(good && said.contains("The farm renders the frames 3 of"), "{said}");
    bench.farm.idle().await;
    let second = bench.report();
    assert_eq!(second.state, State::Complete);
    bench.archive_holds(&blend, "1-4").await;
    let made_by = |frame: i32| bench.farm.metadata(&format!("{KEY}/frame_{frame:04}.png"), metadata::RENDER);
    let (first, second) = (first.render.unwrap().to_string(), second.render.unwrap().to_string());
    assert_eq!([1, 2, 3, 4].map(made_by), [first.clone(), first.clone(), second, first]);
    let (good, said) = resume(&bench.farm, KEY).await;
    assert!(good && said.contains("Nothing is missing"), "{said}");
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told() {
    let bench = Bench::start([]).await;
    let (good, said) = resume(&bench.farm, "gone.blend").await;
    assert!(!good && said.contains("there is no `gone.blend`") && said.contains("hint:"), "{said}");
    let (good, said) = resume(&bench.farm, "picture.png").await;
    assert!(!good && said.contains(".blend"), "{said}");
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_came_in_parts_keeps_its_etag_its_tags_and_its_frames() {
    let denied = Step::new("PutObject", Fault::Refuse(403, "AccessDenied")).on("frame_0002.png").times(100);
    let bench = Bench::start([denied]).await;
    let (s3, bucket) = (&bench.farm.s3, bench.farm.farm.bucket());
    let mut bytes = plain().blend(bench.notes.path());
    // Behind what the stand-in reads, as much as makes three parts.
    let told = bytes.split_off(bytes.windows(5).position(|part| part == b"#FAKE").unwrap());
    bytes.resize(11 << 20, 7);
    bytes.extend(told);
    let begun =
        s3.create_multipart_upload().bucket(bucket).key(KEY).tagging("frames=1-2").metadata("owner", "ana");
    let id = begun.send().await.unwrap().upload_id.unwrap();
    let mut parts = Vec::new();
    for (number, part) in (1..).zip(bytes.chunks(5 << 20)) {
        let sent = s3.upload_part().bucket(bucket).key(KEY).upload_id(&id).part_number(number);
        let sent = sent.body(ByteStream::from(part.to_vec())).send().await.unwrap();
        parts.push(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build());
    }
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let made = s3.complete_multipart_upload().bucket(bucket).key(KEY).upload_id(id).multipart_upload(parts);
    let etag = made.send().await.unwrap().e_tag.unwrap();
    bench.farm.idle().await;
    assert_eq!(bench.report().state, State::Partial);
    bench.script.end();
    let (good, said) = resume(&bench.farm, KEY).await;
    assert!(good && said.contains("The farm renders the frames 2 of"), "{said}");
    bench.farm.idle().await;
    let head = s3.head_object().bucket(bucket).key(KEY).send().await.unwrap();
    assert_eq!((head.e_tag(), head.metadata().unwrap()["owner"].as_str()), (Some(etag.as_str()), "ana"));
    assert_eq!(bench.report().state, State::Complete);
    assert_eq!(bench.farm.stored(KEY), bytes);
    bench.farm.farm.shutdown().await;
}
