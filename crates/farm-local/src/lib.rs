//! The farm on one machine: S3 on a directory, Batch with child processes, and the Lambda
//! runtime API, all on loopback and wired as on AWS.
//!
//! The programs that run in it are the ones that run on AWS, unmodified; they see nothing but
//! endpoints and credentials. This crate must never listen beyond loopback, and must never do
//! for a program what AWS would not do.
//!
//! Start reading at [`farm`], where the three services are wired together.

pub mod access;
pub mod batch;
pub mod blueprint;
mod credentials;
pub mod farm;
pub mod faults;
mod folder;
pub mod lambda;
mod listen;
mod logs;
pub mod s3;
pub mod sheet;
pub mod workers;
