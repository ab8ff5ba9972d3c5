//! How far it is, for whoever shows it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often it is told.
const TICK: Duration = Duration::from_millis(100);

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Files are read for their hashes: bytes.
    Hashing,
    /// The bucket is asked what it has: contents.
    Asking,
    /// What it lacks is sent: bytes.
    Sending,
}

/// Hears how far it is. It may be called from several threads, and often.
pub trait Progress: Send + Sync {
    /// So much of a step is done. A part that is sent again goes back.
    fn at(&self, step: Step, done: u64, of: u64);
}

/// Nobody listens.
impl Progress for () {
    fn at(&self, _: Step, _: u64, _: u64) {}
}

/// Waits for something, and tells how far it is meanwhile.
pub(super) async fn telling<T>(
    work: impl Future<Output = T>,
    progress: &dyn Progress,
    step: Step,
    done: &AtomicU64,
    of: u64,
) -> T {
    let mut tick = tokio::time::interval(TICK);
    tokio::pin!(work);
    loop {
        let outcome = tokio::select! {
            outcome = &mut work => Some(outcome),
            _ = tick.tick() => None,
        };
        progress.at(step, done.load(Ordering::Relaxed), of);
        if let Some(outcome) = outcome {
            return outcome;
        }
    }
}
