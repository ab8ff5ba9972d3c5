//! Being asked to stop: SIGTERM from Batch, Ctrl-C at a terminal.

use std::io;

use farm_contract::exit::TaskExit;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::failure::Failure;

/// Tells whether the child was asked to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens for SIGTERM and SIGINT from now on.
    ///
    /// # Errors
    /// The signal handlers cannot be installed.
    pub fn on_signals() -> io::Result<Self> {
        let (sender, receiver) = watch::channel(false);
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("asked to stop");
            sender.send_replace(true);
            // A later signal must not end the process while it writes its record.
            sender.closed().await;
        });
        Ok(Self(receiver))
    }

    /// Resolves once the child was asked to stop.
    pub async fn requested(&mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            // Nobody is left who could ask.
            std::future::pending::<()>().await;
        }
    }

    /// Does `work` unless asked to stop before it is done.
    ///
    /// # Errors
    /// Those of `work`, or that of a stopped child.
    pub async fn unless<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.requested() => Err(stopped()),
            result = work => result,
        }
    }
}

/// The failure of a child that was asked to stop.
pub fn stopped() -> Failure {
    Failure::new(
        TaskExit::TryAgain,
        "The task was stopped from outside before its frames were done.",
        "Frames that are done stay; another attempt renders the others.",
    )
}
