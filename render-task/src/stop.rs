//! Being asked to stop: SIGTERM from Batch, Ctrl-C at a terminal.

use std::io;
use std::sync::Arc;

use farm_contract::exit::TaskExit;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::failure::Failure;
use crate::spending;

/// Who wants the child to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Batch, or somebody at a terminal.
    Outside,
    /// Its render would cost more than it may.
    Cost,
}

/// Tells whether the child was asked to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<Option<Why>>, Stopper);

/// Asks the child to stop.
#[derive(Debug, Clone)]
pub struct Stopper(Arc<watch::Sender<Option<Why>>>);

impl Stopper {
    /// Asks; who asked first counts.
    pub fn stop(&self, why: Why) {
        self.0.send_if_modified(|asked| {
            let first = asked.is_none();
            asked.get_or_insert(why);
            first
        });
    }
}

impl Stop {
    /// Listens for SIGTERM and SIGINT from now on.
    ///
    /// # Errors
    /// The signal handlers cannot be installed.
    pub fn on_signals() -> io::Result<Self> {
        let (sender, receiver) = watch::channel(None);
        let stopper = Stopper(Arc::new(sender));
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let signalled = stopper.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("asked to stop");
            signalled.stop(Why::Outside);
            // A later signal must not end the process while it writes its record.
            signalled.0.closed().await;
        });
        Ok(Self(receiver, stopper))
    }

    /// Asks the child to stop.
    pub fn stopper(&self) -> Stopper {
        self.1.clone()
    }

    /// Resolves once the child was asked to stop.
    pub async fn requested(&mut self) -> Why {
        match self.0.wait_for(Option::is_some).await {
            Ok(why) => why.unwrap_or(Why::Outside),
            // Nobody is left who could ask.
            Err(_) => std::future::pending().await,
        }
    }

    /// Does `work` unless asked to stop before it is done.
    ///
    /// # Errors
    /// Those of `work`, or that of a stopped child.
    pub async fn unless<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            biased;
            why = self.requested() => Err(stopped(why)),
            result = work => result,
        }
    }
}

/// The failure of a child that was asked to stop.
pub fn stopped(why: Why) -> Failure {
    if why == Why::Cost {
        return spending::reached();
    }
    Failure::new(
        TaskExit::TryAgain,
        "The task was stopped from outside before its frames were done.",
        "Frames that are done stay; another attempt renders the others.",
    )
}
