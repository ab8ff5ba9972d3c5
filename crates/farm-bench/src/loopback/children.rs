//! What a child costs: arrays of tasks that do nothing, beside the same processes without a farm.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::farm::Farm;
use super::{Args, alone, in_turns_warm};
use crate::measure::{Measure, Samples, Way, in_turns};
use crate::table::{Table, time};

/// Children of the arrays; Batch takes no more of one than the last.
const SIZES: [usize; 3] = [100, 1_000, 10_000];
/// From how many children on fewer rounds are made, and how many: a round takes half a minute.
const LONG: usize = 10_000;
const LONG_TIMES: usize = 3;
/// How long after each child the array is asked about again: its end is seen that much too late.
const LOOK: Duration = Duration::from_micros(10);

/// Measures, and publishes the table.
///
/// # Errors
/// A child could not be run.
pub fn run(args: &Args, optimised: &Farm, built: &Farm) -> Result<()> {
    let mut table = Table::new([
        "children (10,000: 3 rounds)",
        "the processes alone",
        "through the farm",
        "as users build it",
        "more a child",
        "as users build it",
        "farm / processes",
        "as users build it",
    ]);
    let caller = Caller::new()?;
    for count in SIZES {
        let mut ways = [
            Way::new("the processes alone", || alone::processes(&args.folder, count)),
            Way::new("through the farm", || caller.array(optimised, count)),
            Way::new("as users build it", || caller.array(built, count)),
        ];
        let what = format!("{count} children");
        if count < LONG {
            in_turns(&what, args.times, &mut ways)?;
        } else {
            in_turns_warm(&what, args.times.min(LONG_TIMES), &mut ways)?;
        }
        let [alone, optimised, built] = ways.map(|way| way.samples);
        let more =
            |farm: &Samples| format!("{:.2} ms", (farm.median() - alone.median()) / count as f64 * 1e3);
        table.row([
            count.to_string(),
            time(&alone),
            time(&optimised),
            time(&built),
            more(&optimised),
            more(&built),
            format!("{:.2}", optimised.ratio(&alone)),
            format!("{:.2}", built.ratio(&alone)),
        ]);
    }
    table.publish(&args.document, "loopback --only children")
}

/// Calls Batch over a connection that stays open.
struct Caller {
    runtime: Runtime,
    http: legacy::Client<HttpConnector, Full<Bytes>>,
}

impl Caller {
    fn new() -> Result<Self> {
        let runtime = Runtime::new().context("cannot start threads")?;
        Ok(Self { runtime, http: legacy::Client::builder(TokioExecutor::new()).build_http() })
    }

    /// Submits an array and waits for its end.
    fn array(&self, farm: &Farm, count: usize) -> Result<Measure> {
        let mut job = json!({
            "jobName": "bench",
            "jobQueue": farm.wires.queue,
            "jobDefinition": farm.wires.definition,
            "arrayProperties": { "size": count },
        });
        if farm.wires.fair_share {
            job["shareIdentifier"] = "bench".into();
        }
        let look = LOOK * u32::try_from(count).unwrap_or(u32::MAX);
        self.runtime.block_on(async {
            let begun = Instant::now();
            let submitted = self.call(farm, "submitjob", &job).await?;
            let asked = json!({ "jobs": [submitted["jobId"]] });
            loop {
                let described = self.call(farm, "describejobs", &asked).await?;
                let ended = &described["jobs"][0];
                match ended["status"].as_str() {
                    Some("SUCCEEDED") => break,
                    Some("FAILED") => anyhow::bail!("a child failed: {ended}"),
                    _ => tokio::time::sleep(look).await,
                }
            }
            Ok(Measure { seconds: begun.elapsed().as_secs_f64(), memory: 0 })
        })
    }

    async fn call(&self, farm: &Farm, operation: &str, body: &Value) -> Result<Value> {
        let request = Request::post(format!("http://{}/v1/{operation}", farm.batch))
            .header(header::AUTHORIZATION, farm.authorization())
            .body(Full::new(Bytes::from(body.to_string())))?;
        let answer = self.http.request(request).await?;
        let status = answer.status();
        let said = answer.into_body().collect().await?.to_bytes();
        ensure!(status.is_success(), "Batch refuses {operation}: {}", String::from_utf8_lossy(&said));
        Ok(serde_json::from_slice(&said)?)
    }
}
