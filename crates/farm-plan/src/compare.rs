//! A plan beside one frame in each task, and beside the best there is.

use farm_contract::limits::Limits;
use farm_contract::plan::{ARRAY_CHILDREN, MAX_ARRAYS};
use serde::Serialize;

use crate::choose::{Choice, choose, chunks, pick};
use crate::estimate::{Estimate, estimate};
use crate::model::Model;
use crate::simulate::simulate;

/// The most tasks that Batch takes of one render.
const MOST_OF_BATCH: u32 = *ARRAY_CHILDREN.end() * MAX_ARRAYS;

/// Up to so many frames every way is played through; of more the best is found by its estimate.
const PLAYED: u32 = 10_000;

/// A plan and what it is compared with, all of them played through with frames that take the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// How many frames.
    pub frames: u32,
    /// As the farm would do it.
    pub plan: Estimate,
    /// One frame in each task, though they be more than Batch takes.
    pub one_each: Estimate,
    /// The best of all ways that Batch takes, for the same limits.
    pub best: Estimate,
    /// How many times the best the plan is, in what the limits leave open: in cost under a deadline, else in time.
    pub ratio: f64,
    /// Which limits the plan does not keep.
    pub warnings: Vec<String>,
}

/// Compares the plan of `frames` frames.
pub fn compare(model: &Model, frames: u32, limits: &Limits) -> Comparison {
    let seconds = vec![model.frame_seconds; frames as usize];
    let play = |chunk| simulate(model, &seconds, chunk);
    let Choice { estimate: planned, warnings } = choose(model, frames, limits);
    let fewest = frames.div_ceil(MOST_OF_BATCH).max(1);
    // What is played through has frames that take the same.
    let even = Model { spread: 0.0, ..*model };
    let way = |chunk| if frames <= PLAYED { play(chunk) } else { estimate(&even, frames, chunk) };
    let ways: Vec<Estimate> = std::iter::once(fewest).chain(chunks(frames, frames)).map(way).collect();
    let best = pick(&ways, limits, 1.0).unwrap_or(planned);
    let (plan, best) = (play(planned.chunk), play(best.chunk));
    let in_cost = match (limits.deadline(), limits.budget()) {
        (Some(deadline), _) => best.finish_seconds <= deadline,
        (None, Some(budget)) => best.cost_usd > budget,
        (None, None) => false,
    };
    let (ours, theirs) =
        if in_cost { (plan.cost_usd, best.cost_usd) } else { (plan.finish_seconds, best.finish_seconds) };
    // Where nothing is paid, nothing is dearer.
    let ratio = if theirs > 0.0 { ours / theirs } else { 1.0 };
    Comparison { frames, plan, one_each: play(1), best, ratio, warnings }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_beside_the_best_and_cheaper_than_a_task_for_each_frame() {
        let model =
            Model { frame_seconds: 6.0, spread: 0.0, measured: u64::MAX, ..Model::of_farm(256.0, 4.0, 0.2) };
        let compared = compare(&model, 10_000, &Limits::default());
        assert!((1.0..=1.05).contains(&compared.ratio), "{compared:?}");
        assert!(compared.plan.cost_usd < compared.one_each.cost_usd / 5.0, "{compared:?}");
        assert!(compared.plan.finish_seconds < compared.one_each.finish_seconds / 5.0, "{compared:?}");
        let mut limits = Limits::default();
        assert_eq!(limits.take("deadline", "2h"), Ok(true));
        let cheap = compare(&model, 10_000, &limits);
        assert!(
            cheap.best.cost_usd <= compared.best.cost_usd && (1.0..=1.05).contains(&cheap.ratio),
            "{cheap:?}"
        );
        assert_eq!(compare(&Model { task_hour: 0.0, ..model }, 10, &limits).ratio, 1.0);
    }
}
