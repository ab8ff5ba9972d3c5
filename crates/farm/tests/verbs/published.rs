//! `farm watch --publish`: until when its pages are good, what they wait for, and what cannot be published.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use farm_contract::keys;
use farm_contract::preview::Preview;
use farm_contract::report::{Report, State};
use farm_testing::Reply;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use crate::bench::{Bench, Ran};
use crate::shot::{Shot, task};

/// A role, as somebody has it who is logged in by way of his company: for an hour, unless it is asked for longer.
const ROLE: &str = "arn:aws:iam::123456789012:role/artist";

#[tokio::test]
async fn a_published_page_ends_with_the_login_that_signs_it() {
    let bench = Bench::stand("ap-east-1");
    let shot = Shot::planned(&bench, "a.blend", "1-2", 2).await;
    let records = shot.frames(&[1, 2]).await;
    shot.record(task(0, records)).await;
    shot.report(State::Complete, &[1, 2]).await;
    let for_ever = bench.farm(&["watch", "a", "--publish", "--for", "3d"]).await;
    assert_eq!(for_ever.code, 0, "{}", for_ever.told);
    assert!(for_ever.told.contains(", for 3 d."), "{}", for_ever.told);

    let token = bench.home.path().join("token");
    std::fs::write(&token, "a token of the company").unwrap();
    let mut command = bench.command(&["watch", "a", "--publish", "--for", "3d"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("AWS_ROLE_ARN", ROLE).env("AWS_WEB_IDENTITY_TOKEN_FILE", &token);
    let ran = Ran::of(command.output().await.unwrap());
    assert_eq!(ran.code, 0, "{}", ran.told);
    assert!(ran.told.contains("your login to AWS, which signs it, ends then"), "{}", ran.told);
    let (_, seconds) = ran.out.split_once("X-Amz-Expires=").unwrap();
    let seconds: u64 = seconds.split('&').next().unwrap().parse().unwrap();
    assert!((3400..=3600).contains(&seconds), "{seconds}");
    // The page of before is another: it stays as it was.
    let mut left = Vec::new();
    for state in states(&bench, &shot).await {
        left.push(state["expires_at"].as_u64().unwrap() - state["written_at"].as_u64().unwrap());
    }
    left.sort_unstable();
    assert!(left.len() == 2 && (3_400_000..=3_600_000).contains(&left[0]), "{left:?}");
    assert!(left[1] > 250_000_000, "{left:?}");
}

#[tokio::test]
async fn a_published_page_waits_for_its_film_and_for_a_picture_that_did_not_come() {
    let refused = AtomicBool::new(false);
    let bench = Bench::answering("ap-northeast-3", move |request| {
        let picture = request.line().starts_with("GET") && request.line().contains("/frame_0002.png");
        let first = picture && !refused.swap(true, Ordering::Relaxed);
        first.then(|| Reply::Say(403, String::new(), "<Error><Code>AccessDenied</Code></Error>".to_owned()))
    });
    let mut shot = Shot::planned(&bench, "a.blend", "1-2", 2).await;
    shot.plan.preview = Preview::of(&"1-2".parse().unwrap(), None);
    bench.put(&keys::plan(&shot.plan.render), serde_json::to_vec(&shot.plan).unwrap()).await;
    let records = shot.frames(&[1, 2]).await;
    shot.record(task(0, records)).await;
    // Just now, and without the film.
    let report = shot.ended(&[1, 2]).await;
    let mut farm = bench.command(&["watch", "a", "--publish"]).spawn().unwrap();
    let told = BufReader::new(farm.stdout.take().unwrap()).lines().next_line().await.unwrap();
    assert!(told.is_some_and(|url| url.starts_with("http")));
    assert!(timeout(Duration::from_secs(5), farm.wait()).await.is_err(), "it ended without the film");
    let film = Report { preview: Some(shot.key.preview()), ..report };
    bench.put(&shot.key.report(), serde_json::to_vec(&film).unwrap()).await;
    assert!(farm.wait().await.unwrap().success());
    let [state] = &states(&bench, &shot).await[..] else { panic!("one page") };
    assert_eq!(state["last_edition"], true, "{state:#}");
    let names: Vec<_> = state["files"].as_array().unwrap().iter().map(|file| &file["name"]).collect();
    assert_eq!(names, ["frames.zip", "preview.mp4"]);
    let sheet = sheet(&bench, &shot).await;
    assert!(sheet.get_pixel(240 + 120, 67).0 != [0, 0, 0], "the picture that came later is on its sheet");
}

#[tokio::test]
async fn pictures_are_as_large_as_the_first_that_can_be_shown() {
    let bench = Bench::stand("eu-central-2");
    let shot = Shot::planned(&bench, "a.blend", "1-2", 2).await;
    let square = image::RgbImage::from_pixel(16, 16, image::Rgb([200, 200, 200]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    square.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let frames = [(1, b"no picture".to_vec()), (2, bytes.into_inner())];
    let mut records = Vec::new();
    for (number, bytes) in frames {
        records.push(shot.frame_of(number, 1.0, bytes, 0).await);
    }
    shot.record(task(0, records)).await;
    shot.report(State::Complete, &[1, 2]).await;
    let ran = bench.farm(&["watch", "a", "--publish"]).await;
    assert_eq!(ran.code, 0, "{}", ran.told);
    let [state] = &states(&bench, &shot).await[..] else { panic!("one page") };
    assert_eq!(state["sheets"]["tile"], serde_json::json!([240, 240]));
    let sheet = sheet(&bench, &shot).await;
    assert_eq!((sheet.width(), sheet.height()), (240 * 8, 240 * 8));
}

#[tokio::test]
async fn what_has_no_plan_is_not_published_and_says_why() {
    let bench = Bench::stand("me-central-1");
    let shot = Shot::planned(&bench, "a.blend", "1-2", 2).await;
    bench
        .client
        .delete_object()
        .bucket(&bench.bucket)
        .key(keys::plan(&shot.plan.render))
        .send()
        .await
        .unwrap();
    let gone = bench.farm(&["watch", "a.blend", "--publish"]).await;
    assert!(gone.code == 1 && gone.told.contains("plan is no longer there"), "{}", gone.told);
    let mut report = Report::new(State::Rejected, "It has no camera.", &bench.bucket, "a.blend", u64::MAX);
    report.hint = Some("Add one.".to_owned());
    bench.put(&shot.key.report(), serde_json::to_vec(&report).unwrap()).await;
    let refused = bench.farm(&["watch", "a.blend", "--publish"]).await;
    assert!(refused.code == 1 && refused.told.contains("It has no camera."), "{}", refused.told);
    assert!(refused.told.contains("Add one."), "{}", refused.told);
}

/// What the published pages of a shot show.
async fn states(bench: &Bench, shot: &Shot<'_>) -> Vec<serde_json::Value> {
    let mut states = Vec::new();
    for key in bench.keys(&format!(".farm/renders/{}/page/", shot.plan.render)).await {
        if key.ends_with("/state.json") {
            states.push(serde_json::from_slice(&bench.read(&key).await).unwrap());
        }
    }
    states
}

/// The one sheet of the one page of a shot.
async fn sheet(bench: &Bench, shot: &Shot<'_>) -> image::RgbImage {
    let keys = bench.keys(&format!(".farm/renders/{}/page/", shot.plan.render)).await;
    let sheets: Vec<_> = keys.iter().filter(|key| key.ends_with(".jpg")).collect();
    let [sheet] = sheets[..] else { panic!("one sheet: {keys:?}") };
    image::load_from_memory(&bench.read(sheet).await).unwrap().to_rgb8()
}
