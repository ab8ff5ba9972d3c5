//! Measuring ways to do the same side by side.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use farm_terminal::say;

/// As often as each way is measured.
pub const TIMES: usize = 5;
/// How often a program's memory is looked at. The most that it ever held is what the system tells, so only
/// a rise within the last of these is missed.
const LOOK: Duration = Duration::from_millis(2);

/// One measurement.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measure {
    /// Seconds that it took.
    pub seconds: f64,
    /// Most memory that its programs held, in bytes; 0 where nothing was looked at.
    pub memory: u64,
}

/// Measurements of one way.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    seconds: Vec<f64>,
    memory: u64,
}

impl Samples {
    /// Takes one more.
    pub fn add(&mut self, measure: Measure) {
        self.seconds.push(measure.seconds);
        self.memory = self.memory.max(measure.memory);
    }

    /// The median, in seconds; 0 where nothing was measured.
    pub fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }

    /// The least and the most, in seconds.
    pub fn spread(&self) -> (f64, f64) {
        let fold = |(least, most): (f64, f64), seconds: &f64| (least.min(*seconds), most.max(*seconds));
        self.seconds.iter().fold((f64::INFINITY, 0.0), fold)
    }

    /// Most memory that was seen, in bytes.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// The median beside another's.
    pub fn ratio(&self, other: &Self) -> f64 {
        self.median() / other.median()
    }
}

/// A way to do what is measured.
pub struct Way<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Does it once.
    pub run: Box<dyn FnMut() -> Result<Measure> + 'a>,
    /// What was measured so far.
    pub samples: Samples,
}

impl<'a> Way<'a> {
    /// A way of which nothing is measured yet.
    pub fn new(name: &'a str, run: impl FnMut() -> Result<Measure> + 'a) -> Self {
        Self { name, run: Box::new(run), samples: Samples::default() }
    }
}

/// Measures all ways in turns, so that what else the machine does falls on all of them. A first round is not
/// counted: it warms up what later ones find warm.
///
/// # Errors
/// One of them failed.
pub fn in_turns(what: &str, times: usize, ways: &mut [Way<'_>]) -> Result<()> {
    for round in 0..=times {
        say(&format!("{what}: round {round} of {times}"));
        for way in &mut *ways {
            let measured = (way.run)().with_context(|| format!("{} failed", way.name))?;
            if round > 0 {
                way.samples.add(measured);
            }
        }
    }
    Ok(())
}

/// Runs a program to its end, which must be a good one, and measures it.
///
/// # Errors
/// It cannot be started, or failed; what it said on stderr is quoted.
pub fn program(command: &mut Command) -> Result<Measure> {
    program_into(command, Stdio::null())
}

/// The same, with what it prints going somewhere.
///
/// # Errors
/// As [`program`].
pub fn program_into(command: &mut Command, output: Stdio) -> Result<Measure> {
    let shown = PathBuf::from(command.get_program());
    let begun = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(output).stderr(Stdio::piped()).spawn();
    let child = child.with_context(|| format!("cannot run {}", shown.display()))?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let waited = std::thread::spawn(move || (child.wait_with_output(), Instant::now()));
    let mut memory = 0;
    while !waited.is_finished() {
        memory = std::fs::read_to_string(&status).ok().and_then(|text| peak(&text)).unwrap_or(memory);
        std::thread::sleep(LOOK);
    }
    let (output, ended) = waited.join().map_err(|_| anyhow::anyhow!("the wait broke off"))?;
    let output = output.with_context(|| format!("cannot wait for {}", shown.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} failed ({}): {}", shown.display(), output.status, said.trim());
    Ok(Measure { seconds: (ended - begun).as_secs_f64(), memory })
}

/// The most memory that a process ever held, in bytes, from its status as Linux tells it.
pub fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_its_spread_stand_beside_anothers() {
        let of = |seconds: &[f64]| {
            let mut samples = Samples::default();
            seconds.iter().for_each(|seconds| samples.add(Measure { seconds: *seconds, memory: 7 }));
            samples
        };
        let (one, other) = (of(&[3.0, 1.0, 2.0, 9.0, 1.5]), of(&[4.0, 4.0, 8.0]));
        assert_eq!((one.median(), one.spread(), one.memory()), (2.0, (1.0, 9.0), 7));
        assert_eq!(one.ratio(&other), 0.5);
    }

    #[test]
    fn a_program_is_waited_for_and_a_failed_one_is_told() {
        let measured = program(Command::new("sleep").arg("0.05")).expect("sleeps");
        assert!(measured.seconds >= 0.05 && measured.memory > 0, "{measured:?}");
        let failed = program(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).expect_err("fails");
        assert!(failed.to_string().contains("why"), "{failed}");
    }

    #[test]
    fn rounds_but_the_first_are_counted() {
        let mut runs = 0;
        let mut ways = [Way::new("one", || {
            runs += 1;
            Ok(Measure { seconds: f64::from(runs), memory: 0 })
        })];
        in_turns("counting", 3, &mut ways).expect("runs");
        assert_eq!(ways[0].samples.spread(), (2.0, 4.0));
    }
}
