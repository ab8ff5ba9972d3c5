//! The real `stack` deploys to CloudFormation engines: to LocalStack as it is, to LocalStack mended
//! where it would deceive (`tests/localstack/README.md` says where), and to scripted answers where
//! neither has the call.
//!
//! On a machine without Python 3.13 the first two are left out, and `cargo xtask test` says so.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

mod asking;
mod compare;
mod destroying;
mod engine;
mod failures;
mod lifecycle;
mod read_back;
mod script;
mod scripted;
mod scripted_bucket;
mod scripted_destroy;
