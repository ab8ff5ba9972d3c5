//! Looking: status, list, watch, logs, cost.

use crate::support::fake::Fake;
use crate::{Bench, KEY};

#[tokio::test(flavor = "multi_thread")]
async fn a_render_is_shown_while_it_goes_on_and_when_it_has_ended() {
    let bench = Bench::start().await;
    bench.run(&["status"]).await.has(0, &["There is no render yet"]);
    bench.put(
        &Fake { wait: (3..=8).collect(), ..Fake::default() },
        &[("frames", "1-8"), ("chunk", "2"), ("order", "linear")],
    );
    bench.farm.report_that(KEY, |_| true).await;
    // Two tasks at once: frames 1 and 2 are done, then both places wait.
    let state = loop {
        let said = bench.run(&["status", "shot 1+2 é", "--json"]).await;
        assert_eq!(said.code, Some(4), "{said:?}");
        let state: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        if state["counts"]["done"] == 2 && state["counts"]["running"] == 2 {
            break state;
        }
    };
    assert_eq!(state["counts"]["planned"], 8);
    assert_eq!(state["counts"]["waiting"], 4);
    assert_eq!(state["cells"]["state"], "ddrwrwww");
    assert_eq!(state["cells"]["child"], serde_json::json!([0, 0, 1, 1, 2, 2, 3, 3]));
    assert!(state["why_waiting"].as_str().unwrap().contains("at work at once"), "{state}");
    assert_eq!(state["cost"], serde_json::Value::Null, "nobody sends a bill");
    bench.run(&["status", KEY]).await.has(4, &["2 of 8 done, 2 rendering, 4 waiting", "rendering"]);
    let list = bench.json(&["list", "--json"]).await;
    assert_eq!(list["renders"][0]["name"], KEY);
    assert_eq!(
        (list["renders"][0]["done"].as_u64(), list["renders"][0]["state"].as_str()),
        (Some(2), Some("accepted"))
    );

    bench.go();
    let watched = bench.run(&["watch", KEY]).await;
    watched.has(0, &["8 of 8 done", "complete"]);
    bench.run(&["status", KEY]).await.has(0, &["8 of 8 done", "All 8 frames"]);
    bench.run(&["list"]).await.has(0, &["complete", "8 of 8"]);
    bench.run(&["cost", KEY]).await.has(0, &["nobody sends a bill"]);
    let cost = bench.json(&["cost", "--json"]).await;
    assert_eq!(cost["renders"][0]["usd"], 0.0);
    assert!(cost["renders"][0]["ledger"]["free_hours"].as_f64().unwrap() > 0.0);

    // What its tasks said: of one frame, or of all of them.
    let log = bench.json(&["logs", KEY, "5", "--json"]).await;
    assert_eq!(
        (log["tasks"][0]["child"].as_u64(), log["tasks"][0]["frames"].as_str()),
        (Some(2), Some("5-6"))
    );
    assert!(log["tasks"][0]["attempts"][0]["lines"].to_string().contains("frame 5: uploaded"), "{log}");
    bench.run(&["logs", KEY]).await.has(0, &["==> task 0, frames 1-2, attempt 1", "==> task 3"]);
    bench.run(&["logs", KEY, "9"]).await.has(1, &["no frame 9", "1-8"]);
    bench.farm.farm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_is_told_in_plain_words() {
    let bench = Bench::start().await;
    bench.put(&Fake { wrong: vec![2, 3], ..Fake::default() }, &[("frames", "1-4"), ("chunk", "4")]);
    bench.farm.last_report(KEY).await;
    let said = bench.run(&["status", KEY]).await;
    said.has(
        3,
        &["frames 2-3: The image `wood` is not with the upload.", "Pack it.", "2 of 4 done, 2 failed"],
    );
    bench.run(&["watch", KEY]).await.has(3, &["partial"]);
    let said = bench.run(&["watch", KEY, "--json"]).await;
    let line: serde_json::Value = serde_json::from_str(said.out.lines().next().unwrap()).unwrap();
    assert_eq!(line["counts"]["failed"], 2);
    // The task that failed is the one whose log is wanted.
    bench.run(&["logs", KEY]).await.has(0, &["attempt 1", "wood"]);

    bench.farm.upload("no.blend", b"BLENDER but no file".to_vec(), "frame=1").await;
    bench.farm.last_report("no.blend").await;
    bench.run(&["status", "no.blend"]).await.has(3, &["rejected"]);
    bench.run(&["pull", "no.blend"]).await.has(3, &["0 of 0 frames"]);
    bench.run(&["cancel", "no.blend"]).await.has(1, &["was refused", "hint: "]);
    bench.run(&["status", "nobody"]).await.has(1, &["There is no render `nobody`", KEY, "farm list"]);
    let mut nowhere = bench.command(&["status"]);
    let output = nowhere.env_remove("FARM_BUCKET").output().unwrap();
    crate::Said::of(output).has(1, &["It is not said which farm is meant", "FARM_BUCKET"]);
    bench.farm.farm.shutdown().await;
}
