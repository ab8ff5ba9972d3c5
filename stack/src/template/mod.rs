//! A CloudFormation template: what is in it, how it is written, what is wrong with it, and what
//! it comes to once its parameters are known. Pure: no clock, no network, the same bytes from
//! the same farm.
//!
//! Start reading at [`Template`].

pub mod check;
pub mod document;
mod emit;
mod error;
mod graph;
mod model;
mod parameter;
pub mod resolve;

pub use check::{Capability, Finding, capabilities, check};
pub use document::{Document, DocumentError};
pub use emit::{INLINE_BODY_LIMIT, fits_inline};
pub use error::TemplateError;
pub use model::{Attributes, DeletionPolicy, Output, Template, Test};
pub use parameter::{ParameterSpec, ParameterType};
pub use resolve::{AwsNames, Inputs, Names, ResolveError, Resolved, ResolvedResource, resolve};
