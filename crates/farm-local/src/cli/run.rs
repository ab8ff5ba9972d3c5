//! `run`: one file through the whole farm, and its frames into a folder.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use farm::{Destination, Prepared, Source, plan_submission};
use farm_contract::Fault;
use farm_contract::allowances::{ALLOW, MISSING, SCRIPTS};
use farm_contract::keys::{self, BlendKey};
use farm_contract::limits;
use farm_contract::offer::Offer;
use farm_contract::preview::PREVIEW;
use farm_contract::settings;
use farm_contract::tags::{self, Request};
use farm_local::farm::{Farm, FarmConfig};
use farm_local::faults::Faults;
use farm_local::s3::{Credentials, ObjectCreated};
use farm_local::workers::{self, Workers};
use farm_terminal::INTERRUPTED;
use tokio::sync::mpsc::UnboundedReceiver;

use super::deliver::Delivery;
use super::follow::{Follow, News};
use super::outcome::{Outcome, Parts};
use super::show::{self, Progress};
use super::{Machine, interrupted};

/// Folder below the artist's own that holds the loopback bucket, so that a second run finds what
/// the first one made.
const FARM_FOLDER: &str = ".farm";

/// What to render.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// The .blend file; or a project: its folder, or an archive named .blend.zip.
    file: PathBuf,
    /// Frames: 1-120, 1-120x2, "1 5 10-20", or the scene's own range.
    #[arg(long, default_value = tags::SCENE)]
    frames: String,
    /// What to let pass: files that are missing, scripts in the file.
    #[arg(long, value_name = "WHAT", value_parser = [MISSING, SCRIPTS])]
    allow: Vec<String>,
    /// What to render otherwise than the file has it, by the farm's tags: samples=16, "scene=Shot 2"; and how:
    /// chunk=4.
    #[arg(long = "tag", value_name = "NAME=VALUE")]
    tags: Vec<String>,
    /// Folder for the frames and frames.zip.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    machine: Machine,
}

impl Run {
    /// Renders. The exit code is 0 only when every frame is there.
    pub async fn run(self) -> Result<ExitCode> {
        let request = request(&self.frames, &self.allow, &self.tags)?;
        let source = Source::find(&self.file, request.main.as_deref())?;
        let workers = self.machine.workers();
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = FarmConfig {
            folder: self.out.join(FARM_FOLDER),
            programs: self.machine.programs()?,
            blenders: self.machine.blenders.clone(),
            workers,
            s3_address: loopback,
            batch_address: loopback,
            credentials: Credentials::random().context("cannot make credentials for the loopback farm")?,
            faults: Faults::none(),
            retry_delay: None,
        };
        let delivery = Delivery::new(&self.out, FARM_FOLDER)?;
        show::line(&format!(
            "{} at once, {} each",
            show::count(workers.count as u64, "task"),
            show::count(workers.threads as u64, "thread")
        ));
        let farm = Farm::start(config).await?;
        farm.batch.fewer_after(&workers::MEMORY_RAN_OUT);
        let outcome = tokio::select! {
            outcome = self.render(&farm, workers, source, request, &delivery) => outcome,
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

    async fn render(
        &self,
        farm: &Farm,
        workers: Workers,
        source: Source,
        request: Request,
        delivery: &Delivery,
    ) -> Result<ExitCode> {
        let mut prepared = self.look(farm, source, request).await?;
        prepared.share_out(|frames| workers.chunk(frames));
        let key = &prepared.to.key;
        refuse_another_upload(farm, key, &self.out)?;
        if !prepared.verdict.errors.is_empty() {
            prepared.verdict.errors.iter().for_each(show::fault);
            return Ok(ExitCode::FAILURE);
        }
        let begun = Instant::now();
        let mut created = farm.store.subscribe();
        let mut jobs = farm.batch.subscribe();
        let mut failures = farm.lambda.failures();
        prepared.send(&farm.s3_client(), &()).await?;
        let mut parts = Parts { upload: begun.elapsed(), ..Parts::default() };
        let mut follow = Follow::new(farm, key.clone(), &event_of(farm, &mut created, key).await?);

        let at_once = workers.count;
        let mut second = tokio::time::interval(Duration::from_secs(1));
        let mut told = Warnings::default();
        told.tell(&prepared.verdict.warnings);
        let mut progress = Progress::hidden();
        let mut since = Instant::now();
        let (mut delivered, mut archived) = (Vec::new(), None);
        loop {
            // Objects first: a report is always written before the job that wrote it ends.
            let news = tokio::select! {
                biased;
                Some(object) = created.recv() => follow.object(&object)?,
                Some(event) = jobs.recv() => follow.job(&event).into_iter().collect(),
                Some(failure) = failures.recv() => {
                    vec![News::Stuck(format!("trigger-lambda gave up: {}", failure.reason))]
                }
                _ = second.tick() => {
                    progress.refresh();
                    Vec::new()
                }
            };
            for news in news {
                match news {
                    News::Accepted(report) => {
                        parts.plan = since.elapsed();
                        since = Instant::now();
                        told.tell(&report.warnings);
                        progress =
                            Progress::new(report.frames.as_ref().map_or(0, |frames| frames.count), at_once);
                    }
                    News::Frame { frame, seconds } => {
                        parts.frames = since.elapsed();
                        progress.frame(frame, seconds);
                    }
                    News::File { key, name } => {
                        delivered.push((name.clone(), delivery.fetch(farm, &key, &name).await?));
                    }
                    News::Archived => archived = Some(since.elapsed()),
                    News::Ended(report) => {
                        let end = since.elapsed();
                        parts.archive = archived.unwrap_or(end).saturating_sub(parts.frames);
                        parts.preview = archived.map(|archived| end.saturating_sub(archived));
                        progress.finish();
                        delivery.fetch(farm, &follow.key().report(), "report.json").await?;
                        if report.zip.is_some() {
                            delivery.fetch(farm, &follow.key().frames_zip(), keys::FRAMES_ZIP).await?;
                        }
                        let moving =
                            [(&report.preview, keys::PREVIEW), (&report.contact_sheet, keys::CONTACT_SHEET)];
                        for (key, name) in moving {
                            if let Some(key) = key {
                                delivery.fetch(farm, key, name).await?;
                            }
                        }
                        told.tell(&report.warnings);
                        let peak_memory_mib = follow.peak_memory_mib();
                        let all = begun.elapsed();
                        let outcome = Outcome { report, progress, parts, all, peak_memory_mib, delivered };
                        return outcome.tell(delivery);
                    }
                    News::Stuck(why) => break_off(&progress, &why, &self.out)?,
                }
            }
        }
    }
}

impl Run {
    /// Looks at the scene as it is asked for, and at the files that it names.
    async fn look(&self, farm: &Farm, source: Source, request: Request) -> Result<Prepared> {
        let offer = Offer::new(self.machine.blenders.iter().map(|blender| blender.version.clone()));
        let to = Destination::bucket(farm.bucket());
        let look = move || plan_submission(&source, &to, request, Some(&offer));
        Ok(tokio::task::spawn_blocking(look).await.context("the look at the scene broke off")??)
    }
}

/// One folder carries the frames of one upload: two would overwrite each other's.
fn refuse_another_upload(farm: &Farm, key: &BlendKey, out: &Path) -> Result<()> {
    let objects = farm.store.list(farm.bucket(), "").context("cannot list the bucket")?;
    match objects.iter().find(|object| farm.takes(&object.key) && object.key != key.as_str()) {
        Some(other) => {
            bail!("{} holds the render of {}; give another folder with --out", out.display(), other.key)
        }
        None => Ok(()),
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

/// What stands on the command line, as tags say it.
fn request(frames: &str, allow: &[String], tags: &[String]) -> Result<Request, Fault> {
    let mut pairs = vec![(tags::FRAMES, frames)];
    pairs.extend(allow.iter().map(|what| (what.as_str(), ALLOW)));
    for tag in tags {
        let (name, value) = tag.split_once('=').unwrap_or((tag, ""));
        let sets_frames = [tags::FRAME, tags::FRAMES].contains(&name);
        if sets_frames || !tags::names().any(|known| known == name) {
            return Err(Fault::new(
                format!("`{tag}` is no tag of the farm's that can be set here."),
                format!(
                    "Write --tag NAME=VALUE with one of {}, {}.",
                    settings::NAMES.join(", "),
                    [tags::CHUNK, limits::DEADLINE, limits::BUDGET, PREVIEW].join(", ")
                ),
            ));
        }
        pairs.push((name, value));
    }
    Request::from_tags(pairs)
}

/// The notification of our own upload.
async fn event_of(
    farm: &Farm,
    created: &mut UnboundedReceiver<ObjectCreated>,
    key: &BlendKey,
) -> Result<ObjectCreated> {
    while let Some(object) = created.recv().await {
        if object.bucket == farm.bucket() && object.key == key.as_str() {
            return Ok(object);
        }
    }
    bail!("the loopback bucket went away")
}
