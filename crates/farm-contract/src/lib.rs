//! What the programs of the farm must agree on, and nothing else.
//!
//! The trigger, the tasks, the stack and the loopback farm are separate programs that meet
//! only in a bucket, on a command line, in the environment and in an exit code. Every such
//! meeting point is spelt once, here.
//!
//! This crate does no I/O, knows no runtime and no AWS SDK, and never panics on foreign data:
//! whatever it parses may have been written by a user or by a newer version of the farm.
//!
//! Start reading at [`keys`] (what lies where in the bucket), then [`frames`] and [`plan`].

pub mod allowances;
pub mod children;
pub mod command;
pub mod env;
pub mod exit;
pub mod fault;
pub mod frames;
pub mod keys;
pub mod limits;
pub mod log_line;
pub mod measured;
pub mod metadata;
pub mod notify;
pub mod offer;
pub mod order;
pub mod plan;
pub mod preview;
pub mod prices;
pub mod project;
pub mod record;
pub mod report;
pub mod settings;
pub mod spending;
pub mod stop;
pub mod tags;
mod versioned;

pub use fault::Fault;
