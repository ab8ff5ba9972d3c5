//! The verbs, one after the other.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use stack::deploy::{self, Aws, DeployError, Destruction, News, Options, Wanted};
use stack::farm;

use super::console::Console;
use super::given::{Farm, Target, Values, settings};
use super::show::{self, Look};

/// Which template to print.
#[derive(Debug, clap::Args)]
pub struct Synth {
    #[command(flatten)]
    farm: Farm,
    /// Bucket and registry alone, as the first step of a first deploy makes them.
    #[arg(long)]
    foundation: bool,
}

/// What to compare.
#[derive(Debug, clap::Args)]
#[command(after_long_help = settings())]
pub struct Diff {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    farm: Farm,
    #[command(flatten)]
    values: Values,
}

/// What to deploy.
#[derive(Debug, clap::Args)]
#[command(after_long_help = settings())]
pub struct Deploy {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    farm: Farm,
    #[command(flatten)]
    values: Values,
    /// Only make bucket and registry, so that images can be pushed.
    #[arg(long, conflicts_with_all = ["images", "function"])]
    foundation: bool,
    /// Protect the stack from being deleted by mistake.
    #[arg(long)]
    protect: bool,
    /// Make the changes without asking.
    #[arg(long)]
    yes: bool,
}

/// Which farm to look for a place for.
#[derive(Debug, clap::Args)]
pub struct Site {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    farm: Farm,
    #[command(flatten)]
    values: Values,
}

/// Whose outputs to print.
#[derive(Debug, clap::Args)]
pub struct Outputs {
    #[command(flatten)]
    target: Target,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What to take down.
#[derive(Debug, clap::Args)]
pub struct Destroy {
    #[command(flatten)]
    target: Target,
    /// Leave the bucket, and all uploads and frames in it.
    #[arg(long)]
    keep_bucket: bool,
    /// Take the protection from being deleted off first.
    #[arg(long)]
    unprotect: bool,
    /// Take it down without the question for its name.
    #[arg(long)]
    yes: bool,
}

impl Synth {
    /// Prints the template.
    pub fn run(self) -> Result<ExitCode> {
        let config = self.farm.config(None)?;
        let template =
            if self.foundation { farm::foundation(&config, None)? } else { farm::template(&config)? };
        let text = template.finish()?.text;
        std::io::stdout().write_all(text.as_bytes()).context("cannot print the template")?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Diff {
    /// Shows what would change.
    pub async fn run(self) -> Result<ExitCode> {
        let mut console = Console::new(false);
        let (aws, wanted) = asked(&self.target, &self.farm, &self.values, &mut console).await?;
        let changes = deploy::diff(&aws, &wanted).await?;
        let news = changes.map_or(News::NoChange, News::Plan);
        let look = Look::of_stdout();
        let text: String = show::lines(&news, look).iter().map(|line| format!("{line}\n")).collect();
        std::io::stdout().write_all(text.as_bytes()).context("cannot print the changes")?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Deploy {
    /// Deploys.
    pub async fn run(self) -> Result<ExitCode> {
        let mut console = Console::new(self.yes);
        let (aws, wanted) = asked(&self.target, &self.farm, &self.values, &mut console).await?;
        let options = Options { foundation: self.foundation, protect: self.protect };
        let deployed = deploy::deploy(&aws, &wanted, options, &mut console).await?;
        show::print_outputs(&deployed.outputs)?;
        if !self.foundation && deployed.created && !deployed.protected {
            show::hint(
                "A stack can be protected from being deleted by mistake: the same command with --protect does it.",
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Site {
    /// Prints it.
    pub async fn run(self) -> Result<ExitCode> {
        let mut console = Console::new(false);
        let (aws, wanted) = asked(&self.target, &self.farm, &self.values, &mut console).await?;
        print_json(&deploy::site(&aws, &wanted).await?)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Who is called, and what farm is asked for: looked over as far as it can be before anybody is called,
/// and then with what the farm that stands is made of.
async fn asked(
    target: &Target,
    farm: &Farm,
    values: &Values,
    console: &mut Console,
) -> Result<(Aws, Wanted)> {
    let code = values.draft(target, farm)?;
    let aws = target.connect().await?;
    let standing = deploy::standing(&aws, &target.stack, console).await?;
    let wanted = values.wanted(target, &farm.config(standing.as_ref())?, code)?;
    Ok((aws, wanted))
}

impl Outputs {
    /// Prints them.
    pub async fn run(self) -> Result<ExitCode> {
        let aws = self.target.connect().await?;
        let Some(outputs) = deploy::outputs(&aws, &self.target.stack).await? else {
            bail!("there is no stack `{}` in {}; deploy it first", self.target.stack, aws.region());
        };
        if self.json {
            print_json(&outputs)?;
        } else {
            show::print_outputs(&outputs)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print_json(data: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string_pretty(data).context("cannot write JSON")?;
    writeln!(std::io::stdout(), "{json}").context("cannot print the answer")
}

impl Destroy {
    /// Takes the farm down.
    pub async fn run(self) -> Result<ExitCode> {
        let name = &self.target.stack;
        let aws = self.target.connect().await?;
        let mut console = Console::new(self.yes);
        let loss = deploy::survey(&aws, name, &mut console).await?;
        if loss.is_nothing() {
            show::say(&format!("There is no stack `{name}` in {}, and no bucket of one.", aws.region()));
            return Ok(ExitCode::SUCCESS);
        }
        show::loss(name, aws.region(), &loss, self.keep_bucket);
        if loss.protected && !self.unprotect {
            return Err(DeployError::Protected(name.clone()).into());
        }
        if loss.status.is_none() && self.keep_bucket {
            show::say("The stack is gone, and the bucket is to be kept: nothing to do.");
            return Ok(ExitCode::SUCCESS);
        }
        if !self.yes {
            let typed = console.ask(&format!("Type {name} to take it down: ")).await;
            let typed = typed.ok_or(DeployError::NobodyToAsk)?;
            if typed != *name {
                return Err(DeployError::Declined.into());
            }
        }
        let asked = Destruction { keep_bucket: self.keep_bucket, unprotect: self.unprotect };
        deploy::destroy(&aws, name, &loss, asked, &mut console).await?;
        if let (true, Some((bucket, _))) = (self.keep_bucket, &loss.bucket) {
            show::say(&format!("The bucket {bucket} stands. The next deploy of `{name}` takes it over."));
        }
        Ok(ExitCode::SUCCESS)
    }
}
