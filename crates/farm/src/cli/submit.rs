//! `farm submit`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use aws_sdk_s3::Client;
use farm::submit::{Comparison, offer};
use farm::{Bucket, Destination, Prepared, Sent, Source, plan_submission};
use farm_contract::Fault;
use farm_contract::allowances::{ALLOW, MISSING, SCRIPTS};
use farm_contract::limits::{BUDGET, DEADLINE};
use farm_contract::order::{ORDER, Order};
use farm_contract::settings::{CAMERA, ENGINE, FORMAT, PERCENTAGE, SAMPLES, SCENE, VIEW_LAYER};
use farm_contract::tags::{self, BLENDER, CHUNK, FRAMES, Request};
use farm_intake::Verdict;
use farm_terminal::{INTERRUPTED, Ink, Look, count, interrupted, plain, say, size};

use super::at::BUCKET;
use super::progress::Shown;

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
    /// Show the verdict and what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Submit {
    pub async fn run(self) -> Result<ExitCode> {
        let to = self.destination()?;
        let request = self.request()?;
        let source = Source::find(&self.source, self.main.as_deref())?;
        let client = crate::client(self.region.as_deref()).await?;
        let prepared = tokio::select! {
            prepared = prepare(&client, source, to, request) => prepared?,
            () = interrupted() => return Ok(ExitCode::from(INTERRUPTED)),
        };
        if !prepared.verdict.errors.is_empty() {
            say("\nNothing was sent.");
            return Ok(ExitCode::FAILURE);
        }
        let shown = Shown::default();
        let outcome = tokio::select! {
            outcome = self.deliver(&client, &prepared, &shown) => outcome,
            () = interrupted() => {
                shown.end();
                prepared.abandon(&client).await;
                say(&stopped(&prepared));
                return Ok(ExitCode::from(INTERRUPTED));
            }
        };
        shown.end();
        outcome.map(|told| {
            say(&told);
            ExitCode::SUCCESS
        })
    }

    async fn deliver(&self, client: &Client, prepared: &Prepared, shown: &Shown) -> Result<String> {
        if self.dry_run {
            return Ok(would(prepared, &prepared.compare(client, shown).await?));
        }
        Ok(done(prepared, &prepared.send(client, shown).await?))
    }

    fn destination(&self) -> Result<Destination, Fault> {
        if let Some(to) = &self.to {
            return to.parse();
        }
        match std::env::var(BUCKET) {
            Ok(bucket) if bucket.starts_with("s3://") => bucket.parse(),
            Ok(bucket) if !bucket.is_empty() => Ok(Destination::bucket(bucket)),
            _ => Err(Fault::new(
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
            (SCENE, self.scene.as_ref()),
            (CAMERA, self.camera.as_ref()),
            (VIEW_LAYER, self.view_layer.as_ref()),
            (FORMAT, self.format.as_ref()),
            (ENGINE, self.engine.as_ref()),
            (SAMPLES, self.samples.as_ref()),
            (PERCENTAGE, self.percentage.as_ref()),
            (BLENDER, self.blender.as_ref()),
        ];
        let settings = settings.into_iter().filter_map(|(name, value)| Some((name, value?.as_str())));
        let allowed = self.allow.iter().map(|what| (what.as_str(), ALLOW));
        Request::from_tags(settings.chain(allowed))
    }
}

/// Looks at the scene, and tells the verdict.
async fn prepare(client: &Client, source: Source, to: Destination, request: Request) -> Result<Prepared> {
    let offer = offer(&Bucket::new(client.clone(), &to.bucket)).await?;
    let known = offer.is_some();
    let look = move || plan_submission(&source, &to, request, offer.as_ref());
    let prepared = tokio::task::spawn_blocking(look).await.context("the look was broken off")??;
    tell(&prepared.verdict, known);
    Ok(prepared)
}

fn tell(verdict: &Verdict, offered: bool) {
    let look = Look::of_stderr();
    say(&format!("  scene    {}", plain(&verdict.scene)));
    if let Some(spec) = &verdict.frames {
        say(&format!("  frames   {spec} ({})", count(spec.frames().len() as u64, "frame")));
    }
    match (verdict.blender, offered) {
        (Some(version), _) => say(&format!("  Blender  {version}")),
        (None, true) => {}
        (None, false) => say("  Blender  the farm does not tell which it has, so that was not looked at"),
    }
    for warning in &verdict.warnings {
        say(&format!("{} {}", look.ink(Ink::Yellow, "warning:"), plain(warning)));
    }
    for fault in &verdict.errors {
        say(&format!("\n{} {}", look.ink(Ink::Red, "error:"), plain(&fault.message)));
        say(&format!("hint: {}", plain(&fault.hint)));
    }
}

fn would(prepared: &Prepared, compared: &Comparison) -> String {
    /// So that a project of thousands does not fill the screen.
    const LISTED: usize = 20;
    let lacking: Vec<_> = compared.lacking().collect();
    let mut told = format!("\nThis would be {}: {}", prepared.to, all(prepared));
    let there = compared.contents.len() - lacking.len();
    told += &format!("\n  there already  {}", count(there as u64, "content"));
    told +=
        &format!("\n  to be sent     {}, {}", count(lacking.len() as u64, "content"), size(compared.bytes()));
    for content in lacking.iter().take(LISTED) {
        let path = content.paths.first().map(String::as_str).unwrap_or_default();
        told += &format!("\n    {:>10}  {}", size(content.size), plain(path));
    }
    if let Some(more) = lacking.len().checked_sub(LISTED).filter(|more| *more > 0) {
        told += &format!("\n    and {more} more");
    }
    told + "\nNothing was sent."
}

fn done(prepared: &Prepared, sent: &Sent) -> String {
    let to = &prepared.to;
    let what = match (sent.files, sent.there) {
        (0, _) => format!("Nothing had to be sent: {} there already.", all_of(sent.there, sent.bytes_there)),
        (files, 0) => format!("{}, {} sent.", count(files, "file"), size(sent.bytes)),
        (files, there) => format!(
            "{}, {} sent; {} there already.",
            count(files, "file"),
            size(sent.bytes),
            all_of(there, sent.bytes_there)
        ),
    };
    format!("\nThe farm renders {to}.\n{what}\nReport, frames and frames.zip will be in {to}/")
}

fn stopped(prepared: &Prepared) -> String {
    let to = &prepared.to;
    if prepared.may_be_made() {
        format!(
            "\nStopped, but the upload may have been made: then the farm renders {to}, and {to}/report.json tells so."
        )
    } else {
        "\nStopped: there is no upload. The same command again sends only what is left.".to_owned()
    }
}

fn all(prepared: &Prepared) -> String {
    format!("{}, {}.", count(prepared.files.len() as u64, "file"), size(prepared.bytes))
}

/// So many contents of so many bytes, and the verb behind them.
fn all_of(files: u64, bytes: u64) -> String {
    format!("{}, {} {}", count(files, "file"), size(bytes), if files == 1 { "was" } else { "were" })
}
