//! The running service: the engine behind a lock, its orders carried out, its changes told.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::{BatchConfig, StartError};
use super::engine::{Engine, Order};
use super::error::ApiError;
use super::job::{Stop, StopKind, UnitKey};
use super::model::{
    DescribeJobsRequest, DescribeJobsResponse, Empty, ListJobsRequest, ListJobsResponse, StopJobRequest,
    SubmitJobRequest, SubmitJobResponse,
};
use super::runner::{self, Launch};
use super::{api, describe, events, ids, list, validate};
use crate::faults::{Faults, Service};
use crate::listen::{self, Served};

/// Most jobs of one `DescribeJobs`.
const MAX_DESCRIBED: usize = 100;
/// Longest reason of a cancel or terminate, in characters.
const MAX_REASON: usize = 1024;

/// A local AWS Batch. Clones are handles to the same service.
///
/// It must be ended with [`shutdown`](Self::shutdown), or its children end only with the
/// runtime.
#[derive(Clone)]
pub struct Batch {
    inner: Arc<Inner>,
}

struct Inner {
    config: BatchConfig,
    runtime: Handle,
    state: Mutex<State>,
    /// One task per running child.
    children: TaskTracker,
}

struct State {
    engine: Engine,
    subscribers: Vec<UnboundedSender<Value>>,
    /// What stops each running child.
    stops: HashMap<UnitKey, CancellationToken>,
}

impl Batch {
    /// Starts the service, with no jobs. Needs a Tokio runtime; makes the log folder.
    pub fn start(config: BatchConfig) -> Result<Self, StartError> {
        config.check()?;
        let runtime = Handle::try_current().map_err(StartError::NoRuntime)?;
        std::fs::create_dir_all(&config.log_dir)
            .map_err(|source| StartError::LogDir { path: config.log_dir.clone(), source })?;
        let engine = Engine::new(config.slots, config.job_arn_prefix());
        let state = Mutex::new(State { engine, subscribers: Vec::new(), stops: HashMap::new() });
        Ok(Self { inner: Arc::new(Inner { config, runtime, state, children: TaskTracker::new() }) })
    }

    /// The HTTP service, at `/v1/`.
    pub fn router(&self) -> axum::Router {
        api::router(self.clone())
    }

    /// Serves on a loopback listener until `shutdown` resolves. Jobs go on;
    /// [`shutdown`](Self::shutdown) ends those.
    ///
    /// # Errors
    /// The listener is not on loopback.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        self.serve_with(listener, Faults::none(), shutdown).await
    }

    /// The same, with calls that go wrong on purpose.
    ///
    /// # Errors
    /// As [`serve`](Self::serve).
    pub async fn serve_with(
        &self,
        listener: TcpListener,
        faults: Faults,
        shutdown: impl Future,
    ) -> io::Result<()> {
        let address: SocketAddr = listener.local_addr()?;
        if !address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the local Batch listens on loopback only, not on {address}; use 127.0.0.1"),
            ));
        }
        let handler = listen::of_router(self.router());
        listen::serve(listener, Served { service: Service::Batch, handler, faults }, shutdown).await;
        Ok(())
    }

    /// Every change of state from now on, as the event JSON that EventBridge delivers: plain
    /// jobs, children and parents, in order. The channel ends when the service shuts down.
    pub fn subscribe(&self) -> UnboundedReceiver<Value> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.lock();
        // Under the lock, so that a shutdown at this moment still ends the channel.
        if !self.inner.children.is_closed() {
            state.engine.observe(true);
            state.subscribers.push(sender);
        }
        receiver
    }

    /// After a child that exits with one of `codes` one fewer runs at once, down to one: what runs out of memory
    /// beside others has it to itself in the end. For a service of one render: those after it have fewer too.
    pub fn fewer_after(&self, codes: &[i32]) {
        self.lock().engine.fewer_after(codes);
    }

    /// The ARN of the queue of this name.
    pub fn queue_arn(&self, name: &str) -> String {
        self.inner.config.queue_arn(name)
    }

    /// The ARN of the job definition of this name, at its revision.
    pub fn definition_arn(&self, name: &str) -> String {
        self.inner.config.definition_arn(name)
    }

    /// Ends the service: nothing more starts, no more events are sent, every child gets
    /// SIGTERM and, after the grace, SIGKILL. Resolves when none is left.
    pub async fn shutdown(&self) {
        self.inner.children.close();
        {
            let mut state = self.lock();
            state.subscribers.clear();
            state.engine.observe(false);
        }
        self.drive(Engine::shut_down);
        self.inner.children.wait().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the engine something, then does what it orders.
    fn drive<R>(&self, act: impl FnOnce(&mut Engine, i64) -> R) -> R {
        let mut guard = self.lock();
        let state = &mut *guard;
        let now = now();
        let result = act(&mut state.engine, now);
        state.engine.schedule(now);
        for order in state.engine.take_orders() {
            match order {
                Order::Start { unit, attempt } => {
                    let stop = CancellationToken::new();
                    state.stops.insert(unit, stop.clone());
                    let launch = self.launch(&state.engine, unit, attempt);
                    let child = self.clone().attend(unit, launch, stop);
                    self.inner.children.spawn_on(child, &self.inner.runtime);
                }
                Order::Stop { unit } => {
                    if let Some(stop) = state.stops.get(&unit) {
                        stop.cancel();
                    }
                }
            }
        }
        for change in state.engine.take_changes() {
            match events::state_change(&self.inner.config, &change, now) {
                Ok(event) => state.subscribers.retain(|subscriber| subscriber.send(event.clone()).is_ok()),
                Err(error) => tracing::error!(%error, job = change.job_id, "cannot write a job's event"),
            }
        }
        if state.subscribers.is_empty() {
            state.engine.observe(false);
        }
        result
    }

    /// Sees one attempt through.
    async fn attend(self, unit: UnitKey, launch: Launch, stop: CancellationToken) {
        let outcome = runner::run(launch, stop, || self.drive(|engine, now| engine.started(unit, now))).await;
        // Before the engine hears of it: it may start the same unit again at once.
        self.lock().stops.remove(&unit);
        self.drive(|engine, now| engine.exited(unit, outcome, now));
    }

    fn launch(&self, engine: &Engine, unit: UnitKey, attempt: usize) -> Launch {
        let config = &self.inner.config;
        let job = engine.job(unit);
        let spec = &job.spec;
        let mut environment: BTreeMap<String, String> = config.base_environment.clone();
        environment.extend(spec.environment.clone());
        let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
        set("AWS_BATCH_JOB_ID", job.unit_id(unit.index));
        set("AWS_BATCH_JOB_ATTEMPT", attempt.to_string());
        set("AWS_BATCH_JQ_NAME", spec.queue_name.clone());
        set("AWS_BATCH_CE_NAME", config.ce_name.clone());
        if job.parent.is_some() {
            set("AWS_BATCH_JOB_ARRAY_INDEX", unit.index.to_string());
        }
        Launch {
            program: spec.program.clone(),
            arguments: spec.command.clone(),
            environment,
            log: config.log_dir.join(job.log_name(unit.index, attempt)),
            timeout: spec.timeout,
            grace: spec.stop_timeout,
        }
    }

    /// `SubmitJob`, of a request of `length` bytes.
    pub(super) fn submit_job(
        &self,
        request: SubmitJobRequest,
        length: usize,
    ) -> Result<SubmitJobResponse, ApiError> {
        let spec = validate::submission(&self.inner.config, request, length)?;
        let job_name = spec.name.clone();
        let job_id = ids::uuid();
        self.drive(|engine, now| engine.submit(Arc::from(job_id.as_str()), spec, now))?;
        let job_arn = format!("{}{job_id}", self.inner.config.job_arn_prefix());
        Ok(SubmitJobResponse { job_arn, job_id, job_name })
    }

    /// `DescribeJobs`. Jobs that are not there are left out.
    pub(super) fn describe_jobs(
        &self,
        request: DescribeJobsRequest,
        _: usize,
    ) -> Result<DescribeJobsResponse, ApiError> {
        let Some(ids) = request.jobs else { return Err(ApiError::invalid("jobs must be specified")) };
        if ids.len() > MAX_DESCRIBED {
            return Err(ApiError::invalid(format!("Maximum number of jobs supported is {MAX_DESCRIBED}")));
        }
        let state = self.lock();
        let engine = &state.engine;
        let found = ids.iter().filter_map(|id| engine.find(id));
        let jobs = found.map(|(job, index)| match index {
            None => describe::job(&engine.jobs[job], engine.arn_prefix()),
            Some(index) => describe::unit(&engine.jobs[job], index, engine.arn_prefix()),
        });
        Ok(DescribeJobsResponse { jobs: jobs.collect() })
    }

    /// `ListJobs`.
    pub(super) fn list_jobs(&self, request: ListJobsRequest, _: usize) -> Result<ListJobsResponse, ApiError> {
        list::list(&self.inner.config, &self.lock().engine, &request)
    }

    /// `CancelJob`. Succeeds even if there is nothing to cancel, as on Batch.
    pub(super) fn cancel_job(&self, request: StopJobRequest, _: usize) -> Result<Empty, ApiError> {
        let (id, stop) = stop(request, StopKind::Cancel)?;
        self.drive(|engine, now| engine.stop(&id, &stop, now));
        Ok(Empty {})
    }

    /// `TerminateJob`.
    pub(super) fn terminate_job(&self, request: StopJobRequest, _: usize) -> Result<Empty, ApiError> {
        let (id, stop) = stop(request, StopKind::Terminate)?;
        if self.drive(|engine, now| engine.stop(&id, &stop, now)) {
            Ok(Empty {})
        } else {
            Err(ApiError::client(format!("Job {id} not found.")))
        }
    }

    /// What the service was started with.
    pub(super) fn config(&self) -> &BatchConfig {
        &self.inner.config
    }
}

fn stop(request: StopJobRequest, kind: StopKind) -> Result<(String, Stop), ApiError> {
    let given = |member: Option<String>, name: &str| {
        let value = member.filter(|value| !value.is_empty());
        value.ok_or_else(|| ApiError::invalid(format!("{name} must be specified")))
    };
    let id = given(request.job_id, "jobId")?;
    let reason = given(request.reason, "reason")?;
    if reason.chars().count() > MAX_REASON {
        return Err(ApiError::invalid(format!("reason must be at most {MAX_REASON} characters")));
    }
    Ok((id, Stop { kind, reason: Arc::from(reason) }))
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
