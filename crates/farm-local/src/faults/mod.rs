//! Faults on purpose: what S3 and Batch do now and then, done when a test says so.
//!
//! A server that is given [`Faults`] asks before each call whether it shall go wrong, and how. A test
//! scripts that ([`Script`]), or decides from call to call ([`Faults::deciding`]). Without any, a server
//! pays nothing for it.
//!
//! It must never do anything by itself, and never touch a process that is not a client of its server.
//!
//! Start reading at [`Fault`]; how each is carried out is in `around.rs`.

mod around;
mod call;
mod client;
mod script;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use call::{Call, Service};
pub(crate) use client::Connection;
pub use rustix::process::Signal;
pub use script::{Script, Step};

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not done, and the service says so: a status and AWS's code.
    Refuse(u16, &'static str),
    /// It is done, and the service says that it failed.
    Deny(u16, &'static str),
    /// It is done, and the connection breaks off before the answer.
    Lose,
    /// It is not done: the answer is a success that holds an error, as S3 gives one to a completion.
    ErrorInSuccess(&'static str),
    /// The connection breaks off after so many bytes of the request's body.
    CutRequest(usize),
    /// The connection breaks off after so many bytes of the answer's body.
    CutAnswer(usize),
    /// The answer's body comes in pieces of so many bytes, with a pause after each.
    Slow(usize, Duration),
    /// It is done a while later.
    Delay(Duration),
    /// The process that calls gets a signal; nothing is done, and nothing answered.
    KillBefore(Signal),
    /// It is done, and then the process that called gets a signal instead of an answer.
    KillAfter(Signal),
}

type Decide = dyn Fn(&Call) -> Option<Fault> + Send + Sync;

/// Which calls go wrong. Clones are the same.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<Inner>>);

struct Inner {
    decide: Box<Decide>,
    done: Mutex<Vec<(Call, Fault)>>,
}

impl Faults {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// Those that `decide` says, asked for each call.
    pub fn deciding(decide: impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Inner { decide: Box::new(decide), done: Mutex::default() })))
    }

    /// What these say to a call, as one of those that another decides by.
    pub fn decide(&self, call: &Call) -> Option<Fault> {
        self.0.as_ref().and_then(|inner| (inner.decide)(call))
    }

    /// All that went wrong so far, in order.
    pub fn injected(&self) -> Vec<(Call, Fault)> {
        let Some(inner) = &self.0 else { return Vec::new() };
        inner.done.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fault(&self, call: impl FnOnce() -> Call) -> Option<Fault> {
        let inner = self.0.as_ref()?;
        let call = call();
        let fault = (inner.decide)(&call)?;
        inner.done.lock().unwrap_or_else(PoisonError::into_inner).push((call, fault));
        Some(fault)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("any", &self.0.is_some()).finish()
    }
}
