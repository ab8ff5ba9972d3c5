//! `farm watch`: a render, as it goes on.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use farm::render::{Seen, Watch as Look, table};
use farm_terminal::{INTERRUPTED, Look as Inks, interrupted, say};

use super::at::{At, Priced};
use super::{exit, out};

/// Between two looks.
pub(super) const PAUSE: Duration = Duration::from_secs(2);
/// Looks that may fail one after the other.
const PATIENCE: u32 = 30;

/// Watch a render until it ends.
#[derive(Debug, clap::Args)]
pub struct Watch {
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    priced: Priced,
}

impl Watch {
    pub async fn run(self) -> Result<ExitCode> {
        let (farm, found) = self.at.find(self.priced.list()).await?;
        follow(Look::new(farm, found.key)).await
    }
}

/// Shows a render until it ends, or Ctrl-C: the render goes on then.
pub(super) async fn follow(mut watch: Look) -> Result<ExitCode> {
    let mut screen = Screen::default();
    tokio::select! {
        outcome = until_over(&mut watch, async |seen| { screen.show(seen); Ok(()) }) => {
            let seen = outcome?;
            screen.end(&seen);
            Ok(exit::of(seen.state.state))
        }
        () = interrupted() => {
            say(&format!("\nThe render goes on; farm watch s3://{}/{} shows it.", watch.farm().bucket.name, watch.key()));
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

/// Looks until the render is over. One look that fails is no end: a laptop sleeps, a network goes away.
pub(super) async fn until_over(
    watch: &mut Look,
    mut each: impl AsyncFnMut(&Seen) -> Result<()>,
) -> Result<Seen> {
    let mut failures = 0;
    loop {
        match watch.look().await {
            Ok(seen) => {
                failures = 0;
                each(&seen).await?;
                if seen.is_over() {
                    return Ok(seen);
                }
            }
            Err(error) if failures < PATIENCE && error.may_pass() => {
                failures += 1;
                say(&format!("  {error}; trying again"));
            }
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A view that is drawn over itself on a terminal, and a line for each change elsewhere.
#[derive(Default)]
struct Screen {
    drawn: usize,
    told: String,
}

impl Screen {
    fn show(&mut self, seen: &Seen) {
        let stdout = std::io::stdout();
        if !stdout.is_terminal() {
            let told = format!("{}: {}", seen.state.name, table::frames(seen));
            if told != self.told {
                say(&told);
                self.told = told;
            }
            return;
        }
        let inks = Inks::of_stdout();
        let (columns, rows) = out::size().unwrap_or((80, 24));
        let mut text = table::one(seen, inks, Some(columns));
        if !seen.frames.is_empty() {
            text += "\n";
            text += &table::strip(&seen.frames, inks, Some(columns));
            text += &table::legend(&seen.frames);
        }
        // What is longer than the screen could not be drawn over.
        let lines: Vec<&str> = text.lines().take(rows.saturating_sub(1)).collect();
        let up = if self.drawn > 0 { format!("\x1b[{}F", self.drawn) } else { String::new() };
        let mut stdout = stdout.lock();
        // One that was closed is no reason to stop: the exit code still tells.
        let _ = write!(stdout, "{up}\x1b[0J{}\n", lines.join("\n")).and_then(|()| stdout.flush());
        self.drawn = lines.len();
    }

    /// The last word, where it is not on the screen already.
    fn end(&self, seen: &Seen) {
        if self.drawn == 0 {
            say(&table::one(seen, Inks::of_stderr(), None));
        }
    }
}
