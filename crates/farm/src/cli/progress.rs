//! How far a submission is: a bar on a terminal, now and then a line elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use farm::{Progress, Step};
use farm_terminal::{say, size};
use indicatif::{ProgressBar, ProgressStyle};

const BYTES: &str = "  {msg:17} {bar:16.cyan/dim} {decimal_bytes:>9} of {decimal_total_bytes}, {eta} left";
const THINGS: &str = "  {msg:17} {bar:16.cyan/dim} {pos} of {len}";
/// What takes no longer than this needs no bar.
const AT_ONCE: Duration = Duration::from_millis(400);
/// How long a log may say nothing of what goes on.
const QUIET: Duration = Duration::from_secs(20);

/// Shows it on stderr.
#[derive(Default)]
pub struct Shown(Mutex<Option<Running>>);

struct Running {
    step: Step,
    since: Instant,
    told: Instant,
    bar: Option<ProgressBar>,
}

impl Shown {
    /// Takes the bar off the screen.
    pub fn end(&self) {
        if let Some(bar) = self.running().take().and_then(|running| running.bar) {
            bar.finish_and_clear();
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Shown {
    fn at(&self, step: Step, done: u64, of: u64) {
        if self.running().as_ref().is_some_and(|running| running.step != step) {
            self.end();
        }
        let now = Instant::now();
        let mut running = self.running();
        let running = running.get_or_insert(Running { step, since: now, told: now, bar: None });
        if std::io::stderr().is_terminal() {
            if running.bar.is_none() && done < of && running.since.elapsed() >= AT_ONCE {
                running.bar = Some(bar(step, of));
            }
            if let Some(bar) = &running.bar {
                bar.set_position(done);
            }
        } else if done < of && running.told.elapsed() >= QUIET {
            running.told = now;
            let told = |number: u64| if is_bytes(step) { size(number) } else { number.to_string() };
            say(&format!("  {}: {} of {}", words(step), told(done), told(of)));
        }
    }
}

fn bar(step: Step, of: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(if is_bytes(step) { BYTES } else { THINGS })
        .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("━╸─"));
    ProgressBar::new(of).with_style(style).with_message(words(step))
}

fn is_bytes(step: Step) -> bool {
    step != Step::Asking
}

fn words(step: Step) -> &'static str {
    match step {
        Step::Hashing => "reading the files",
        Step::Asking => "asking the bucket",
        Step::Sending => "sending",
    }
}
