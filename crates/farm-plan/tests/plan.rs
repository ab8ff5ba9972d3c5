//! Plans over a grid of scenes and farms: the closed form against the play-through, the choice against the best.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

use farm_contract::limits::Limits;
use farm_contract::measured::Measured;
use farm_contract::plan::{ARRAY_CHILDREN, MAX_ARRAYS};
use farm_plan::{Estimate, MOST_CHILDREN, Model, choose, chunks, estimate, simulate};
use proptest::prelude::*;

/// How much worse than the best a plan may be.
const GOAL: f64 = 1.05;
/// What a plan may cost where no limit is given, beside the cheapest.
fn speedy(cheapest: f64) -> f64 {
    (cheapest * 1.5).max(cheapest + 0.10)
}

/// Frames that all take the same, on a farm at the price of 4 vCPUs and 8 GiB.
fn model(frame_seconds: f64, load_seconds: f64, vcpus: f64) -> Model {
    let farm = Model::of_farm(vcpus, 4.0, 0.1975);
    Model { frame_seconds, load_seconds, spread: 0.0, measured: u64::MAX, ..farm }
}

fn limits(deadline: Option<f64>, budget: Option<f64>) -> Limits {
    let mut limits = Limits::default();
    let deadline = deadline.map(|seconds| ("deadline", format!("{seconds:.0}s")));
    let budget = budget.map(|dollars| ("budget", format!("{dollars:.2}")));
    for (name, value) in deadline.into_iter().chain(budget) {
        assert_eq!(limits.take(name, &value), Ok(true), "{name}={value}");
    }
    limits
}

/// All ways that Batch takes, however long their tasks are.
fn every_way(model: &Model, frames: u32) -> Vec<Estimate> {
    let first = frames.div_ceil(ARRAY_CHILDREN.end() * MAX_ARRAYS);
    // Of many frames only those that another test finds to be enough.
    let all = (first..=frames).take_while(|_| frames <= 10_001);
    let ways = all.chain(std::iter::once(first)).chain(chunks(frames, frames));
    ways.map(|chunk| estimate(model, frames, chunk)).collect()
}

fn least(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(f64::INFINITY, f64::min)
}

proptest! {
    #[test]
    fn the_closed_form_is_what_is_played_through(
        frames in 1u32..3_000, chunk in 1u32..400, parallel in 1u32..600, frame in 0.01f64..300.0,
        load in 0.0f64..200.0, start in 0.0f64..90.0, burst in 1u32..200, rate in 0.5f64..50.0,
    ) {
        let model = Model {
            start_seconds: start,
            launch_burst: burst,
            launch_per_second: rate,
            ..model(frame, load, f64::from(parallel) * 4.0)
        };
        let reckoned = estimate(&model, frames, chunk);
        let played = simulate(&model, &vec![frame; frames as usize], reckoned.chunk);
        prop_assert_eq!(reckoned.children, played.children);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.max(b);
        prop_assert!(near(reckoned.finish_seconds, played.finish_seconds), "{:?} {:?}", reckoned, played);
        prop_assert!(near(reckoned.cost_usd, played.cost_usd), "{:?} {:?}", reckoned, played);
    }

    #[test]
    fn no_chunk_that_is_passed_over_is_better(
        frames in 1u32..2_000, parallel in 1u32..300, frame in 0.1f64..200.0, load in 0.0f64..100.0,
    ) {
        let model = model(frame, load, f64::from(parallel) * 4.0);
        let looked: Vec<Estimate> = chunks(frames, frames).map(|chunk| estimate(&model, frames, chunk)).collect();
        for chunk in 1..=frames {
            let way = estimate(&model, frames, chunk);
            let same = looked.iter().filter(|other| other.children == way.children);
            let finish = least(same.clone().map(|other| other.finish_seconds));
            let cost = least(same.map(|other| other.cost_usd));
            // Between the two that are looked at a last task that is alone may end a little sooner.
            prop_assert!(finish <= way.finish_seconds * 1.01, "{} {:?}", finish, way);
            prop_assert!(cost <= way.cost_usd * 1.000_001, "{} {:?}", cost, way);
        }
    }

    #[test]
    fn any_numbers_give_a_plan_that_batch_takes(
        frames in 0u32..=2_097_149, vcpus: f64, task: f64, price: f64, frame: f64, load: f64, spread: f64,
        deadline in 1u32..1_000_000,
    ) {
        let farm = Model::of_farm(vcpus, task, price);
        let odd = Model { frame_seconds: frame, load_seconds: load, spread, measured: u64::MAX, ..farm };
        for limits in [Limits::default(), limits(Some(f64::from(deadline)), None)] {
            let chosen = choose(&odd, frames, &limits).estimate;
            prop_assert!(chosen.chunk >= 1 && chosen.children <= MOST_CHILDREN, "{:?}", chosen);
            prop_assert!(u64::from(chosen.children) * u64::from(chosen.chunk) >= u64::from(frames));
        }
    }
}

/// Scenes from a sketch to a film, on farms from one task to a thousand.
fn grid() -> impl Iterator<Item = (Model, u32)> {
    let frames = [1, 2, 24, 250, 3_000, 10_001, 100_000, 1_000_000];
    let seconds = [0.2, 1.0, 6.0, 30.0, 150.0, 900.0];
    let loads = [1.0, 20.0, 240.0];
    let ceilings = [4.0, 64.0, 256.0, 4_000.0];
    frames.into_iter().flat_map(move |frames| {
        seconds.into_iter().flat_map(move |seconds| {
            loads.into_iter().flat_map(move |load| {
                ceilings.into_iter().map(move |ceiling| (model(seconds, load, ceiling), frames))
            })
        })
    })
}

#[test]
fn a_plan_is_within_five_per_cent_of_the_best_and_takes_twenty_submits() {
    for (model, frames) in grid() {
        let ways = every_way(&model, frames);
        let soonest = least(ways.iter().map(|way| way.finish_seconds));
        let cheapest = least(ways.iter().map(|way| way.cost_usd));
        let at = format!("{frames} frames, {model:?}");

        let free = choose(&model, frames, &Limits::default());
        let affordable = ways.iter().filter(|way| way.cost_usd <= speedy(cheapest));
        let best = least(affordable.map(|way| way.finish_seconds));
        assert!(free.estimate.finish_seconds <= best * GOAL, "{best} {free:?} {at}");
        assert!(free.estimate.cost_usd <= speedy(cheapest) * GOAL, "{cheapest} {free:?} {at}");
        let submits = free.estimate.children.div_ceil(*ARRAY_CHILDREN.end()) + 1;
        assert!(submits <= 20, "{free:?} {at}");

        for slack in [1.1, 1.5, 4.0] {
            let deadline = (soonest * slack).ceil();
            if deadline < 14.0 * 86_400.0 {
                let chosen = choose(&model, frames, &limits(Some(deadline), None));
                let best =
                    least(ways.iter().filter(|way| way.finish_seconds <= deadline).map(|way| way.cost_usd));
                assert!(chosen.warnings.is_empty(), "{chosen:?} {at}");
                assert!(chosen.estimate.cost_usd <= best * GOAL, "{deadline} {best} {chosen:?} {at}");
            }
            let budget = (cheapest * slack * 100.0).ceil() / 100.0;
            if budget < 1_000_000.0 {
                let chosen = choose(&model, frames, &limits(None, Some(budget)));
                let best =
                    least(ways.iter().filter(|way| way.cost_usd <= budget).map(|way| way.finish_seconds));
                assert!(chosen.warnings.is_empty(), "{chosen:?} {at}");
                assert!(chosen.estimate.finish_seconds <= best * GOAL, "{budget} {best} {chosen:?} {at}");
            }
        }
    }
}

/// Seconds of each frame, of scenes that are not even, about `mean` on average.
fn uneven(frames: u32, mean: f64) -> [(&'static str, Vec<f64>); 4] {
    let at = |frame: u32| f64::from(frame) / f64::from(frames);
    let all = |of: &dyn Fn(u32) -> f64| (0..frames).map(|frame| mean * of(frame)).collect();
    [
        ("slower and slower", all(&|frame| 0.5 + at(frame))),
        ("slow in the middle", all(&|frame| 0.7 + if (0.4..0.55).contains(&at(frame)) { 2.0 } else { 0.0 })),
        ("waves", all(&|frame| 1.0 + 0.4 * (at(frame) * 40.0).sin())),
        // A fixed rule in place of chance, so that the test is the same each time.
        ("restless", all(&|frame| 0.6 + 0.8 * f64::from(frame.wrapping_mul(2_654_435_761) >> 16) / 65_536.0)),
    ]
}

/// What zip-task would have measured of a render of this chunk.
fn measured(frames: &[f64], chunk: u32, load_seconds: f64) -> Measured {
    let tasks: Vec<(f64, u64)> =
        frames.chunks(chunk as usize).map(|frames| (frames.iter().sum(), frames.len() as u64)).collect();
    let mut measured = Measured { load_seconds, ..Measured::default() };
    measured.take_frames(&tasks);
    measured
}

#[test]
fn a_second_render_of_an_uneven_scene_is_near_the_best_there_is() {
    let mut ratios = Vec::new();
    for (frames, mean, load, ceiling) in [
        (24, 7.0, 1.0, 8.0),
        (250, 30.0, 5.0, 256.0),
        (250, 240.0, 20.0, 256.0),
        (1_000, 20.0, 5.0, 64.0),
        (3_000, 6.0, 20.0, 256.0),
        (3_000, 60.0, 5.0, 4_000.0),
    ] {
        for ((name, seconds), price) in
            uneven(frames, mean).into_iter().flat_map(|of| [(of.clone(), 0.0), (of, 0.2)])
        {
            let farm = Model { load_seconds: load, ..Model::of_farm(ceiling, 4.0, price) };
            let first = choose(&farm, frames, &Limits::default()).estimate;
            let farm = farm.fitted(&measured(&seconds, first.chunk, load));
            let second = choose(&farm, frames, &Limits::default()).estimate;
            let ways: Vec<Estimate> =
                chunks(frames, frames).map(|chunk| simulate(&farm, &seconds, chunk)).collect();
            let most = speedy(least(ways.iter().map(|way| way.cost_usd)));
            let affordable = ways.iter().filter(|way| way.cost_usd <= most);
            let best = least(affordable.map(|way| way.finish_seconds));
            let ratio = simulate(&farm, &seconds, second.chunk).finish_seconds / best;
            // Where slow frames are is not known, only how slow they are.
            assert!(ratio < 1.3, "{ratio} {name} {frames} {second:?}");
            ratios.push(ratio);
        }
    }
    let average = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!(average <= GOAL, "{average}");
}
