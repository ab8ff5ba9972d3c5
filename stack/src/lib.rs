//! What the farm is made of, as typed Rust.
//!
//! [`cfn`] is what AWS offers, [`farm`] what we want of it, [`template`] how that is written down and
//! looked over. None of them starts anything or calls anybody; the loopback farm is wired from the
//! same values, so a wrong wire here fails on the laptop. [`deploy`] alone talks to AWS, and takes a
//! finished template.
//!
//! Start reading at [`farm`]: one module for each box of the picture in the README.

pub mod cfn;
#[cfg(feature = "deploy")]
pub mod deploy;
pub mod farm;
pub mod template;
