//! `farm pull`: frames into a folder.

use std::cell::Cell;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use farm::pull::Pull as Puller;
use farm::render::cost::PriceList;
use farm::render::{Seen, Watch};
use farm::{Farm, FarmError};
use farm_contract::Fault;
use farm_contract::keys::BlendKey;
use farm_contract::report::State;
use farm_terminal::{INTERRUPTED, count, interrupted, printable, say, size};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::at::At;
use super::watch::until_over;
use super::{exit, out};

/// Looks at what was replaced while it was fetched.
const AGAIN: usize = 3;

const BAR: &str = "  {bar:24.cyan/dim} {pos} of {len} frames{msg}";

/// Fetch the frames of a render into a folder.
///
/// Each appears under its name when it is whole and its checksum is right; what is there already is not fetched again.
#[derive(Debug, clap::Args)]
pub struct Pull {
    #[command(flatten)]
    at: At,
    /// The folder; left out, one named like the upload.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Go on until the render has ended.
    #[arg(long)]
    follow: bool,
    /// Write what was fetched as JSON.
    #[arg(long)]
    json: bool,
}

impl Pull {
    pub async fn run(self) -> Result<ExitCode> {
        let (farm, found) = self.at.find(PriceList::default()).await?;
        pull(farm, found.key, self.folder, self.follow, self.json).await
    }
}

pub(super) async fn pull(
    farm: Farm,
    key: BlendKey,
    folder: Option<PathBuf>,
    follow: bool,
    json: bool,
) -> Result<ExitCode> {
    let folder = match folder {
        Some(folder) => folder,
        None => named_like(&key)?,
    };
    let mut puller = Puller::new(farm.bucket.clone(), key.clone(), &folder)?;
    let mut watch = Watch::new(farm, key);
    let bar = bar();
    let (files, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    let told = |name: &str, length: u64| {
        let all = bytes.fetch_add(length, Ordering::Relaxed) + length;
        files.fetch_add(1, Ordering::Relaxed);
        bar.set_message(format!(", {}", size(all)));
        if bar.is_hidden() {
            say(&format!("  {name}"));
        }
    };
    let gone = Cell::new(0);
    let mut round = async |seen: &Seen| {
        bar.set_length(seen.state.counts.planned as u64);
        gone.set(puller.round(seen, &told).await?.gone);
        bar.set_position(seen.state.counts.done as u64);
        Ok::<_, FarmError>(())
    };
    let ended = tokio::select! {
        ended = async {
            let mut seen = if follow {
                until_over(&mut watch, &mut round).await?
            } else {
                let seen = watch.look().await?;
                round(&seen).await?;
                seen
            };
            // What was replaced in the moment in which it was to be fetched is there a moment later.
            for _ in 0..AGAIN {
                if gone.get() == 0 {
                    break;
                }
                seen = watch.look().await?;
                round(&seen).await?;
            }
            Ok::<_, anyhow::Error>(seen)
        } => ended,
        () = interrupted() => {
            bar.finish_and_clear();
            say("\nStopped: what is there is whole. The same command goes on from here.");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    bar.finish_and_clear();
    let seen = ended?;
    let counts = seen.state.counts;
    let (files, bytes) = (files.into_inner(), bytes.into_inner());
    if json {
        out::json(&json!({
            "folder": folder, "files": files, "bytes": bytes, "state": seen.state.state,
            "done": counts.done, "planned": counts.planned, "left_out": puller.left_out(),
        }))?;
    }
    for name in puller.left_out() {
        say(&format!(
            "left out: `{}`, of which the name leads elsewhere or is none on some systems",
            name.escape_debug()
        ));
    }
    if gone.get() > 0 {
        say(&format!("{} changed while they were fetched: run it again.", count(gone.get(), "file")));
    }
    say(&format!(
        "{} of {} frames are in {} ({}, {} fetched now).",
        counts.done,
        counts.planned,
        folder.display(),
        count(files, "file"),
        size(bytes)
    ));
    let complete = counts.done == counts.planned && counts.planned > 0;
    match seen.state.state {
        _ if gone.get() > 0 || !puller.left_out().is_empty() => Ok(ExitCode::FAILURE),
        _ if complete => Ok(ExitCode::SUCCESS),
        State::Accepted => {
            say("The render goes on: --follow waits for the others.");
            Ok(exit::of(State::Accepted))
        }
        _ => {
            say(&printable(&seen.state.message));
            Ok(exit::of(State::Partial))
        }
    }
}

/// A folder here that is named like the upload.
fn named_like(key: &BlendKey) -> Result<PathBuf, Fault> {
    match key.stem() {
        "" | "." | ".." => Err(Fault::new(
            format!("No folder can be named like `{key}`."),
            "Name one behind the render: farm pull RENDER DIR.",
        )),
        stem => Ok(PathBuf::from(stem)),
    }
}

/// Hidden where stderr is no terminal.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template(BAR)
        .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("━╸─"));
    ProgressBar::new(0).with_style(style)
}
