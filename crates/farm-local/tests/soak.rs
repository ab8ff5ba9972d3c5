//! The whole farm with the real programs, a Blender that renders in no time, and services that fail at
//! random: whatever happens, no frame is lost, none is rendered for two arrays, and no archive is wrong.
//!
//! A seed decides what goes wrong. `cargo xtask soak` runs this for as long as it is told, with a seed of
//! its own, which is printed: `FARM_SOAK_SEED` takes it again, `FARM_SOAK_MINUTES` says how long. The
//! programs run at the same time, so that one seed makes the same rounds, but not the same moments.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]
#![allow(clippy::print_stderr, reason = "whoever runs it wants to know how far it is")]

#[path = "soak/chance.rs"]
mod chance;
#[path = "soak/judge.rs"]
mod judge;
#[path = "soak/round.rs"]
mod round;
mod support;

use std::time::{Duration, Instant};

use chance::Chance;
use judge::Tally;

/// What the default suite has time for.
const SHORT: Duration = Duration::from_secs(25);

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_no_frame_is_lost_or_doubled_and_no_archive_is_wrong() {
    let minutes: Option<f64> = std::env::var("FARM_SOAK_MINUTES").ok().map(|text| text.parse().unwrap());
    let long = minutes.map_or(SHORT, |minutes| Duration::from_secs_f64(minutes * 60.0));
    let seed = std::env::var("FARM_SOAK_SEED").map_or(1, |text| text.parse().unwrap());
    eprintln!("soak: seed {seed}");
    let started = Instant::now();
    let mut tally = Tally::default();
    let mut number = 0;
    while started.elapsed() < long {
        let chance = Chance::new(seed, number);
        tally.add(round::play(number, chance).await);
        number += 1;
        eprintln!("soak: {:>4} s, round {number}: {tally}", started.elapsed().as_secs());
    }
    eprintln!("soak: seed {seed}: {tally}");
    assert!(tally.faults > 0, "nothing went wrong, so nothing was shown");
    assert_eq!(tally.wrong(), 0, "{tally}");
}
