//! The boxes of the picture: one module each.

pub mod jobs;
pub mod storage;
pub mod trigger;
