//! `farm inspect`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use farm::Source;
use farm::inspect::inspect;
use farm_terminal::Look;

use super::out;

/// Show what a .blend says of itself.
#[derive(Debug, clap::Args)]
pub struct Inspect {
    /// A .blend, a folder with one, or a .blend.zip.
    #[arg(value_name = "FILE")]
    source: PathBuf,
    /// Which file of a folder or archive.
    #[arg(long, value_name = "PATH")]
    main: Option<String>,
    /// Write all of it as JSON.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub async fn run(self) -> Result<()> {
        let Self { source, main, json } = self;
        let look = move || -> Result<String> {
            let inspection = inspect(&Source::find(&source, main.as_deref())?)?;
            if json {
                return Ok(format!("{:#}\n", inspection.json()?));
            }
            Ok(inspection.table(Look::of_stdout(), out::width()))
        };
        let text = tokio::task::spawn_blocking(look).await.context("the look was broken off")??;
        out::text(&text)
    }
}
