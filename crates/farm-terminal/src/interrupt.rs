//! Somebody wants the program to end.

use tokio::signal::unix::{SignalKind, signal};

/// Exit code of a program that Ctrl-C ended.
pub const INTERRUPTED: u8 = 130;

/// Resolves on Ctrl-C or SIGTERM. Where signals cannot be had it never does, and the system's own
/// handling stays.
///
/// A terminal that is closed is the system's to handle: a program that `nohup` started goes on.
pub async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
