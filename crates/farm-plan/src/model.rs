//! What a farm and a scene are like, in numbers.

use farm_contract::measured::{ENOUGH, Measured};
use farm_contract::prices;

/// From the start of the image's pull until our program runs, where nobody says otherwise. Batch's documentation
/// has about 30 s for a start on Fargate, and others measured 55 s with an image of 2.7 GB; ours has a sixth of
/// that. A task cannot see this time from inside, so it is never fitted.
pub const START_SECONDS: f64 = 45.0;
/// Download and opening of a scene of which nothing is known.
const LOAD_SECONDS: f64 = 5.0;
/// A frame of a scene of which nothing is known.
const FRAME_SECONDS: f64 = 30.0;
/// See [`Model::spread`], of a scene of which nothing is known.
const SPREAD: f64 = 0.25;
/// Tasks that Fargate starts at once, and how many more each second: the quotas of an account.
const LAUNCH: (u32, f64) = (100, 20.0);

/// The most frames of one task, where little is known of how long a frame takes: if it is fifteen minutes, such
/// a task takes four hours, and all that wait for its place as well.
const UNMEASURED_FRAMES: u32 = 16;

/// What a farm and a scene are like. Times are in seconds, prices in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    /// vCPUs that all tasks together may have.
    pub vcpus_allowed: f64,
    /// vCPUs of one task.
    pub task_vcpus: f64,
    /// Tasks that may start at once.
    pub launch_burst: u32,
    /// Tasks that may start each second after those.
    pub launch_per_second: f64,
    /// US dollars for an hour of one task. Nothing, on a machine of one's own.
    pub task_hour: f64,
    /// From the start of a task until our program runs; paid for, like all that follows.
    pub start_seconds: f64,
    /// From there until the scene is open.
    pub load_seconds: f64,
    /// A frame, on average.
    pub frame_seconds: f64,
    /// How much longer than the average one the frames of a slow task take: 0.25 is a quarter longer. Frames that
    /// follow each other are alike, so a chunk of slow ones is not made up for by others in it.
    pub spread: f64,
    /// Of how many frames of an earlier render the times are; of none, where they are assumed.
    pub measured: u64,
}

impl Model {
    /// A farm with so many vCPUs, so many in a task, and this price for an hour of it; of the scene nothing is
    /// known.
    pub fn of_farm(vcpus_allowed: f64, task_vcpus: f64, task_hour: f64) -> Self {
        let (launch_burst, launch_per_second) = LAUNCH;
        Self {
            vcpus_allowed,
            task_vcpus,
            launch_burst,
            launch_per_second,
            task_hour,
            start_seconds: START_SECONDS,
            load_seconds: LOAD_SECONDS,
            frame_seconds: FRAME_SECONDS,
            spread: SPREAD,
            measured: 0,
        }
    }

    /// The same farm, with the times that an earlier render took. What cannot be a time is left as it is.
    #[must_use]
    pub fn fitted(mut self, measured: &Measured) -> Self {
        if measured.frames > 0 && measured.frame_seconds.is_finite() && measured.frame_seconds > 0.0 {
            self.frame_seconds = measured.frame_seconds;
            self.spread = known(measured.spread).unwrap_or(self.spread);
            self.load_seconds = known(measured.load_seconds).unwrap_or(self.load_seconds);
            self.measured = measured.frames;
        }
        self
    }

    /// How many tasks run at once. One is always tried, also where the ceiling is below its size.
    pub fn parallel(&self) -> u32 {
        // The cast cuts the fraction off, and holds at the largest number there is.
        ((self.vcpus_allowed / self.task_vcpus) as u32).max(1)
    }

    /// Seconds of a task that renders so many frames.
    pub(crate) fn task_seconds(&self, frames: u32) -> f64 {
        self.start_seconds + self.load_seconds + f64::from(frames) * self.frame_seconds
    }

    /// US dollars of a task that takes so long. Fargate rounds up to the next second, which is left out.
    pub(crate) fn task_cost(&self, seconds: f64) -> f64 {
        prices::attempt(self.task_hour, seconds)
    }

    /// The most frames that the farm gives to one task by itself.
    pub(crate) fn longest_chunk(&self) -> u32 {
        if self.measured >= ENOUGH { u32::MAX } else { UNMEASURED_FRAMES }
    }
}

/// A share or a time, if it can be one.
fn known(number: f64) -> Option<f64> {
    (number.is_finite() && number >= 0.0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_tasks_run_at_once_as_fit_and_never_none() {
        let parallel = |allowed, task| Model::of_farm(allowed, task, 0.0).parallel();
        assert_eq!(parallel(256.0, 4.0), 64);
        assert_eq!(parallel(256.0, 0.5), 512);
        assert_eq!(parallel(7.0, 4.0), 1, "a second one does not fit");
        assert_eq!(parallel(1.0, 4.0), 1, "one is always tried");
    }

    #[test]
    fn what_was_measured_takes_the_place_of_what_is_assumed_and_rubbish_does_not() {
        let farm = Model::of_farm(256.0, 4.0, 0.2);
        let measured = Measured {
            frames: 16,
            load_seconds: 9.0,
            frame_seconds: 4.0,
            spread: 0.5,
            ..Measured::default()
        };
        let fitted = farm.fitted(&measured);
        assert_eq!((fitted.load_seconds, fitted.frame_seconds, fitted.spread), (9.0, 4.0, 0.5));
        assert!(fitted.measured == 16 && fitted.start_seconds == farm.start_seconds);
        let few = farm.fitted(&Measured { frames: 15, ..measured.clone() });
        assert!(few.measured == 15 && few.longest_chunk() == farm.longest_chunk(), "few frames say little");
        assert_eq!(farm.fitted(&Measured { frames: 0, ..measured.clone() }), farm);
        for frame_seconds in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(farm.fitted(&Measured { frame_seconds, ..measured.clone() }), farm);
        }
        let odd = Measured { load_seconds: f64::NAN, spread: -1.0, ..measured };
        assert_eq!(farm.fitted(&odd).load_seconds, LOAD_SECONDS);
        assert_eq!(farm.fitted(&odd).spread, SPREAD);
    }
}
