//! How it moves: bars on a terminal, lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use farm_images::{News, Told};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::show::{self, Look};

/// How a bar looks whose end is known.
const BAR: &str =
    "  {msg:22} {bar:28} {decimal_bytes:>10} of {decimal_total_bytes:<10} {decimal_bytes_per_sec}";
/// How a bar looks whose end is not known.
const COUNTER: &str = "  {msg:22} {spinner} {decimal_bytes:>10} {decimal_bytes_per_sec}";
const TICK: Duration = Duration::from_millis(200);
/// How long a log may say nothing of what goes on.
const QUIET: Duration = Duration::from_secs(20);

/// Bars where stderr is a terminal, lines elsewhere.
pub fn told() -> Told {
    if std::io::stderr().is_terminal() { bars() } else { plain() }
}

/// Lines alone. What takes long says now and then how far it is.
pub fn plain() -> Told {
    let look = Look::of_stderr();
    let slow = Mutex::new(HashMap::new());
    Arc::new(move |news| {
        let mut slow = slow.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = still(&news, &mut slow) {
            show::say(&line);
        }
        if let Some(line) = show::line(&news, look) {
            show::say(&line);
        }
    })
}

/// A line for what moves all the time, if it is time for one.
fn still(news: &News, begun: &mut HashMap<Of, Instant>) -> Option<String> {
    let (what, verb, layer, done, of) = match *news {
        News::Compressing { layer, done, of } => (Of::Compressing(layer), "compressing", layer, done, of),
        News::Pushing { layer, done, of } => (Of::Pushing(layer), "pushing", layer, done, of),
        _ => return None,
    };
    let last = begun.entry(what).or_insert_with(Instant::now);
    if last.elapsed() < QUIET {
        return None;
    }
    *last = Instant::now();
    Some(format!("  layer {layer}: {verb}, {} of {}", show::size(done), show::size(of)))
}

fn bars() -> Told {
    let look = Look::of_stderr();
    let bars = Mutex::new(Bars::default());
    Arc::new(move |news| {
        let mut bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
        bars.follow(&news);
        if let Some(line) = show::line(&news, look) {
            // A line above the bars; one that cannot be written is no reason to stop.
            drop(bars.all.println(line));
        }
    })
}

/// What a bar is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    Reading,
    Compressing(usize),
    Pushing(usize),
}

#[derive(Default)]
struct Bars {
    all: MultiProgress,
    shown: HashMap<Of, ProgressBar>,
}

impl Bars {
    fn follow(&mut self, news: &News) {
        match news {
            News::Reading { bytes } => self.at(Of::Reading, *bytes, None),
            News::Compressing { layer, done, of } => {
                self.at(Of::Compressing(*layer), *done, Some(*of));
                if done == of {
                    self.end(Of::Compressing(*layer));
                }
            }
            News::Pushing { layer, done, of } => self.at(Of::Pushing(*layer), *done, Some(*of)),
            News::Read { .. } => self.end(Of::Reading),
            News::Layer { layer, .. } => {
                self.end(Of::Compressing(*layer));
                self.end(Of::Pushing(*layer));
            }
            News::Target { .. } | News::Damaged { .. } | News::Again { .. } | News::Done { .. } => {}
        }
    }

    fn at(&mut self, what: Of, done: u64, of: Option<u64>) {
        let all = &self.all;
        let bar = self.shown.entry(what).or_insert_with(|| {
            let words = match what {
                Of::Reading => "reading the image".to_owned(),
                Of::Compressing(layer) => format!("compressing layer {layer}"),
                Of::Pushing(layer) => format!("pushing layer {layer}"),
            };
            let bar = all.add(of.map_or_else(ProgressBar::no_length, ProgressBar::new));
            let style = ProgressStyle::with_template(if of.is_some() { BAR } else { COUNTER });
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(words);
            bar.enable_steady_tick(TICK);
            bar
        });
        bar.set_position(done);
    }

    fn end(&mut self, what: Of) {
        if let Some(bar) = self.shown.remove(&what) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }
}
