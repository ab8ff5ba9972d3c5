//! The client's verbs against moto, an implementation of AWS that is not ours. A bucket is filled by hand with what the
//! farm's programs write; the real `farm` then reads and changes it. What moto does not do, the tests say where they
//! come by it: it checks no signatures, and jobs of the kind that the farm submits it does not know.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

mod bench;
mod change;
#[path = "../doctor/engine.rs"]
mod engine;
mod fetch;
mod jobs;
mod look;
mod published;
mod remove;
mod send;
mod shell;
mod shot;
