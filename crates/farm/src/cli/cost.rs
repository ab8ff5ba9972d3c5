//! `farm cost`: what a render was paid for.

use std::collections::HashMap;
use std::process::ExitCode;

use anyhow::Result;
use farm::render::{Found, cost::Ledger, find, table};
use farm::{Farm, FarmError};
use farm_contract::plan::RenderId;
use farm_plan::dollars;
use farm_terminal::{Look, say};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::at::{AtAny, Priced};
use super::out;

/// Renders whose records are read at once.
const AT_ONCE: usize = 4;

/// Show what a render cost, or all of them.
///
/// Also what was paid for it before it was resumed. From what its tasks wrote down: real seconds from the start of the image's pull, Fargate Spot and Fargate told apart.
#[derive(Debug, clap::Args)]
pub struct Cost {
    #[command(flatten)]
    at: AtAny,
    #[command(flatten)]
    priced: Priced,
    /// Write it as JSON.
    #[arg(long)]
    json: bool,
}

impl Cost {
    pub async fn run(self) -> Result<ExitCode> {
        let Self { at, priced, json } = self;
        let prices = priced.list();
        let (farm, named) = at.find(prices).await?;
        let found = match named {
            Some(found) => vec![found],
            None => find::all(&farm.bucket).await?,
        };
        let renders = &find::renders(&farm.bucket).await?;
        let ledgers = stream::iter(found).map(|found| ledger(&farm, found, renders));
        let ledgers: Vec<(String, Ledger)> = ledgers.buffered(AT_ONCE).try_collect().await?;
        if json {
            let renders = ledgers
                .iter()
                .map(|(name, ledger)| json!({"name": name, "usd": ledger.usd(), "ledger": ledger}));
            let renders: Vec<_> = renders.collect();
            out::json(&json!({"prices": prices.words(), "renders": renders}))?;
            return Ok(ExitCode::SUCCESS);
        }
        if ledgers.is_empty() {
            say("There is no render yet. `farm submit FILE.blend` sends the first.");
        }
        let mut text = String::new();
        for (at, (name, ledger)) in ledgers.iter().enumerate() {
            text += if at > 0 { "\n" } else { "" };
            text += &table::bill(name, ledger, &prices, Look::of_stdout(), out::width());
        }
        if ledgers.len() > 1 {
            let all: f64 = ledgers.iter().map(|(_, ledger)| ledger.usd()).sum();
            text += &format!("\nin all {}, {}\n", dollars(all), prices.words());
        }
        out::text(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Of all of an upload's renders: one that was resumed was paid for before, too.
async fn ledger(
    farm: &Farm,
    found: Found,
    renders: &HashMap<String, Vec<RenderId>>,
) -> Result<(String, Ledger), FarmError> {
    let mut records = Vec::new();
    for render in renders.get(found.key.as_str()).into_iter().flatten() {
        records.extend(find::records(&farm.bucket, render).await?);
    }
    Ok((found.key.to_string(), Ledger::of(&records, farm.offer.as_ref(), &farm.prices)))
}
