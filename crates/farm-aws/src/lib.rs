//! Being logged in to AWS from a person's machine: as whom, in which region, and what helps where a
//! call fails.
//!
//! The programs that run in the cloud are given all of that, and do without this. Start reading at
//! [`Session`].

mod error;
pub mod hint;
mod session;

pub use error::AwsError;
pub use session::{Caller, NoRegion, Session};
