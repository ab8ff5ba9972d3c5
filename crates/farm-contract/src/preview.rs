//! The moving pictures of a render: whether it gets any, and how fast they play.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::frames::FrameSpec;

/// Whether a render gets moving pictures.
pub const PREVIEW: &str = "preview";

/// Frames per second of a scene whose own are not known: Blender's default.
const USUAL: f64 = 24.0;
/// Speeds that are taken for a scene's. Blender lets one be set that no player plays.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.1..=1000.0;

/// How fast the frames of a plan play: so many in so many seconds. As two whole numbers, since 30000 frames in 1001
/// seconds are no decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// So many frames.
    pub frames: NonZeroU32,
    /// In so many seconds.
    pub seconds: NonZeroU32,
}

impl Preview {
    /// Of the frames `spec` of a scene with so many `frames_per_second`, if those are known. None where there are not
    /// two frames: one does not move.
    ///
    /// Every second frame of a shot is shown for twice the time, so that it lasts as long as the shot. Single frames
    /// and ranges that are named one by one are no steps: they play one after the other.
    pub fn of(spec: &FrameSpec, frames_per_second: Option<f64>) -> Option<Self> {
        spec.frames().get(1)?;
        let speed = frames_per_second.filter(|speed| SPEEDS.contains(speed)).unwrap_or(USUAL);
        let (frames, seconds) = fraction(speed);
        let seconds = seconds.saturating_mul(spec.step());
        let divisor = common_divisor(frames, seconds);
        Some(Self {
            frames: NonZeroU32::new(frames / divisor)?,
            seconds: NonZeroU32::new(seconds / divisor)?,
        })
    }
}

/// A speed as frames and seconds. Those of television (29.97 and its like) have 1001 seconds.
fn fraction(speed: f64) -> (u32, u32) {
    // Blender divides by a number of single precision.
    const CLOSE: f64 = 1e-5;
    let television = speed * 1.001;
    // The casts keep the value: a speed is a thousand at most.
    if (speed - speed.round()).abs() < CLOSE * speed {
        (speed.round() as u32, 1)
    } else if (television - television.round()).abs() < CLOSE * speed {
        (television.round() as u32 * 1000, 1001)
    } else {
        ((speed * 1000.0).round() as u32, 1000)
    }
}

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { common_divisor(b, a % b) }
}

/// Whether there are moving pictures, by the tag's `value`.
///
/// # Errors
/// It says neither.
pub(crate) fn read(value: &str) -> Result<bool, Fault> {
    match value.trim() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(Fault::new(
            format!("preview={value} says neither that there is a preview nor that there is none."),
            "Write preview=off for none, or leave the tag out.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(spec: &str, speed: Option<f64>) -> Option<(u32, u32)> {
        let preview = Preview::of(&spec.parse().expect("frames"), speed)?;
        Some((preview.frames.get(), preview.seconds.get()))
    }

    #[test]
    fn a_preview_plays_as_fast_as_the_scene() {
        assert_eq!(of("1-9", Some(25.0)), Some((25, 1)));
        assert_eq!(of("1-9", None), Some((24, 1)));
        // As Blender has them: divided by a number of single precision.
        assert_eq!(of("1-9", Some(30.0 / f64::from(1.001_f32))), Some((30_000, 1001)));
        assert_eq!(of("1-9", Some(24.0 / f64::from(1.001_f32))), Some((24_000, 1001)));
        assert_eq!(of("1-9", Some(12.5)), Some((25, 2)));
        for no_speed in [0.0, -24.0, f64::NAN, f64::INFINITY, 1e9] {
            assert_eq!(of("1-9", Some(no_speed)), Some((24, 1)), "{no_speed}");
        }
    }

    #[test]
    fn every_second_frame_lasts_as_long_as_the_shot() {
        assert_eq!(of("1-120x2", Some(24.0)), Some((12, 1)));
        assert_eq!(of("1-120x5", Some(24.0)), Some((24, 5)));
        assert_eq!(of("1-1000000x700001", Some(29.97)), Some((30_000, 700_701_001)));
        // Frames with holes between them play one after the other.
        assert_eq!(of("1 5 10-20", Some(24.0)), Some((24, 1)));
        assert_eq!(of("1-9x2 20-30x2", Some(24.0)), Some((24, 1)));
    }

    #[test]
    fn one_frame_does_not_move() {
        assert_eq!(of("7", Some(24.0)), None);
        assert_eq!(of("1-4x9", Some(24.0)), None);
    }

    #[test]
    fn nothing_but_on_and_off_is_read() {
        assert_eq!((read("on"), read(" off ")), (Ok(true), Ok(false)));
        for other in ["", "no", "Off", "1"] {
            assert!(!read(other).expect_err(other).hint.is_empty());
        }
    }
}
