//! The container engine of this machine: Docker, or Podman.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result};

use crate::folders;
use crate::output::{self, Advice};

/// What building an image takes: the download, Blender unpacked and trimmed, and the image.
const ROOM: u64 = 8_000_000_000;

/// The way out for what a build fetches, by these variables.
const PROXIES: [&str; 6] = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

/// An engine that can build.
#[derive(Debug, Clone)]
pub struct Engine {
    program: PathBuf,
    /// Where its daemon listens, where that is not what the environment says.
    daemon: Option<String>,
}

/// How an image is built.
#[derive(Debug)]
pub struct Build<'a> {
    /// What a person calls it.
    pub what: &'a str,
    /// The Dockerfile, from the root of the repository.
    pub dockerfile: &'a str,
    /// Its build arguments.
    pub arguments: &'a [(&'a str, String)],
    /// The name that the image gets on this machine.
    pub name: &'a str,
}

impl Engine {
    /// The first on PATH that answers and can build.
    ///
    /// # Errors
    /// There is none; the error says what is missing and how to get it.
    pub fn find() -> Result<Self> {
        Self::find_in(&std::env::var_os("PATH").unwrap_or_default(), &["docker", "podman"], None)
    }

    /// Docker and no other: with the daemon that the environment names, or one that listens at this address.
    ///
    /// # Errors
    /// As for [`Engine::find`].
    pub fn docker(daemon: Option<&str>) -> Result<Self> {
        Self::find_in(&std::env::var_os("PATH").unwrap_or_default(), &["docker"], daemon)
    }

    /// This Podman, whatever else there is.
    pub fn podman(program: PathBuf) -> Self {
        Self { program, daemon: None }
    }

    fn find_in(paths: &OsStr, names: &[&str], daemon: Option<&str>) -> Result<Self> {
        let mut reasons = Vec::new();
        let folders: Vec<PathBuf> = std::env::split_paths(paths).collect();
        let named = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        for program in named.filter(|program| program.is_file()) {
            let engine = Self { program, daemon: daemon.map(str::to_owned) };
            match engine.lacks() {
                None => return Ok(engine),
                Some(reason) => reasons.push(format!("{} {reason}", engine.program.display())),
            }
        }
        let why = if reasons.is_empty() {
            format!("no {} is on PATH", names.join(" and no "))
        } else {
            reasons.join("; ")
        };
        Err(Advice::error(
            format!("There is no container engine to build the images with: {why}."),
            "Install Docker (docs.docker.com/engine/install) or Podman, start it, and see that `docker info` answers.",
        ))
    }

    /// That the engine's disk has room for what it builds, where that can be told: a virtual machine
    /// keeps its disk to itself.
    ///
    /// # Errors
    /// It has not.
    pub fn has_room(&self) -> Result<()> {
        let places = ["{{.DockerRootDir}}", "{{.Store.GraphRoot}}"];
        let asked = places.iter().find_map(|place| {
            let told = self.command(&["info", "--format", place]).output().ok()?;
            let place = PathBuf::from(String::from_utf8(told.stdout).ok()?.trim());
            (told.status.success() && place.is_dir()).then_some(place)
        });
        asked.map_or(Ok(()), |place| room(&place, ROOM))
    }

    /// Builds an image. Proxies with certificates of their own are heeded where SSL_CERT_FILE names them.
    ///
    /// # Errors
    /// It does not build.
    pub fn build(&self, build: &Build<'_>) -> Result<()> {
        output::step(format_args!("Building {}", build.what));
        let mut command = self.command(&["build", "--file", build.dockerfile, "--tag", build.name]);
        // The farm's own, on whatever machine it is built.
        command.args(["--platform", "linux/amd64"]);
        // Podman hands these on by itself, Docker does not.
        for name in PROXIES.into_iter().filter(|name| std::env::var_os(name).is_some()) {
            command.args(["--build-arg", name]);
        }
        for (name, value) in build.arguments {
            command.arg("--build-arg").arg(format!("{name}={value}"));
        }
        if let Some(file) = std::env::var_os("SSL_CERT_FILE").filter(|file| Path::new(file).is_file()) {
            command.arg("--secret").arg(format!("id=certificates,src={}", file.display()));
        }
        let root = folders::workspace();
        let status = command.arg(".").current_dir(root).stdout(std::io::stderr()).status();
        if status.with_context(|| format!("cannot run {}", self.program.display()))?.success() {
            return Ok(());
        }
        Err(Advice::error(
            format!("{} could not be built.", capitalized(build.what)),
            "What the container engine says above names the reason. Where its disk is full, `docker system prune --all` (or \
             `podman system prune --all`) makes room. Nothing of the farm was changed; run this again, and what is built is \
             kept.",
        ))
    }

    /// Writes an image out, as an archive on the standard output of the child.
    ///
    /// # Errors
    /// The engine cannot be run.
    pub fn save(&self, name: &str) -> Result<std::process::Child> {
        let child = self.command(&["save", name]).stdout(Stdio::piped()).spawn();
        child.with_context(|| format!("cannot run {}", self.program.display()))
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// A call of it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // Older Dockers have what the Dockerfiles want, and have to be told to use it.
        command.args(arguments).env("DOCKER_BUILDKIT", "1");
        command.envs(self.daemon.iter().map(|address| ("DOCKER_HOST", address)));
        command
    }

    /// Why it cannot build, if it cannot.
    fn lacks(&self) -> Option<String> {
        let ask = |arguments: &[&str]| self.command(arguments).output();
        let told = |output: &Output| {
            let text = String::from_utf8_lossy(&output.stderr);
            text.lines().next().unwrap_or("nothing is said").trim().to_owned()
        };
        match ask(&["info"]) {
            Err(error) => return Some(format!("does not start ({error})")),
            Ok(output) if !output.status.success() => {
                return Some(format!("does not answer: {}", told(&output)));
            }
            Ok(_) => {}
        }
        if self.program.file_name() != Some(OsStr::new("docker")) {
            return None;
        }
        // From 23 on Docker builds with a plug-in, which not every package brings.
        let client = ask(&["version", "--format", "{{.Client.Version}}"]).ok()?;
        let version = String::from_utf8_lossy(&client.stdout);
        let major: u32 = version.split('.').next()?.trim().parse().ok()?;
        let buildx = || ask(&["buildx", "version"]).is_ok_and(|output| output.status.success());
        (major >= 23 && !buildx())
            .then(|| "lacks its plug-in buildx (package docker-buildx-plugin)".to_owned())
    }
}

/// That a folder's disk has this many bytes left.
fn room(place: &Path, needed: u64) -> Result<()> {
    let disk = rustix::fs::statvfs(place)
        .with_context(|| format!("cannot tell how much room {} has", place.display()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free >= needed {
        return Ok(());
    }
    let gb = |bytes: u64| bytes as f64 / 1e9;
    Err(Advice::error(
        format!(
            "{} has {:.1} GB left; building the images takes up to {:.0} GB.",
            place.display(),
            gb(free),
            gb(needed)
        ),
        "Make room: `docker system prune --all` (or `podman system prune --all`) clears what no container uses.",
    ))
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with a program of this name that runs a script.
    fn folder(name: &str, script: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    fn found(folders: &[&tempfile::TempDir], names: &[&str]) -> Result<Engine> {
        let paths = std::env::join_paths(folders.iter().map(|folder| folder.path())).unwrap();
        Engine::find_in(&paths, names, None)
    }

    #[test]
    fn the_first_engine_that_can_build_is_taken() {
        let stopped = folder("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
        let bare = folder("docker", "case $1 in version) echo 28.2.2 ;; buildx) exit 1 ;; esac");
        let old = folder("docker", "case $1 in version) echo 20.10.24 ;; buildx) exit 1 ;; esac");
        let podman = folder("podman", "");

        let both = ["docker", "podman"];
        let taken = |folders: &[&tempfile::TempDir]| found(folders, &both).unwrap().program;
        assert_eq!(taken(&[&stopped, &bare, &old]), old.path().join("docker"));
        assert_eq!(taken(&[&podman, &bare]), podman.path().join("podman"));

        let error = found(&[&stopped, &bare], &both).unwrap_err().to_string();
        assert!(error.contains("does not answer: Cannot connect to the Docker daemon"), "{error}");
        assert!(error.contains("lacks its plug-in buildx"), "{error}");
        let error = found(&[], &both).unwrap_err().to_string();
        assert!(error.contains("no docker and no podman is on PATH"), "{error}");
        let error = found(&[&stopped, &podman], &["docker"]).unwrap_err().to_string();
        assert!(error.contains("does not answer") && !error.contains("podman "), "{error}");
    }

    #[test]
    fn a_disk_without_room_is_told_before_anything_is_built() {
        let place = tempfile::tempdir().unwrap();
        let error = room(place.path(), u64::MAX).unwrap_err().to_string();
        assert!(error.starts_with(&place.path().display().to_string()), "{error}");
        assert!(error.contains(" GB left; building the images takes up to 18446744074 GB."), "{error}");
        assert!(room(place.path(), 0).is_ok());

        // Docker and Podman each tell in their own words where that is; where neither does, nothing can
        // be told.
        let told = |field: &str, place: &Path| {
            folder("docker", &format!("case $3 in *{field}*) echo {} ;; *) exit 1 ;; esac", place.display()))
        };
        // It has no room at all.
        let full = Path::new("/proc");
        for (field, place, has) in [
            ("DockerRootDir", full, false),
            ("GraphRoot", full, false),
            ("Nothing", full, true),
            ("DockerRootDir", Path::new("/nowhere"), true),
        ] {
            let script = told(field, place);
            let engine = Engine { program: script.path().join("docker"), daemon: None };
            assert_eq!(engine.has_room().is_ok(), has, "{field} {}", place.display());
        }
    }

    #[test]
    fn what_does_not_build_is_named() {
        let failing = folder("docker", "case $1 in build) exit 1 ;; version) echo 20.10 ;; esac");
        let build = Build { what: "the image of a test", dockerfile: "x", arguments: &[], name: "x" };
        let error = found(&[&failing], &["docker"]).unwrap().build(&build).unwrap_err().to_string();
        assert!(error.starts_with("The image of a test could not be built"), "{error}");
    }
}
