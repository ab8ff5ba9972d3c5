//! One Blender, driven frame by frame through a script of ours.
//!
//! Blender runs as a child process with a cleared environment and answers commands
//! (`driver/drive.py`, [`protocol`]); what it prints is passed on and searched for signs of a
//! wrong picture ([`patterns`]). It must never outlive us, never learn a credential, and never reach
//! the network ([`confine`]).
//!
//! Start reading at [`process`].

pub mod confine;
mod death;
pub mod patterns;
pub mod process;
pub mod protocol;

pub use death::{Cause, Death};
pub use process::{Blender, Reply, Setup};
