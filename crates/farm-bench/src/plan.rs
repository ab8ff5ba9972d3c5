//! The plan: how long it takes to make one, and how good it is beside the best possible.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use farm_contract::frames::FrameSpec;
use farm_contract::limits::{BUDGET, DEADLINE, Limits};
use farm_contract::plan::Layout;
use farm_plan::{Comparison, Model, choose, compare};

use crate::measure::{Measure, Samples, TIMES, Way, in_turns};
use crate::table::{Table, publish, time};

/// Frames of the renders that are planned.
const FRAMES: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Renders, frames, places and loads that plans are compared on.
const SIZES: [u32; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// Of those with a limit every way is played through, also for the best.
const LIMITED_SIZES: [u32; 3] = [100, 1_000, 10_000];
/// The longest deadline.
const MOST_SECONDS: f64 = 14.0 * 24.0 * 60.0 * 60.0;
const FRAME_SECONDS: [f64; 6] = [0.2, 1.0, 6.0, 30.0, 150.0, 900.0];
const LOAD_SECONDS: [f64; 3] = [1.0, 20.0, 240.0];
const VCPUS: [f64; 4] = [4.0, 64.0, 256.0, 4_000.0];
/// US dollars for an hour of 4 vCPUs and 8 GiB.
const TASK_HOUR: f64 = 0.1975;

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The document that gets the tables.
    #[arg(long)]
    document: PathBuf,
    /// Rounds that count.
    #[arg(long, default_value_t = TIMES)]
    times: usize,
}

/// Measures, and publishes the tables.
///
/// # Errors
/// A plan cannot be made.
pub fn run(args: &Args) -> Result<()> {
    publish(&[&speed(args.times)?, &quality()?], &args.document, "plan")
}

/// From the text of a tag to the jobs that are submitted.
fn speed(times: usize) -> Result<Table> {
    let mut table = Table::new([
        "frames",
        "choice of the chunk",
        "frames, choice and jobs",
        "beside ten times fewer",
        "submits",
    ]);
    let mut fewer: Option<Samples> = None;
    for frames in FRAMES {
        let model = scene(30.0, 20.0, 256.0);
        let tag = format!("1-{frames}");
        let mut submits = 0;
        let mut ways = [
            Way::new("choice", || {
                timed(|| {
                    black_box(choose(&model, black_box(frames), &Limits::default()));
                    Ok(())
                })
            }),
            Way::new("all", || {
                timed(|| {
                    let planned = black_box(&tag).parse::<FrameSpec>()?.frames().len();
                    let count = u32::try_from(planned).context("too many frames")?;
                    let chunk = choose(&model, count, &Limits::default()).estimate.chunk;
                    submits = black_box(Layout::new(planned, chunk)?).arrays.len() + 1;
                    Ok(())
                })
            }),
        ];
        in_turns(&format!("{frames} frames"), times, &mut ways)?;
        let [choice, all] = ways.map(|way| way.samples);
        let growth =
            fewer.as_ref().map_or_else(|| "-".to_owned(), |fewer| format!("{:.1}", all.ratio(fewer)));
        table.row([frames.to_string(), time(&choice), time(&all), growth, submits.to_string()]);
        fewer = Some(all);
    }
    Ok(table)
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<Measure> {
    let begun = Instant::now();
    work()?;
    Ok(Measure { seconds: begun.elapsed().as_secs_f64(), memory: 0 })
}

/// What an upload asks for.
#[derive(Clone, Copy)]
enum Asks {
    Nothing,
    /// Twice the time of the soonest way.
    Deadline,
    /// A fifth more than the cheapest way costs.
    Budget,
}

impl Asks {
    /// The limits of a render, if they can be asked for: a budget has whole cents.
    fn limits(self, model: &Model, frames: u32) -> Result<Option<Limits>> {
        let mut limits = Limits::default();
        let taken = match self {
            Self::Nothing => true,
            Self::Deadline => {
                let soonest = compare(model, frames, &limits).best.finish_seconds;
                let seconds = (2.0 * soonest).ceil().min(MOST_SECONDS);
                limits.take(DEADLINE, &format!("{seconds}s"))?
            }
            Self::Budget => {
                limits.take(DEADLINE, &format!("{MOST_SECONDS}s"))?;
                let dollars = 1.2 * compare(model, frames, &limits).best.cost_usd;
                limits = Limits::default();
                dollars >= 0.10 && limits.take(BUDGET, &format!("{dollars:.2}"))?
            }
        };
        Ok(taken.then_some(limits))
    }

    fn words(self) -> &'static str {
        match self {
            Self::Nothing => "-",
            Self::Deadline => "twice the soonest",
            Self::Budget => "a fifth above the cheapest",
        }
    }
}

/// Plans of the grid beside the best possible, and beside a task for each frame.
fn quality() -> Result<Table> {
    let mut table = Table::new([
        "frames",
        "limit",
        "plans",
        "plan / best, median",
        "the worst",
        "a task for each frame / plan, time",
        "cost",
    ]);
    for frames in SIZES {
        quality_row(&mut table, frames, Asks::Nothing)?;
    }
    for asks in [Asks::Deadline, Asks::Budget] {
        for frames in LIMITED_SIZES {
            quality_row(&mut table, frames, asks)?;
        }
    }
    Ok(table)
}

fn quality_row(table: &mut Table, frames: u32, asks: Asks) -> Result<()> {
    let mut compared = Vec::new();
    for seconds in FRAME_SECONDS {
        for load in LOAD_SECONDS {
            for vcpus in VCPUS {
                let model = scene(seconds, load, vcpus);
                if let Some(limits) = asks.limits(&model, frames)? {
                    compared.push(compare(&model, frames, &limits));
                }
            }
        }
    }
    let sorted = |of: &dyn Fn(&Comparison) -> f64| {
        let mut all: Vec<f64> = compared.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let at = |all: &[f64], place: usize| all.get(place).copied().unwrap_or_default();
    let (middle, last) = (compared.len() / 2, compared.len().saturating_sub(1));
    let ratios = sorted(&|of| of.ratio);
    let slower = sorted(&|of| of.one_each.finish_seconds / of.plan.finish_seconds);
    let dearer = sorted(&|of| of.one_each.cost_usd / of.plan.cost_usd);
    table.row([
        frames.to_string(),
        asks.words().to_owned(),
        compared.len().to_string(),
        format!("{:.3}", at(&ratios, middle)),
        format!("{:.3}", at(&ratios, last)),
        format!("{:.2} (up to {:.1})", at(&slower, middle), at(&slower, last)),
        format!("{:.2} (up to {:.1})", at(&dearer, middle), at(&dearer, last)),
    ]);
    Ok(())
}

/// Frames that take the same, on tasks of 4 vCPUs.
fn scene(frame_seconds: f64, load_seconds: f64, vcpus: f64) -> Model {
    let farm = Model::of_farm(vcpus, 4.0, TASK_HOUR);
    Model { frame_seconds, load_seconds, spread: 0.0, measured: u64::MAX, ..farm }
}
