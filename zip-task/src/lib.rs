//! Makes `frames.zip` of one render, and its `report.json`; then `preview.mp4` and `contact-sheet.gif`.
//!
//! zip-task looks at what is in the bucket and at nothing else: a frame counts by what its
//! metadata says, and the archive holds exactly the frames of the plan. What is missing is told
//! in the archive and in the report, with the reason and what to do.
//!
//! It must never let a partial archive look like a complete one, never write a byte into an
//! archive that differs from what was rendered, never overwrite what a newer upload of the same
//! name made, and never leave parts of an unfinished archive behind.
//!
//! Start reading at [`render::run`]; how the archive is planned is in [`archive`], how moving pictures are made in
//! [`preview`].

pub mod archive;
pub mod census;
pub mod contents;
pub mod failure;
pub mod folder;
pub mod frames;
pub mod label;
mod missing;
pub mod options;
pub mod preview;
pub mod records;
pub mod render;
pub mod store;
pub mod upload;
pub mod verdict;
