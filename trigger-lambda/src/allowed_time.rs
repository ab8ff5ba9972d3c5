//! How long one attempt of a child may take before Batch ends it.

use farm_contract::measured::ENOUGH;
use farm_contract::plan::Plan;
use farm_plan::Model;

use crate::config::Config;

/// Seconds that one attempt of a child of `plan` may take: what Batch is told.
pub fn of_plan(plan: &Plan, config: &Config) -> i32 {
    let seconds = plan.attempt_seconds.unwrap_or_else(|| of(config.frame_seconds, plan.chunk, &config.model));
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

/// Seconds for `chunk` frames of which one may take `frame_seconds`, within what Fargate allows.
///
/// Of a scene whose frames are known to be quick a task may have thousands: one that hangs would be waited, and paid,
/// for as if all of them were as slow as one may be. So it gets what some such frames may take, or a hundred times
/// what it should: a file may have been a preview when it was measured, and frames that are cut off are lost.
pub fn of(frame_seconds: u32, chunk: u32, model: &Model) -> u32 {
    const FARGATE: std::ops::RangeInclusive<u32> = 60..=14 * 24 * 60 * 60;
    const SLOW_FRAMES: u32 = 16;
    const TIMES: f64 = 100.0;
    let mut seconds = frame_seconds.saturating_mul(chunk);
    if model.measured >= ENOUGH {
        // The cast holds at the largest number there is.
        let many_times = (TIMES * (model.load_seconds + f64::from(chunk) * model.frame_seconds)) as u32;
        seconds = seconds.min(frame_seconds.saturating_mul(SLOW_FRAMES).max(many_times));
    }
    seconds.clamp(*FARGATE.start(), *FARGATE.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_gets_the_time_of_its_frames_within_fargates_limits() {
        let model = Model::of_farm(32.0, 4.0, 0.2);
        assert_eq!(of(900, 4, &model), 3600);
        assert_eq!(of(1, 1, &model), 60);
        assert_eq!(of(u32::MAX, 3, &model), 14 * 24 * 60 * 60);
        let known = |frame_seconds| Model { frame_seconds, measured: u64::MAX, ..model };
        assert_eq!(of(900, 4, &known(0.2)), 3600);
        assert_eq!(of(900, 1_000, &known(0.01)), 16 * 900, "a task of quick frames that hangs");
        assert_eq!(of(900, 5_000, &known(0.2)), 100_500);
        assert_eq!(of(900, 100, &known(300.0)), 90_000);
        // It was a preview of three seconds, and takes a minute now.
        assert!(of(900, 334, &known(3.0)) > 334 * 60);
        let tried = Model { measured: ENOUGH - 1, ..known(0.3) };
        assert_eq!(of(900, 100, &tried), 90_000, "a frame or two were tried, and a chunk is named");
        let slow_to_load = Model { load_seconds: 1_200.0, ..known(1.0) };
        assert_eq!(of(60, 100, &slow_to_load), 6_000);
    }
}
