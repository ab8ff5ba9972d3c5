//! `farm watch`: a render, as it goes on.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use farm::FarmError;
use farm::logs::Logs;
use farm::render::{Seen, Watch as Look, table};
use farm::web::{Page, Published, publish, serve};
use farm_aws::Session;
use farm_contract::command;
use farm_contract::limits::{DEADLINE, Limits};
use farm_plan::duration;
use farm_terminal::{INTERRUPTED, Look as Inks, interrupted, say};

use super::at::{ANSWER, At, Priced};
use super::{exit, out};

/// Between two looks.
pub(super) const PAUSE: Duration = Duration::from_secs(2);
/// Between two looks at what is over.
const RESTING: Duration = Duration::from_secs(30);
/// Looks that may fail one after the other.
const PATIENCE: u32 = 30;

/// The longest that S3 lets an address be good for.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Between two editions of a published page.
const EDITION: Duration = Duration::from_secs(10);

/// Watch a render until it ends.
#[derive(Debug, clap::Args)]
pub struct Watch {
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    priced: Priced,
    /// Show it as a page in a browser, too: a contact sheet that fills. The page is served on this machine alone, until
    /// Ctrl-C.
    #[arg(long)]
    web: bool,
    /// Port of the page; left out, a free one.
    #[arg(long, requires = "web", default_value_t = 0)]
    port: u16,
    /// Write that page into the bucket, under an address that somebody without credentials can open.
    #[arg(long, conflicts_with = "web")]
    publish: bool,
    /// How long that address is good for, such as 12h or 3d; a week at most, and no longer than the login it is made with.
    #[arg(long = "for", value_name = "TIME", requires = "publish", value_parser = within, default_value = "1d")]
    within: Duration,
    /// Write how the render stands as JSON, a line each time that it changed.
    #[arg(long, conflicts_with_all = ["web", "publish"])]
    json: bool,
}

impl Watch {
    pub async fn run(self) -> Result<ExitCode> {
        let (farm, found) = self.at.find(self.priced.list()).await?;
        let watch = Look::new(farm, found.key);
        if self.publish {
            let session = Session::open(self.at.farm.region.as_deref(), ANSWER).await?;
            return published(watch, self.within, session.ends_at().await?).await;
        }
        if !self.web {
            return follow(watch, self.json).await;
        }
        let session = Session::open(self.at.farm.region.as_deref(), ANSWER).await?;
        let page = Arc::new(Page::new(watch));
        page.look().await?;
        let server = serve(Arc::clone(&page), Logs::new(&session), self.port).await?;
        say(&format!("The contact sheet: {}\nCtrl-C ends it; the render goes on.\n", server.url));
        let mut screen = Screen::new(false);
        tokio::select! {
            ended = server.run() => ended.map(|()| ExitCode::SUCCESS).context("the page cannot be served"),
            outcome = keep_looking(&page, &mut screen) => outcome,
            () = interrupted() => Ok(ExitCode::from(INTERRUPTED)),
        }
    }
}

/// Looks, and goes on looking after the end of the render: it may be rendered again.
async fn keep_looking(page: &Page, screen: &mut Screen) -> Result<ExitCode> {
    let mut patience = Patience::default();
    loop {
        let wait = match patience.with(page.look().await)? {
            Some(seen) => {
                screen.show(&seen);
                pause(&seen)
            }
            None => PAUSE,
        };
        tokio::time::sleep(wait).await;
    }
}

/// Writes the page into the bucket until it has all of the render, or the address ends. What a login signs ends with it.
async fn published(watch: Look, within: Duration, login: Option<SystemTime>) -> Result<ExitCode> {
    let page = Arc::new(Page::new(watch));
    let asked = SystemTime::now() + within;
    let until = login.map_or(asked, |login| asked.min(login));
    let work = async {
        let (mut before, mut told, mut patience): (Option<Published>, Option<String>, _) =
            (None, None, Patience::default());
        let mut with_holes = 0;
        loop {
            let edition = async {
                let seen = page.look().await?;
                // The farm has not looked at it yet.
                if seen.report.is_none() {
                    return Ok(None);
                }
                let now = publish(&page, &seen, until, before.clone()).await?;
                Ok(Some((seen, now)))
            };
            if let Some(Some((seen, now))) = patience.with(edition.await)? {
                if told.as_ref() != Some(&now.url) {
                    out::text(&format!("{}\n", now.url))?;
                    say(&good_for(until, asked));
                    told = Some(now.url.clone());
                }
                with_holes = if now.lacking > 0 { with_holes + 1 } else { 0 };
                let given_up = with_holes > PATIENCE && seen.is_over();
                if given_up {
                    say(&format!("{} pictures could not be fetched; the page is without them.", now.lacking));
                }
                if now.last || given_up || SystemTime::now() >= until {
                    return Ok(exit::of(seen.state.state));
                }
                let more = now.more && now.lacking == 0;
                before = Some(now);
                if more {
                    continue;
                }
            }
            tokio::time::sleep(EDITION).await;
        }
    };
    tokio::select! {
        outcome = work => outcome,
        () = interrupted() => {
            say("\nThe page stays as it is now; the render goes on.");
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

/// What somebody can do with the address of a published page, and for how long.
fn good_for(until: SystemTime, asked: SystemTime) -> String {
    let left = until.duration_since(SystemTime::now()).unwrap_or_default();
    let left = duration((left.as_secs_f64() / 60.0).round() * 60.0);
    let why = if until < asked { ": your login to AWS, which signs it, ends then" } else { "" };
    format!("Whoever has this address can look at the frames, and fetch frames.zip, for {left}{why}.")
}

/// A time as deadlines are written.
fn within(text: &str) -> Result<Duration, String> {
    let mut limits = Limits::default();
    let seconds = limits.take(DEADLINE, text).ok().and_then(|_| limits.deadline());
    seconds
        .map(Duration::from_secs_f64)
        .filter(|time| *time <= WEEK)
        .ok_or_else(|| "write a number with m, h or d behind it, up to 7d, such as 12h".to_owned())
}

/// Shows a render until it ends, or Ctrl-C: the render goes on then.
pub(super) async fn follow(mut watch: Look, json: bool) -> Result<ExitCode> {
    let mut screen = Screen::new(json);
    tokio::select! {
        outcome = until_over(&mut watch, async |seen| { screen.show(seen); Ok(()) }) => {
            let seen = outcome?;
            screen.end(&seen);
            Ok(exit::of_seen(&seen.state))
        }
        () = interrupted() => {
            say(&format!("\nThe render goes on. To see it: {}", command::farm("watch", &watch.farm().bucket.name, watch.key().as_str())));
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

/// Looks until the render is over, and does `each` with what is seen. What fails in passing is no end: a laptop sleeps, a
/// network goes away.
pub(super) async fn until_over(
    watch: &mut Look,
    mut each: impl AsyncFnMut(&Seen) -> Result<(), FarmError>,
) -> Result<Seen> {
    let mut patience = Patience::default();
    loop {
        let seen = async {
            let seen = watch.look().await?;
            each(&seen).await.map(|()| seen)
        };
        let pause = match patience.with(seen.await)? {
            Some(seen) if seen.is_over() => return Ok(seen),
            Some(seen) => pause(&seen),
            None => PAUSE,
        };
        tokio::time::sleep(pause).await;
    }
}

/// Failures that pass, of which only so many may follow each other.
#[derive(Default)]
pub(super) struct Patience(u32);

impl Patience {
    /// What came, or nothing where it failed in passing.
    ///
    /// # Errors
    /// It will not pass, or has failed too often.
    pub(super) fn with<T>(&mut self, came: Result<T, FarmError>) -> Result<Option<T>, FarmError> {
        match came {
            Ok(came) => {
                self.0 = 0;
                Ok(Some(came))
            }
            Err(error) if self.0 < PATIENCE && error.may_pass() => {
                self.0 += 1;
                say(&format!("  {error}; trying again"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// How long until the next look: a look at many frames is many calls, and what is over changes seldom.
fn pause(seen: &Seen) -> Duration {
    if seen.is_over() {
        return RESTING;
    }
    PAUSE.max(Duration::from_millis(seen.frames.len() as u64 * 2))
}

/// From here on the terminal cuts off what has no room in a line: two for one could not be drawn over.
const ONE_LINE_EACH: &str = "\x1b[?7l";
/// No longer.
const WRAPPED: &str = "\x1b[?7h";

/// A view that is drawn over itself on a terminal, and a line for each change elsewhere.
struct Screen {
    json: bool,
    drawn: usize,
    told: String,
}

impl Screen {
    fn new(json: bool) -> Self {
        Self { json, drawn: 0, told: String::new() }
    }

    fn show(&mut self, seen: &Seen) {
        let stdout = std::io::stdout();
        if self.json {
            let state = farm::render::State { written_at: 0, ..seen.state.clone() };
            // What never changes is left out of the comparison; how long it took always does.
            let told = format!("{:?} {:?} {:?}", state.state, state.counts, state.why_waiting);
            if told != self.told {
                self.told = told;
                let line = serde_json::to_string(&seen.state).unwrap_or_default();
                // Whoever read it may have seen enough.
                let _ = writeln!(stdout.lock(), "{line}");
            }
            return;
        }
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
            text += &table::legend(&seen.frames, inks, Some(columns));
        }
        // What is longer than the screen could not be drawn over.
        let lines: Vec<&str> = text.lines().take(rows.saturating_sub(1)).collect();
        let up = if self.drawn > 0 { format!("\x1b[{}F", self.drawn) } else { String::new() };
        let mut stdout = stdout.lock();
        // One that was closed is no reason to stop: the exit code still tells.
        let _ = writeln!(stdout, "{up}{ONE_LINE_EACH}\x1b[0J{}{WRAPPED}", lines.join("\n"))
            .and_then(|()| stdout.flush());
        self.drawn = lines.len();
    }

    /// The last word, where it is not on the screen already.
    fn end(&self, seen: &Seen) {
        if self.drawn == 0 && !self.json {
            say(&table::one(seen, Inks::of_stderr(), None));
        }
    }
}
