//! A render, played through task by task.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::estimate::Estimate;
use crate::model::Model;

/// What comes of frames that take so many seconds each, `chunk` of them in a task.
///
/// Of the model it takes the farm, the start and the load; how long frames take it is told. Tasks begin in their
/// order, each in the place that is free first and when the launch rate lets it: a bucket of tokens that fills by
/// some a second up to the burst.
pub fn simulate(model: &Model, frame_seconds: &[f64], chunk: u32) -> Estimate {
    let chunk = chunk.max(1);
    let mut places: BinaryHeap<Reverse<Moment>> = BinaryHeap::new();
    let mut tokens = Tokens { left: f64::from(model.launch_burst.max(1)), at: 0.0 };
    let mut made = Estimate { chunk, children: 0, finish_seconds: 0.0, cost_usd: 0.0 };
    for frames in frame_seconds.chunks(chunk as usize) {
        let free = if places.len() < model.parallel() as usize { None } else { places.pop() };
        let begin = tokens.take(model, free.map_or(0.0, |Reverse(Moment(free))| free));
        let seconds = model.start_seconds + model.load_seconds + frames.iter().sum::<f64>();
        let end = begin + seconds;
        places.push(Reverse(Moment(end)));
        made.children += 1;
        made.finish_seconds = made.finish_seconds.max(end);
        made.cost_usd += model.task_cost(seconds);
    }
    made
}

/// Tasks that may begin now.
struct Tokens {
    left: f64,
    at: f64,
}

impl Tokens {
    /// The moment from `wanted` on at which one more task may begin.
    fn take(&mut self, model: &Model, wanted: f64) -> f64 {
        let wanted = wanted.max(self.at);
        let full = f64::from(model.launch_burst.max(1));
        let there = (self.left + (wanted - self.at) * model.launch_per_second).min(full);
        let wait = ((1.0 - there) / model.launch_per_second).max(0.0);
        self.left = there + wait * model.launch_per_second - 1.0;
        self.at = wanted + wait;
        self.at
    }
}

/// A time that can be ordered.
#[derive(Debug, Clone, Copy)]
struct Moment(f64);

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Moment {}
