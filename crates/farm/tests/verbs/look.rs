//! `farm list`, `status` and `cost`.

use farm_contract::Fault;
use farm_contract::record::FrameFault;
use farm_contract::report::State;
use serde_json::json;

use crate::bench::Bench;
use crate::shot::{Shot, paid, task};

#[tokio::test]
async fn all_renders_are_listed_the_newest_first() {
    let bench = Bench::stand("us-east-1");
    let nothing = bench.farm(&["list", "--json"]).await;
    assert_eq!((nothing.code, &nothing.json()["renders"]), (0, &json!([])), "{}", nothing.told);
    let done = Shot::planned(&bench, "film/a shot+1.blend", "1-3", 1).await;
    let records = done.frames(&[1, 2, 3]).await;
    done.record(task(0, records)).await;
    done.report(State::Complete, &[1, 2, 3]).await;
    let open = Shot::planned(&bench, "b.blend", "1-4", 2).await;
    open.frame(1, 4.0).await;
    let ran = bench.farm(&["list", "--json"]).await;
    assert_eq!(ran.code, 0, "{}", ran.told);
    let listed = ran.json();
    let told = |at: usize| {
        let render = &listed["renders"][at];
        assert!(render["render"].is_string() && render["since"].is_u64(), "{render}");
        json!([render["name"], render["state"], render["done"], render["planned"]])
    };
    assert_eq!(listed["bucket"], json!(bench.bucket));
    assert_eq!(told(0), json!(["b.blend", "accepted", 1, 4]));
    assert_eq!(told(1), json!(["film/a shot+1.blend", "complete", 3, 3]));
    done.ended(&[1, 2, 3]).await;
    // A name with a space and a sign is found by its end, too.
    for meant in ["a shot+1", "film/a shot+1.blend", &format!("s3://{}/film/a shot+1.blend", bench.bucket)] {
        let ran = bench.farm(&["status", meant, "--json"]).await;
        let state = ran.json();
        assert_eq!((ran.code, &state["counts"]["done"]), (0, &json!(3)), "{meant}: {}", ran.told);
        let zip = format!("s3://{}/film/a shot+1.blend/frames.zip", bench.bucket);
        assert_eq!(state["files"], json!([{"name": "frames.zip", "url": zip}]));
        assert!(state.get("width").is_none() && state.get("height").is_none(), "{state:#}");
    }
    assert_eq!(bench.farm(&["status", "no such one"]).await.code, 1);
    // Deleted by hand, all but its plan; and one whose plan says nothing that can be understood.
    for key in [open.key.to_string(), open.key.report()] {
        bench.delete(&key).await;
    }
    let damaged = Shot::planned(&bench, "c.blend", "1-4", 2).await;
    let plan = farm_contract::keys::plan(&damaged.plan.render);
    let text = String::from_utf8(bench.read(&plan).await).unwrap().replace("\"1-4\"", "\"4 to 1\"");
    bench.put(&plan, text).await;
    let ran = bench.farm(&["list", "--json"]).await;
    let names: Vec<_> =
        ran.json()["renders"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!((ran.code, names), (0, vec![json!("c.blend"), json!("film/a shot+1.blend")]), "{}", ran.told);
}

#[tokio::test]
async fn a_render_under_way_whose_jobs_batch_does_not_know_is_told_by_its_bucket() {
    let bench = Bench::stand("us-east-2");
    let shot = Shot::planned(&bench, "a.blend", "1-6", 2).await;
    let first = vec![shot.frame(1, 10.0).await, shot.frame(2, 30.0).await];
    shot.record(task(0, first)).await;
    // One that its task has not written down yet.
    shot.frame(3, 20.0).await;
    let fault = FrameFault { frame: 5, fault: Fault::new("No camera.", "Add one.") };
    shot.record(farm_contract::record::TaskRecord { failed: vec![fault], ..task(2, Vec::new()) }).await;
    let ran = bench.farm(&["status", "a", "--json"]).await;
    assert_eq!(ran.code, 4, "{}", ran.told);
    let state = ran.json();
    assert_eq!(state["render"], shot.plan.render.as_str());
    assert_eq!(
        state["counts"],
        json!({"planned": 6, "done": 3, "running": 0, "waiting": 2, "failed": 1}),
        "{state:#}"
    );
    assert_eq!(state["cells"]["frame"], json!([1, 2, 3, 4, 5, 6]));
    assert_eq!(state["cells"]["state"], "dddwfw");
    assert_eq!(state["cells"]["seconds"], json!([10.0, 30.0, 20.0, null, null, null]));
    assert_eq!(state["cells"]["child"], json!([0, 0, 1, 1, 2, 2]));
    assert_eq!(state["cells"]["fault"], json!({"5": "No camera. Add one."}));
    let seconds = &state["seconds"];
    assert_eq!(
        (&seconds["median"], &seconds["slowest"], &seconds["slowest_frame"]),
        (&json!(20.0), &json!(30.0), &json!(2))
    );
}

#[tokio::test]
async fn frames_of_more_than_one_page_are_all_counted() {
    let bench = Bench::stand("us-west-1");
    let shot = Shot::planned(&bench, "long.blend", "1-1100", 100).await;
    let numbers: Vec<i32> = (1..=1100).collect();
    let mut records = shot.frames(&numbers).await;
    // The last hundred have no record: they are asked themselves.
    records.truncate(1000);
    for (child, records) in (0..).zip(records.chunks(100)) {
        shot.record(task(child, records.to_vec())).await;
    }
    shot.report(State::Complete, &numbers).await;
    let ran = bench.farm(&["status", "long", "--json"]).await;
    assert_eq!(ran.code, 0, "{}", ran.told);
    let state = ran.json();
    assert_eq!(
        state["counts"],
        json!({"planned": 1100, "done": 1100, "running": 0, "waiting": 0, "failed": 0})
    );
    assert_eq!(state["cells"]["state"], "d".repeat(1100));
    assert_eq!(state["cells"]["frame"].as_array().map(Vec::len), Some(1100));
    assert_eq!(state["seconds"]["median"], json!(1.0));
    assert!((90.0..150.0).contains(&state["seconds"]["elapsed"].as_f64().unwrap()), "{state:#}");
}

#[tokio::test]
async fn what_was_paid_is_told_apart() {
    let bench = Bench::stand("us-west-2");
    let shot = Shot::planned(&bench, "a.blend", "1-3", 1).await;
    let on_spot = vec![shot.frame(1, 1800.0).await];
    shot.record(farm_contract::record::TaskRecord {
        paid: Some(paid(Some(true), 3600.0)),
        paid_before: vec![paid(Some(false), 1800.0)],
        ..task(0, on_spot)
    })
    .await;
    // What is not known to be Spot is the dearer one; less than a minute is billed as one.
    shot.record(farm_contract::record::TaskRecord { paid: Some(paid(None, 36.0)), ..task(1, Vec::new()) })
        .await;
    // Of an older farm.
    shot.record(task(2, Vec::new())).await;
    let near = |value: &serde_json::Value, wanted: f64| {
        let value = value.as_f64().unwrap();
        assert!((value - wanted).abs() < 1e-9, "{value} is not {wanted}");
    };
    let ran =
        bench.farm(&["cost", "a", "--json", "--prices", "0.04,0.005", "--spot-prices", "0.01,0.001"]).await;
    assert_eq!(ran.code, 0, "{}", ran.told);
    let render = &ran.json()["renders"][0];
    let ledger = &render["ledger"];
    assert_eq!((&ledger["attempts"], &ledger["unknown"]), (&json!(3), &json!(1)), "{render:#}");
    near(&ledger["spot_hours"], 1.0);
    near(&ledger["spot_usd"], 4.0 * 0.01 + 8.0 * 0.001);
    near(&ledger["on_demand_hours"], 0.51);
    near(&ledger["on_demand_usd"], (0.5 + 1.0 / 60.0) * (4.0 * 0.04 + 8.0 * 0.005));
    near(&ledger["render_hours"], 0.5);
    near(&ledger["start_hours"], 0.03);
    near(&render["usd"], 0.048 + (0.5 + 1.0 / 60.0) * 0.2);
    assert_eq!(bench.farm(&["cost", "--json"]).await.json()["renders"].as_array().map(Vec::len), Some(1));
}
