//! The archive: zip-task, beside what one would type instead, and beside moving the bytes alone.

mod copies;
mod floor;
mod render;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use farm_local::faults::Faults;
use farm_terminal::say;

use crate::measure::{Measure, Samples, TIMES, Way, in_turns, program};
use crate::s3::{BUCKET, Loopback};
use crate::table::{Table, megabytes, time};
use render::Render;

/// Frames and their bytes.
const SIZES: [(usize, usize); 4] = [(100, 1_000_000), (1_000, 1_000_000), (200, 8_000_000), (10_000, 50_000)];

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// zip-task, as it is deployed.
    #[arg(long)]
    zip_task: PathBuf,
    /// A Python that has the AWS CLI.
    #[arg(long)]
    aws: PathBuf,
    /// The document that gets the table.
    #[arg(long)]
    document: PathBuf,
    /// Rounds that count.
    #[arg(long, default_value_t = TIMES)]
    times: usize,
    /// Only the sizes with this many frames.
    #[arg(long)]
    frames: Option<usize>,
}

/// Measures, and publishes the table if it is the whole one.
///
/// # Errors
/// One of the ways failed, or made no archive.
pub fn run(args: &Args) -> Result<()> {
    let mut table = Table::new([
        "frames",
        "zip-task",
        "the CLI way",
        "bytes alone",
        "with part copies",
        "CLI way / zip-task",
        "zip-task / bytes alone",
        "a frame",
        "a MB",
        "memory of zip-task",
        "of the CLI",
    ]);
    for (frames, bytes) in SIZES {
        if args.frames.is_some_and(|only| only != frames) {
            continue;
        }
        let what = format!("{frames} x {}", size(bytes));
        say(&format!("{what}: putting the frames into a bucket"));
        // The frames, their archive, and its parts until it is put together.
        let loopback = Loopback::start(3 * (frames * bytes) as u64, Faults::none())?;
        let render = Render::fill(&loopback, frames, bytes)?;
        let floor = floor::Floor::new(&loopback, &render)?;
        let ways = [
            Way::new("zip-task", || {
                render.clear(&loopback)?;
                let mut task = Command::new(&args.zip_task);
                let measured = program(loopback.tell(&mut task).args(render.arguments()))?;
                render.check(&loopback)?;
                Ok(measured)
            }),
            Way::new("the CLI way", || cli(args, &loopback, &render)),
            Way::new("bytes alone", || {
                render.clear(&loopback)?;
                floor.run()
            }),
        ];
        let mut ways = Vec::from(ways);
        if bytes >= copies::LEAST {
            ways.push(Way::new("part copies", || {
                render.clear(&loopback)?;
                copies::run(&floor, &render.frames)
            }));
        }
        in_turns(&what, args.times, &mut ways)?;
        let samples: Vec<Samples> = ways.into_iter().map(|way| way.samples).collect();
        let [ours, cli, floor, copies @ ..] = samples.as_slice() else { continue };
        table.row([
            what,
            time(ours),
            time(cli),
            time(floor),
            copies.first().map_or_else(|| "-".to_owned(), time),
            format!("{:.1}", cli.ratio(ours)),
            format!("{:.2}", ours.ratio(floor)),
            format!("{:.2} ms", ours.median() / frames as f64 * 1e3),
            format!("{:.2} ms", ours.median() / (frames * bytes) as f64 * 1e9),
            megabytes(ours.memory()),
            megabytes(cli.memory()),
        ]);
    }
    if args.frames.is_some() { table.print() } else { table.publish(&args.document, "zip") }
}

/// Fetches the folder, packs it and sends the archive, as one would by hand.
fn cli(args: &Args, loopback: &Loopback, render: &Render) -> Result<Measure> {
    render.clear(loopback)?;
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let aws = |arguments: &[&str]| {
        let mut aws = Command::new(&args.aws);
        loopback.tell(&mut aws).args(["-m", "awscli", "s3", "cp", "--only-show-errors"]).args(arguments);
        aws.current_dir(folder.path());
        aws
    };
    let from = format!("s3://{BUCKET}/{}", render.key.folder());
    let to = format!("s3://{BUCKET}/{}", render.key.frames_zip());
    let mut zip = Command::new("zip");
    zip.args(["-q", "-0", "-r", "../frames.zip", "."]);
    let frames = folder.path().join("frames");
    std::fs::create_dir(&frames).context("cannot make a folder")?;
    let steps = [
        program(&mut aws(&["--recursive", &from, "frames"]))?,
        program(zip.current_dir(&frames))?,
        program(&mut aws(&["frames.zip", &to]))?,
    ];
    let made = render.archive(loopback)?;
    ensure!(made.is_some(), "the AWS CLI put no archive into the bucket");
    Ok(Measure {
        seconds: steps.iter().map(|step| step.seconds).sum(),
        memory: steps.iter().map(|step| step.memory).max().unwrap_or_default(),
    })
}

fn size(bytes: usize) -> String {
    if bytes < 1_000_000 { format!("{} KB", bytes / 1000) } else { format!("{} MB", bytes / 1_000_000) }
}
