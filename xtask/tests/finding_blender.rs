//! Which Blender is taken, and what is said about the others: the real program, with programs of
//! our own making on PATH.
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The folder that the self-check names last.
const FOLDER: &str = r#"for folder in "$@"; do :; done"#;
/// As little of a PNG of 32 x 18 as a self-check looks at.
const PICTURE: &str = r#"printf '\211PNG\r\n\032\n\0\0\0\015IHDR\0\0\0\040\0\0\0\022rest\0\0\0\0IEND\256B`\202' > "$folder/frame.png""#;

/// A program that is still being written by one test cannot be started by another, and a child
/// that is just being started holds the files of all: so one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

struct Machine {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Machine {
    fn new() -> Self {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let machine = Self { folder: TempDir::new().unwrap(), _alone };
        fs::create_dir(machine.path("bin")).unwrap();
        // The search for Blender is over when cargo is called.
        machine.program("cargo", "exit 9");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, body: &str) -> PathBuf {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn blender(&self, version: &str, rest: &str) -> PathBuf {
        self.program("blender", &format!("{FOLDER}\nprintf {version} > \"$folder/version.txt\"\n{rest}"))
    }

    /// A file that Blender 4.5 or 5.0 saved.
    fn scene(&self, version: &str) -> PathBuf {
        let heads = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/blend-file/tests/fixtures");
        let scene = self.path("scene.blend");
        fs::copy(heads.join(format!("blender{version}-zstd.head")), &scene).unwrap();
        scene
    }

    /// A file that a Blender of these digits saved, such as 0501.
    fn saved_by(&self, digits: &str) -> PathBuf {
        let scene = self.path("scene.blend");
        let mut bytes = format!("BLENDER17-01v{digits}REND").into_bytes();
        bytes.extend([0; 12]);
        bytes.extend(72_i64.to_le_bytes());
        bytes.extend(1_i64.to_le_bytes());
        bytes.extend([1_i32.to_le_bytes(), 9_i32.to_le_bytes()].concat());
        bytes.extend([b'S'; 4]);
        bytes.resize(bytes.len() + 200, 0);
        fs::write(&scene, bytes).unwrap();
        scene
    }

    fn local(&self, path: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .arg("local")
            .env("PATH", format!("{}{path}", self.path("bin").display()))
            .env("CARGO", self.path("bin/cargo"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            // Nor are the Pythons that pyenv keeps found.
            .env("HOME", self.folder.path())
            .env_remove("PYENV_ROOT")
            .env_remove("BLENDER")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What is said of `scene` on a machine where nothing else is on PATH.
    fn says(&self, arguments: &[&Path]) -> String {
        said(&self.local("").args(arguments).output().unwrap())
    }
}

fn said(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

const NO_PYTHON: &str = "error: There is no Python 3.11 on this machine";
const BUILDS: &str = "==> Building the farm's programs";

#[test]
fn a_blender_that_renders_is_taken() {
    let machine = Machine::new();
    let blender = machine.blender("4.5", PICTURE);
    // An empty variable names no Blender.
    let run = machine.local("").arg(machine.scene("45")).env("BLENDER", "").output();
    let said = said(&run.unwrap());
    assert!(said.contains(&format!("Blender 4.5 is {}", blender.display())), "{said}");
    assert!(said.contains(BUILDS), "{said}");
}

#[test]
fn a_blender_older_than_the_file_is_passed_over() {
    let machine = Machine::new();
    machine.blender("3.6", PICTURE);
    let said = machine.says(&[&machine.scene("45")]);
    assert!(
        said.contains("is passed over: it is Blender 3.6, and the file was saved by Blender 4.5."),
        "{said}"
    );
    assert!(said.contains(NO_PYTHON) && said.contains("--blender PATH"), "{said}");
    assert!(!said.contains(BUILDS), "{said}");
}

#[test]
fn a_blender_older_than_the_farms_oldest_is_passed_over() {
    let machine = Machine::new();
    machine.blender("4.0", PICTURE);
    let said = machine.says(&[Path::new("--serve")]);
    assert!(
        said.contains("is passed over: it is Blender 4.0, and the farm renders with 4.1 or newer."),
        "{said}"
    );
    assert!(said.contains(NO_PYTHON) && !said.contains(BUILDS), "{said}");
}

#[test]
fn a_blender_that_writes_no_picture_is_passed_over_though_it_exits_0() {
    let machine = Machine::new();
    machine.blender("4.5", "echo 'Error: Build without OpenImageDenoiser'");
    let said = machine.says(&[&machine.scene("45")]);
    assert!(said.contains("is passed over: it wrote no picture"), "{said}");
    assert!(said.contains("`Error: Build without OpenImageDenoiser`"), "{said}");
    assert!(said.contains(NO_PYTHON), "{said}");
}

#[test]
fn a_blender_that_is_named_is_used_or_refused_but_never_replaced() {
    let machine = Machine::new();
    machine.blender("4.5", PICTURE);
    let bad = machine.program("my-blender", "exit 3");
    let none = machine.path("no-blender");
    let scene = machine.scene("45");
    for (path, why) in
        [(&bad, "it ran no Python script of ours (exit status: 3)"), (&none, "there is no such file")]
    {
        let said = machine.says(&[&scene, Path::new("--blender"), path]);
        assert!(said.contains(&format!("error: {} cannot be used: {why}.", path.display())), "{said}");
        assert!(said.contains("hint: ") && !said.contains(BUILDS), "{said}");
    }
    let by_environment = said(&machine.local("").arg(&scene).env("BLENDER", &bad).output().unwrap());
    assert!(by_environment.contains("my-blender cannot be used"), "{by_environment}");
}

#[test]
fn a_file_newer_than_every_blender_here_is_refused() {
    let machine = Machine::new();
    machine.blender("4.5", PICTURE);
    let said = machine.says(&[&machine.saved_by("0501")]);
    assert!(said.contains("it is Blender 4.5, and the file was saved by Blender 5.1"), "{said}");
    assert!(said.contains("error: No Blender here is new enough"), "{said}");
    assert!(said.contains("hint: Install a newer Blender"), "{said}");
}

#[test]
fn the_oldest_that_is_new_enough_is_taken_or_fetched() {
    let machine = Machine::new();
    fake_python(&machine, ":");
    let run = |scene: &Path| said(&machine.local(":/usr/bin:/bin").arg(scene).output().unwrap());
    let newer = run(&machine.saved_by("0500"));
    assert!(newer.contains("==> Fetching Blender 5.0.1") && newer.contains(BUILDS), "{newer}");
    // One that is named is taken, whatever is here.
    let run_tagged = |tag: &str| {
        let mut command = machine.local(":/usr/bin:/bin");
        said(&command.arg(machine.scene("45")).arg(format!("--tag=blender={tag}")).output().unwrap())
    };
    assert!(run_tagged("4.2").contains("error: There is no Blender 4.2 on this machine"));
    assert!(!run_tagged("5.0").contains("Fetching"), "it was fetched before");
    // What is here will do, though an older one could be fetched.
    let older = run(&machine.scene("45"));
    assert!(!older.contains("Fetching") && older.contains(BUILDS), "{older}");
    machine.blender("4.5", PICTURE);
    assert!(run(&machine.scene("45")).contains("Blender 4.5 is "), "the older of the two");
    let newer = run(&machine.saved_by("0500"));
    assert!(newer.contains("is passed over: it is Blender 4.5") && newer.contains(BUILDS), "{newer}");
    assert!(!newer.contains("Fetching"), "{newer}");
}

#[test]
fn what_is_no_scene_is_refused_before_anything_else() {
    let machine = Machine::new();
    let said = machine.says(&[Path::new("nowhere.blend")]);
    assert!(said.starts_with("error: nowhere.blend cannot be read: No such file"), "{said}");
}

/// Stands in for Python, pip and the wheel's Blender; each run of pip leaves a line.
fn fake_python(machine: &Machine, pip: &str) {
    machine.program(
        "python3.11",
        &format!(
            r#"case "$1 $2" in
"-c "*) exit 0 ;;
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip") echo "$*" >> "{log}"; {pip} ;;
*) {FOLDER}
printf 4.5 > "$folder/version.txt"
{PICTURE} ;;
esac"#,
            log = machine.path("pip.log").display()
        ),
    );
}

fn pip_runs(machine: &Machine) -> usize {
    fs::read_to_string(machine.path("pip.log")).unwrap_or_default().lines().count()
}

/// The folder of the wheel's environment.
fn environment(machine: &Machine) -> PathBuf {
    let kept = fs::read_dir(machine.path("cache/blender-render-farm")).unwrap();
    let mut folders = kept.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let folder = folders.next().unwrap();
    assert_eq!(folders.next(), None);
    folder
}

#[test]
fn the_wheel_is_installed_once_and_again_where_it_was_interrupted() {
    let machine = Machine::new();
    fake_python(&machine, ":");
    let scene = machine.scene("45");
    let run = || said(&machine.local(":/usr/bin:/bin").arg(&scene).output().unwrap());

    let first = run();
    assert!(first.contains("==> Fetching Blender 4.5.15") && first.contains("from PyPI"), "{first}");
    assert!(first.contains(BUILDS), "{first}");
    let log = fs::read_to_string(machine.path("pip.log")).unwrap();
    assert!(log.contains("--require-hashes") && log.contains("--only-binary :all:"), "{log}");

    let second = run();
    assert!(!second.contains("Fetching") && second.contains(BUILDS), "{second}");
    assert_eq!(pip_runs(&machine), 1);

    let folder = environment(&machine);
    fs::remove_file(folder.join("complete")).unwrap();
    fs::write(folder.join("left over"), "").unwrap();
    let third = run();
    assert!(third.contains("its folder is made anew") && third.contains(BUILDS), "{third}");
    assert_eq!(pip_runs(&machine), 2);
    assert!(!folder.join("left over").exists());
}

#[test]
fn an_installation_that_fails_is_said_and_not_taken_for_one() {
    let machine = Machine::new();
    fake_python(&machine, "echo 'no route to host'; exit 1");
    let scene = machine.scene("45");
    for runs in 1..=2 {
        let said = said(&machine.local(":/usr/bin:/bin").arg(&scene).output().unwrap());
        assert!(said.contains("no route to host") && said.contains("could not be installed"), "{said}");
        assert!(!said.contains(BUILDS), "{said}");
        assert_eq!(pip_runs(&machine), runs);
    }
}

#[test]
fn two_runs_at_once_install_once() {
    let machine = Machine::new();
    let gate = machine.path("gate");
    fake_python(&machine, &format!("while [ ! -e '{}' ]; do sleep 0.05; done", gate.display()));
    let scene = machine.scene("45");
    let start = || machine.local(":/usr/bin:/bin").arg(&scene).spawn().unwrap();

    let one = start();
    let patience = Instant::now() + Duration::from_secs(60);
    while pip_runs(&machine) == 0 {
        assert!(Instant::now() < patience, "the first run never came to install");
        std::thread::sleep(Duration::from_millis(10));
    }
    // The first holds the lock, and the second must say that it waits before the first may go on.
    let mut two = start();
    let mut lines = BufReader::new(two.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("Another run is installing the same; waiting for it.")));
    fs::write(gate, "").unwrap();

    assert!(said(&one.wait_with_output().unwrap()).contains(BUILDS));
    assert!(lines.any(|line| line.contains(BUILDS)));
    assert_eq!(two.wait().unwrap().code(), Some(1));
    assert_eq!(pip_runs(&machine), 1);
}
