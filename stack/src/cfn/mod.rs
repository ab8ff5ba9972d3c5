//! What CloudFormation offers, as types: values and references written by hand, resource types
//! generated from CloudFormation's own schemas.
//!
//! It knows nothing of the farm. Start reading at [`Value`] and [`Resource`]; the submodules of
//! `generated` are written by `cargo xtask codegen`.

mod fargate;
mod resource;
mod value;

pub use fargate::{AttemptSeconds, Attempts, FargateSize, TooShort, Vcpus, WrongAttempts, WrongSize};
pub use resource::{Handle, Resource};
pub use value::{Condition, Expression, Kind, List, Map, Parameter, Value};
