//! render-task as a real program, with the real Blender, against the bucket on loopback. What
//! counts is what lies in the bucket afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod assets;
mod cost;
mod faults;
mod frames;
mod harness;
mod stops;
mod trust;

#[path = "../support/mod.rs"]
mod support;
