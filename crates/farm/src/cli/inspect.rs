//! `farm inspect`.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use farm::Source;
use farm::inspect::inspect;
use farm_terminal::Look;

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
            Ok(inspection.table(Look::of_stdout(), width()))
        };
        let text = tokio::task::spawn_blocking(look).await.context("the look was broken off")??;
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            // Whoever read it has seen enough, as `head` does.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.context("cannot write to stdout"),
        }
    }
}

/// Columns of the terminal that stdout is; none where it is another thing.
pub(super) fn width() -> Option<usize> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&stdout).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}
