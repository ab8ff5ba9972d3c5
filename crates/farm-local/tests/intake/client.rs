//! `farm inspect` and `farm submit`, as a person calls them.

use std::process::{Command, Output};

use crate::support::farm::TestFarm;
use crate::support::program;
use crate::{complete, made};

fn farm(arguments: &[&str]) -> Command {
    let mut command = Command::new(program("farm"));
    command.args(arguments).env("NO_COLOR", "1");
    command
}

/// The exit code, and all that is said.
fn said(output: &Output) -> (Option<i32>, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn inspect_shows_a_scene_as_a_table_and_as_json() {
    let file = made("project/shots/shot.blend");
    let file = file.to_str().unwrap();
    let (code, table) = said(&farm(&["inspect", file]).output().unwrap());
    assert_eq!(code, Some(0), "{table}");
    for part in ["Blender 4.5", "1-4", "64 x 36", "there", "box.blend", "//tiles/t.<UDIM>.png"] {
        assert!(table.contains(part), "no {part} in {table}");
    }
    let json = farm(&["inspect", file, "--json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((json["version"].as_str(), json["scenes"][0]["frame_end"].as_i64()), (Some("4.5"), Some(4)));
    assert_eq!(json["files"].as_array().map(Vec::len), Some(4), "{json:#}");
    let (code, error) = said(&farm(&["inspect", "nowhere.blend"]).output().unwrap());
    assert!(code == Some(1) && error.contains("hint: "), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn submit_shows_the_verdict_before_it_sends_anything() {
    let bench = TestFarm::start().await;
    let to = format!("s3://{}/film/", bench.farm.bucket());
    let submit = |file: &str, more: &[&str]| {
        let file = made(file);
        let mut command = farm(&["submit", file.to_str().unwrap(), &to]);
        said(&command.args(more).envs(bench.environment()).output().unwrap())
    };
    // What is in the way, all of it, and nothing sent.
    let (code, text) = submit("two things.blend", &["--frames", "1"]);
    assert_eq!(code, Some(1), "{text}");
    for part in ["no camera", "Python", "hint: ", "Nothing was sent"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let (code, text) = submit("many.blend", &["--camera", "Nobody"]);
    assert!(code == Some(1) && text.contains("no camera `Nobody`") && text.contains("`Camera`"), "{text}");
    // What would be sent.
    let (code, text) = submit("project/shots", &["--frames", "1-2", "--dry-run"]);
    assert_eq!(code, Some(0), "{text}");
    for part in ["1-2 (2 frames)", "Blender  4.5", "film/shot.blend", "10 files", "Nothing was sent"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert!(bench.names("film/shot.blend").await.is_empty() && bench.jobs().await.is_empty());

    // What is sent, with what is asked for.
    let (code, text) = submit("project/shots", &["--frames", "2", "--percentage", "50", "--format", "JPEG"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("9 files, ") && text.contains("farm watch s3://"), "{text}");
    complete(&bench, "film/shot.blend").await;
    assert_eq!(crate::pixels(&bench, "film/shot.blend/frame_0002.jpg").dimensions(), (32, 18));
    bench.farm.shutdown().await;
}
