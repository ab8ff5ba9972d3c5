//! What the programs that a person runs say on a terminal.
//!
//! All of it goes to stderr; stdout is for data. What a program says is its own: here is how a line
//! gets there, how it looks, and what is said at a bad end.

mod interrupt;
mod look;
mod report;
mod say;
mod words;

pub use interrupt::{INTERRUPTED, interrupted};
pub use look::{Ink, Look};
pub use report::report;
pub use say::{hint, prompt, say};
pub use words::{count, plain, printable, size};
