//! What lies on this disk of a project: its main file, and all that this one names and needs.
//!
//! Nothing is packed that no file names. Paths are those that stand in the files, so a link is followed to
//! what it leads to, and the farm finds the content where the scene looks for it.
//!
//! Start reading at [`collect()`]. [`Source`] is what an artist points to; which files a written path stands
//! for is in `wanted`, what of these is there in `disk`.

mod collect;
mod disk;
mod root;
#[cfg(test)]
pub(crate) mod samples;
mod source;
mod wanted;

pub(crate) use collect::settled;
pub use collect::{Collected, Found, Lack, Reads, Why, collect};
pub use disk::State;
pub use source::Source;
