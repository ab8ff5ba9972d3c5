//! `farm resume`, `rerender`, `cancel` and `rm`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use farm::remove::Removal;
use farm::render::cost::PriceList;
use farm::render::{Watch, find, table};
use farm::rerender::rerender;
use farm::stop::stop;
use farm::{Farm, Location, Resumed, resume};
use farm_contract::command;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::BlendKey;
use farm_contract::limits::{Limits, MAX_COST};
use farm_contract::report::{Report, State};
use farm_terminal::{count, printable, say, size};
use serde_json::json;

use super::ask::{Answer, ask};
use super::at::At;
use super::watch::{PAUSE, Patience};
use super::{exit, out};

/// In which the farm looks at an upload, where nothing is wrong.
pub(super) const TAKEN_WITHIN: Duration = Duration::from_secs(60);
/// How long a render that was stopped may take until its report is there: tasks bring their frames to an end, and then
/// the archive is made.
const ENDS_WITHIN: Duration = Duration::from_secs(600);

/// Have the missing frames of an upload rendered, and only those.
#[derive(Debug, clap::Args)]
pub struct Resume {
    #[command(flatten)]
    at: At,
    /// US dollars that it may cost from now on before it is stopped, instead of those that the upload names.
    #[arg(long, value_name = "DOLLARS")]
    max_cost: Option<String>,
    /// Write what came of it as JSON.
    #[arg(long)]
    json: bool,
}

impl Resume {
    pub async fn run(self) -> Result<ExitCode> {
        let (farm, found) = self.at.find(PriceList::default()).await?;
        let upload = Location { bucket: farm.bucket.name.clone(), key: found.key.clone() };
        let mut limits = Limits::default();
        if let Some(most) = &self.max_cost {
            limits.take(MAX_COST, most)?;
        }
        let tags: Vec<_> = limits.pairs().collect();
        let resumed = resume(&farm.bucket.client, &upload, &tags).await?;
        if resumed != Resumed::Complete {
            look(&farm, &upload.key, found.report.as_ref()).await?;
        }
        if self.json {
            let (begun, missing, kept) = match &resumed {
                Resumed::Complete => (false, "", true),
                Resumed::Again { missing, kept } => (true, missing.as_str(), *kept),
            };
            out::json(&json!({"begun": begun, "missing": missing, "kept": kept}))?;
        }
        match resumed {
            Resumed::Complete => say("Nothing is missing: all frames are rendered and in frames.zip."),
            Resumed::Again { missing, kept } => {
                let which = if missing.is_empty() {
                    "what is missing".to_owned()
                } else {
                    format!("the frames {missing}")
                };
                say(&if kept {
                    format!("The farm renders {which} of {upload}.")
                } else {
                    format!(
                        "The farm renders {upload}: all of its frames, since this bucket does not tell that they are \
                         of the same bytes."
                    )
                });
                say(&format!("How far it is: {}", upload.command("watch")));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Waits until the farm has looked at what was written, so that whoever asks next is told of that.
async fn look(farm: &Farm, key: &BlendKey, before: Option<&Report>) -> Result<()> {
    if !find::taken(&farm.bucket, key, before, TAKEN_WITHIN).await? {
        say("The farm has not looked at it yet; it will.");
    }
    Ok(())
}

/// Have frames rendered once more though they are there.
///
/// The old ones stay until the new ones take their place.
#[derive(Debug, clap::Args)]
pub struct Rerender {
    #[command(flatten)]
    at: At,
    /// Frames: 1-120, 1-120x2, "1 5 10-20".
    #[arg(value_name = "FRAMES", allow_hyphen_values = true)]
    frames: FrameSpec,
    /// Write what came of it as JSON.
    #[arg(long)]
    json: bool,
}

impl Rerender {
    pub async fn run(self) -> Result<ExitCode> {
        let (farm, found) = self.at.find(PriceList::default()).await?;
        rerender(&farm.bucket, &found, &self.frames).await?;
        look(&farm, &found.key, found.report.as_ref()).await?;
        let frames = FrameSpec::describe(&self.frames.frames());
        if self.json {
            out::json(&json!({"begun": true, "frames": frames}))?;
        }
        say(&format!("The farm renders the frames {frames} of {} once more.", found.key));
        say(&format!("How far it is: {}", command::farm("watch", &farm.bucket.name, found.key.as_str())));
        Ok(ExitCode::SUCCESS)
    }
}

/// Stop a render; what is done is kept and archived.
#[derive(Debug, clap::Args)]
pub struct Cancel {
    #[command(flatten)]
    at: At,
    /// Write how it stands then as JSON.
    #[arg(long)]
    json: bool,
}

impl Cancel {
    pub async fn run(self) -> Result<ExitCode> {
        let (farm, found) = self.at.find(PriceList::default()).await?;
        let render = found.planned()?.render.clone();
        stop(&farm.bucket, &found, "It was stopped with `farm cancel`.").await?;
        say("Stopping: tasks bring the frames that are done into the bucket.");
        let mut watch = Watch::new(farm, found.key);
        let begun = std::time::Instant::now();
        let mut patience = Patience::default();
        let seen = loop {
            if let Some(seen) = patience.with(watch.look().await)? {
                let other = seen.plan.as_ref().is_some_and(|plan| plan.render != render);
                if seen.is_over() || other || begun.elapsed() > ENDS_WITHIN {
                    break seen;
                }
            }
            tokio::time::sleep(PAUSE).await;
        };
        if self.json {
            out::json(&seen.state)?;
        }
        let name = command::resume(&watch.farm().bucket.name, watch.key().as_str());
        if seen.plan.as_ref().is_some_and(|plan| plan.render != render) {
            say("A newer upload has taken its place meanwhile.");
        } else if seen.state.state == State::Complete
            && seen.plan.as_ref().is_none_or(|plan| plan.stopped.is_none())
        {
            say(&format!("It was complete before it could be stopped. {}", printable(&seen.state.message)));
        } else if seen.is_over() {
            say(&format!("Stopped: {}. {}", table::frames(&seen), printable(&seen.state.message)));
            say(&format!("To go on: {name}"));
        } else {
            let heard = seen.plan.as_ref().is_some_and(|plan| plan.stopped.is_some());
            say(if heard {
                "Its jobs are stopped, but its report is not there yet: `farm status` tells when it is."
            } else {
                "The farm was asked to stop it, and has not said yet that it does: `farm doctor` looks whether it can."
            });
            return Ok(exit::of(seen.state.state));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Delete an upload with its frames, its archive and its records.
#[derive(Debug, clap::Args)]
pub struct Remove {
    #[command(flatten)]
    at: At,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Write what was deleted as JSON.
    #[arg(long)]
    json: bool,
}

impl Remove {
    pub async fn run(self) -> Result<ExitCode> {
        let (farm, found) = self.at.find(PriceList::default()).await?;
        let removal = Removal::of(&farm.bucket, &found).await?;
        say(&format!(
            "s3://{}/{}: {}, {} in all, {}",
            farm.bucket.name,
            found.key,
            count(removal.frames as u64, "frame"),
            count(removal.objects() as u64, "object"),
            size(removal.bytes)
        ));
        let removal = if self.yes {
            removal
        } else {
            match ask("Delete all of it?").await? {
                Answer::Yes => removal.confirmed(&farm.bucket, &found.key).await?,
                Answer::No => {
                    say("Nothing was deleted.");
                    return Ok(ExitCode::FAILURE);
                }
            }
        };
        removal.run(&farm.bucket).await?;
        if self.json {
            out::json(&json!({"deleted": removal.objects(), "bytes": removal.bytes}))?;
        }
        say("Deleted.");
        Ok(ExitCode::SUCCESS)
    }
}
