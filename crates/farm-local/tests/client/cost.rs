//! A render that may not cost more than so much, from its tag to its report.

use farm_contract::report::State;
use farm_local::faults::Faults;

use crate::support::fake::{Fake, fake_blender};
use crate::support::fargate::programs;
use crate::support::farm::TestFarm;
use crate::{Bench, KEY};

#[tokio::test(flavor = "multi_thread")]
async fn a_render_ends_before_it_costs_more_than_it_may_and_goes_on_for_more() {
    let programs = programs(&[]).await;
    // One task at a time, each of which costs a hundred dollars.
    let farm = TestFarm::with_programs(programs.path().to_owned(), fake_blender(), 1, Faults::none()).await;
    let bench = Bench::of(farm);

    let file = bench.file("shot.blend", &Fake::default());
    let (file, to) = (file.to_str().unwrap(), format!("s3://{}/{KEY}", bench.farm.farm.bucket()));
    let submit = ["submit", file, &to, "--frames", "1-8", "--chunk", "2", "--order", "linear"];
    let submit: Vec<&str> = submit.into_iter().chain(["--max-cost", "250", "--watch"]).collect();
    let said = bench.run(&submit).await;
    said.has(3, &["It was stopped before it cost more than $250", "farm resume"]);
    let report = bench.farm.last_report(KEY).await;
    assert_eq!((report.state, report.frames.unwrap().done), (State::Partial, 4));
    assert_eq!(bench.farm.archive(KEY).await.len(), 5, "four frames and missing.txt");
    let paid = |cost: serde_json::Value| cost["renders"][0]["usd"].as_f64().unwrap();
    let prices = ["--prices", "1000,0", "--spot-prices", "25,0", "--json"];
    let cost: Vec<&str> = ["cost", KEY].into_iter().chain(prices).collect();
    // The third was told at its beginning that it is one too many.
    assert!((300.0..303.0).contains(&paid(bench.json(&cost).await)));

    bench.run(&["resume", KEY, "--max-cost", "1000"]).await.has(0, &["the frames 5-8"]);
    let report = bench.farm.report_that(KEY, |report| report.state == State::Complete).await;
    assert_eq!(report.frames.unwrap().done, 8);
    let all = paid(bench.json(&cost).await);
    // All of the upload's renders count; and so do the tasks that began and found their frames there.
    assert!((700.0..705.0).contains(&all), "{all}");
    bench.farm.farm.shutdown().await;
}
