//! What an artist does with the farm from his own machine, as a library.
//!
//! All of it but [`doctor`] goes through the bucket: who may write an upload there may do it, and it works
//! the same against AWS and against the farm on one machine. It says nothing to anybody: that is the
//! program's.
//!
//! Start reading at [`submit`] (a scene with all that it names, into the bucket), then [`project`] (what it
//! names, on this disk); at [`inspect`](mod@inspect) for what a file says of itself, at
//! [`forecast`] for what a render would cost, at [`doctor`] for what is in the way of one, and at [`resume`](mod@resume) for
//! what is missing of one.

pub mod bucket;
mod copying;
pub mod destination;
pub mod doctor;
pub mod error;
pub mod farm;
pub mod forecast;
pub mod inspect;
pub mod known;
pub mod location;
pub mod logs;
pub mod project;
pub mod pull;
pub mod remove;
pub mod render;
pub mod rerender;
pub mod resume;
mod rewrite;
pub mod stop;
pub mod submit;
pub mod tagging;
pub mod web;

pub use bucket::Bucket;
pub use destination::Destination;
pub use error::FarmError;
pub use farm::Farm;
pub use location::Location;
pub use project::Source;
pub use resume::{Resumed, resume};
pub use submit::{Prepared, Progress, Sent, Step, plan_submission};
