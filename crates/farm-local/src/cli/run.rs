//! `run`: one file through the whole farm, and its frames into a folder.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use aws_sdk_s3::primitives::ByteStream;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::{BlendKey, FrameName};
use farm_contract::report::{Report, State};
use farm_contract::tags;
use farm_local::farm::{BUCKET, Farm, FarmConfig};
use farm_local::s3::{Credentials, ObjectCreated};
use farm_local::sheet;
use tokio::sync::mpsc::UnboundedReceiver;

use super::deliver::Delivery;
use super::follow::{Follow, News};
use super::show::{self, Progress};
use super::{Machine, interrupted};

/// Exit code of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;
/// Folder below the artist's own that holds the loopback bucket, so that a second run finds what
/// the first one made.
const FARM_FOLDER: &str = ".farm";

/// What to render.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// The .blend file.
    file: PathBuf,
    /// Frames: 1-120, 1-120x2, "1 5 10-20", or the scene's own range.
    #[arg(long, default_value = tags::SCENE)]
    frames: String,
    /// Folder for the frames and frames.zip.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    machine: Machine,
}

/// How long each part took.
#[derive(Debug, Default)]
struct Parts {
    upload: Duration,
    plan: Duration,
    frames: Duration,
    archive: Duration,
}

impl Run {
    /// Renders. The exit code is 0 only when every frame is there.
    pub async fn run(self) -> Result<ExitCode> {
        let tag = frames_tag(&self.frames)?;
        let key = key_of(&self.file)?;
        let delivery = Delivery::new(&self.out)?;
        let workers = self.machine.workers();
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = FarmConfig {
            folder: self.out.join(FARM_FOLDER),
            programs: self.machine.programs()?,
            blender: self.machine.blender.clone(),
            blender_version: self.machine.blender_version.clone(),
            workers,
            s3_address: loopback,
            batch_address: loopback,
            credentials: Credentials::random().context("cannot make credentials for the loopback farm")?,
            retry_delays: None,
        };
        show::line(&format!(
            "{} -> {}  ({} at once, {} each)",
            self.file.display(),
            self.out.display(),
            count(workers.count, "task"),
            count(workers.threads, "thread"),
        ));
        let farm = Farm::start(config).await?;
        let outcome = tokio::select! {
            outcome = self.render(&farm, &key, &tag, &delivery) => outcome,
            () = interrupted() => {
                show::heading("Stopping: no task is left running.");
                Err(anyhow!(Interrupted))
            }
        };
        farm.shutdown().await;
        match outcome {
            Err(error) if error.is::<Interrupted>() => {
                show::hint("The same command again renders only what is missing.");
                Ok(ExitCode::from(INTERRUPTED))
            }
            outcome => outcome,
        }
    }

    async fn render(&self, farm: &Farm, key: &BlendKey, tag: &str, delivery: &Delivery) -> Result<ExitCode> {
        let begun = Instant::now();
        let mut created = farm.store.subscribe();
        let mut jobs = farm.batch.subscribe();
        let mut failures = farm.lambda.failures();
        upload(farm, &self.file, key, tag).await?;
        let mut parts = Parts { upload: begun.elapsed(), ..Parts::default() };
        let mut follow = Follow::new(&farm.store, key.clone(), &event_of(&mut created, key).await?);

        let mut told = Warnings::default();
        let mut progress = Progress::hidden();
        let mut since = Instant::now();
        let mut delivered = Vec::new();
        loop {
            // Objects first: a report is always written before the job that wrote it ends.
            let news = tokio::select! {
                biased;
                Some(object) = created.recv() => follow.object(&object).await?,
                Some(event) = jobs.recv() => follow.job(&event).into_iter().collect(),
                Some(failure) = failures.recv() => {
                    vec![News::Stuck(format!("trigger-lambda gave up: {}", failure.reason))]
                }
            };
            for news in news {
                match news {
                    News::Accepted(report) => {
                        parts.plan = since.elapsed();
                        since = Instant::now();
                        told.tell(&report.warnings);
                        progress = Progress::new(report.frames.as_ref().map_or(0, |frames| frames.count));
                    }
                    News::Frame { frame, seconds } => {
                        parts.frames = since.elapsed();
                        progress.frame(frame, seconds);
                    }
                    News::File { key, name } => {
                        delivered.push((name.clone(), delivery.fetch(&farm.store, &key, &name).await?));
                    }
                    News::Ended(report) => {
                        parts.archive = since.elapsed().saturating_sub(parts.frames);
                        progress.finish();
                        delivery.fetch(&farm.store, &follow.key().report(), "report.json").await?;
                        if report.zip.is_some() {
                            delivery.fetch(&farm.store, &follow.key().frames_zip(), "frames.zip").await?;
                        }
                        told.tell(&report.warnings);
                        return self.close(&report, &progress, &parts, begun, delivered);
                    }
                    News::Stuck(why) => break_off(&progress, &why, &self.out)?,
                }
            }
        }
    }

    /// Tells how it ended.
    fn close(
        &self,
        report: &Report,
        progress: &Progress,
        parts: &Parts,
        begun: Instant,
        mut delivered: Vec<(String, PathBuf)>,
    ) -> Result<ExitCode> {
        let frames = report.frames.clone().unwrap_or_default();
        show::heading(&report.message);
        let mut own: Vec<(FrameName, PathBuf)> =
            delivered.drain(..).filter_map(|(name, path)| Some((FrameName::parse(&name)?, path))).collect();
        own.sort();
        own.dedup();
        self.warn_of_others(&own);
        if let (Some((_, first)), Some((_, last))) = (own.first(), own.last()) {
            let last = last.file_name().unwrap_or_default().to_string_lossy();
            show::item("frames", &format!("{} ... {last}", first.display()));
        }
        if report.zip.is_some() {
            let path = self.out.join("frames.zip");
            let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
            show::item("archive", &format!("{} ({})", path.display(), show::size(bytes)));
        }
        self.draw_sheet(own.into_iter().map(|(_, path)| path).collect());
        show::item("report", &self.out.join("report.json").display().to_string());
        if report.state != State::Rejected {
            let each =
                progress.seconds_per_frame().map_or_else(String::new, |each| format!(", {each:.1} s each"));
            show::item(
                "time",
                &format!(
                    "{} in all: upload {}, plan {}, frames {}{each}, archive {}",
                    show::span(begun.elapsed()),
                    show::span(parts.upload),
                    show::span(parts.plan),
                    show::span(parts.frames),
                    show::span(parts.archive),
                ),
            );
        }
        for fault in frames.faults.iter().take(3) {
            show::warning(&format!("frame {}: {} {}", fault.frame, fault.fault.message, fault.fault.hint));
        }
        if let Some(hint) = &report.hint {
            show::hint(hint);
        }
        Ok(if report.state == State::Complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The folder may hold frames of an earlier render that this one did not make again. They are
    /// the artist's, so they stay; but they must not pass for frames of this render.
    fn warn_of_others(&self, own: &[(FrameName, PathBuf)]) {
        let entries = std::fs::read_dir(&self.out).into_iter().flatten().flatten();
        let others: Vec<i32> = entries
            .filter_map(|entry| FrameName::parse(entry.file_name().to_str()?))
            .filter(|name| !own.iter().any(|(own, _)| own == name))
            .map(|name| name.frame)
            .collect::<BTreeSet<i32>>()
            .into_iter()
            .collect();
        if !others.is_empty() {
            show::warning(&format!(
                "{} also holds frames of an earlier render, which are not in this one's archive: {}",
                self.out.display(),
                FrameSpec::describe(&others)
            ));
        }
    }

    /// A sheet is a courtesy: where the format cannot be shown, the render is no worse.
    fn draw_sheet(&self, frames: Vec<PathBuf>) {
        let path = self.out.join("contact-sheet.jpg");
        match sheet::draw(&frames, &path) {
            Ok(_) => show::item("contact sheet", &path.display().to_string()),
            Err(sheet::SheetError::Empty) => {}
            Err(error) => show::item("contact sheet", &format!("none: {error}")),
        }
    }
}

/// Warnings of reports, each told once.
#[derive(Default)]
struct Warnings(BTreeSet<String>);

impl Warnings {
    fn tell(&mut self, warnings: &[String]) {
        for text in warnings {
            if self.0.insert(text.clone()) {
                show::warning(text);
            }
        }
    }
}

/// Ctrl-C, as an error on its way out.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Interrupted;

fn break_off(progress: &Progress, why: &str, out: &Path) -> Result<()> {
    progress.finish();
    bail!(
        "{why}; {} frames are in {}, the logs in {}",
        progress.done(),
        out.display(),
        out.join(FARM_FOLDER).join("logs").display()
    )
}

/// The value of the `frames` tag for what stands on the command line.
fn frames_tag(asked: &str) -> Result<String> {
    if asked.trim() == tags::SCENE {
        return Ok(tags::SCENE.to_owned());
    }
    let spec: FrameSpec =
        asked.parse().map_err(|fault: farm_contract::Fault| anyhow!("{} {}", fault.message, fault.hint))?;
    Ok(spec.to_string())
}

fn key_of(file: &Path) -> Result<BlendKey> {
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .with_context(|| format!("the name of {} is not UTF-8; rename the file", file.display()))?;
    BlendKey::parse(name).map_err(|fault| anyhow!("{} {}", fault.message, fault.hint))
}

async fn upload(farm: &Farm, file: &Path, key: &BlendKey, frames: &str) -> Result<()> {
    let body = match tokio::fs::metadata(file).await {
        Ok(data) if data.is_file() => {
            ByteStream::from_path(file).await.with_context(|| format!("cannot read {}", file.display()))?
        }
        Ok(_) => bail!("{} is not a file", file.display()),
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("there is no file {}", file.display()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    farm.s3_client()
        .put_object()
        .bucket(BUCKET)
        .key(key.as_str())
        .tagging(format!("{}={}", tags::FRAMES, frames.replace(' ', "%20")))
        .body(body)
        .send()
        .await
        .map_err(|error| anyhow!("{}", aws_sdk_s3::error::DisplayErrorContext(error)))
        .with_context(|| format!("cannot upload {}", file.display()))?;
    Ok(())
}

/// The notification of our own upload.
async fn event_of(created: &mut UnboundedReceiver<ObjectCreated>, key: &BlendKey) -> Result<ObjectCreated> {
    while let Some(object) = created.recv().await {
        if object.bucket == BUCKET && object.key == key.as_str() {
            return Ok(object);
        }
    }
    bail!("the loopback bucket went away")
}

fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}
