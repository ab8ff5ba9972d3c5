//! What all tasks of a render cost so far, so that it ends before it costs more than it may.
//!
//! Each task notes in the bucket when it began, and at its end what it cost. Every now and then each adds all of it up;
//! the first that finds that the limit would be passed has the render stopped. Nobody else has to be awake for that.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use farm_contract::exit::TaskExit;
use farm_contract::keys;
use farm_contract::plan::RenderId;
use farm_contract::prices::{self, Prices};
use farm_contract::spending::{Note, Spent, micro};
use farm_contract::stop::Stop as Request;
use sha2::{Digest, Sha256};

use crate::environment::Environment;
use crate::failure::Failure;
use crate::machine::Machine;
use crate::stop::{Stopper, Why};
use crate::store::Bucket;

/// Between two looks.
const LOOKS: Duration = Duration::from_secs(15);
/// From a look until the tasks have ended that are stopped by it: until the next look, until the function has stopped the
/// jobs, and until each has brought its frames into the bucket.
const ENDS_WITHIN: Duration = Duration::from_secs(75);

/// What a render may cost, as one of its tasks sees it.
#[derive(Debug, Clone)]
pub struct Spending {
    bucket: Bucket,
    render: RenderId,
    child: u32,
    /// Tells this attempt from every other.
    attempt: String,
    /// US dollars for an hour of this task.
    hour: f64,
    /// US dollars that the render may cost.
    most: f64,
}

impl Spending {
    /// Of a task on this machine; `most` is what the render may cost.
    ///
    /// # Errors
    /// It is not known what the task costs.
    pub fn new(
        bucket: &Bucket,
        render: &RenderId,
        child: u32,
        environment: &Environment,
        machine: &Machine,
        most: f64,
    ) -> Result<Self, Failure> {
        let prices: Prices = environment.prices.as_deref().unwrap_or_default().parse().map_err(|fault| {
            Failure::new(
                TaskExit::Failed,
                "The render has a limit of what it may cost, and the farm does not say what its tasks do.",
                "Deploy the farm again, or leave the tag `max_cost` out.",
            )
            .because(format!("{fault}"))
        })?;
        let paid = machine.paid(Duration::ZERO);
        let who = Sha256::digest(format!("{} {}", environment.job_id, environment.attempt));
        Ok(Self {
            bucket: bucket.clone(),
            render: render.clone(),
            child,
            attempt: who.iter().take(4).map(|byte| format!("{byte:02x}")).collect(),
            hour: prices.task_hour(paid.vcpus, paid.memory_mib, paid.spot),
            most,
        })
    }

    /// Notes that this task began so long ago, and looks before it does anything.
    ///
    /// # Errors
    /// The bucket does not take it or does not tell, or the limit is reached.
    pub async fn begin(&self, since: f64) -> Result<(), Failure> {
        let at = now().saturating_sub((since * 1000.0) as u64);
        let began =
            Note::Began { child: self.child, attempt: self.attempt.clone(), hour: micro(self.hour), at };
        self.put(&began).await?;
        if self.is_reached().await? {
            self.ask_to_stop().await;
            return Err(reached());
        }
        Ok(())
    }

    /// Looks again and again, and has the task and the whole render stopped when the limit is near.
    pub async fn watch(self, stopper: Stopper) {
        loop {
            tokio::time::sleep(LOOKS).await;
            match self.is_reached().await {
                Ok(false) => {}
                Ok(true) => {
                    self.ask_to_stop().await;
                    stopper.stop(Why::Cost);
                    return;
                }
                Err(failure) => tracing::warn!("warning: what the render cost so far: {failure}"),
            }
        }
    }

    /// Notes what this task cost in all.
    pub async fn end(&self, seconds: f64) {
        let cost = micro(prices::attempt(self.hour, seconds));
        let ended = Note::Ended { child: self.child, attempt: self.attempt.clone(), cost };
        if let Err(failure) = self.put(&ended).await {
            tracing::warn!("warning: what the task cost is not noted: {failure}");
        }
    }

    async fn is_reached(&self) -> Result<bool, Failure> {
        let prefix = keys::spending_prefix(&self.render);
        let begun = Instant::now();
        let listed = self.bucket.list(&prefix).await?;
        let notes: Vec<Note> =
            listed.iter().filter_map(|key| Note::parse(key.strip_prefix(&prefix)?)).collect();
        let spent = Spent::of(&notes, now());
        let later = (ENDS_WITHIN + begun.elapsed()).as_secs_f64();
        Ok(spent.after(later) > self.most)
    }

    /// Has the jobs stopped that have not begun, too.
    async fn ask_to_stop(&self) {
        let request = Request::new(format!("It was stopped before it cost more than ${}.", self.most));
        let asked = match serde_json::to_vec(&request) {
            Ok(json) => self.bucket.put_json(&keys::stop(&self.render), json).await,
            Err(error) => Err(reached().because(error)),
        };
        if let Err(failure) = asked {
            tracing::warn!("warning: the render is not stopped: {failure}");
        }
    }

    async fn put(&self, note: &Note) -> Result<(), Failure> {
        self.bucket
            .put_json(&format!("{}{}", keys::spending_prefix(&self.render), note.name()), Vec::new())
            .await
    }
}

/// The failure of a task of a render that may cost no more.
pub fn reached() -> Failure {
    Failure::new(
        TaskExit::CostReached,
        "The render was stopped before it cost more than it may.",
        "`farm resume --max-cost` renders what is missing, for so much more.",
    )
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
