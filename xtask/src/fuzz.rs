//! `cargo xtask fuzz`: bytes that nobody thought of, for what reads the bytes of strangers.
//!
//! The targets lie in `fuzz/`, as cargo-fuzz has them. It takes neither that program nor a nightly
//! toolchain: libFuzzer needs coverage, which a stable compiler counts as well, and no sanitizer,
//! for there is no unsafe code in what is fuzzed.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;

use crate::cargo::{self, PLATFORM};
use crate::folders;
use crate::output::{self, Advice};
use crate::python::answers;

/// Fuzz what reads the bytes of strangers.
#[derive(clap::Args)]
pub struct Args {
    /// Only these; left out, all of them, one after the other.
    #[arg(value_name = "TARGET", value_parser = PossibleValuesParser::new(TARGETS.map(|target| target.name)))]
    targets: Vec<String>,
    /// How long each is fuzzed.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Run the target on this one input, to see again what was found.
    #[arg(long, value_name = "FILE", requires = "targets", conflicts_with = "seconds")]
    input: Option<PathBuf>,
}

/// One of the programs in `fuzz/`.
#[derive(Debug, Clone, Copy)]
struct Target {
    name: &'static str,
    /// The longest input that is made, in bytes.
    longest: u32,
    /// Where inputs to begin with lie, besides `fuzz/seeds/NAME`.
    seeds: Option<&'static str>,
}

const TARGETS: [Target; 6] = [
    Target { name: "archive", longest: 4 * 1024, seeds: None },
    Target { name: "blend", longest: 32 * 1024, seeds: Some("crates/blend-file/tests/fixtures") },
    Target { name: "facts", longest: 128 * 1024, seeds: Some("crates/blend-file/tests/fixtures") },
    Target { name: "records", longest: 8 * 1024, seeds: None },
    Target { name: "s3_event", longest: 8 * 1024, seeds: Some("trigger-lambda/tests/events") },
    Target { name: "tags", longest: 4 * 1024, seeds: None },
];

/// What cargo-fuzz tells the compiler, sanitizers left out: count which code an input reaches, and show
/// libFuzzer what is compared with what.
const FLAGS: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "--cfg",
    "fuzzing",
];

/// Seconds for each target among the tests.
const BRIEFLY: u32 = 10;

/// Between two words on how far a target is.
const PULSE: Duration = Duration::from_secs(20);

/// Lines of libFuzzer that say nothing about what was found.
const NOISE: [&str; 11] = [
    "INFO:",
    "WARNING: Failed to find function",
    "Dictionary:",
    "stat::",
    "###### ",
    "\"",
    "MS: ",
    "0x",
    "Base64: ",
    "NOTE: libFuzzer",
    "      Combine libFuzzer",
];

/// Lines of a target that ended badly that are shown.
const LAST_LINES: usize = 40;

/// Fuzzes the targets, or shows one of them an input.
///
/// # Errors
/// An input was found that a target does not bear; the error names it.
pub fn run(args: &Args) -> Result<ExitCode> {
    if !is_possible() {
        return Err(Advice::error(
            format!("libFuzzer cannot be built: `{}` does not answer.", compiler().display()),
            "Install a C++ compiler (g++), or name one in the environment variable CXX.",
        ));
    }
    let wanted =
        |target: &Target| args.targets.is_empty() || args.targets.iter().any(|name| name == target.name);
    let targets: Vec<Target> = TARGETS.into_iter().filter(wanted).collect();
    let programs = build(&targets)?;
    if let Some(input) = &args.input {
        return show(&targets, &programs, input);
    }
    for target in &targets {
        let corpus = folder(&["corpus", target.name])?;
        fuzz(target, &programs, &corpus, args.seconds, None)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The part of it that belongs to the tests: a short while for each target, from the same beginning
/// every time.
///
/// # Errors
/// As for [`run`].
pub fn briefly() -> Result<()> {
    let programs = build(&TARGETS)?;
    for target in &TARGETS {
        // What earlier runs gathered would make this one another.
        let corpus = tempfile::tempdir().context("cannot make a folder for the inputs")?;
        fuzz(target, &programs, corpus.path(), BRIEFLY, Some(1))?;
    }
    Ok(())
}

/// Whether this machine has what libFuzzer is built with.
pub fn is_possible() -> bool {
    answers(Command::new(compiler()).arg("--version"))
}

/// The C++ compiler that the build of libFuzzer takes.
fn compiler() -> OsString {
    let named = std::env::var("CXX").ok().and_then(|line| line.split_whitespace().next().map(OsString::from));
    named.unwrap_or_else(|| "c++".into())
}

/// Builds the targets with coverage, and tells where they lie.
fn build(targets: &[Target]) -> Result<PathBuf> {
    output::step("Building the fuzz targets");
    let target_dir = folder(&[])?;
    let mut command = cargo::cargo(["build", "--release", "--target", PLATFORM]);
    command.args(targets.iter().map(|target| format!("--bin={}", target.name)));
    command.arg("--manifest-path").arg(folders::workspace().join("fuzz/Cargo.toml"));
    command.arg("--target-dir").arg(&target_dir);
    // This variable comes before all others that hold flags, and with a target they do not reach the
    // programs that build.
    command.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    if cargo::run(&mut command)?.success() {
        return Ok(target_dir.join(PLATFORM).join("release"));
    }
    Err(Advice::error("The fuzz targets do not build.", "What cargo says above names the reason."))
}

/// A folder of this verb's own, beside what is built, so that `cargo clean` clears it away.
fn folder(parts: &[&str]) -> Result<PathBuf> {
    let mut folder = folders::target()?.join("fuzz");
    folder.extend(parts);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// A call of a target, with the limits that every input must keep to.
fn program(target: &Target, programs: &Path) -> Command {
    let mut command = Command::new(programs.join(target.name));
    command.args(["-rss_limit_mb=512", "-timeout=10"]);
    command
}

/// Runs targets on one input, with their own words on the terminal.
fn show(targets: &[Target], programs: &Path, input: &Path) -> Result<ExitCode> {
    for target in targets {
        output::step(format_args!("{} on {}", target.name, input.display()));
        if !cargo::run(program(target, programs).arg(input))?.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn fuzz(target: &Target, programs: &Path, corpus: &Path, seconds: u32, seed: Option<u32>) -> Result<()> {
    output::step(format_args!("Fuzzing {} for {seconds} s", target.name));
    let root = folders::workspace();
    let found = folder(&["found", target.name])?;
    let mut command = program(target, programs);
    command.args([
        format!("-max_total_time={seconds}"),
        format!("-max_len={}", target.longest),
        "-print_final_stats=1".to_owned(),
        // Their names it does not know without a sanitizer.
        "-print_funcs=0".to_owned(),
        format!("-artifact_prefix={}/", found.display()),
        format!(
            "-dict={}",
            root.join("fuzz/dictionaries").join(target.name).with_extension("dict").display()
        ),
    ]);
    command.args(seed.map(|seed| format!("-seed={seed}")));
    // New inputs go into the first folder; the others are only read.
    command.arg(corpus).arg(root.join("fuzz/seeds").join(target.name));
    command.args(target.seeds.map(|folder| root.join(folder)));
    // What a target writes, and leaves behind where it is stopped: in memory where there is such a folder.
    let scratch = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let scratch = scratch.context("cannot make a folder for what the target writes")?;
    command.env("TMPDIR", scratch.path());
    // A backtrace takes memory, which an input that took too much has left none of.
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());

    let cannot = || format!("cannot run the fuzz target {}", target.name);
    let mut child = command.spawn().with_context(cannot)?;
    let mut heard = Heard::default();
    let mut pulse = Instant::now();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            heard.hear(&String::from_utf8_lossy(&line.with_context(cannot)?));
            if pulse.elapsed() >= PULSE {
                pulse = Instant::now();
                output::note(format_args!("{} runs, coverage {}", heard.runs, heard.coverage));
            }
        }
    }
    let status = child.wait().with_context(cannot)?;
    if status.success() {
        output::note(heard.words());
        return Ok(());
    }
    for line in &heard.last_lines {
        output::note(line);
    }
    output::note(heard.words());
    let what = format!("{} does not bear every input ({status})", target.name);
    Err(match heard.input {
        Some(input) => Advice::error(
            format!("{what}. This one was found: {input}"),
            format!("To see it again: cargo xtask fuzz {} --input {input}", target.name),
        ),
        None => Advice::error(format!("{what}."), "What it says above names the reason."),
    })
}

/// What libFuzzer tells of a run.
#[derive(Debug, Default)]
struct Heard {
    runs: u64,
    /// What the inputs to begin with reached.
    coverage_before: Option<u64>,
    coverage: u64,
    peak_mib: u64,
    /// The input that ended the run.
    input: Option<String>,
    /// The last lines that are not about progress.
    last_lines: Vec<String>,
}

impl Heard {
    fn hear(&mut self, line: &str) {
        if let Some(progress) = line.strip_prefix('#') {
            // `#1024  NEW    cov: 310 ft: 707 corp: 99/9Kb ... rss: 38Mb`
            let words: Vec<&str> = progress.split_whitespace().collect();
            let behind = |word| words.iter().skip_while(|at| **at != word).nth(1);
            if let Some(runs) = words.first().and_then(|runs| runs.parse().ok()) {
                self.runs = runs;
            }
            if let Some(coverage) = behind("cov:").and_then(|number| number.parse().ok()) {
                self.coverage = coverage;
                if words.contains(&"INITED") {
                    self.coverage_before = Some(coverage);
                }
            }
            return;
        }
        let number = |name| line.strip_prefix(name).and_then(|number| number.trim().parse().ok());
        if let Some(runs) = number("stat::number_of_executed_units:") {
            self.runs = runs;
        } else if let Some(peak) = number("stat::peak_rss_mb:") {
            self.peak_mib = peak;
        } else if let Some((_, input)) = line.split_once("Test unit written to ") {
            self.input = Some(input.to_owned());
        } else if !line.trim().is_empty() && !NOISE.iter().any(|noise| line.starts_with(noise)) {
            if self.last_lines.len() == LAST_LINES {
                self.last_lines.remove(0);
            }
            self.last_lines.push(line.to_owned());
        }
    }

    fn words(&self) -> String {
        let before = self.coverage_before.map(|before| format!("{before} -> ")).unwrap_or_default();
        format!("{} runs, coverage {before}{}, at most {} MiB", self.runs, self.coverage, self.peak_mib)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn manifest(path: &str) -> toml_edit::DocumentMut {
        fs::read_to_string(folders::workspace().join(path)).unwrap().parse().unwrap()
    }

    #[test]
    fn every_target_is_run() {
        let manifest = manifest("fuzz/Cargo.toml");
        let bins = manifest["bin"].as_array_of_tables().unwrap();
        let bins: BTreeSet<_> = bins.iter().map(|bin| bin["name"].as_str().unwrap()).collect();
        assert_eq!(bins, TARGETS.iter().map(|target| target.name).collect());
        for target in TARGETS {
            let root = folders::workspace();
            let seeds = root.join("fuzz/seeds").join(target.name);
            let dictionary = root.join("fuzz/dictionaries").join(target.name).with_extension("dict");
            for path in [Some(seeds), Some(dictionary), target.seeds.map(|folder| root.join(folder))] {
                assert!(path.is_none_or(|path| path.exists()), "{}", target.name);
            }
        }
    }

    #[test]
    fn what_is_fuzzed_is_what_the_farm_is_built_of() {
        let versions = |path| {
            let lock = manifest(path);
            let packages = lock["package"].as_array_of_tables().unwrap();
            let text = |package: &toml_edit::Table, key| package[key].as_str().unwrap().to_owned();
            packages.iter().map(|package| (text(package, "name"), text(package, "version"))).collect()
        };
        let (farm, fuzz): (BTreeSet<(String, String)>, BTreeSet<_>) =
            (versions("Cargo.lock"), versions("fuzz/Cargo.lock"));
        let others: Vec<_> =
            fuzz.difference(&farm).filter(|(name, _)| farm.iter().any(|(known, _)| known == name)).collect();
        assert!(
            others.is_empty(),
            "fuzz/Cargo.lock has other versions than Cargo.lock: {others:?}. Mend it in fuzz/ with \
             `cargo update NAME --precise VERSION`."
        );
    }

    #[test]
    fn what_libfuzzer_tells_is_understood() {
        let mut heard = Heard::default();
        for line in [
            "INFO: Seed: 1",
            "#16\tINITED cov: 210 ft: 300 corp: 9/1199b exec/s: 0 rss: 27Mb",
            "#90\tNEW    cov: 240 ft: 331 corp: 10/1Kb lim: 4 exec/s: 0 rss: 27Mb L: 9/80 MS: 1 EraseBytes-",
            "thread '<unnamed>' panicked at a.rs:1:1:",
            "artifact_prefix='/f/'; Test unit written to /f/crash-0a",
            "stat::number_of_executed_units: 95",
            "stat::peak_rss_mb:              28",
        ] {
            heard.hear(line);
        }
        assert_eq!(heard.words(), "95 runs, coverage 210 -> 240, at most 28 MiB");
        assert_eq!(heard.input.as_deref(), Some("/f/crash-0a"));
        assert_eq!(heard.last_lines, ["thread '<unnamed>' panicked at a.rs:1:1:"]);
    }
}
