//! Sentences of render-task's log that others look for: the farm's dashboard counts them.

use std::fmt::Display;

/// A frame is rendered.
pub fn rendered(frame: i32, seconds: f64) -> String {
    format!("frame {frame}: rendered in {seconds:.1} s")
}

/// A frame failed by itself.
pub fn failed(frame: i32, why: impl Display) -> String {
    format!("frame {frame} failed: {why}")
}
