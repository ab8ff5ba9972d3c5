//! `farm pull`, and the page of `farm watch --publish`.

use farm_contract::report::State;
use farm_testing::{Request, exchange};
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::shot::{Shot, name, picture, task};

#[tokio::test]
async fn all_frames_are_pulled_once() {
    let bench = Bench::stand("eu-west-1");
    let shot = Shot::planned(&bench, "my film/a shot+1.blend", "-1-3", 5).await;
    let numbers = [-1, 0, 1, 2, 3];
    let mut records = shot.frames(&numbers).await;
    // Of an earlier render of the same bytes: no record tells of it.
    records.pop();
    shot.record(task(0, records)).await;
    shot.report(State::Complete, &numbers).await;
    let ran = bench.farm(&["pull", "a shot+1", "out", "--json"]).await;
    assert_eq!(ran.code, 0, "{}", ran.told);
    assert_eq!((&ran.json()["files"], &ran.json()["done"]), (&json!(5), &json!(5)));
    for number in numbers {
        let bytes = std::fs::read(bench.home.path().join("out").join(name(number))).unwrap();
        assert_eq!(bytes, picture(number), "frame {number}");
    }
    let again = bench.farm(&["pull", "a shot+1", "out", "--json"]).await;
    assert_eq!((again.code, &again.json()["files"]), (0, &json!(0)), "{}", again.told);
}

#[tokio::test]
async fn a_frame_that_is_not_what_its_task_put_is_not_there() {
    let bench = Bench::stand("eu-west-2");
    let shot = Shot::planned(&bench, "a.blend", "1-3", 3).await;
    shot.frames(&[1, 3]).await;
    shot.frame_of(2, 1.0, picture(2), 0x0bad_c0de).await;
    shot.report(State::Complete, &[1, 2, 3]).await;
    let ran = bench.farm(&["pull", "a", "out"]).await;
    assert_eq!(ran.code, 1, "{}", ran.told);
    assert!(ran.told.contains("a.blend/frame_0002.png"), "it is named: {}", ran.told);
    let files = std::fs::read_dir(bench.home.path().join("out")).unwrap();
    let names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.contains("0002")), "{names:?}");
}

#[tokio::test]
async fn a_render_that_lacks_frames_is_pulled_as_far_as_it_is() {
    let bench = Bench::stand("eu-west-3");
    let shot = Shot::planned(&bench, "a.blend", "1-3", 1).await;
    shot.frames(&[1, 3]).await;
    let under_way = bench.farm(&["pull", "a", "out", "--json"]).await;
    assert_eq!((under_way.code, &under_way.json()["files"]), (4, &json!(2)), "{}", under_way.told);
    shot.report(State::Partial, &[1, 3]).await;
    assert_eq!(bench.farm(&["pull", "a", "out"]).await.code, 3);
}

#[tokio::test]
async fn files_of_an_attempt_that_was_faster_are_pulled_too_and_odd_names_keep_nothing_else_back() {
    let bench = Bench::stand("ca-west-1");
    let shot = Shot::planned(&bench, "a.blend", "1-2", 2).await;
    let mut records = vec![shot.frame_with_mask(1).await, shot.frame_with_mask(2).await];
    // Another attempt had put the mask already, with bytes of its own: this one does not know its ETag.
    let mask = &mut records[0].files[1];
    (mask.etag, mask.crc32) = (String::new(), 0x0bad_c0de);
    shot.record(task(0, records)).await;
    shot.report(State::Complete, &[1, 2]).await;
    let ran = bench.farm(&["pull", "a", "out", "--json"]).await;
    assert_eq!((ran.code, &ran.json()["files"]), (0, &json!(4)), "{}", ran.told);
    let file = |name: &str| std::fs::read(bench.home.path().join("out").join(name)).unwrap();
    assert_eq!(file(&crate::shot::mask(1)), picture(1));

    // Of an artist's own output node; some systems take such a name for a folder.
    let odd = Shot::planned(&bench, "b.blend", "1", 1).await;
    let mut record = odd.frame_with_mask(1).await;
    record.files.push(odd.put("a\\b.png", 1, 1.0, picture(1), 0, 3).await);
    odd.record(task(0, vec![record])).await;
    odd.report(State::Complete, &[1]).await;
    let ran = bench.farm(&["pull", "b", "odd", "--json"]).await;
    assert_eq!((ran.code, &ran.json()["files"]), (1, &json!(2)), "{}", ran.told);
    assert_eq!(ran.json()["left_out"], json!(["a\\b.png"]));
}

#[tokio::test]
async fn frames_of_others_are_not_written_over() {
    let bench = Bench::stand("ap-southeast-5");
    for key in ["a.blend", "b.blend"] {
        let shot = Shot::planned(&bench, key, "1-2", 1).await;
        shot.frames(&[1]).await;
        shot.report(State::Partial, &[1]).await;
    }
    let out = bench.home.path().join("out");
    std::fs::create_dir(&out).unwrap();
    // The artist's own; also where the render has none of that number yet.
    for number in [1, 2] {
        std::fs::write(out.join(name(number)), "an artist's own").unwrap();
        let ran = bench.farm(&["pull", "a", "out"]).await;
        assert_eq!(ran.code, 1, "{}", ran.told);
        assert!(ran.told.contains(&name(number)) && ran.told.contains("another folder"), "{}", ran.told);
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1, "nothing was written");
        std::fs::remove_file(out.join(name(number))).unwrap();
    }
    assert_eq!(bench.farm(&["pull", "a", "out"]).await.code, 3);
    let ran = bench.farm(&["pull", "b", "out"]).await;
    assert_eq!(ran.code, 1, "{}", ran.told);
    assert!(ran.told.contains("a.blend"), "{}", ran.told);
    // Its own, which was damaged, is mended.
    std::fs::write(out.join(name(1)), "damaged").unwrap();
    assert_eq!(bench.farm(&["pull", "a", "out"]).await.code, 3);
    assert_eq!(std::fs::read(out.join(name(1))).unwrap(), picture(1));
}

#[tokio::test]
async fn a_folder_is_named_like_the_upload_or_by_who_pulls() {
    let bench = Bench::stand("ap-south-2");
    for key in ["x/...blend", "film/b.blend.zip"] {
        let shot = Shot::planned(&bench, key, "1", 1).await;
        shot.frames(&[1]).await;
        shot.report(State::Complete, &[1]).await;
    }
    let ran = bench.farm(&["pull", "x/...blend"]).await;
    assert!(ran.code == 1 && ran.told.contains("farm pull RENDER DIR"), "{}", ran.told);
    // The scene itself lies here.
    std::fs::write(bench.home.path().join("b.blend"), "a scene").unwrap();
    let ran = bench.farm(&["pull", "film/b.blend.zip"]).await;
    assert_eq!(ran.code, 0, "{}", ran.told);
    assert_eq!(std::fs::read(bench.home.path().join("b").join(name(1))).unwrap(), picture(1));
}

/// What lies at an address, asked for as by a browser that nobody logged in: moto takes any signature, so that this
/// tells of addresses, and not of rights.
fn fetched(url: &str) -> (String, Vec<u8>) {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let head = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    let answer = exchange(host, &Request { head, body: Vec::new() });
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    assert!(head.lines().next().unwrap().contains(" 200 "), "{url}: {head}");
    (head.to_lowercase(), answer[end + 4..].to_vec())
}

#[tokio::test]
async fn a_published_page_and_all_that_it_names_is_fetched_without_credentials() {
    let bench = Bench::stand("eu-north-1");
    let shot = Shot::planned(&bench, "my film/shot+1.blend", "1-3", 3).await;
    let records = shot.frames(&[1, 2, 3]).await;
    shot.record(task(0, records)).await;
    bench.put(&shot.key.frames_zip(), *b"PK of a test").await;
    let mut report = farm_contract::report::Report::from_json(&bench.read(&shot.key.report()).await).unwrap();
    (report.state, report.zip) = (State::Complete, Some(shot.key.frames_zip()));
    bench.put(&shot.key.report(), serde_json::to_vec(&report).unwrap()).await;
    let ran = bench.farm(&["watch", "shot+1", "--publish", "--for", "2h"]).await;
    assert_eq!(ran.code, 0, "{}", ran.told);
    let url = ran.out.trim();
    assert!(url.contains("X-Amz-Signature=") && url.contains("X-Amz-Expires=7"), "{url}");
    let (head, page) = fetched(url);
    assert!(head.contains("content-type: text/html"), "{head}");
    let page = String::from_utf8(page).unwrap();
    let source = page.split("id=\"source\">").nth(1).and_then(|rest| rest.split("</script>").next()).unwrap();
    let source: Value = serde_json::from_str(source).unwrap();
    let (head, state) = fetched(source["state"].as_str().unwrap());
    assert!(head.contains("content-type: application/json"), "{head}");
    let state: Value = serde_json::from_slice(&state).unwrap();
    assert_eq!((&state["state"], &state["counts"]["done"]), (&json!("complete"), &json!(3)), "{state:#}");
    let (head, sheet) = fetched(state["sheets"]["urls"][0].as_str().unwrap());
    assert!(head.contains("content-type: image/jpeg"), "{head}");
    assert!(image::load_from_memory(&sheet).is_ok(), "a picture of them");
    let files = state["files"].as_array().unwrap();
    let zip = files.iter().find(|file| file["name"] == "frames.zip").unwrap();
    assert_eq!(fetched(zip["url"].as_str().unwrap()).1, b"PK of a test");
}
