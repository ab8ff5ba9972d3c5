//! What the farm is made of, as typed Rust.
//!
//! This crate says what stands in the cloud; it starts nothing and calls nobody. The loopback
//! farm is wired from the same values, so a wrong wire here fails on the laptop.
//!
//! Start reading at [`farm`]: one module for each box of the picture in the README.

pub mod cfn;
pub mod farm;
pub mod template;
