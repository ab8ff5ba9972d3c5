//! The farm, up and running: bucket, queue and function on loopback, wired as the template says.
//!
//! What is wired to what is read from the [`Blueprint`]; that it is loopback is decided here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use farm_contract::offer::{Offer, Runs, Tasks};
use farm_contract::{env, keys};
use stack::farm::outputs;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::access::{Call, KeyRing};
use crate::batch::{Batch, BatchConfig, JobDefinition};
use crate::blueprint::{Blueprint, BlueprintError, Bucket, Definition, Rule, Site, synthesize};
use crate::faults::Faults;
use crate::folder::{self, Folder, FolderError};
use crate::lambda::{Lambda, LambdaConfig};
use crate::s3::{Credentials, PutAttributes, Store, StoreError, StoreOptions};
use crate::workers::Workers;

pub use crate::blueprint::{Blender, REGION};

/// Waits before the second attempt of an invocation and those after it. A person sits in front.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(20)];
/// From a task's start until its program runs.
const START_SECONDS: &str = "0";
/// Uploads that are taken in at once.
const TRIGGERS_AT_ONCE: usize = 4;

/// Where a farm stands and what it runs.
#[derive(Clone)]
pub struct FarmConfig {
    /// Folder of the bucket, the logs and the scratch folders.
    pub folder: PathBuf,
    /// Folder of `trigger-lambda`, `render-task` and `zip-task`.
    pub programs: PathBuf,
    /// Its Blenders, at least one.
    pub blenders: Vec<Blender>,
    /// Children at once.
    pub workers: Workers,
    /// Where S3 listens. Port 0: the system picks.
    pub s3_address: SocketAddr,
    /// Where Batch listens. Port 0: the system picks.
    pub batch_address: SocketAddr,
    /// What clients and programs sign with.
    pub credentials: Credentials,
    /// Calls that go wrong on purpose.
    pub faults: Faults,
    /// Wait before each further attempt of an invocation. `None`: as it suits a person who watches.
    pub retry_delay: Option<Duration>,
}

/// Why a farm does not come up.
#[derive(Debug, thiserror::Error)]
pub enum FarmError {
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The port is taken.
    #[error("cannot listen on {address}; stop the program that uses this port, perhaps another farm")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// A program of the farm is not there.
    #[error("{0} is missing; build it with `cargo build --workspace --bins`")]
    Program(PathBuf),
    /// The template cannot stand here.
    #[error("the farm cannot be wired")]
    Blueprint(#[from] BlueprintError),
    /// What the farm offers cannot be written down.
    #[error("cannot write down what the farm offers")]
    Offer(#[source] serde_json::Error),
    /// The system has no random numbers.
    #[error("cannot make key pairs for the farm's roles")]
    Keys(#[source] std::io::Error),
    /// The bucket cannot be opened.
    #[error("the bucket cannot be opened")]
    Store(#[from] StoreError),
    /// The queue cannot be set up.
    #[error("the queue cannot be set up")]
    Batch(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The function cannot be set up.
    #[error("the function cannot be set up")]
    Lambda(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A farm that is up.
pub struct Farm {
    /// The bucket.
    pub store: Store,
    /// The queue.
    pub batch: Batch,
    /// The function.
    pub lambda: Lambda,
    /// `http://127.0.0.1:PORT` of S3.
    pub s3_endpoint: String,
    /// `http://127.0.0.1:PORT` of Batch.
    pub batch_endpoint: String,
    /// The farm, as the template wires it.
    pub blueprint: Blueprint,
    keys: KeyRing,
    credentials: Credentials,
    stop: CancellationToken,
    servers: Vec<JoinHandle<()>>,
    // Held as long as the farm stands.
    _folder: Folder,
}

impl Farm {
    /// Brings the farm up: bucket, queue and function, wired.
    ///
    /// # Errors
    /// The template cannot stand here, or the folder, a port or a program is not to be had.
    pub async fn start(config: FarmConfig) -> Result<Self, FarmError> {
        let site = Site { programs: &config.programs, blenders: &config.blenders, workers: config.workers };
        let (inputs, resolved) = synthesize(&site)?;
        let programs = site.programs();
        if let Some(missing) = programs.values().find(|program| !program.path.is_file()) {
            return Err(FarmError::Program(missing.path.clone()));
        }
        let blueprint = Blueprint::read(&resolved, &inputs, &programs)?;

        let folder = Folder::open(&config.folder)?;
        let store = Store::open(&folder.bucket, StoreOptions::default())?;
        match store.create_bucket(&blueprint.bucket.name) {
            Err(StoreError::Refused { code: "BucketAlreadyOwnedByYou", .. }) => {}
            made => made?,
        }
        let offer = offer(&blueprint, &config);
        let offer = serde_json::to_vec_pretty(&offer).map_err(FarmError::Offer)?;
        store.put(&blueprint.bucket.name, keys::OFFER, &offer, PutAttributes::default())?;
        let mut roles = BTreeMap::new();
        for role in &blueprint.roles {
            roles.insert(role.clone(), Credentials::random().map_err(FarmError::Keys)?);
        }
        let ring = KeyRing::new(config.credentials.clone(), roles.clone());

        let stop = CancellationToken::new();
        let mut servers = Vec::new();
        let (listener, s3_endpoint) = listen(config.s3_address).await?;
        let (batch_listener, batch_endpoint) = listen(config.batch_address).await?;
        servers.push(serve("S3", {
            let (store, keys, stop) = (store.clone(), ring.clone(), stop.clone());
            let faults = config.faults.clone();
            async move { crate::s3::serve_with(listener, store, keys, faults, stop.cancelled_owned()).await }
        }));

        let aws = Aws { s3: &s3_endpoint, batch: &batch_endpoint, roles: &roles };
        let mut definitions = Vec::new();
        for definition in &blueprint.definitions {
            definitions.push(job_definition(definition, &aws, &folder.scratch)?);
        }
        let batch = Batch::start(BatchConfig {
            account: inputs.account_id,
            region: inputs.region,
            keys: ring.clone(),
            queues: blueprint.queues.clone(),
            definitions,
            slots: config.workers.count,
            base_environment: ["PATH", env::FFMPEG]
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
                .collect(),
            log_dir: folder.logs.clone(),
            ce_name: "this-machine".to_owned(),
        })
        .map_err(|error| FarmError::Batch(error.into()))?;
        servers.push(serve("Batch", {
            let (batch, stop, faults) = (batch.clone(), stop.clone(), config.faults.clone());
            async move { batch.serve_with(batch_listener, faults, stop.cancelled_owned()).await }
        }));

        let function = &blueprint.function;
        let mut environment = aws.environment(&function.role);
        environment.extend(function.environment.clone());
        // No container is pulled here, and nobody sends a bill.
        environment.insert(env::START_SECONDS.to_owned(), START_SECONDS.to_owned());
        environment.insert(env::TASK_PRICE.to_owned(), "0".to_owned());
        let delay = |attempt: usize| {
            let last = RETRY_DELAYS.len() - 1;
            config.retry_delay.unwrap_or(RETRY_DELAYS[attempt.min(last)])
        };
        let lambda = Lambda::start(LambdaConfig {
            program: function.program.clone(),
            environment,
            function_name: function.name.clone(),
            memory_mb: function.memory_mb,
            timeout: function.timeout,
            concurrency: TRIGGERS_AT_ONCE,
            retry_delays: (0..function.retries).map(delay).collect(),
            log_path: folder.logs.join("trigger-lambda.log"),
        })
        .map_err(|error| FarmError::Lambda(error.into()))?;

        servers.push(notify(&store, &lambda, blueprint.bucket.clone()));
        servers.push(apply_rules(&batch, &lambda, blueprint.rules.clone()));
        Ok(Self {
            store,
            batch,
            lambda,
            s3_endpoint,
            batch_endpoint,
            blueprint,
            keys: ring,
            credentials: config.credentials,
            stop,
            servers,
            _folder: folder,
        })
    }

    /// Name of the farm's bucket.
    pub fn bucket(&self) -> &str {
        &self.blueprint.bucket.name
    }

    /// Whether an upload of this key is rendered.
    pub fn takes(&self, key: &str) -> bool {
        self.blueprint.bucket.notifies("ObjectCreated:Put", key)
    }

    /// What the farm's programs and its owner call from now on, in the words of IAM.
    pub fn calls(&self) -> UnboundedReceiver<Call> {
        self.keys.calls()
    }

    /// An S3 client of this farm, as any user of it has one.
    pub fn s3_client(&self) -> aws_sdk_s3::Client {
        let credentials = aws_sdk_s3::config::Credentials::new(
            &self.credentials.access_key_id,
            &self.credentials.secret_access_key,
            None,
            None,
            "loopback farm",
        );
        let config = aws_sdk_s3::Config::builder()
            .behavior_version_latest()
            .credentials_provider(credentials)
            .region(aws_sdk_s3::config::Region::new(REGION))
            .endpoint_url(&self.s3_endpoint)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Takes the farm down: no new child, every child stopped, then the services. When this
    /// returns, no process that the farm started is left.
    pub async fn shutdown(self) {
        // The tasks first: they need the bucket to leave their last frame and record.
        self.batch.shutdown().await;
        self.lambda.shutdown().await;
        self.stop.cancel();
        for server in self.servers {
            server.abort();
        }
    }
}

/// What this farm offers. Nobody sends a bill for it.
fn offer(blueprint: &Blueprint, config: &FarmConfig) -> Offer {
    let number = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    let vcpus = number(config.workers.threads);
    Offer {
        queue: blueprint.outputs.get(outputs::QUEUE_ARN).cloned(),
        logs: blueprint.outputs.get(outputs::TASK_LOGS).cloned(),
        tasks: Some(Tasks {
            vcpus,
            memory_mib: 0,
            vcpus_allowed: vcpus * number(config.workers.count),
            runs: Runs::Here,
        }),
        ..Offer::new(config.blenders.iter().map(|blender| blender.version.clone()))
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, String), FarmError> {
    let failed = |source| FarmError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let endpoint = format!("http://{}", listener.local_addr().map_err(failed)?);
    Ok((listener, endpoint))
}

/// Runs a server until the farm stops. One that ends by itself is told of in the log: nothing
/// else would, and every client would find the port closed.
fn serve<E: std::fmt::Display>(
    name: &'static str,
    server: impl Future<Output = Result<(), E>> + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!("{name} stopped serving: {error}");
        }
    })
}

/// What a program needs to call AWS, here.
struct Aws<'a> {
    s3: &'a str,
    batch: &'a str,
    roles: &'a BTreeMap<String, Credentials>,
}

impl Aws<'_> {
    /// The environment of a program with this role: on AWS, the credentials come from the role and
    /// the endpoints from the region.
    fn environment(&self, role: &str) -> BTreeMap<String, String> {
        let mut environment = BTreeMap::from(
            [
                ("AWS_ENDPOINT_URL_S3", self.s3),
                ("AWS_ENDPOINT_URL_BATCH", self.batch),
                ("AWS_REGION", REGION),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        if let Some(credentials) = self.roles.get(role) {
            environment.insert("AWS_ACCESS_KEY_ID".to_owned(), credentials.access_key_id.clone());
            environment.insert("AWS_SECRET_ACCESS_KEY".to_owned(), credentials.secret_access_key.clone());
        }
        environment
    }
}

/// A job definition, with folders of this machine in place of its volumes.
fn job_definition(
    definition: &Definition,
    aws: &Aws<'_>,
    scratch: &Path,
) -> Result<JobDefinition, FarmError> {
    let Definition { job, image_environment, mounts, role } = definition;
    let mut given = job.environment.clone();
    for mount in mounts {
        let here = folder::made(scratch.join(&job.name).join(mount.trim_start_matches('/')))?;
        for value in given.values_mut() {
            let below = value.strip_prefix(mount.as_str());
            if let Some(below) = below.filter(|below| below.is_empty() || below.starts_with('/')) {
                *value = format!("{}{below}", here.display());
            }
        }
    }
    let mut environment = aws.environment(role);
    // Nothing limits a task's memory here but the machine.
    given.remove(env::MEMORY);
    // An image's own paths are this machine's here.
    environment.extend(image_environment.clone());
    environment.extend(given);
    Ok(JobDefinition { environment, ..job.clone() })
}

/// The bucket's notifications: what they take invokes the function.
fn notify(store: &Store, lambda: &Lambda, bucket: Bucket) -> JoinHandle<()> {
    let (mut created, lambda) = (store.subscribe(), lambda.clone());
    tokio::spawn(async move {
        while let Some(object) = created.recv().await {
            if object.bucket == bucket.name && bucket.notifies(object.event_name, &object.key) {
                lambda.invoke_async(crate::lambda::s3_notification(&object, REGION));
            }
        }
    })
}

/// The event rules: what one matches invokes the function, once for each that does.
fn apply_rules(batch: &Batch, lambda: &Lambda, rules: Vec<Rule>) -> JoinHandle<()> {
    let (mut events, lambda) = (batch.subscribe(), lambda.clone());
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            for _ in rules.iter().filter(|rule| rule.matches(&event)) {
                lambda.invoke_async(event.clone());
            }
        }
    })
}
