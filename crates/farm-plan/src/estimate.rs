//! What a chunk makes of a render, in closed form.

use serde::Serialize;

use crate::model::Model;

/// How much of what a slow task is late the render is late, where other tasks follow it: it may have begun long before
/// the last, or be the last.
const FOLLOWED: f64 = 0.5;

/// What a way to share frames out comes to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Frames of one task.
    pub chunk: u32,
    /// Tasks.
    pub children: u32,
    /// Seconds from the first task's start until the last frame is there.
    pub finish_seconds: f64,
    /// US dollars for the tasks.
    pub cost_usd: f64,
}

/// What comes of `frames` frames, `chunk` of them in a task.
///
/// Exact for frames that all take the same, as far as Fargate keeps its word: a task begins when one of the places is
/// free and the launch rate lets it. [`Model::spread`] is added for those that do not.
pub fn estimate(model: &Model, frames: u32, chunk: u32) -> Estimate {
    let chunk = chunk.clamp(1, frames.max(1));
    let children = frames.div_ceil(chunk);
    let Some(others) = children.checked_sub(1) else {
        return Estimate { chunk, children, finish_seconds: 0.0, cost_usd: 0.0 };
    };
    let full = model.task_seconds(chunk);
    // The last task has what is left.
    let last = model.task_seconds(frames - others * chunk);
    let mut finish = begin(model, others, full) + last;
    if let Some(before) = others.checked_sub(1) {
        finish = finish.max(begin(model, before, full) + full);
    }
    let late = if children > model.parallel() { FOLLOWED } else { 1.0 };
    Estimate {
        chunk,
        children,
        finish_seconds: finish + late * model.spread * f64::from(chunk) * model.frame_seconds,
        cost_usd: f64::from(others) * model.task_cost(full) + model.task_cost(last),
    }
}

/// When task number `task` begins, of tasks that take `seconds` each.
///
/// It waits for the one whose place it takes, `parallel` before it, to end; and for the launch rate, which lets no more
/// begin in any stretch of time than `burst` and `rate` a second. The latest of all chains of such waits tells. A chain
/// with `rounds` waits for a place has all other tasks between to launch; what it comes to is convex in `rounds`, so
/// either the chain with none is the longest, or that with all.
fn begin(model: &Model, task: u32, seconds: f64) -> f64 {
    let launched = |tasks: u32| {
        let beyond = tasks.saturating_sub(model.launch_burst.saturating_sub(1));
        f64::from(beyond) / model.launch_per_second
    };
    let (rounds, place) = (task / model.parallel(), task % model.parallel());
    launched(task).max(f64::from(rounds) * seconds + launched(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_render_is_what_one_works_out_by_hand() {
        let model = Model {
            start_seconds: 50.0,
            load_seconds: 0.0,
            frame_seconds: 60.0,
            spread: 0.0,
            ..Model::of_farm(480.0, 4.0, 0.1975)
        };
        // One frame in each of 120 tasks, all at once but for the 20 beyond the burst.
        let each = estimate(&model, 120, 1);
        assert_eq!((each.children, each.finish_seconds), (120, 111.0));
        assert!((each.cost_usd - 0.724).abs() < 0.001, "{each:?}");
        let ten = estimate(&model, 120, 10);
        assert_eq!((ten.children, ten.finish_seconds), (12, 650.0));
        assert!((ten.cost_usd - 0.428).abs() < 0.001, "{ten:?}");
        // The last has 5 frames; two places, two rounds.
        let few = Model { vcpus_allowed: 8.0, ..model };
        assert_eq!(estimate(&few, 35, 10).finish_seconds, 650.0 + 650.0);
        assert_eq!(estimate(&few, 25, 10).finish_seconds, 650.0 + 350.0);
        // A minute is paid at least.
        let quick = Model { frame_seconds: 1.0, task_hour: 60.0, ..model };
        assert!((estimate(&quick, 4, 1).cost_usd - 4.0).abs() < 1e-9);
        assert_eq!(estimate(&model, 0, 5).children, 0);
    }
}
