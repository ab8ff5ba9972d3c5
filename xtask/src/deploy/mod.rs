//! `cargo xtask deploy`: from a checkout to a farm that stands, and from one that stands to one that is
//! as the checkout has it.
//!
//! In this order, so that what can fail early does: what the farm is to be, who deploys it where and
//! whether it can stand there, the programs, which images the registry lacks, those built, bucket and
//! registry made where there are none, images pushed, the change shown, agreed to and applied. Each step
//! finds what an interrupted run has done, and does only the rest.

mod engine;
mod images;
mod programs;
mod settings;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cargo::{self, Programs as Built};
use crate::folders;
use crate::output::{self, Advice};
pub use engine::{Build, Engine};
use images::Image;
use settings::{Given, Settings};

/// Deploy the farm into your AWS account, or bring one that stands up to date.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    given: Given,
    /// The file that says what farm it is: one for each, where there are several [default: farm.toml at
    /// the root of the repository].
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Show what images would be built and pushed, and what would change, and do none of it. Only the
    /// programs are built: what they are decides which images there are.
    #[arg(long)]
    dry_run: bool,
    /// Protect the stack from being deleted by mistake.
    #[arg(long)]
    protect: bool,
    /// Make the changes without asking.
    #[arg(long)]
    yes: bool,
}

/// Deploys.
///
/// # Errors
/// Says which step failed and what to do; what is done stays done, and the same command goes on.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut settings = Settings::read(args.file.as_deref(), &args.given)?;
    images::known(&settings.blenders()?)?;
    cargo::build(Built::Deploy)?;
    // Who deploys where, onto what, and what builds, before anything that takes minutes.
    let site = Site::of(&settings)?;
    settings.stay_in(&site.region);
    Registry::look(&settings, &[])?;
    if !site.founded && !args.dry_run {
        Engine::find()?.has_room()?;
    }
    let programs = programs::build()?;
    let images = Image::all(&settings.blenders()?, &programs)?;
    let registry = Registry::look(&settings, &images)?;
    let missing: Vec<&Image> = images.iter().filter(|image| registry.digest(image).is_none()).collect();
    if args.dry_run {
        return dry_run(&settings, &registry, &images, &programs);
    }
    settings.write()?;

    if !missing.is_empty() {
        let engine = Engine::find()?;
        engine.has_room()?;
        for image in &missing {
            image.build(&engine, &programs)?;
        }
        if !site.founded {
            let mut foundation = stack("deploy")?;
            foundation.args(settings.foundation()?).stdout(Stdio::null());
            let ended = ended(foundation.args(args.yes.then_some("--yes")))?;
            if ended != ExitCode::SUCCESS {
                return Ok(ended);
            }
        }
        for image in &missing {
            push(&settings, &engine, image)?;
        }
    }
    // All of them now, with the digests that the registry gave them.
    let registry = Registry::look(&settings, &images)?;
    for image in &images {
        registry
            .digest(image)
            .with_context(|| format!("{} was pushed, and the registry does not have it", image.what()))?;
    }
    let mut deploy = stack("deploy")?;
    deploy.args(settings.arguments()?).args(registry.arguments(&images));
    deploy.arg("--function").arg(&programs.trigger_lambda);
    deploy.args(args.protect.then_some("--protect")).args(args.yes.then_some("--yes"));
    ended(&mut deploy)
}

fn dry_run(
    settings: &Settings,
    registry: &Registry,
    images: &[Image],
    programs: &programs::Programs,
) -> Result<ExitCode> {
    for image in images {
        let there = registry.digest(image).is_some();
        let would = if there { "is in the registry" } else { "would be built and pushed" };
        output::note(format_args!("{} {would} ({})", image.what(), image.tag));
    }
    let mut diff = stack("diff")?;
    diff.args(settings.arguments()?).args(registry.arguments(images));
    ended(diff.arg("--function").arg(&programs.trigger_lambda))
}

/// Where the farm is to stand.
struct Site {
    region: String,
    /// Whether its bucket and registry are there.
    founded: bool,
}

impl Site {
    /// Asks AWS, and has all settings looked over.
    fn of(settings: &Settings) -> Result<Self> {
        let told = answer(stack("site")?.args(settings.arguments()?))?;
        let site = told["region"].as_str().zip(told["founded"].as_bool());
        let (region, founded) = site.context("stack does not tell where the farm is to stand")?;
        Ok(Self { region: region.to_owned(), founded })
    }
}

/// In the place of the digest of an image that is not there yet.
const UNKNOWN: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// What the farm's registry has.
struct Registry(Value);

impl Registry {
    /// Asks it for the images.
    fn look(settings: &Settings, images: &[Image]) -> Result<Self> {
        let mut find = program("images")?;
        find.arg("find").args(["--repository", settings.stack()?]);
        find.args(settings.region()?.into_iter().flat_map(|region| ["--region", region]));
        find.args(images.iter().map(|image| image.tag.as_str()));
        answer(&mut find).map(Self)
    }

    /// The digest of an image, where it is there.
    fn digest(&self, image: &Image) -> Option<&str> {
        self.0["images"][&image.tag].as_str()
    }

    /// How `stack` is told of them.
    fn arguments(&self, images: &[Image]) -> Vec<String> {
        let repository = self.0["repository"].as_str().unwrap_or_default();
        let named = images.iter().flat_map(|image| {
            let digest = self.digest(image).unwrap_or(UNKNOWN);
            ["--image".to_owned(), format!("{}={repository}@{digest}", image.of)]
        });
        named.collect()
    }
}

/// Hands an image over to the registry.
fn push(settings: &Settings, engine: &Engine, image: &Image) -> Result<()> {
    output::step(format_args!("Pushing {}", image.what()));
    let mut saved = engine.save(&image.name())?;
    let mut push = program("images")?;
    push.arg("push").args(["--repository", settings.stack()?, "--tag", &image.tag]);
    push.args(settings.region()?.into_iter().flat_map(|region| ["--region", region]));
    push.arg("--cache").arg(folders::cache()?.join("layers"));
    push.stdin(saved.stdout.take().map_or_else(Stdio::null, Stdio::from));
    let pushed = answer(&mut push);
    let saved = saved.wait().context("the container engine cannot be waited for")?;
    // Where both failed, the engine did first.
    if !saved.success() && pushed.is_err() {
        return Err(Advice::error(
            format!("{} could not be taken from the container engine ({saved}).", image.name()),
            "What it says above names the reason; run this again.",
        ));
    }
    let bytes = pushed?["pushed_bytes"].as_u64().unwrap_or_default();
    output::note(format_args!("{:.1} MB were sent; what the registry had was not", bytes as f64 / 1e6));
    Ok(())
}

/// One of the programs that were built for this machine, beside this one.
fn program(name: &str) -> Result<Command> {
    Ok(Command::new(folders::programs()?.join(name)))
}

fn stack(verb: &str) -> Result<Command> {
    let mut stack = program("stack")?;
    // Its usage and hints name the command that was typed.
    stack.arg0("cargo xtask").arg(verb);
    Ok(stack)
}

/// Runs a program that shows what it does; the exit code is its own.
fn ended(command: &mut Command) -> Result<ExitCode> {
    let status = cargo::run(command)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Runs a program that answers in JSON. Where it fails it has said why.
fn answer(command: &mut Command) -> Result<Value> {
    let shown = command.get_program().display().to_string();
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run {shown}"))?;
    if !output.status.success() {
        return Err(output::Told.into());
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{shown} says no JSON"))
}
