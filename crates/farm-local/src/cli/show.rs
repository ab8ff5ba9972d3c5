//! What the person in front sees: a bar on a terminal, plain lines elsewhere. All of it goes to
//! stderr; stdout is for data.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use farm::FarmError;
use farm_contract::Fault;
use farm_terminal::{plain, say};
use indicatif::{ProgressBar, ProgressStyle};

pub use farm_terminal::{count, hint, size};

/// The progress of one render.
pub struct Progress {
    bar: Option<ProgressBar>,
    planned: u64,
    at_once: usize,
    kept: u64,
    rendered: u64,
    blender_seconds: f64,
    since: Instant,
}

impl Progress {
    /// A render of `planned` frames that starts now, `at_once` of them at a time.
    pub fn new(planned: u64, at_once: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("  {bar:24.cyan/dim} {pos}/{len} frames  {wide_msg}")
                .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("━╸─"));
            ProgressBar::new(planned).with_style(style)
        });
        let progress = Self { bar, planned, at_once, ..Self::hidden() };
        progress.refresh();
        progress
    }

    /// Nothing to show yet.
    pub fn hidden() -> Self {
        Self {
            bar: None,
            planned: 0,
            at_once: 1,
            kept: 0,
            rendered: 0,
            blender_seconds: 0.0,
            since: Instant::now(),
        }
    }

    /// A frame is there. `seconds` as Blender took; `None`: it was there before.
    pub fn frame(&mut self, frame: i32, seconds: Option<f64>) {
        match seconds {
            Some(seconds) => {
                self.rendered += 1;
                self.blender_seconds += seconds;
            }
            None => self.kept += 1,
        }
        self.refresh();
        if self.bar.is_none() {
            let place = format!("({} of {}", self.done(), self.planned);
            match seconds {
                Some(seconds) => line(&format!("frame {frame}  {seconds:.1} s  {place}; {})", self.told())),
                None => line(&format!("frame {frame}  was there already  {place})")),
            }
        }
    }

    /// Draws the bar anew: time goes on between two frames as well.
    pub fn refresh(&self) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.done());
            bar.set_message(self.told());
        }
    }

    /// Seconds per frame and the time left, as far as they are known.
    fn told(&self) -> String {
        let elapsed = self.since.elapsed();
        let left = self.planned.saturating_sub(self.done());
        match self.each() {
            None => format!("rendering for {}", span(elapsed)),
            Some(each) if left == 0 => each,
            Some(each) => {
                // Until each task has made a frame, those in work are as good as done.
                let made = self.rendered.max(u64::try_from(self.at_once).unwrap_or(u64::MAX));
                let wait = elapsed.div_f64(made as f64).mul_f64(left as f64);
                format!("{each}, {} left", span(wait))
            }
        }
    }

    /// Seconds that Blender took for one frame, on average; `None` where it rendered none.
    pub fn each(&self) -> Option<String> {
        let each = self.blender_seconds / self.rendered as f64;
        let together = if self.at_once > 1 { format!(", {} at once", self.at_once) } else { String::new() };
        (self.rendered > 0).then(|| format!("{each:.1} s each{together}"))
    }

    /// Frames that are there.
    pub fn done(&self) -> u64 {
        self.kept + self.rendered
    }

    /// Frames of those that were there before.
    pub fn kept(&self) -> u64 {
        self.kept
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// One line for the person in front.
pub fn line(text: &str) {
    say(&format!("  {text}"));
}

/// A named line of a summary.
pub fn item(name: &str, text: &str) {
    say(&format!("  {name:<14} {text}"));
}

/// A heading, with space above.
pub fn heading(text: &str) {
    say(&format!("\n{text}"));
}

/// A warning.
pub fn warning(text: &str) {
    say(&format!("warning: {text}"));
}

/// What is in the way of a render, and what to do about it.
pub fn fault(fault: &Fault) {
    say(&format!("\nerror: {}", plain(&fault.message)));
    hint(&fault.hint);
}

/// Tells why the program ends badly.
pub fn report(error: &anyhow::Error) {
    farm_terminal::report(error, |error| {
        let fault = error.downcast_ref::<Fault>().map(|fault| fault.hint.clone());
        fault.or_else(|| error.downcast_ref::<FarmError>().and_then(FarmError::hint))
    });
}

/// A time as a person says it: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        let told = |seconds: f64| span(Duration::from_secs_f64(seconds));
        assert_eq!(
            [told(0.44), told(12.4), told(59.7), told(185.0)],
            ["0.4 s", "12 s", "1 min 0 s", "3 min 5 s"]
        );
        assert_eq!(told(7_800.0), "2 h 10 min");
    }
}
