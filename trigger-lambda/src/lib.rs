//! The trigger: an event comes in, Batch jobs go out.
//!
//! An upload event becomes a plan, a claim on it, and the jobs; a failed render job becomes the
//! finisher that saves what is there; the end of an upload is told to whoever wants to hear of it. Events arrive at least once, in any order and at the same
//! time, and any call may go unanswered, so every step here may be done again.
//!
//! It must never refuse an upload in silence (the artist reads `report.json`), never submit a
//! job before its claim stands, and never overwrite a plan that it cannot read.
//!
//! Start reading at [`Trigger::handle`], then [`read`] (what the file holds), [`intake`] (file to plan), [`claim`] (one winner)
//! and [`submit`] (one job, though Batch may not answer). How an end is told is in `tell`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use tokio::time::Instant;

mod allowed_time;
mod aws;
pub mod claim;
pub mod config;
pub mod event;
pub mod finish;
pub mod intake;
pub mod ladder;
pub mod look;
pub mod publish;
pub mod read;
mod stopped;
pub mod storage;
pub mod submit;
mod tell;
mod upload;

use aws::Access;
use config::Config;
use event::Event;
use storage::Storage;
use submit::Batch;
use tell::Topic;

/// Kept back from the function's time for writing down what happened.
const RESERVE: Duration = Duration::from_secs(2);

/// One invocation: who asks, and until when there is time.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda's request id: the same when the same invocation is tried again.
    pub request_id: String,
    /// After this nothing new is begun.
    pub until: Instant,
}

impl Invocation {
    /// From Lambda's request id and its deadline, in milliseconds since 1970.
    pub fn new(request_id: &str, deadline_ms: u64) -> Self {
        let left = Duration::from_millis(deadline_ms.saturating_sub(now_ms()));
        Self { request_id: request_id.to_owned(), until: Instant::now() + left.saturating_sub(RESERVE) }
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The function: its settings and its services.
#[derive(Debug, Clone)]
pub struct Trigger {
    pub(crate) config: Config,
    pub(crate) storage: Storage,
    pub(crate) batch: Batch,
    /// Where somebody is told how uploads end.
    pub(crate) topic: Option<Topic>,
}

impl Trigger {
    /// A trigger that calls AWS as the environment says.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(config: Config) -> Result<Self> {
        let access = Access::from_env()?;
        let storage = Storage::new(&access.to("S3"), &config.bucket);
        let batch = Batch::new(&access.to("BATCH"), &config.job_queue);
        let topic = config.topic.as_deref().map(|arn| Topic::new(&access.to("SNS"), arn));
        Ok(Self { config, storage, batch, topic })
    }

    /// Does what an event asks for. Handling the same event again changes nothing.
    ///
    /// # Errors
    /// The event is not one of the farm's, or a service did not do its part and Lambda should
    /// invoke again. What is wrong with an upload itself is no error: it goes to its report.
    pub async fn handle(&self, event: &Value, invocation: &Invocation) -> Result<()> {
        match event::parse(event)? {
            Event::Uploads(records) => self.handle_uploads(records, invocation).await,
            Event::TestNotification => {
                tracing::info!("test notification of the bucket: nothing to do");
                Ok(())
            }
            Event::JobChange(change) => self.handle_job_change(&change, invocation).await,
        }
    }

    /// Handles each record, so that one that fails does not hide the others.
    async fn handle_uploads(
        &self,
        records: Vec<Result<event::Upload, event::EventError>>,
        invocation: &Invocation,
    ) -> Result<()> {
        let mut failures = Vec::new();
        for record in records {
            let outcome = match record {
                Ok(upload) => self
                    .handle_upload(&upload, invocation)
                    .await
                    .with_context(|| format!("upload `{}`", upload.key)),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = outcome {
                tracing::error!("{error:#}");
                failures.push(format!("{error:#}"));
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(anyhow!(failures.join("; "))) }
    }
}
