//! `farm submit`.

mod tell;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_s3::Client;
use farm::render::{Watch, find};
use farm::submit::{Expected, Whole};
use farm::{Destination, Farm, FarmError, Location, Prepared, Source, plan_submission};
use farm_aws::Session;
use farm_contract::Fault;
use farm_contract::allowances::{ALLOW, MISSING, SCRIPTS};
use farm_contract::limits::{BUDGET, DEADLINE, MAX_COST};
use farm_contract::order::{ORDER, Order};
use farm_contract::preview::PREVIEW;
use farm_contract::report::{Report, State};
use farm_contract::settings::{CAMERA, ENGINE, FORMAT, PERCENTAGE, SAMPLES, SCENE, VIEW_LAYER};
use farm_contract::tags::{self, BLENDER, CHUNK, FRAMES, Request};
use farm_terminal::{INTERRUPTED, interrupted, printable, say};
use serde_json::json;

use super::ask::{Answer, ask, can_be_asked};
use super::at::{BUCKET, Priced, of_environment};
use super::control::TAKEN_WITHIN;
use super::progress::Shown;
use super::pull::pull;
use super::watch::{follow, until_over};
use super::{exit, out};

/// How long one call waits for its answer: a bucket copies a part of some GB before it does.
const ANSWER: Duration = Duration::from_secs(300);

/// Send a scene with the files that it names to the farm.
#[derive(Debug, clap::Args)]
pub struct Submit {
    /// A .blend, a folder with one, or an archive named .blend.zip.
    #[arg(value_name = "FILE")]
    source: PathBuf,
    /// Where it goes: s3://BUCKET, s3://BUCKET/FOLDER/ or s3://BUCKET/KEY.blend. Left out, the bucket that
    /// FARM_BUCKET names.
    #[arg(value_name = "s3://BUCKET")]
    to: Option<String>,
    /// Frames: 1-120, 1-120x2, "1 5 10-20", or the scene's own range.
    #[arg(long, value_name = "SPEC", default_value = tags::SCENE, allow_hyphen_values = true)]
    frames: String,
    /// Frames that one task renders; left out, the farm chooses.
    #[arg(long, value_name = "FRAMES")]
    chunk: Option<String>,
    /// In which order the frames are begun: spread (the first, the last, the middle one, then the middles between) or
    /// linear; left out, the first of them where no frame depends on those before it.
    #[arg(long)]
    order: Option<Order>,
    /// The frames are to be there within that time, such as 90m or 2h, as cheaply as can be.
    #[arg(long, value_name = "TIME")]
    deadline: Option<String>,
    /// They are to cost no more US dollars than that, such as 2.50, and be there as soon as can be.
    #[arg(long, value_name = "DOLLARS")]
    budget: Option<String>,
    /// It is stopped before its tasks cost more US dollars than that; what is done is kept, and farm resume goes on.
    #[arg(long, value_name = "DOLLARS")]
    max_cost: Option<String>,
    /// The scene that is rendered, instead of the current one.
    #[arg(long, value_name = "NAME")]
    scene: Option<String>,
    /// The camera.
    #[arg(long, value_name = "NAME")]
    camera: Option<String>,
    /// The one view layer that is rendered.
    #[arg(long, value_name = "NAME")]
    view_layer: Option<String>,
    /// Format of the frames, such as PNG or OPEN_EXR.
    #[arg(long)]
    format: Option<String>,
    /// The engine: CYCLES.
    #[arg(long)]
    engine: Option<String>,
    /// Samples of Cycles.
    #[arg(long, value_name = "NUMBER")]
    samples: Option<String>,
    /// Per cent of the resolution.
    #[arg(long, value_name = "NUMBER")]
    percentage: Option<String>,
    /// The Blender that renders, such as 4.5; left out, the farm picks one by the file.
    #[arg(long, value_name = "VERSION")]
    blender: Option<String>,
    /// The file that is rendered, of a folder or archive with several.
    #[arg(long, value_name = "PATH")]
    main: Option<String>,
    /// What to let pass: files that are missing, scripts in the file.
    #[arg(long, value_name = "WHAT", value_parser = [MISSING, SCRIPTS])]
    allow: Vec<String>,
    /// Region of the bucket.
    #[arg(long)]
    region: Option<String>,
    /// Whether the render gets a preview.mp4 and a contact-sheet.gif; left out, it does where it has several frames.
    #[arg(long, value_name = "WHETHER", value_parser = ["on", "off"])]
    preview: Option<String>,
    /// Name of the render, instead of the file's own.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Render the first frame, the middle and the last before the others, and ask whether to go on when it is known what all
    /// of them should take and cost.
    #[arg(long)]
    scout: bool,
    /// Go on without a question: where a render of the same name is under way, and after --scout.
    #[arg(long)]
    yes: bool,
    /// Watch it until it has ended.
    #[arg(long)]
    watch: bool,
    /// Fetch its frames into this folder as they are done, until it has ended.
    #[arg(long, value_name = "DIR")]
    pull: Option<PathBuf>,
    #[command(flatten)]
    priced: Priced,
    /// Show the verdict and what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write the verdict, what should come of it and what was sent as JSON.
    #[arg(long, conflicts_with_all = ["watch", "pull", "scout"])]
    json: bool,
}

impl Submit {
    pub async fn run(self) -> Result<ExitCode> {
        let to = self.destination()?;
        let request = self.request()?;
        let source = Source::find(&self.source, self.main.as_deref())?;
        let to = match &self.name {
            Some(name) => to.named(name, source.name()?)?,
            None => to,
        };
        let session = Session::open(self.region.as_deref(), ANSWER).await?;
        let farm = Farm::open(&session, &to.bucket, self.priced.list()).await?;
        let (mut prepared, before, expected) = tokio::select! {
            prepared = prepare(&farm, source, to, request) => prepared?,
            () = interrupted() => return Ok(ExitCode::from(INTERRUPTED)),
        };
        if !prepared.verdict.errors.is_empty() {
            if self.json {
                out::json(&tell::written(&prepared, expected.as_ref(), None))?;
            }
            say("\nNothing was sent.");
            return Ok(ExitCode::FAILURE);
        }
        let under_way = |report: &Report| report.state == State::Accepted && report.hint.is_none();
        if before.as_ref().is_some_and(under_way) && !self.yes && !self.dry_run {
            say(&format!(
                "\n{} is being rendered. That render is stopped when this scene is sent.",
                prepared.to
            ));
            if ask("Send it?").await? == Answer::No {
                say("Nothing was sent. Another name lets both be rendered: --name.");
                return Ok(ExitCode::FAILURE);
            }
        }
        let whole = if self.scout { prepared.scout() } else { None };
        if let (Some(_), Some(scouts)) = (&whole, &prepared.verdict.frames) {
            if !self.yes && !self.dry_run {
                // Before anything is paid for.
                can_be_asked()?;
            }
            say(&format!("\nFirst the frames {scouts}, the others when it is known what they take."));
        }
        let client = &farm.bucket.client;
        let shown = Shown::default();
        let outcome = tokio::select! {
            outcome = self.deliver(client, &prepared, &shown) => outcome,
            () = interrupted() => {
                shown.end();
                say(&tell::stopped(&prepared));
                return Ok(ExitCode::from(INTERRUPTED));
            }
        };
        shown.end();
        let (told, sent) = outcome?;
        if self.json {
            out::json(&tell::written(&prepared, expected.as_ref(), Some(sent)))?;
        }
        say(&told);
        if self.dry_run {
            return Ok(ExitCode::SUCCESS);
        }
        let mut before = before;
        if let Some(whole) = whole {
            let scouted = tokio::select! {
                scouted = scout(&farm, &prepared.to, &whole, before.as_ref(), self.yes) => scouted?,
                () = interrupted() => {
                    say("\nStopped: the three frames go on, the others are not begun.");
                    return Ok(ExitCode::from(INTERRUPTED));
                }
            };
            match scouted {
                Scouted::Ended(code) => return Ok(code),
                Scouted::GoneOn(report) => before = *report,
            }
        }
        if !self.watch && self.pull.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
        let key = prepared.to.key;
        let taken = tokio::select! {
            taken = find::taken(&farm.bucket, &key, before.as_ref(), TAKEN_WITHIN) => taken?,
            () = interrupted() => return Ok(ExitCode::from(INTERRUPTED)),
        };
        if !taken {
            return Err(FarmError::NotPlanned(key.to_string()).into());
        }
        match self.pull {
            Some(folder) => pull(farm, key, Some(folder), true, false).await,
            None => follow(Watch::new(farm, key), false).await,
        }
    }

    /// What is said of it, and the same for programs.
    async fn deliver(
        &self,
        client: &Client,
        prepared: &Prepared,
        shown: &Shown,
    ) -> Result<(String, serde_json::Value)> {
        if self.dry_run {
            let compared = prepared.compare(client, shown).await?;
            let json = json!({"sent": false, "files": compared.lacking().count(), "bytes": compared.bytes()});
            return Ok((tell::would(prepared, &compared), json));
        }
        let sent = prepared.send(client, shown).await?;
        let json = json!({"sent": true, "files": sent.files, "bytes": sent.bytes});
        Ok((tell::done(prepared, &sent), json))
    }

    fn destination(&self) -> Result<Destination, Fault> {
        if let Some(to) = &self.to {
            return to.parse();
        }
        // With a folder where it is written so.
        if let Some(named) = std::env::var(BUCKET).ok().filter(|named| named.starts_with("s3://")) {
            return named.parse();
        }
        match of_environment() {
            Some(bucket) => Ok(Destination::bucket(bucket)),
            None => Err(Fault::new(
                "It is not said where the scene goes.",
                format!(
                    "Name the bucket behind the file, s3://BUCKET, or once and for all in the environment: {BUCKET}. \
                     `cargo xtask outputs` prints it."
                ),
            )),
        }
    }

    /// What is asked for, as its tags will say it.
    fn request(&self) -> Result<Request, Fault> {
        let order = self.order.map(|order| order.to_string());
        let settings = [
            (FRAMES, Some(&self.frames)),
            (CHUNK, self.chunk.as_ref()),
            (ORDER, order.as_ref()),
            (DEADLINE, self.deadline.as_ref()),
            (BUDGET, self.budget.as_ref()),
            (MAX_COST, self.max_cost.as_ref()),
            (SCENE, self.scene.as_ref()),
            (CAMERA, self.camera.as_ref()),
            (VIEW_LAYER, self.view_layer.as_ref()),
            (FORMAT, self.format.as_ref()),
            (ENGINE, self.engine.as_ref()),
            (SAMPLES, self.samples.as_ref()),
            (PERCENTAGE, self.percentage.as_ref()),
            (BLENDER, self.blender.as_ref()),
            (PREVIEW, self.preview.as_ref()),
        ];
        let settings = settings.into_iter().filter_map(|(name, value)| Some((name, value?.as_str())));
        let allowed = self.allow.iter().map(|what| (what.as_str(), ALLOW));
        Request::from_tags(settings.chain(allowed))
    }
}

/// What came of the first three frames.
enum Scouted {
    /// No more is rendered.
    Ended(ExitCode),
    /// All others are; this was the report of the three.
    GoneOn(Box<Option<Report>>),
}

/// Waits for the three frames, tells what all of them should come to, and asks.
async fn scout(
    farm: &Farm,
    to: &Location,
    whole: &Whole,
    before: Option<&Report>,
    yes: bool,
) -> Result<Scouted> {
    if !find::taken(&farm.bucket, &to.key, before, TAKEN_WITHIN).await? {
        return Err(FarmError::NotPlanned(to.key.to_string()).into());
    }
    let mut watch = Watch::new(farm.clone(), to.key.clone());
    let seen = until_over(&mut watch, async |_| Ok(())).await?;
    if seen.state.state != State::Complete {
        say(&format!("\n{}", printable(&seen.state.message)));
        seen.state.hint.iter().for_each(|hint| say(&format!("hint: {}", printable(hint))));
        say("The other frames were not begun.");
        return Ok(Scouted::Ended(exit::of(seen.state.state)));
    }
    tell::outlook(whole, &seen, whole.outlook(&seen, farm.offer.as_ref(), &farm.prices), &farm.prices);
    if !yes && ask("Render all of them?").await? == Answer::No {
        say(&format!(
            "The three frames are there, and nothing else was begun. To fetch them: {}",
            to.command("pull")
        ));
        return Ok(Scouted::Ended(ExitCode::SUCCESS));
    }
    let etag = seen.plan.as_ref().map(|plan| plan.source.etag.as_str()).unwrap_or_default();
    whole.go_on(&farm.bucket.client, to, etag).await?;
    say(&format!("The farm renders all frames of {to}.\nHow far it is: {}", to.command("watch")));
    Ok(Scouted::GoneOn(Box::new(seen.report)))
}

/// Looks at the scene, and tells the verdict and what should come of it. Gives the report of an earlier render, too.
async fn prepare(
    farm: &Farm,
    source: Source,
    to: Destination,
    request: Request,
) -> Result<(Prepared, Option<Report>, Option<Expected>)> {
    let offer = farm.offer.clone();
    let look = move || plan_submission(&source, &to, request, offer.as_ref());
    let prepared = tokio::task::spawn_blocking(look).await.context("the look was broken off")??;
    tell::verdict(&prepared.verdict, farm.offer.is_some());
    let (mut report, mut expected) = (None, None);
    if prepared.verdict.errors.is_empty() {
        report = find::report(&farm.bucket, &prepared.to.key).await?;
        expected = prepared.expected(farm.offer.as_ref(), report.as_ref(), &farm.prices);
        expected.iter().for_each(|expected| tell::expected(expected, &farm.prices));
        report.iter().for_each(tell::before);
    }
    Ok((prepared, report, expected))
}
