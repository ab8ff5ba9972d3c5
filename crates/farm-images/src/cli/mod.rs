//! The command line of `images`.

mod progress;
pub mod show;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::builder::NonEmptyStringValueParser;
use farm_images::{Login, Repository, Tag};
use farm_terminal::{INTERRUPTED, interrupted};
use serde::Serialize;

/// The folder for compressed layers, below that of the user's caches.
const CACHE: &str = "render-farm/layers";

/// Puts container images into the farm's registry.
#[derive(Debug, clap::Parser)]
#[command(name = "images", version, about)]
pub enum Command {
    /// Print which tags are in the registry, and whose registry it is, as JSON.
    Find(Find),
    /// Push the image that `docker save` or `podman save` writes to standard input, and print it as JSON.
    Push(Push),
}

/// Which repository.
#[derive(Debug, clap::Args)]
struct Target {
    /// Name of the repository, without its registry.
    #[arg(long, value_name = "NAME")]
    repository: Repository,
    /// Region, such as eu-west-1 [default: that of the environment or the profile].
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    region: Option<String>,
}

/// `images find`.
#[derive(Debug, clap::Args)]
pub struct Find {
    #[command(flatten)]
    target: Target,
    /// The tags to ask for; with none, whose registry it is is all that is told.
    #[arg(value_name = "TAG")]
    tags: Vec<Tag>,
}

/// `images push`.
#[derive(Debug, clap::Args)]
pub struct Push {
    #[command(flatten)]
    target: Target,
    /// The tag that the image gets.
    #[arg(long)]
    tag: Tag,
    /// Folder that keeps compressed layers [default: render-farm/layers in $XDG_CACHE_HOME or ~/.cache].
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl Command {
    /// Runs the command to its end, or until Ctrl-C.
    pub async fn run(self) -> Result<ExitCode> {
        let work = async {
            match self {
                Self::Find(verb) => verb.run().await,
                Self::Push(verb) => verb.run().await,
            }
        };
        tokio::select! {
            outcome = work => outcome,
            () = interrupted() => {
                show::interrupted();
                Ok(ExitCode::from(INTERRUPTED))
            }
        }
    }
}

impl Find {
    async fn run(self) -> Result<ExitCode> {
        let login = Login::new(self.target.region.as_deref()).await?;
        let told = progress::plain();
        let found = farm_images::find(&login, &self.target.repository, &self.tags, &told).await?;
        print(&found)
    }
}

impl Push {
    async fn run(self) -> Result<ExitCode> {
        if std::io::stdin().is_terminal() {
            bail!(show::Terminal);
        }
        let cache = self.cache.or_else(cache).context(show::NoCache)?;
        let login = Login::new(self.target.region.as_deref()).await?;
        let told = progress::told();
        let (repository, tag) = (&self.target.repository, &self.tag);
        let pushed = farm_images::push(&login, repository, tag, std::io::stdin(), &cache, &told).await?;
        print(&pushed)
    }
}

fn cache() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
    Some(caches.join(CACHE))
}

/// Prints data to stdout.
fn print(data: &impl Serialize) -> Result<ExitCode> {
    let text = serde_json::to_string_pretty(data).context("cannot write the answer as JSON")?;
    writeln!(std::io::stdout(), "{text}").context("cannot print the answer")?;
    Ok(ExitCode::SUCCESS)
}
