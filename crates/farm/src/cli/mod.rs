//! The commands that are more than a call of the library.

mod inspect;
mod plan;
mod progress;
mod submit;

pub use inspect::Inspect;
pub use plan::Plan;
pub use submit::Submit;
