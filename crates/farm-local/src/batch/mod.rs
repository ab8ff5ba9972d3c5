//! AWS Batch on loopback: the calls, states, limits and errors of the service, with jobs that
//! are child processes of this one.
//!
//! An unmodified AWS SDK talks to it; the programs that it runs see what a Batch container
//! sees and nothing else of this machine's environment. It must never run more children than
//! it has slots, never leave a process behind, and never be kinder than Batch: a dependent of
//! a failed job fails, an attempt that timed out is not tried again, an array of one is
//! refused.
//!
//! What it does not have: compute environments, priorities, multi-node jobs, the calls that
//! make queues and definitions (those come from [`BatchConfig`]), and a memory: jobs live as
//! long as the process. A descendant that leaves its process group (`setsid`) is out of reach.
//!
//! Start reading at `engine`, the state machine that knows no process and no clock. Around it:
//! `validate` turns a request into a job, `service` feeds the engine and carries out its
//! orders, `runner` keeps one process, `api` is HTTP.

mod actions;
mod api;
mod config;
mod dependency;
mod describe;
mod engine;
mod error;
mod events;
mod fair_share;
mod ids;
mod job;
mod list;
mod model;
mod retry;
mod runner;
mod service;
#[cfg(test)]
mod tests;
mod validate;

pub use config::{BatchConfig, JobDefinition, Queue, StartError};
pub use retry::{EvaluateOnExit, RetryAction};
pub use service::Batch;
