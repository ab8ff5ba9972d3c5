//! The function: trigger-lambda, beside the same function on Node.js.
//!
//! Both are started as Lambda starts them, for one upload, and have nothing to call but the stubs: what is measured
//! is a cold start and the invocation that it was for. Each round is a new upload event, so that there is something to
//! plan and to submit.

mod package;
mod process;
mod stubs;
mod upload;

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::measure::{Measure, Samples, TIMES, Way, in_turns};
use crate::table::{self, Table, megabytes, time};
use stubs::{Asked, Stubs};
use upload::{SIZES, Upload};

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// trigger-lambda, as it is deployed.
    #[arg(long)]
    trigger_lambda: PathBuf,
    /// The function for Node.js, in one file with all that it needs.
    #[arg(long)]
    node: PathBuf,
    /// The document that gets the tables.
    #[arg(long)]
    document: PathBuf,
    /// Rounds that count.
    #[arg(long, default_value_t = TIMES)]
    times: usize,
}

/// What was seen of one way beside the time to its answer, round by round.
#[derive(Debug, Default)]
struct Seen {
    ready: Vec<Measure>,
    asked: Vec<Asked>,
}

/// Measures, and publishes the tables.
///
/// # Errors
/// One of the functions failed, or they did not do the same.
pub fn run(args: &Args) -> Result<()> {
    let mut packages = Table::new(["", "package", "unpacked"]);
    for (name, file, entry) in
        [("trigger-lambda", &args.trigger_lambda, "bootstrap"), ("Node.js", &args.node, "index.cjs")]
    {
        let size = package::size(file, entry)?;
        packages.row([name.to_owned(), package::mb(size.zipped), package::mb(size.unpacked)]);
    }
    let mut table = Table::new([
        "upload",
        "frames",
        "trigger-lambda",
        "until it asks for work",
        "calls",
        "memory",
        "Node.js",
        "until it asks for work",
        "calls",
        "memory",
        "Node.js / trigger-lambda",
    ]);
    let stubs = Stubs::start()?;
    for size in SIZES {
        let upload = Upload::put(&stubs, size)?;
        let (our_rounds, node_rounds) = (RefCell::<Seen>::default(), RefCell::<Seen>::default());
        let mut ways = [
            Way::new("trigger-lambda", || {
                once(&stubs, &upload, Command::new(&args.trigger_lambda), &our_rounds)
            }),
            Way::new("Node.js", || {
                let mut node = Command::new("node");
                node.arg(&args.node);
                once(&stubs, &upload, node, &node_rounds)
            }),
        ];
        in_turns(&size.to_string(), args.times, &mut ways)?;
        let [ours, node] = ways.map(|way| way.samples);
        let (our_rounds, node_rounds) = (our_rounds.into_inner(), node_rounds.into_inner());
        let (our_jobs, node_jobs) = (our_rounds.jobs(), node_rounds.jobs());
        ensure!(
            our_jobs == node_jobs,
            "they submitted other jobs, so it is not the same work: {our_jobs:?} and {node_jobs:?}; \
             xtask/bench-function/index.mjs is to do as trigger-lambda does"
        );
        table.row([
            size.file.to_string(),
            size.frames.to_string(),
            time(&ours),
            time(&our_rounds.ready()),
            our_rounds.calls(),
            megabytes(ours.memory()),
            time(&node),
            time(&node_rounds.ready()),
            node_rounds.calls(),
            megabytes(node.memory()),
            format!("{:.1}", node.ratio(&ours)),
        ]);
    }
    table::publish(&[&packages, &table], &args.document, "function")
}

/// A cold start, and one upload.
fn once(stubs: &Stubs, upload: &Upload, mut function: Command, seen: &RefCell<Seen>) -> Result<Measure> {
    upload.forget(stubs)?;
    stubs.tell(&mut function);
    stubs.asked();
    let invoked = process::invoke(stubs, &mut function, &upload.event())?;
    let asked = stubs.asked();
    upload.check(stubs)?;
    let mut seen = seen.borrow_mut();
    seen.ready.push(Measure { seconds: invoked.ready, memory: 0 });
    seen.asked.push(asked);
    Ok(Measure { seconds: invoked.answered, memory: invoked.memory })
}

impl Seen {
    /// Times until it asked for work, of the rounds that count.
    fn ready(&self) -> Samples {
        let mut samples = Samples::default();
        self.ready.iter().skip(1).for_each(|measure| samples.add(*measure));
        samples
    }

    /// The jobs of the last round.
    fn jobs(&self) -> &[stubs::Job] {
        self.asked.last().map_or(&[], |asked| &asked.jobs)
    }

    /// How often it called S3 and Batch in the last round.
    fn calls(&self) -> String {
        self.asked.last().map_or_else(String::new, |asked| format!("{} + {}", asked.s3, asked.batch))
    }
}
