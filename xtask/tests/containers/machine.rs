//! What stands for one test: a network that leads nowhere but to the cloud on loopback, a registry of
//! images, and an AWS that runs functions and jobs in containers.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use farm_testing::tool;
use serde_json::{Value, json};
use tempfile::TempDir;

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "eu-west-1";
pub const PASSWORD: &str = "a-password-of-ecr";
/// `AWS` and that password, as htpasswd writes them with bcrypt.
const USERS: &str = "AWS:$2b$04$FLm9optruIjgYQYdw16d9.ul2PQLFDi6SvBAl2nNCV4bqpSYEBH3W\n";
/// What functions run in.
const FUNCTIONS: &str = "farm-test-functions";
const LOCALSTACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../stack/tests/localstack/engine.py");
/// What every snippet of Python begins with: a client of a service is `aws("s3")`.
const BEGIN: &str = "import boto3, json, time\ndef aws(name): return boto3.client(name)\n";

/// A deploy puts the programs where the images are built from: so one machine at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// All of it. It ends with the test.
pub struct Machine {
    pub folder: TempDir,
    /// Where the registry listens.
    pub registry_at: String,
    docker: PathBuf,
    network: String,
    registry: Child,
    cloud: Child,
    url: String,
    _alone: MutexGuard<'static, ()>,
}

impl Machine {
    /// None where the tests with containers are left out.
    pub fn start() -> Option<Self> {
        let docker = tool("FARM_TEST_CONTAINERS")?;
        let python = tool("FARM_TEST_LOCALSTACK")?;
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        let network = format!("farm-test-{}", std::process::id());
        let ran = |arguments: &[&str]| text(&docker_command(&docker, arguments).output().unwrap());
        ran(&["network", "create", "--internal", &network]);
        let gateway =
            ran(&["network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", &network]);
        let (registry, address) = registry(folder.path());
        // Debian's own has nobody whom to trust, without which no client of AWS starts.
        let functions = folder.path().join("functions");
        std::fs::create_dir(&functions).unwrap();
        std::fs::copy("/etc/ssl/certs/ca-certificates.crt", functions.join("trusted")).unwrap();
        let dockerfile = "FROM debian:bookworm-slim\nCOPY trusted /etc/ssl/certs/ca-certificates.crt\n";
        std::fs::write(functions.join("Dockerfile"), dockerfile).unwrap();
        ran(&["build", "--quiet", "--tag", FUNCTIONS, functions.to_str().unwrap()]);
        let settings = folder.path().join("settings.json");
        let told = json!({
            "docker": docker,
            "docker_host": std::env::var("DOCKER_HOST").unwrap_or_default(),
            "network": network,
            "endpoint": format!("http://{}:{}", gateway.trim(), free_port()),
            "registry": format!("http://{address}"),
            "registry_password": PASSWORD,
            "slots": 2,
            "image_for_functions": FUNCTIONS,
            "function_retry_seconds": 1,
        });
        std::fs::write(&settings, told.to_string()).unwrap();
        let mut cloud = Command::new(python)
            .arg(LOCALSTACK)
            .arg(folder.path().join("cloud"))
            .arg("containers")
            .arg(&settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(cloud.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("ready ").unwrap_or_else(|| panic!("the cloud said `{line}`"));
        let url = url.to_owned();
        Some(Self { folder, registry_at: address, docker, network, registry, cloud, url, _alone: alone })
    }

    /// A command of this project's, as somebody types it who is logged in to the cloud.
    pub fn xtask(&self, arguments: &[&str]) -> Output {
        self.program("xtask").args(arguments).output().unwrap()
    }

    /// A program of this project's, as somebody types it who is logged in to the cloud.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_xtask")).with_file_name(name));
        self.client(&mut command);
        command
    }

    /// Starts a command of this project's, and kills it once it has said this. What it said until then.
    pub fn kill_once_said(&self, arguments: &[&str], until: &str) -> String {
        let mut child = self
            .program("xtask")
            .args(arguments)
            // With all that it has started.
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let seen = lines.any(|line| {
            said += &line.unwrap();
            said.push('\n');
            said.contains(until)
        });
        let group = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
        child.wait().unwrap();
        assert!(seen, "it came to its end before `{until}`: {said}");
        said
    }

    fn client(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let first = self.docker.parent().map(Path::to_owned);
        let path = std::env::join_paths(first.into_iter().chain(std::env::split_paths(&path))).unwrap();
        command
            .env("PATH", path)
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", ACCOUNT)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("PYTHONDONTWRITEBYTECODE", "1");
    }

    /// What a snippet of Python with boto3, which we did not write, prints as JSON.
    pub fn ask(&self, snippet: &str) -> Value {
        let mut command = Command::new(tool("FARM_TEST_PYTHON").unwrap());
        self.client(&mut command);
        let output = command.args(["-c", &format!("{BEGIN}{snippet}")]).output().unwrap();
        let told = text(&output);
        if told.is_empty() { Value::Null } else { serde_json::from_str(&told).unwrap() }
    }

    /// What the container engine says to a command.
    pub fn docker(&self, arguments: &[&str]) -> String {
        text(&docker_command(&self.docker, arguments).output().unwrap())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.cloud.stdin.take());
        let ended = self.cloud.wait().and_then(|_| self.registry.kill()).and_then(|()| self.registry.wait());
        drop(ended);
        drop(docker_command(&self.docker, &["network", "rm", &self.network]).output());
    }
}

/// A call of the container engine.
pub fn docker_command(docker: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(docker);
    command.args(arguments).env("DOCKER_BUILDKIT", "1");
    command
}

/// What a program wrote, for a message.
pub fn told(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{err}")
}

/// Standard output of what must have gone well.
#[track_caller]
fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Debian's registry of images, on loopback, with a password. Its address.
fn registry(folder: &Path) -> (Child, String) {
    let address = format!("127.0.0.1:{}", free_port());
    let users = folder.join("users");
    std::fs::write(&users, USERS).unwrap();
    let config = folder.join("registry.yml");
    let told = json!({
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": folder.join("images")}},
        "http": {"addr": address},
        "auth": {"htpasswd": {"realm": "farm", "path": users}},
    });
    // YAML takes JSON.
    std::fs::write(&config, told.to_string()).unwrap();
    let child = Command::new(tool("FARM_TEST_REGISTRY").unwrap())
        .arg("serve")
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    while std::net::TcpStream::connect(&address).is_err() {
        assert!(begun.elapsed().as_secs() < 30, "the registry does not start");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    (child, address)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
