//! A program with all that it starts, and the memory that they hold together.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::measure::Measure;

/// How often the memory is looked at. Rarely enough that looking costs neither way a thousandth of its time.
const LOOK: Duration = Duration::from_millis(100);

/// Runs a program to its end, which must be a good one, and measures it. Its memory is the most that it and all
/// that it started held at one time; what several share counts for each.
///
/// # Errors
/// It cannot be started, or failed; what it said is quoted.
pub fn program(command: &mut Command) -> Result<Measure> {
    let shown = command.get_program().display().to_string();
    let log = tempfile::NamedTempFile::new().context("cannot make a file")?;
    let into = || log.reopen().context("cannot open a file");
    let begun = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(into()?).stderr(into()?).spawn();
    let mut child = child.with_context(|| format!("cannot run {shown}"))?;
    let pid = child.id();
    let waited = thread::spawn(move || (child.wait(), Instant::now()));
    let mut memory = 0;
    while !waited.is_finished() {
        memory = memory.max(held(pid));
        thread::park_timeout(LOOK);
    }
    let (status, ended) = waited.join().map_err(|_| anyhow::anyhow!("the wait broke off"))?;
    let status = status.with_context(|| format!("cannot wait for {shown}"))?;
    let said = || fs::read(log.path()).map(|said| String::from_utf8_lossy(&said).into_owned());
    ensure!(status.success(), "{shown} failed ({status}): {}", said().unwrap_or_default().trim());
    Ok(Measure { seconds: (ended - begun).as_secs_f64(), memory })
}

/// Bytes that a process and all below it hold in memory; 0 where it is gone.
fn held(pid: u32) -> u64 {
    let own = fs::read_to_string(format!("/proc/{pid}/status")).ok().and_then(|status| resident(&status));
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let started = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let below: u64 = started
        .map(|pids| pids.split_whitespace().filter_map(|pid| pid.parse().ok()).map(held).sum::<u64>())
        .sum();
    own.unwrap_or_default() + below
}

/// What a process holds in memory now, in bytes, from its status as Linux tells it.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_what_a_program_starts_is_its_own() {
        let run = |script: &str| program(Command::new("sh").args(["-c", script]));
        let one = run("sleep 0.4; :").expect("sleeps");
        let five = run("for i in 1 2 3 4 5; do sleep 0.4 & done; wait").expect("sleeps");
        assert!(one.memory > 0 && five.memory > one.memory, "{one:?} {five:?}");
        let failed = run("echo why; exit 3").expect_err("fails").to_string();
        assert!(failed.contains("why"), "{failed}");
    }
}
