//! The commands that are more than a call of the library.

mod inspect;
mod progress;
mod submit;

pub use inspect::Inspect;
pub use submit::Submit;
