//! Batch, and how a job is submitted once although SubmitJob knows no idempotency token.
//!
//! A SubmitJob whose answer is lost may have worked. So the SDK never repeats one; after each
//! that went unanswered the job is looked for by its name, and what is found is adopted.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use aws_config::SdkConfig;
use aws_sdk_batch::Client;
use aws_sdk_batch::config::retry::RetryConfig;
use aws_sdk_batch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_batch::types::{
    ArrayProperties, EcsPropertiesOverride, JobDependency, JobTimeout, TaskContainerOverrides,
    TaskPropertiesOverride,
};
use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// After a submission whose outcome is not known: a job that was just submitted is not in every list at
/// once.
const UNKNOWN_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Codes of what passes, whatever the HTTP status: AWS asks for patience, or for newer credentials.
const PASSING: [&str; 7] = [
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "Throttling",
    "ExpiredTokenException",
    "ExpiredToken",
    "RequestTimeTooSkewed",
];

/// A job to submit.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name, which no other job of the render has.
    pub name: String,
    /// ARN of its definition.
    pub definition: String,
    /// Arguments of the program.
    pub command: Vec<String>,
    /// Children; 1 is a plain job.
    pub children: u32,
    /// Whose turn it counts as.
    pub share: String,
    /// Ids of jobs that must succeed first.
    pub depends_on: Vec<String>,
    /// Seconds that one attempt may take; `None`: as the definition says.
    pub attempt_seconds: Option<i32>,
    /// Ids of jobs of this name that are not to be adopted.
    pub disregard: Vec<String>,
}

/// Why a job was not submitted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Batch will not take it, now or later; its words.
    #[error("Batch refused the job `{name}`: {words}")]
    Refused {
        /// The job's name.
        name: String,
        /// What Batch says.
        words: String,
    },
    /// Batch did not answer in time; whether the job is submitted is not known.
    #[error("Batch did not take the job `{name}` in time: {last}")]
    OutOfTime {
        /// The job's name.
        name: String,
        /// The last failure.
        last: String,
    },
}

/// The farm's queue.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Repeats calls that fail: for all but SubmitJob.
    pub(crate) client: Client,
    pub(crate) queue: String,
}

impl Batch {
    /// A client for one queue.
    pub fn new(aws: &SdkConfig, queue: &str) -> Self {
        Self { client: Client::new(aws), queue: queue.to_owned() }
    }

    /// Submits `job`, or adopts the one of its name that is there. `look_first` where an earlier
    /// submission may have gone unanswered. Returns Batch's id.
    ///
    /// # Errors
    /// Batch refuses it, or does not take it until `until`.
    pub async fn ensure(
        &self,
        job: &Job,
        mut look_first: bool,
        until: Instant,
    ) -> Result<String, SubmitError> {
        let mut pause = FIRST_PAUSE;
        let mut last = "no time was left".to_owned();
        while Instant::now() < until {
            let found = if look_first { self.adoptable(job).await } else { Ok(None) };
            match found {
                Ok(Some(id)) => {
                    tracing::info!(job = job.name, id, "adopted");
                    return Ok(id);
                }
                Ok(None) => match self.submit_once(job).await {
                    Ok(id) => {
                        tracing::info!(job = job.name, id, "submitted");
                        return Ok(id);
                    }
                    Err(Unsubmitted::Refused(words)) => {
                        return Err(SubmitError::Refused { name: job.name.clone(), words });
                    }
                    Err(Unsubmitted::Unknown(reason)) => {
                        look_first = true;
                        pause = pause.max(UNKNOWN_PAUSE);
                        last = reason;
                    }
                },
                Err(error) => last = format!("{error:#}"),
            }
            tracing::warn!(job = job.name, "Batch did not take the job yet: {last}");
            tokio::time::sleep_until((Instant::now() + jittered(pause)).min(until)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(SubmitError::OutOfTime { name: job.name.clone(), last })
    }

    async fn adoptable(&self, job: &Job) -> Result<Option<String>> {
        let ids = self.find(&job.name).await?;
        Ok(ids.into_iter().find(|id| !job.disregard.contains(id)))
    }

    async fn submit_once(&self, job: &Job) -> Result<String, Unsubmitted> {
        let mut call = self
            .client
            .submit_job()
            .job_name(&job.name)
            .job_queue(&self.queue)
            .job_definition(&job.definition)
            .share_identifier(&job.share)
            .ecs_properties_override(arguments(&job.command));
        if job.children > 1 {
            let size = i32::try_from(job.children).unwrap_or(i32::MAX);
            call = call.array_properties(ArrayProperties::builder().size(size).build());
        }
        for id in &job.depends_on {
            call = call.depends_on(JobDependency::builder().job_id(id).build());
        }
        if let Some(seconds) = job.attempt_seconds {
            call = call.timeout(JobTimeout::builder().attempt_duration_seconds(seconds).build());
        }
        let once = aws_sdk_batch::Config::builder().retry_config(RetryConfig::disabled());
        match call.customize().config_override(once).send().await {
            Ok(answer) => match answer.job_id {
                Some(id) => Ok(id),
                None => Err(Unsubmitted::Unknown("the answer names no job".to_owned())),
            },
            Err(error) => {
                let status = error.raw_response().map(|response| response.status().as_u16());
                let refused = is_refusal(status, error.code());
                let words = words(error);
                Err(if refused { Unsubmitted::Refused(words) } else { Unsubmitted::Unknown(words) })
            }
        }
    }

    /// Stops a job; one that has ended, or that Batch has forgotten since, stays as it is.
    ///
    /// # Errors
    /// Batch does not answer, or does not let us.
    pub async fn terminate(&self, id: &str, reason: &str) -> Result<()> {
        match self.client.terminate_job().job_id(id).reason(reason).send().await {
            Ok(_) => tracing::info!(id, reason, "stopped"),
            // Batch keeps ended jobs for some days only: a job that it does not know runs no more.
            Err(error) if error.code() == Some("ClientException") => {
                tracing::warn!(id, "not stopped: {}", words(error));
            }
            Err(error) => {
                return Err(anyhow!(words(error))).with_context(|| format!("Batch cannot stop the job {id}"));
            }
        }
        Ok(())
    }
}

/// The arguments, for the container that the job definition names.
fn arguments(command: &[String]) -> EcsPropertiesOverride {
    let container = TaskContainerOverrides::builder()
        .name(farm_contract::command::CONTAINER)
        .set_command(Some(command.to_vec()))
        .build();
    let task = TaskPropertiesOverride::builder().containers(container).build();
    EcsPropertiesOverride::builder().task_properties(task).build()
}

enum Unsubmitted {
    /// A definite no.
    Refused(String),
    /// Perhaps it is submitted, perhaps not.
    Unknown(String),
}

/// Whether an answer means that the job is not, and will not be, submitted.
fn is_refusal(status: Option<u16>, code: Option<&str>) -> bool {
    let passing = code.is_some_and(|code| PASSING.contains(&code));
    !passing && status.is_some_and(|status| matches!(status, 400..=499) && !matches!(status, 408 | 429))
}

/// An SDK error in the service's own words where it gave some.
pub(crate) fn words<E>(error: SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => format!("{:#}", anyhow!(error.into_source().unwrap_or_else(|error| error.into()))),
    }
}

/// Between half and the whole of `pause`, so that many invocations do not knock together.
fn jittered(pause: Duration) -> Duration {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    pause / 2 + (pause / 2).mul_f64(f64::from(nanos % 1000) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_definite_no_is_a_refusal() {
        assert!(is_refusal(Some(400), Some("ClientException")));
        assert!(is_refusal(Some(403), Some("AccessDeniedException")));
        assert!(!is_refusal(Some(400), Some("ThrottlingException")));
        assert!(!is_refusal(Some(429), Some("TooManyRequestsException")));
        assert!(!is_refusal(Some(429), None));
        assert!(!is_refusal(Some(403), Some("ExpiredTokenException")));
        assert!(!is_refusal(Some(408), None));
        assert!(!is_refusal(Some(500), Some("ServerException")));
        assert!(!is_refusal(Some(503), None));
        assert!(!is_refusal(None, None), "no answer at all");
    }
}
