//! A CloudFormation template: what is in it, how it is written, what is wrong with it, and what
//! it comes to once its parameters are known. Pure: no clock, no network, the same bytes from
//! the same farm.
//!
//! It must never know the farm, nor reach out: who deploys is given the text and the findings.
//!
//! Start reading at [`Template`], which is filled and then written (`emit`). What was written is
//! read back as a [`Document`], which [`check()`] looks over and [`resolve()`] works out.

pub mod check;
pub mod document;
mod emit;
mod error;
mod finished;
mod graph;
mod model;
mod parameter;
pub mod resolve;

pub use check::{Capability, Finding, capabilities, check};
pub use document::{Document, DocumentError};
pub use emit::{INLINE_BODY_LIMIT, fits_inline};
pub use error::TemplateError;
pub use finished::{Finished, UnfinishedError};
pub use model::{Attributes, DeletionPolicy, Output, Template, Test};
pub use parameter::{ParameterSpec, ParameterType};
pub use resolve::{AwsNames, Inputs, Names, ResolveError, Resolved, ResolvedResource, resolve};
