//! Two farms whose every program is `true`: one within this process, and one as a person starts it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZero;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use aws_sdk_s3::Client;
use farm_local::farm::{self, Blender, FarmConfig, REGION};
use farm_local::faults::Faults;
use farm_local::s3::Credentials;
use farm_local::workers::Workers;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::s3::client;

/// What every task and the function run.
pub const PROGRAM: &str = "/bin/true";
const PROGRAMS: [&str; 3] = ["render-task", "trigger-lambda", "zip-task"];
const BLENDER: &str = "4.5";

/// A farm that is up until it is dropped.
pub struct Farm {
    /// Where its S3 listens, as `127.0.0.1:PORT`.
    pub s3: String,
    /// Where its Batch listens, written the same way.
    pub batch: String,
    /// What clients sign with.
    pub keys: Credentials,
    /// What it is wired of.
    pub wires: Wires,
    _runs: Runs,
    _folder: TempDir,
}

/// The names that a client needs, the same for both farms: they have one template.
#[derive(Clone)]
pub struct Wires {
    /// The bucket.
    pub bucket: String,
    /// A queue.
    pub queue: String,
    /// Whether jobs in it must name their share.
    pub fair_share: bool,
    /// A job definition.
    pub definition: String,
}

enum Runs {
    Within(Runtime, Box<Option<farm::Farm>>),
    Apart(Child),
}

impl Farm {
    /// A farm within this process, as optimised as it is.
    ///
    /// # Errors
    /// It does not come up.
    pub fn within(below: &Path) -> Result<Self> {
        let folder = programs(below)?;
        let runtime = Runtime::new().context("cannot start threads")?;
        let keys = Credentials { access_key_id: "key".into(), secret_access_key: "secret".into() };
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let farm = runtime.block_on(farm::Farm::start(FarmConfig {
            folder: folder.path().join("farm"),
            programs: folder.path().to_owned(),
            blenders: vec![Blender { version: BLENDER.to_owned(), path: PROGRAM.into() }],
            workers: Workers { count: at_once(), threads: 1 },
            s3_address: any,
            batch_address: any,
            credentials: keys.clone(),
            faults: Faults::none(),
            retry_delay: None,
        }))?;
        let queue = farm.blueprint.queues.first().context("the farm has no queue")?;
        let definition = farm.blueprint.definitions.first().context("the farm runs no job")?;
        let wires = Wires {
            bucket: farm.bucket().to_owned(),
            queue: queue.name.clone(),
            fair_share: queue.fair_share,
            definition: definition.job.name.clone(),
        };
        let (s3, batch) = (address(&farm.s3_endpoint), address(&farm.batch_endpoint));
        let runs = Runs::Within(runtime, Box::new(Some(farm)));
        Ok(Self { s3, batch, keys, wires, _runs: runs, _folder: folder })
    }

    /// A farm as `farm-local serve` brings it up.
    ///
    /// # Errors
    /// It does not come up; what it said is quoted.
    pub fn apart(below: &Path, farm_local: &Path, other: &Self) -> Result<Self> {
        let folder = programs(below)?;
        // It starts the programs that lie where it lies.
        let program = folder.path().join("farm-local");
        std::fs::hard_link(farm_local, &program).context("cannot put farm-local into a folder")?;
        let said = folder.path().join("said");
        let mut child = Command::new(&program)
            .args(["serve", "--port", &port()?.to_string(), "--workers", &at_once().to_string()])
            .arg(format!("--blender={BLENDER}={PROGRAM}"))
            .arg("--out")
            .arg(folder.path().join("farm"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&said).context("cannot write a file")?)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let out = child.stdout.take();
        let runs = Runs::Apart(child);
        let read = BufReader::new(out.context("farm-local has no output")?).lines();
        let told: Vec<String> = read.map_while(Result::ok).take(TOLD).collect();
        let value = |name: &str| told.iter().find_map(|line| exported(line, name));
        let complaint = || std::fs::read_to_string(&said).unwrap_or_default();
        let value =
            |name| value(name).with_context(|| format!("farm-local does not come up: {}", complaint()));
        Ok(Self {
            s3: address(value("AWS_ENDPOINT_URL_S3")?),
            batch: address(value("AWS_ENDPOINT_URL_BATCH")?),
            keys: Credentials {
                access_key_id: value("AWS_ACCESS_KEY_ID")?.to_owned(),
                secret_access_key: value("AWS_SECRET_ACCESS_KEY")?.to_owned(),
            },
            wires: other.wires.clone(),
            _runs: runs,
            _folder: folder,
        })
    }

    /// A client of AWS's SDK.
    pub fn client(&self) -> Client {
        client(&format!("http://{}", self.s3), &self.keys)
    }

    /// What lets a call of Batch in: there the scope of a signature counts.
    pub fn authorization(&self) -> String {
        let key = &self.keys.access_key_id;
        format!(
            "AWS4-HMAC-SHA256 Credential={key}/20260101/{REGION}/batch/aws4_request, SignedHeaders=host, Signature=0"
        )
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        match self {
            Self::Within(runtime, farm) => {
                if let Some(farm) = farm.take() {
                    runtime.block_on(farm.shutdown());
                }
            }
            // Nothing that it started is left to be stopped, and what it keeps is thrown away.
            Self::Apart(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

/// Lines of its environment that `serve` prints.
const TOLD: usize = 5;

/// The value of a variable in a line that a shell would export it by.
fn exported<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix("export ")?.strip_prefix(name)?.strip_prefix('=')
}

/// `127.0.0.1:PORT` of `http://127.0.0.1:PORT`.
fn address(endpoint: &str) -> String {
    endpoint.trim_start_matches("http://").to_owned()
}

/// Tasks at once, and streams of bytes: as many as there are cores.
pub fn at_once() -> usize {
    std::thread::available_parallelism().map_or(2, NonZero::get)
}

/// A folder with the farm's programs, none of which does anything.
fn programs(below: &Path) -> Result<TempDir> {
    std::fs::create_dir_all(below).with_context(|| format!("cannot make {}", below.display()))?;
    let folder = tempfile::tempdir_in(below).context("cannot make a folder")?;
    for program in PROGRAMS {
        symlink(PROGRAM, folder.path().join(program)).context("cannot make a link")?;
    }
    Ok(folder)
}

/// A free port whose neighbour is free too: Batch has the next one.
fn port() -> Result<u16> {
    let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    for _ in 0..100 {
        let one = free(0).and_then(|listener| listener.local_addr()).context("cannot listen")?.port();
        if one.checked_add(1).is_some_and(|next| free(next).is_ok()) {
            return Ok(one);
        }
    }
    bail!("there are no two free ports side by side")
}

/// A folder that is made anew, and what it is gone with.
pub fn fresh(below: &Path) -> Result<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir_in(below).context("cannot make a folder")?;
    let path = folder.path().to_owned();
    Ok((folder, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serve_exports_is_read_as_a_shell_reads_it() {
        let line = "export AWS_ENDPOINT_URL_S3=http://127.0.0.1:9024";
        assert_eq!(exported(line, "AWS_ENDPOINT_URL_S3"), Some("http://127.0.0.1:9024"));
        assert_eq!(exported(line, "AWS_ENDPOINT_URL_BATCH"), None);
        assert_eq!(address("http://127.0.0.1:9024"), "127.0.0.1:9024");
    }

    #[test]
    fn two_ports_side_by_side_are_free() {
        let port = port().expect("free ports");
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port + 1)).is_ok());
    }
}
