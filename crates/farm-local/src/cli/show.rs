//! What the person in front sees: a bar on a terminal, plain lines elsewhere. All of it goes to
//! stderr; stdout is for data.
#![expect(clippy::print_stderr, reason = "this module is where the program speaks")]

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The progress of one render.
pub struct Progress {
    bar: Option<ProgressBar>,
    planned: u64,
    done: u64,
    rendered: u64,
    blender_seconds: f64,
    since: Instant,
}

impl Progress {
    /// A render of `planned` frames that starts now.
    pub fn new(planned: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("  {bar:32.cyan/dim} {pos}/{len} frames  {msg}")
                .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("━╸─"));
            let bar = ProgressBar::new(planned).with_style(style);
            bar.enable_steady_tick(Duration::from_millis(250));
            bar.set_message("starting Blender");
            bar
        });
        Self { bar, planned, ..Self::hidden() }
    }

    /// Nothing to show yet.
    pub fn hidden() -> Self {
        Self { bar: None, planned: 0, done: 0, rendered: 0, blender_seconds: 0.0, since: Instant::now() }
    }

    /// A frame is there. `seconds` as Blender took; `None`: it was there before.
    pub fn frame(&mut self, frame: i32, seconds: Option<f64>) {
        self.done += 1;
        if let Some(seconds) = seconds {
            self.rendered += 1;
            self.blender_seconds += seconds;
        }
        let told = self.told();
        match (&self.bar, seconds) {
            (Some(bar), _) => {
                bar.set_position(self.done);
                bar.set_message(told);
            }
            (None, Some(seconds)) => {
                line(&format!("frame {frame}  {seconds:.1} s  ({} of {}; {told})", self.done, self.planned));
            }
            (None, None) => {
                line(&format!("frame {frame}  was there already  ({} of {})", self.done, self.planned));
            }
        }
    }

    /// Seconds per frame and the time left, as far as they are known.
    fn told(&self) -> String {
        if self.rendered == 0 {
            return "starting Blender".to_owned();
        }
        let each = self.blender_seconds / self.rendered as f64;
        let left = self.planned.saturating_sub(self.done);
        let pace = self.since.elapsed().div_f64(self.rendered as f64);
        let wait = pace.mul_f64(left as f64);
        if left == 0 { format!("{each:.1} s each") } else { format!("{each:.1} s each, {} left", span(wait)) }
    }

    /// Seconds that Blender took for one frame, on average; `None` where it rendered none.
    pub fn seconds_per_frame(&self) -> Option<f64> {
        (self.rendered > 0).then(|| self.blender_seconds / self.rendered as f64)
    }

    /// Frames that are there.
    pub fn done(&self) -> u64 {
        self.done
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
    eprintln!("  {text}");
}

/// A named line of a summary.
pub fn item(name: &str, text: &str) {
    eprintln!("  {name:<14} {text}");
}

/// A heading, with space above.
pub fn heading(text: &str) {
    eprintln!("\n{text}");
}

/// A warning.
pub fn warning(text: &str) {
    eprintln!("warning: {text}");
}

/// Tells why the program ends badly, and what to do next.
pub fn report(error: &anyhow::Error) {
    eprintln!("\nerror: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  caused by: {cause}");
    }
}

/// What to do next.
pub fn hint(text: &str) {
    eprintln!("\nhint: {text}");
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

/// A size as a person says it.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_read_well() {
        let told = |seconds: f64| span(Duration::from_secs_f64(seconds));
        assert_eq!(
            [told(0.44), told(12.4), told(59.7), told(185.0)],
            ["0.4 s", "12 s", "1 min 0 s", "3 min 5 s"]
        );
        assert_eq!(told(7_800.0), "2 h 10 min");
        assert_eq!([size(5), size(1_500), size(2_340_000)], ["5 bytes", "1.5 kB", "2.3 MB"]);
    }
}
