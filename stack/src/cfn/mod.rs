//! What CloudFormation offers, as types: values and references written by hand, resource types
//! generated from CloudFormation's own schemas.
//!
//! It knows nothing of the farm. Start reading at [`Value`] and [`Resource`]; the submodules of
//! `generated` are written by `cargo xtask codegen`.

mod check;
mod fargate;
#[rustfmt::skip]
mod generated;
mod json;
mod kind;
mod resource;
#[cfg(test)]
mod tests;
mod value;

pub use fargate::{AttemptSeconds, Attempts, FargateSize, TooShort, Vcpus, WrongAttempts, WrongSize};
pub use generated::*;
pub use json::Json;
pub use resource::{Handle, Resource};
pub use value::{Condition, Expression, Kind, List, Map, Parameter, Value};
