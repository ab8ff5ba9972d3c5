//! `farm status` and `farm list`.

use std::process::ExitCode;

use anyhow::Result;
use farm::Farm;
use farm::render::table::{self, Row};
use farm::render::{Found, State, Watch, find};
use farm_contract::plan::Plan;
use farm_contract::report;
use farm_plan::{dollars, duration};
use farm_terminal::{Look, plain};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::at::{AtAny, Priced, Where};
use super::{exit, out};

/// Renders that are looked at at once.
const AT_ONCE: usize = 4;
/// Renders that have ended and are shown beside those under way.
const ENDED: usize = 10;

/// Show how a render stands, or all that are under way and the last that ended.
#[derive(Debug, clap::Args)]
pub struct Status {
    #[command(flatten)]
    at: AtAny,
    #[command(flatten)]
    priced: Priced,
    /// Write it as JSON.
    #[arg(long)]
    json: bool,
}

impl Status {
    pub async fn run(self) -> Result<ExitCode> {
        let Self { at, priced, json } = self;
        let (farm, named) = at.find(priced.list()).await?;
        let Some(found) = named else {
            let mut found = find::all(&farm.bucket).await?;
            let mut ended = 0;
            found.retain(|found| {
                let over =
                    found.report.as_ref().is_some_and(|report| report.state != report::State::Accepted);
                ended += usize::from(over);
                !over || ended <= ENDED
            });
            return show(&farm, found, json).await;
        };
        let seen = Watch::new(farm, found.key).look().await?;
        if json {
            out::json(&State { cells: Some(seen.cells()), ..seen.state.clone() })?;
        } else {
            out::text(&table::one(&seen, Look::of_stdout(), out::width()))?;
        }
        Ok(exit::of_seen(&seen.state))
    }
}

/// List the renders of a farm.
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    farm: Where,
    /// Write it as JSON.
    #[arg(long)]
    json: bool,
}

impl List {
    pub async fn run(self) -> Result<ExitCode> {
        let farm = self.farm.open(None, farm::render::cost::PriceList::default()).await?;
        let found = find::all(&farm.bucket).await?;
        show(&farm, found, self.json).await
    }
}

async fn show(farm: &Farm, found: Vec<Found>, json: bool) -> Result<ExitCode> {
    let rows: Vec<Row> =
        stream::iter(found).map(|found| row(farm, found)).buffered(AT_ONCE).try_collect().await?;
    if json {
        let renders = rows.iter().map(|row| {
            let (done, planned) = row.frames.unzip();
            json!({
                "name": row.name, "render": row.render, "since": row.since, "state": row.state, "done": done,
                "planned": planned,
            })
        });
        out::json(&json!({"bucket": farm.bucket.name, "renders": renders.collect::<Vec<_>>()}))?;
    } else if rows.is_empty() {
        farm_terminal::say("There is no render yet. `farm submit FILE.blend` sends the first.");
    } else {
        out::text(&table::list(&rows, Look::of_stdout(), out::width()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is told of one. Those that have ended are told by their reports alone.
async fn row(farm: &Farm, found: Found) -> Result<Row> {
    let name = found.key.to_string();
    let render = found.plan.as_ref().map(|plan| plan.render.to_string());
    let since = found.plan.as_ref().map(Plan::since);
    if let Some(report) = found.report.as_ref().filter(|report| report.state != report::State::Accepted) {
        let frames = report.frames.as_ref();
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let took = found.plan.as_ref().map(|plan| report.written_at.saturating_sub(plan.since()));
        return Ok(Row {
            name,
            render,
            since,
            state: report.state,
            frames: frames.map(|frames| (number(frames.done), number(frames.count))),
            time: took.map(|took| duration(took as f64 / 1000.0)),
            cost: None,
        });
    }
    let state = found.report.as_ref().map_or(report::State::Accepted, |report| report.state);
    let state = match Watch::new(farm.clone(), found.key).look().await {
        Ok(seen) => seen.state,
        Err(error) if error.may_pass() => return Err(error.into()),
        // One of which something lacks, as of an upload that was deleted by hand, does not keep the others from being told.
        Err(error) => {
            farm_terminal::say(&format!("{}: {error}", plain(&name)));
            return Ok(Row { name, render, since, state, frames: None, time: None, cost: None });
        }
    };
    Ok(Row {
        name,
        render,
        since,
        state: state.state,
        frames: Some((state.counts.done, state.counts.planned)),
        time: state.seconds.left.map(|left| format!("{} left", duration(left))),
        cost: state.cost.map(|cost| dollars(cost.so_far)),
    })
}
