//! What the tests of several programs share: tools that not every machine has, and servers of a few
//! lines that play what a test wants. No program knows it.

#![allow(clippy::expect_used, reason = "a failing test panics")]

mod server;
mod tool;

pub use server::{Reply, Request, exchange, serve};
pub use tool::tool;
