//! The loopback S3 that the ways are measured on, and what each kind of client needs to reach it.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use farm_local::faults::Faults;
use farm_local::s3::{Credentials, Store, StoreOptions, serve_with};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The bucket that is measured in.
pub const BUCKET: &str = "farm";
const KEY: &str = "key";
const SECRET: &str = "secret";
const REGION: &str = "us-east-1";
/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";

/// A bucket on loopback, served by a runtime of its own until it is dropped.
pub struct Loopback {
    /// Where it listens.
    pub address: SocketAddr,
    /// The bucket behind it.
    pub store: Store,
    _folder: TempDir,
    _runtime: Runtime,
}

impl Loopback {
    /// An empty bucket for so many bytes. They lie in memory, so that no call waits for a disk. Each call is told to
    /// `faults` first.
    ///
    /// # Errors
    /// There is no room or no port for it.
    pub fn start(bytes: u64, faults: Faults) -> Result<Self> {
        let room = rustix::fs::statvfs(MEMORY).map(|memory| memory.f_bavail * memory.f_frsize);
        let room = room.with_context(|| format!("this is measured in {MEMORY}, as Linux has it"))?;
        ensure!(room >= bytes, "this is measured in {MEMORY}, which needs {} MB of room", bytes / 1_000_000);
        let folder = tempfile::tempdir_in(MEMORY).context("cannot make a folder")?;
        let runtime = Runtime::new().context("cannot start threads")?;
        let store = Store::open(folder.path(), StoreOptions::default()).context("cannot open a bucket")?;
        store.create_bucket(BUCKET).context("cannot make a bucket")?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).context("cannot listen")?;
        let address = listener.local_addr().context("cannot listen")?;
        let keys = Credentials { access_key_id: KEY.into(), secret_access_key: SECRET.into() };
        runtime.spawn(serve_with(listener, store.clone(), keys, faults, std::future::pending::<()>()));
        Ok(Self { address, store, _folder: folder, _runtime: runtime })
    }

    /// A client of AWS's SDK.
    pub fn client(&self) -> Client {
        let keys = Credentials { access_key_id: KEY.into(), secret_access_key: SECRET.into() };
        client(&format!("http://{}", self.address), &keys)
    }

    /// Has a program find the bucket, and nothing else of this machine's.
    pub fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("AWS_ENDPOINT_URL_S3", format!("http://{}", self.address))
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    }
}

/// A client of AWS's SDK for a loopback S3.
pub fn client(endpoint: &str, keys: &Credentials) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(aws_sdk_s3::config::Credentials::new(
            &keys.access_key_id,
            &keys.secret_access_key,
            None,
            None,
            "bench",
        ))
        .endpoint_url(endpoint)
        .build();
    Client::from_conf(config)
}

/// How long a signature in an address holds.
///
/// # Errors
/// Never: a day is within what S3 allows.
pub fn signed_for_a_day() -> Result<PresigningConfig> {
    PresigningConfig::expires_in(Duration::from_secs(24 * 60 * 60))
        .context("a day is no time for a signature")
}
