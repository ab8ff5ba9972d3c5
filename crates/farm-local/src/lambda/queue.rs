//! Events on their way: who runs next, and what follows an attempt that failed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use super::instance::{Instance, Stopped};
use super::{Failure, Inner};

/// An event older than this is given up: Lambda's own default.
const MAX_EVENT_AGE: Duration = Duration::from_secs(6 * 60 * 60);

/// An event and the attempts made on it.
pub(super) struct Invocation {
    /// The same in every attempt.
    pub(super) request_id: String,
    event: Value,
    attempts: u32,
    received: Instant,
}

impl Invocation {
    pub(super) fn new(event: Value) -> Self {
        Self { request_id: request_id(), event, attempts: 0, received: Instant::now() }
    }
}

/// An id that no other invocation has, in the form of AWS's.
fn request_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let hash = Sha256::new()
        .chain_update(now.as_nanos().to_be_bytes())
        .chain_update(std::process::id().to_be_bytes())
        .chain_update(COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes())
        .finalize();
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Runs queued events, as many at once as the function's concurrency allows.
pub(super) async fn dispatch(
    function: Arc<Inner>,
    mut events: mpsc::UnboundedReceiver<Invocation>,
    concurrency: usize,
) {
    let free = Arc::new(Semaphore::new(concurrency.max(1)));
    let stop = function.stop.clone();
    loop {
        let next = async {
            let permit = free.clone().acquire_owned().await.ok()?;
            Some((permit, events.recv().await?))
        };
        let Some(Some((permit, invocation))) = stop.run_until_cancelled(next).await else { return };
        let inner = function.clone();
        function.tasks.spawn(async move {
            inner.attempt(invocation).await;
            drop(permit);
        });
    }
}

impl Inner {
    pub(super) fn enqueue(&self, invocation: Invocation) {
        if let Err(refused) = self.queue.send(invocation) {
            tracing::warn!(request_id = refused.0.request_id, "the function is stopped: event dropped");
            self.done();
        }
    }

    async fn attempt(self: Arc<Self>, mut invocation: Invocation) {
        if invocation.received.elapsed() > MAX_EVENT_AGE {
            return self.fail(invocation, "the event is older than six hours".to_owned());
        }
        invocation.attempts += 1;
        match self.run(&invocation).await {
            Ok(()) => self.done(),
            // It stays pending: whoever waits for it is told by the end of the function.
            Err(Stopped::Shutdown) => {}
            Err(Stopped::Failed(reason)) => self.retry(invocation, reason),
        }
    }

    async fn run(&self, invocation: &Invocation) -> Result<(), Stopped> {
        let mut instance = match self.take_warm() {
            Some(instance) => instance,
            None => Instance::start(&self.setting).await?,
        };
        let event = invocation.event.to_string();
        match instance.invoke(&self.setting, &invocation.request_id, event).await {
            Ok(answer) => {
                self.warm.lock().unwrap_or_else(PoisonError::into_inner).push(instance);
                answer.map_err(Stopped::Failed)
            }
            Err(stopped) => {
                instance.kill().await;
                Err(stopped)
            }
        }
    }

    /// An instance that waits for work, and still lives.
    fn take_warm(&self) -> Option<Instance> {
        let mut warm = self.warm.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut instance) = warm.pop() {
            if instance.lives() {
                return Some(instance);
            }
        }
        None
    }

    fn retry(self: Arc<Self>, invocation: Invocation, reason: String) {
        let tried = usize::try_from(invocation.attempts).unwrap_or(usize::MAX);
        let Some(delay) = self.retry_delays.get(tried - 1).copied() else {
            return self.fail(invocation, reason);
        };
        tracing::warn!(
            request_id = invocation.request_id,
            attempt = invocation.attempts,
            "the function failed, next attempt in {delay:?}: {reason}"
        );
        let inner = self.clone();
        self.tasks.spawn(async move {
            if inner.stop.run_until_cancelled(tokio::time::sleep(delay)).await.is_some() {
                inner.enqueue(invocation);
            }
        });
    }

    fn fail(&self, invocation: Invocation, reason: String) {
        tracing::error!(
            request_id = invocation.request_id,
            attempts = invocation.attempts,
            "the function failed for good: {reason}"
        );
        let failure = Failure {
            request_id: invocation.request_id,
            event: invocation.event,
            attempts: invocation.attempts,
            reason,
        };
        let mut receivers = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        // A closed channel is one who no longer wants to know.
        receivers.retain(|receiver| receiver.send(failure.clone()).is_ok());
        drop(receivers);
        self.done();
    }

    fn done(&self) {
        self.pending.send_modify(|pending| *pending = pending.saturating_sub(1));
    }
}
