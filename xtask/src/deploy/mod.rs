//! `cargo xtask deploy`: from a checkout to a farm that stands, and from one that stands to one that is
//! as the checkout has it.
//!
//! In this order, so that what can fail early does: what the farm is to be, who deploys it where and
//! whether it can stand there, the programs, which images the registry lacks, those built, bucket and
//! registry made where there are none, images pushed, the change shown, agreed to and applied. Each step
//! finds what an interrupted run has done, and does only the rest.

mod children;
mod engine;
mod images;
pub mod programs;
mod registry;
mod settings;

use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::cargo::{self, Programs as Built};
use crate::output::{self, Advice};
use crate::{folders, kept};
pub use engine::{Build, Engine};
use images::Image;
use programs::Programs;
use registry::Registry;
pub use settings::{Given, Settings};

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
    // What is built lies in one place, and is tagged as what it was when it was looked at.
    let _alone = kept::lock(&folders::target()?.join("deploy.lock"), "Another deploy of this checkout runs")?;
    cargo::build(Built::Deploy)?;
    children::watch()?;
    // Who deploys where, onto what, and what builds, before anything that takes minutes.
    let site = Site::of(&settings)?;
    settings.stay_in(&site.account, &site.region)?;
    Registry::look(&settings, &[])?;
    if !site.founded && !args.dry_run {
        args.somebody_to_ask()?;
        Engine::find()?.has_room()?;
    }
    let programs = programs::build()?;
    let images = Image::all(&settings.blenders()?, &programs)?;
    let registry = Registry::look(&settings, &images)?;
    let missing: Vec<&Image> = images.iter().filter(|image| registry.digest(image).is_none()).collect();
    if args.dry_run {
        return dry_run(&settings, &registry, &images, &programs);
    }
    if !missing.is_empty() {
        args.somebody_to_ask()?;
        let engine = Engine::find()?;
        if missing.iter().any(|image| image.has_blender()) {
            engine.has_room()?;
        }
        for image in &missing {
            image.build(&engine)?;
        }
        if Image::all(&settings.blenders()?, &programs)? != images {
            return Err(Advice::error(
                "What the images are made of changed while they were built.",
                "Nothing was pushed. Run this again.",
            ));
        }
        if settings.is_new() {
            settings.write()?;
        }
        if !site.founded {
            let ended = site.found(&settings, args.yes)?;
            if ended != ExitCode::SUCCESS {
                return Ok(ended);
            }
        }
        for image in &missing {
            registry::push(&settings, &engine, image)?;
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
    let ended = ended(&mut deploy)?;
    // The file says what stands: not what was declined, or failed and was taken back.
    if ended == ExitCode::SUCCESS {
        settings.write()?;
    }
    Ok(ended)
}

impl Args {
    /// That somebody can be asked, where something is going to be asked: not after minutes of building.
    fn somebody_to_ask(&self) -> Result<()> {
        if self.yes || std::io::stdin().is_terminal() {
            return Ok(());
        }
        Err(Advice::error(
            "Nobody can be asked here, and there is something to make.",
            "Give --yes to go on without a question; --dry-run shows what it is.",
        ))
    }
}

fn dry_run(
    settings: &Settings,
    registry: &Registry,
    images: &[Image],
    programs: &Programs,
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
    account: String,
    region: String,
    /// Whether its bucket and registry are there.
    founded: bool,
    /// The settings that making those takes.
    foundation_settings: Vec<String>,
}

impl Site {
    /// Asks AWS, and has all settings looked over.
    fn of(settings: &Settings) -> Result<Self> {
        let told = registry::json(&children::answer(stack("site")?.args(settings.arguments()?))?)?;
        let text = |name: &str| told[name].as_str().map(str::to_owned);
        let names = told["foundation_settings"].as_array();
        let site = || {
            Some(Self {
                account: text("account")?,
                region: text("region")?,
                founded: told["founded"].as_bool()?,
                foundation_settings: names?
                    .iter()
                    .filter_map(|name| Some(name.as_str()?.to_owned()))
                    .collect(),
            })
        };
        site().context("stack does not tell where the farm is to stand")
    }

    /// Makes bucket and registry, so that images can be pushed.
    fn found(&self, settings: &Settings, yes: bool) -> Result<ExitCode> {
        let mut foundation = stack("deploy")?;
        foundation.args(settings.foundation(&self.foundation_settings)?).stdout(Stdio::null());
        ended(foundation.args(yes.then_some("--yes")))
    }
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
    let status = children::status(command)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
