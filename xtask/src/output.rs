//! What the person at the terminal reads: steps as they begin, and at the end what went wrong.
//! All of it goes to stderr; stdout belongs to the programs that are started from here.
#![expect(clippy::print_stderr, reason = "this module is where this program speaks")]

use std::fmt::Display;

/// A failure that the person can mend: what is wrong, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Advice {
    message: String,
    hint: String,
}

impl Advice {
    /// An error from what is wrong and what to do next.
    pub fn error(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        Self { message: message.into(), hint: hint.into() }.into()
    }
}

/// A failure of a program that was started from here, which has said why.
#[derive(Debug, thiserror::Error)]
#[error("a program that was started failed")]
pub struct Told;

/// Says what begins now.
pub fn step(what: impl Display) {
    eprintln!("==> {what}");
}

/// Says something that is good to know.
pub fn note(what: impl Display) {
    eprintln!("    {what}");
}

/// Says why the program ends: the error, its causes, and what to do.
pub fn report(error: &anyhow::Error) {
    if error.is::<Told>() {
        return;
    }
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("caused by: {cause}");
    }
    if let Some(advice) = error.chain().find_map(|cause| cause.downcast_ref::<Advice>()) {
        eprintln!("hint: {}", advice.hint);
    }
}
