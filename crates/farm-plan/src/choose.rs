//! Which chunk an upload gets.

use std::iter;

use farm_contract::limits::Limits;
use farm_contract::plan::{ARRAY_CHILDREN, MAX_ARRAYS};

use crate::estimate::{Estimate, estimate};
use crate::model::Model;
use crate::words;

/// The most tasks that the farm makes of a render by itself: with the archive's job that are twenty submits.
pub const MOST_CHILDREN: u32 = *ARRAY_CHILDREN.end() * (MAX_ARRAYS - 1);
/// Where an upload names neither deadline nor budget, speed may cost so many times what the cheapest way does.
const SPEED: f64 = 1.5;
/// Or so many US dollars more: what a small render costs is change, and somebody waits for it.
const CHANGE: f64 = 0.10;
/// Ways that are no more than this above the best are as good: of those the one with the fewest frames in a task is
/// taken. Slow frames even out, another render waits less for a place, and a task that Spot takes away leaves less
/// to its second attempt. (Frames that are in the bucket by then are not rendered again.)
const NEARLY: f64 = 1.04;

/// How a render is shared out.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What it comes to.
    pub estimate: Estimate,
    /// Which limits it does not keep, in words for the report.
    pub warnings: Vec<String>,
}

/// Shares `frames` frames out as well as `limits` ask for.
///
/// Under a deadline the cheapest way that keeps it, under a budget the soonest; with both, the cheapest that keeps the
/// deadline. With neither the soonest that costs at most half more than the cheapest, or ten cents more. Where a deadline cannot be kept,
/// the soonest way is taken, and the cheapest for a budget; a warning says so.
pub fn choose(model: &Model, frames: u32, limits: &Limits) -> Choice {
    let ways: Vec<Estimate> =
        chunks(frames, model.longest_chunk()).map(|chunk| estimate(model, frames, chunk)).collect();
    let estimate =
        pick(&ways, limits, NEARLY).unwrap_or_else(|| estimate(model, frames, first_chunk(frames)));
    Choice { warnings: words::unmet(model, &estimate, limits, false), estimate }
}

/// The way that `limits` ask for. What is no more than `nearly` times the best is as good.
pub(crate) fn pick(ways: &[Estimate], limits: &Limits, nearly: f64) -> Option<Estimate> {
    let only = |keep: &dyn Fn(&Estimate) -> bool| ways.iter().copied().filter(keep).collect::<Vec<_>>();
    match (limits.deadline(), limits.budget()) {
        (Some(deadline), budget) => {
            let most = budget.unwrap_or(f64::INFINITY);
            let in_time = only(&|way| way.finish_seconds <= deadline);
            let affordable = only(&|way| way.finish_seconds <= deadline && way.cost_usd <= most);
            let best = cheapest(&affordable, nearly).or_else(|| cheapest(&in_time, nearly));
            best.or_else(|| soonest(ways, nearly))
        }
        (None, budget) => {
            let least = least(ways, |way| way.cost_usd)?;
            let most = budget.unwrap_or((least * SPEED).max(least + CHANGE));
            let affordable = only(&|way| way.cost_usd <= most);
            soonest(&affordable, nearly).or_else(|| cheapest(ways, nearly))
        }
    }
}

/// What a chunk comes to that the upload itself names.
pub fn assess(model: &Model, frames: u32, chunk: u32, limits: &Limits) -> Choice {
    let estimate = estimate(model, frames, chunk);
    Choice { warnings: words::unmet(model, &estimate, limits, true), estimate }
}

/// All chunks that are worth a look: of those that make the same number of tasks the smallest, which shares the frames
/// out most evenly, and the largest, which leaves a last task that would be alone the least. None has more than `longest`
/// frames, unless fewer would be more tasks than [`MOST_CHILDREN`].
///
/// They are no more than about four times the root of `frames`.
pub fn chunks(frames: u32, longest: u32) -> impl Iterator<Item = u32> {
    let first = first_chunk(frames);
    let most = longest.max(first).min(frames.max(1));
    let next = move |chunk: u32| {
        let fewer = frames.div_ceil(chunk).checked_sub(1).filter(|fewer| *fewer > 0)?;
        Some(frames.div_ceil(fewer))
    };
    iter::successors(Some(first), move |chunk| next(*chunk)).take_while(move |chunk| *chunk <= most).flat_map(
        move |smallest| {
            let largest = next(smallest).map_or(most, |next| next - 1).min(most);
            iter::once(smallest).chain((largest > smallest).then_some(largest))
        },
    )
}

/// The smallest chunk that makes no more tasks than the farm does by itself.
fn first_chunk(frames: u32) -> u32 {
    frames.div_ceil(MOST_CHILDREN).max(1)
}

/// Of the ways that cost about the least the one of the shortest tasks.
fn cheapest(ways: &[Estimate], nearly: f64) -> Option<Estimate> {
    let most = least(ways, |way| way.cost_usd)? * nearly;
    ways.iter().filter(|way| way.cost_usd <= most).min_by_key(|way| way.chunk).copied()
}

/// Of the ways that end about as soon as any the cheapest.
fn soonest(ways: &[Estimate], nearly: f64) -> Option<Estimate> {
    let last = least(ways, |way| way.finish_seconds)? * nearly;
    let soon: Vec<Estimate> = ways.iter().copied().filter(|way| way.finish_seconds <= last).collect();
    cheapest(&soon, nearly)
}

fn least(ways: &[Estimate], what: impl Fn(&Estimate) -> f64) -> Option<f64> {
    ways.iter().map(what).min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        Model { frame_seconds: 30.0, measured: u64::MAX, spread: 0.0, ..Model::of_farm(256.0, 4.0, 0.2) }
    }

    fn limits(pairs: &[(&str, &str)]) -> Limits {
        let mut limits = Limits::default();
        for (name, value) in pairs {
            assert_eq!(limits.take(name, value), Ok(true), "{name}={value}");
        }
        limits
    }

    #[test]
    fn every_number_of_tasks_is_looked_at_once_and_that_is_quick() {
        for frames in [1u32, 2, 7, 100, 4_097] {
            let mut counts: Vec<u32> = (1..=frames).map(|chunk| frames.div_ceil(chunk)).collect();
            counts.dedup();
            let mut looked: Vec<u32> = chunks(frames, frames).map(|chunk| frames.div_ceil(chunk)).collect();
            looked.dedup();
            assert_eq!(looked, counts, "{frames}");
        }
        let million: Vec<u32> = chunks(1_000_000, 1_000_000).collect();
        assert!(million.len() < 4_000, "{}", million.len());
        assert!(1_000_000u32.div_ceil(million[0]) <= MOST_CHILDREN);
        assert_eq!(chunks(1_000_000, 1).count(), 1, "more tasks than there may be");
    }

    #[test]
    fn a_deadline_is_kept_cheaply_and_a_budget_quickly() {
        let of = |pairs: &[(&str, &str)]| choose(&model(), 240, &limits(pairs));
        let (soon, late) = (of(&[("deadline", "4m")]), of(&[("deadline", "10m")]));
        assert!(soon.estimate.finish_seconds <= 240.0 && late.estimate.finish_seconds <= 600.0);
        assert!(late.estimate.cost_usd < soon.estimate.cost_usd, "{soon:?} {late:?}");
        let (little, much) = (of(&[("budget", "0.45")]), of(&[("budget", "2")]));
        assert!(little.estimate.cost_usd <= 0.45 && much.estimate.cost_usd <= 2.0);
        assert!(much.estimate.finish_seconds < little.estimate.finish_seconds, "{little:?} {much:?}");
        for choice in [soon, late, little, much, of(&[])] {
            assert_eq!(choice.warnings, Vec::<String>::new());
        }
        let both = of(&[("deadline", "10m"), ("budget", "5")]);
        assert_eq!(both, of(&[("deadline", "10m")]));
        // What is nearly the cheapest of all is more than may be spent.
        let tight = of(&[("deadline", "10h"), ("budget", "0.41")]);
        assert!(
            of(&[("deadline", "10h")]).estimate.cost_usd > 0.41 && tight.estimate.cost_usd <= 0.41,
            "{tight:?}"
        );
        assert_eq!(tight.warnings, Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_kept_is_come_near_to_and_told() {
        let of = |pairs: &[(&str, &str)]| choose(&model(), 240, &limits(pairs));
        let late = of(&[("deadline", "1m")]);
        assert!(late.warnings[0].contains("deadline=1m"), "{late:?}");
        let dear = of(&[("budget", "0.01")]);
        assert!(dear.warnings[0].contains("budget=0.01"), "{dear:?}");
        assert!(dear.estimate.cost_usd < late.estimate.cost_usd);
        assert!(late.estimate.finish_seconds < dear.estimate.finish_seconds);
        assert_eq!(of(&[("deadline", "1m"), ("budget", "0.01")]).warnings.len(), 2);
        let named = assess(&model(), 240, 240, &limits(&[("deadline", "10m")]));
        assert!(named.warnings[0].contains("chunk"), "{named:?}");
    }

    #[test]
    fn where_nothing_is_paid_only_time_counts() {
        let free = Model { start_seconds: 1.0, ..Model::of_farm(8.0, 4.0, 0.0) };
        let chosen = choose(&free, 24, &Limits::default()).estimate;
        assert_eq!(chosen.cost_usd, 0.0);
        // Several rounds, so that no place is empty while another has a slow chunk.
        assert!((2..=3).contains(&chosen.chunk), "{chosen:?}");
    }

    #[test]
    fn no_frames_need_no_tasks() {
        assert_eq!(choose(&model(), 0, &Limits::default()).estimate.children, 0);
    }
}
