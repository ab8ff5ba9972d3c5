//! What the tasks of a render cost while it goes on: names of empty objects, so that one list tells all of it.
//!
//! A task notes when it began and what an hour of it costs, and at its end what it cost.

use std::collections::HashMap;

use crate::prices;

/// Millionths of a US dollar.
const MICRO: f64 = 1e6;

/// A task's word on what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It began.
    Began {
        /// Its number in the render.
        child: u32,
        /// Tells its attempts apart.
        attempt: String,
        /// Millionths of a US dollar for an hour of it.
        hour: u64,
        /// Since when it is paid for, milliseconds since 1970.
        at: u64,
    },
    /// It ended.
    Ended {
        /// Its number in the render.
        child: u32,
        /// Tells its attempts apart.
        attempt: String,
        /// Millionths of a US dollar that it cost.
        cost: u64,
    },
}

impl Note {
    /// As the last part of a key.
    pub fn name(&self) -> String {
        match self {
            Self::Began { child, attempt, hour, at } => format!("{child}.{attempt}.began.{hour}.{at}"),
            Self::Ended { child, attempt, cost } => format!("{child}.{attempt}.ended.{cost}"),
        }
    }

    /// Reads the last part of a key. `None` where it is no note.
    pub fn parse(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split('.').collect();
        let attempt = |text: &str| text.to_owned();
        Some(match parts.as_slice() {
            [child, of, "began", hour, at] => Self::Began {
                child: child.parse().ok()?,
                attempt: attempt(of),
                hour: hour.parse().ok()?,
                at: at.parse().ok()?,
            },
            [child, of, "ended", cost] => {
                Self::Ended { child: child.parse().ok()?, attempt: attempt(of), cost: cost.parse().ok()? }
            }
            _ => return None,
        })
    }
}

/// US dollars in millionths.
pub fn micro(dollars: f64) -> u64 {
    // The cast holds at the ends.
    (dollars.max(0.0) * MICRO).round() as u64
}

/// What a render cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// US dollars.
    pub usd: f64,
    /// US dollars for an hour of all tasks that are at work.
    pub hour: f64,
}

impl Spent {
    /// By the notes of its tasks, `now` in milliseconds since 1970. An attempt that left no word at its end was paid for
    /// until the next of the same child began.
    pub fn of(notes: &[Note], now: u64) -> Self {
        let mut ended: HashMap<(u32, &str), u64> = HashMap::new();
        let mut began: HashMap<u32, Vec<(u64, &str, u64)>> = HashMap::new();
        for note in notes {
            match note {
                Note::Ended { child, attempt, cost } => drop(ended.insert((*child, attempt), *cost)),
                Note::Began { child, attempt, hour, at } => {
                    began.entry(*child).or_default().push((*at, attempt, *hour));
                }
            }
        }
        let mut spent = Self { usd: ended.values().map(|cost| *cost as f64 / MICRO).sum(), hour: 0.0 };
        for (child, mut attempts) in began {
            attempts.sort_unstable();
            for (place, (at, attempt, hour)) in attempts.iter().enumerate() {
                if ended.contains_key(&(child, *attempt)) {
                    continue;
                }
                let next = attempts.get(place + 1).map(|(next, ..)| *next);
                let seconds = next.unwrap_or(now).saturating_sub(*at) as f64 / 1000.0;
                let hour = *hour as f64 / MICRO;
                spent.usd += prices::attempt(hour, seconds);
                if next.is_none() {
                    spent.hour += hour;
                }
            }
        }
        spent
    }

    /// What it will have cost when all that are at work have worked on for so many seconds.
    pub fn after(&self, seconds: f64) -> f64 {
        self.usd + self.hour * seconds / 3600.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn began(child: u32, attempt: &str, at: u64) -> Note {
        Note::Began { child, attempt: attempt.into(), hour: 3_600_000, at }
    }

    fn ended(child: u32, attempt: &str, cost: u64) -> Note {
        Note::Ended { child, attempt: attempt.into(), cost }
    }

    #[test]
    fn what_ended_and_what_is_at_work_counts_once() {
        // A dollar a second, and a clock that stands at 1,000 s.
        let now = 1_000_000;
        let spent = |notes: &[Note]| Spent::of(notes, now);
        let dear = Note::Began { child: 1, attempt: "a".into(), hour: 3_600_000_000, at: 900_000 };
        assert!((spent(std::slice::from_ref(&dear)).usd - 100_000.0 / 1000.0).abs() < 1e-6);
        assert_eq!(spent(&[dear.clone(), ended(1, "a", 5_000_000)]), Spent { usd: 5.0, hour: 0.0 });
        // One that was lost is paid for until its child's next attempt began; a minute at least.
        let lost = [began(2, "a", 500_000), began(2, "b", 900_000), ended(2, "b", 0)];
        assert!((spent(&lost).usd - 0.4).abs() < 1e-9 && spent(&lost).hour == 0.0);
        assert!((spent(&[began(3, "a", 999_999)]).usd - 0.06).abs() < 1e-9);
        assert!((spent(&[began(3, "a", now)]).after(3600.0) - 3.66).abs() < 1e-9);
        assert_eq!(spent(&[]), Spent::default());
    }

    proptest! {
        #[test]
        fn a_note_reads_back(child: u32, attempt in "[0-9a-f]{8}", hour: u64, at: u64) {
            for note in [Note::Began { child, attempt: attempt.clone(), hour, at }, ended(child, &attempt, hour)] {
                prop_assert_eq!(Note::parse(&note.name()), Some(note));
            }
        }

        #[test]
        fn any_name_is_read_without_panic(name in "\\PC*") {
            let _ = Note::parse(&name);
        }
    }
}
