//! What an artist does with the farm from his own machine, as a library.
//!
//! All of it goes through the bucket: who may write an upload there may do all of this, and it works
//! the same against AWS and against the farm on one machine. It says nothing to anybody: that is the
//! program's.
//!
//! Start reading at [`resume`](mod@resume).

pub mod error;
pub mod location;
pub mod resume;
mod rewrite;

pub use error::FarmError;
pub use location::Location;
pub use resume::{Resumed, resume};
