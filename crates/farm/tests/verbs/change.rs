//! `farm rerender`, `resume` and `cancel`.

use std::time::Duration;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use farm_contract::keys;
use farm_contract::metadata;
use farm_contract::report::State;
use farm_contract::stop::Stop;
use farm_testing::{Reply, Request, exchange};
use serde_json::json;

use crate::bench::{Bench, Ran};
use crate::engine::Engine;
use crate::shot::{Shot, task};

#[tokio::test]
async fn frames_that_are_rendered_again_stay_and_count_for_nothing() {
    let bench = Bench::stand("ap-south-1");
    bench.keep_versions();
    let shot = Shot::planned(&bench, "my film/a shot+1.blend", "1-3", 3).await;
    let records = shot.frames(&[1, 2, 3]).await;
    shot.record(task(0, records)).await;
    let key = shot.key.as_str();
    assert_eq!(bench.farm(&["rerender", key, "2"]).await.code, 1, "it is under way");
    shot.report(State::Complete, &[1, 2, 3]).await;
    let (upload, tags) = (bench.head(key).await.unwrap(), bench.tags(key).await);
    let (before, other) =
        (bench.head(&shot.file(2)).await.unwrap(), bench.head(&shot.file(1)).await.unwrap());

    let ran = shot.taken_in(&["rerender", key, "2", "--json"]).await;
    assert_eq!((ran.code, ran.json()), (0, json!({"begun": true, "frames": "2"})), "{}", ran.told);
    let after = bench.head(&shot.file(2)).await.unwrap();
    assert_eq!((after.e_tag(), after.content_type()), (before.e_tag(), Some("image/png")));
    let mut said = before.metadata.clone().unwrap();
    let own = shot.plan.source.id.as_str();
    assert_eq!(said.insert(metadata::SOURCE.into(), format!("again{own}")).as_deref(), Some(own));
    assert_eq!(after.metadata, Some(said), "one word is another, the others are as they were");
    let (name, value) = metadata::RENDERED_TAG;
    assert_eq!(bench.tags(&shot.file(2)).await.get(name).map(String::as_str), Some(value));
    assert_eq!(
        bench.head(&shot.file(1)).await.unwrap().version_id(),
        other.version_id(),
        "nobody touched it"
    );

    let again = bench.head(key).await.unwrap();
    assert_ne!(again.version_id(), upload.version_id(), "it is written again, which begins a render");
    assert_eq!((again.e_tag(), bench.tags(key).await), (upload.e_tag(), tags));
    shot.report(State::Complete, &[1, 2, 3]).await;
    let strange = bench.farm(&["rerender", key, "4"]).await;
    assert_eq!(strange.code, 1);
    assert!(strange.told.contains("no frame 4"), "{}", strange.told);
    // Another upload lies there now, of which these are no frames.
    bench.put(key, "BLENDER of another test").await;
    let replaced = bench.farm(&["rerender", key, "3"]).await;
    assert_eq!(replaced.code, 1, "{}", replaced.told);
    assert_eq!(bench.read(key).await, b"BLENDER of another test");
    assert_eq!(bench.head(&shot.file(3)).await.unwrap().metadata().unwrap()[metadata::SOURCE], own);
}

#[tokio::test]
async fn what_lies_beside_a_frame_is_rendered_again_with_it() {
    let bench = Bench::stand("ap-southeast-4");
    bench.keep_versions();
    let shot = Shot::planned(&bench, "a.blend", "1-2", 2).await;
    let records = vec![shot.frame_with_mask(1).await, shot.frame_with_mask(2).await];
    shot.record(task(0, records)).await;
    shot.report(State::Complete, &[1, 2]).await;
    let ran = shot.taken_in(&["rerender", "a", "2"]).await;
    assert_eq!(ran.code, 0, "{}", ran.told);
    let own = shot.plan.source.id.as_str();
    for (number, wanted) in [(1, own.to_owned()), (2, format!("again{own}"))] {
        for file in [shot.file(number), shot.key.file(&crate::shot::mask(number))] {
            assert_eq!(
                bench.head(&file).await.unwrap().metadata().unwrap()[metadata::SOURCE],
                wanted,
                "{file}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_rendered_by_the_same_upload_once_more() {
    let bench = Bench::stand("ap-northeast-1");
    bench.keep_versions();
    let shot = Shot::planned(&bench, "a.blend", "1-3", 1).await;
    let key = shot.key.as_str();
    let under_way = bench.farm(&["resume", key]).await;
    assert_eq!(under_way.code, 1, "{}", under_way.told);
    shot.report(State::Partial, &[1, 2]).await;
    let (upload, tags) = (bench.head(key).await.unwrap(), bench.tags(key).await);
    let ran = shot.taken_in(&["resume", key, "--json"]).await;
    assert_eq!(
        (ran.code, ran.json()),
        (0, json!({"begun": true, "missing": "3", "kept": true})),
        "{}",
        ran.told
    );
    let again = bench.head(key).await.unwrap();
    assert_ne!(again.version_id(), upload.version_id());
    assert_eq!((again.e_tag(), bench.tags(key).await), (upload.e_tag(), tags.clone()));
    // For so much more than the upload names.
    shot.report(State::Partial, &[1, 2]).await;
    let dear = shot.taken_in(&["resume", key, "--max-cost", "2.5"]).await;
    assert_eq!(dear.code, 0, "{}", dear.told);
    let with_limit = bench.tags(key).await;
    assert_eq!(with_limit.get("max_cost").map(String::as_str), Some("2.50"), "{with_limit:?}");
    assert_eq!(with_limit.len(), tags.len() + 1, "the others are as they were: {with_limit:?}");
    let again = bench.head(key).await.unwrap();
    shot.report(State::Complete, &[1, 2, 3]).await;
    shot.frames(&[1, 2, 3]).await;
    bench.put(&shot.key.frames_zip(), "an archive").await;
    let whole = bench.farm(&["resume", key, "--json"]).await;
    assert_eq!((whole.code, &whole.json()["begun"]), (0, &json!(false)));
    assert_eq!(bench.head(key).await.unwrap().version_id(), again.version_id(), "nothing was to be done");
    // Its report says complete, and its archive is gone since; and a frame.
    bench.delete(&shot.key.frames_zip()).await;
    let ran = shot.taken_in(&["resume", key, "--json"]).await;
    assert_eq!((&ran.json()["begun"], &ran.json()["missing"]), (&json!(true), &json!("")), "{}", ran.told);
    shot.report(State::Complete, &[1, 2, 3]).await;
    bench.delete(&shot.file(2)).await;
    assert_eq!(bench.farm(&["status", key]).await.code, 3, "frames are missing");
    let ran = shot.taken_in(&["resume", key, "--json"]).await;
    assert_eq!((&ran.json()["begun"], &ran.json()["missing"]), (&json!(true), &json!("2")), "{}", ran.told);
    assert_eq!(bench.farm(&["resume", &format!("s3://{}/none.blend", bench.bucket)]).await.code, 1);
}

/// The length of a part. Of a part moto tells the part's own ETag and not the object's, as S3 does, and so refuses the
/// client's condition: it is asked without.
fn head_of_part(request: &Request) -> Option<Reply> {
    if !request.line().starts_with("HEAD ") || !request.line().contains("partNumber=") {
        return None;
    }
    let lines = request.head.split_inclusive('\n');
    let head = lines.filter(|line| !line.to_lowercase().starts_with("if-match:")).collect();
    let answer = exchange(&Engine::get().address, &Request { head, body: Vec::new() });
    let answer = String::from_utf8(answer).unwrap().to_lowercase();
    let length = answer.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    Some(Reply::Say(200, String::new(), " ".repeat(length.unwrap())))
}

#[tokio::test]
async fn an_upload_that_came_in_parts_is_written_again_in_the_same_parts() {
    let bench = Bench::answering("ap-northeast-2", head_of_part);
    let (client, bucket, key) = (&bench.client, &bench.bucket, "big shot.blend");
    let begun = client.create_multipart_upload().bucket(bucket).key(key).tagging("frames=1-3&samples=16");
    let id = begun.metadata("saved", "twice").send().await.unwrap().upload_id.unwrap();
    let mut parts = Vec::new();
    for (number, length) in [(1, 5 << 20), (2, 6 << 20), (3, 7)] {
        let part = client.upload_part().bucket(bucket).key(key).upload_id(&id).part_number(number);
        let part = part.body(vec![number.unsigned_abs() as u8; length].into()).send().await.unwrap();
        parts.push(CompletedPart::builder().part_number(number).set_e_tag(part.e_tag).build());
    }
    let whole = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let whole =
        client.complete_multipart_upload().bucket(bucket).key(key).upload_id(&id).multipart_upload(whole);
    let etag = whole.send().await.unwrap().e_tag.unwrap();
    assert!(etag.ends_with("-3\""), "{etag}");
    let (bytes, tags) = (bench.read(key).await, bench.tags(key).await);
    bench.keep_versions();
    let shot = Shot::of_upload(&bench, key, "1-3", 1).await;
    shot.report(State::Partial, &[1]).await;
    let ran = shot.taken_in(&["resume", key, "--json"]).await;
    assert_eq!((ran.code, &ran.json()["kept"]), (0, &json!(true)), "{}", ran.told);
    let again = bench.head(key).await.unwrap();
    assert_eq!(again.e_tag(), Some(etag.as_str()));
    assert_eq!(again.metadata.unwrap().get("saved").map(String::as_str), Some("twice"));
    assert_eq!(bench.tags(key).await, tags);
    assert!(bench.read(key).await == bytes, "the same bytes");
    let open = client.list_multipart_uploads().bucket(bucket).send().await.unwrap();
    assert_eq!(open.uploads().len(), 0, "nothing is left begun");
}

#[tokio::test]
async fn a_render_is_stopped_by_a_word_in_the_bucket() {
    let bench = Bench::stand("sa-east-1");
    let shot = Shot::planned(&bench, "a.blend", "1-3", 1).await;
    shot.frames(&[1]).await;
    let farm = bench.command(&["cancel", "a", "--json"]).spawn().unwrap();
    let stop = keys::stop(&shot.plan.render);
    for _ in 0..300 {
        if bench.head(&stop).await.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let stop = Stop::from_json(&bench.read(&stop).await).unwrap();
    assert_eq!(stop, Stop::new("It was stopped with `farm cancel`."));
    // As the farm does, once its tasks have ended.
    shot.report(State::Partial, &[1]).await;
    let ran = Ran::of(farm.wait_with_output().await.unwrap());
    assert_eq!(ran.code, 0, "{}", ran.told);
    let state = ran.json();
    assert_eq!((&state["state"], &state["counts"]["done"]), (&json!("partial"), &json!(1)), "{state:#}");
    let over = bench.farm(&["cancel", "a"]).await;
    assert_eq!(over.code, 1, "it has ended: {}", over.told);
}
