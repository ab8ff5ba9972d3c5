//! `farm-local run` and `serve` as a person starts them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use farm_contract::report::{Report, State};
use farm_testing::tool;
use rustix::process::{Pid, Signal, kill_process};
use support::farm::entries;
use support::{blender, program, python, scene};

fn farm_local(verb: &str) -> Command {
    let mut command = Command::new(program("farm-local"));
    command.arg(verb).arg(format!("--blender=4.5={}", blender().display()));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(file: &Path, frames: &str, out: &Path) -> Command {
    let mut command = farm_local("run");
    command.arg(file).args(["--frames", frames]).arg("--out").arg(out);
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn report(out: &Path) -> Report {
    Report::from_json(&std::fs::read(out.join("report.json")).unwrap()).unwrap()
}

#[test]
fn a_file_becomes_frames_an_archive_and_a_contact_sheet_and_a_second_run_renders_nothing() {
    let out = tempfile::tempdir().unwrap();
    let output = run(&scene("plain"), "1-3", out.path()).output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("(3 of 3; "), "plain lines where there is no terminal: {said}");
    assert_eq!(report(out.path()).state, State::Complete);
    let archive = entries(std::fs::read(out.path().join("frames.zip")).unwrap());
    assert_eq!(archive.len(), 3);
    for (name, bytes) in archive {
        assert_eq!(std::fs::read(out.path().join(&name)).unwrap(), bytes, "{name}");
    }
    assert!(image::open(out.path().join("contact-sheet.jpg")).is_ok());
    if tool("FARM_TEST_FFMPEG").is_some() {
        for (name, told) in [
            ("preview.mp4", report(out.path()).preview),
            ("contact-sheet.gif", report(out.path()).contact_sheet),
        ] {
            assert!(
                out.path().join(name).is_file() && told.is_some_and(|key| key.ends_with(name)),
                "{name}: {said}"
            );
        }
    }

    let again = run(&scene("plain"), "1-3", out.path()).output().unwrap();
    let said = text(&again);
    assert!(again.status.success(), "{said}");
    assert_eq!(said.matches("was there already").count(), 3, "{said}");

    let fewer = run(&scene("plain"), "1-2", out.path()).output().unwrap();
    let said = text(&fewer);
    assert!(fewer.status.success(), "{said}");
    assert_eq!(entries(std::fs::read(out.path().join("frames.zip")).unwrap()).len(), 2);
    assert!(said.contains("frames of an earlier render, which are not in this archive: 3\n"), "{said}");
}

#[test]
fn missing_files_are_let_pass_where_the_command_says_so() {
    let out = tempfile::tempdir().unwrap();
    let refused = run(&scene("texture"), "1", out.path()).output().unwrap();
    assert!(!refused.status.success() && text(&refused).contains("wood grain"), "{}", text(&refused));
    let mut command = run(&scene("texture"), "1", out.path());
    let output = command.args(["--allow", "missing", "--allow", "scripts"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let warnings = report(out.path()).warnings;
    assert!(warnings.iter().any(|warning| warning.contains("as the upload allows")), "{warnings:?}");
    let other = run(&scene("plain"), "1", out.path()).args(["--allow", "everything"]).output().unwrap();
    assert!(text(&other).contains("missing") && text(&other).contains("scripts"), "{}", text(&other));
}

/// What the README shows of `cargo xtask local`, against what it prints; numbers may differ.
#[test]
fn the_readme_shows_what_a_run_prints() {
    // It shows the moving pictures too.
    if tool("FARM_TEST_FFMPEG").is_none() {
        return;
    }
    let readme = include_str!("../../../README.md");
    let shown = readme.split("$ cargo xtask local\n").nth(1).unwrap().split("```").next().unwrap();
    let (_, shown) = shown.split_once("\n\n").expect("a heading, an empty line, the summary");
    let folder = tempfile::tempdir().unwrap();
    let output =
        run(&scene("plain"), "1-24", Path::new("renders/demo")).current_dir(folder.path()).output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    let (_, printed) = said.split_once("\n\n").unwrap();
    assert_eq!(without_numbers(shown), without_numbers(printed));
}

/// The text without digits and units.
fn without_numbers(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect();
    let lines = text.trim_end().lines().map(|line| {
        let line = line.replace("(", " ").replace([')', ','], " ");
        let words = line.split(' ').filter(|word| !["", "s", "min", "kB", "MB"].contains(word));
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn ctrl_c_leaves_no_process_and_the_same_command_renders_only_what_is_missing() {
    let out = tempfile::tempdir().unwrap();
    let mut child = run(&scene("slow"), "1-6", out.path()).spawn().unwrap();
    wait_for(|| out.path().join("frame_0001.png").exists(), "the first frame");
    signal(&child, Signal::INT);
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert_eq!(processes_below(out.path()), Vec::<String>::new());
    let done = (1..=6).filter(|frame| out.path().join(format!("frame_{frame:04}.png")).exists()).count();
    assert!(done < 6, "it was stopped before the end");

    let output = run(&scene("slow"), "1-6", out.path()).output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    let kept = said.matches("was there already").count();
    assert!(kept >= done && kept < 6, "{kept} of {done} were kept: {said}");
    assert_eq!(entries(std::fs::read(out.path().join("frames.zip")).unwrap()).len(), 6);
}

#[test]
fn a_file_that_cannot_be_rendered_is_refused_with_the_way_out_before_anything_is_sent() {
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("empty.blend");
    std::fs::write(&file, "").unwrap();
    let other = &out.path().join("other");
    let nowhere = Path::new("nowhere.blend").to_owned();
    for (file, frames, message) in [
        (&file, "scene", "The file is empty"),
        (&nowhere, "1", "nowhere.blend"),
        (&scene("plain"), "10-1", "runs backwards"),
        (&scene("plain"), "abc", "not a frame"),
        (&scene("nocamera"), "1", "has no camera"),
    ] {
        let output = run(file, frames, other).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output).contains(message), "{}", text(&output));
        assert!(text(&output).contains("hint: "), "{}", text(&output));
        assert!(!other.join("report.json").exists());
    }
    let output = run(&scene("plain"), "1", other).arg("--tag=colour=red").output().unwrap();
    assert!(text(&output).contains("no tag of the farm's"), "{}", text(&output));
}

#[test]
fn one_folder_carries_the_frames_of_one_scene() {
    let out = tempfile::tempdir().unwrap();
    let output = run(&scene("plain"), "1", out.path()).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(report(out.path()).state, State::Complete);
    let output = run(&scene("compressed"), "1", out.path()).output().unwrap();
    let said = text(&output);
    assert!(said.contains("holds the render of plain.blend; give another folder"), "{said}");
}

/// A file system of its own with hardly any space, made by `unshare` for the farm alone.
#[test]
fn a_full_disk_ends_with_a_report_that_says_so() {
    let out = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=66m tmpfs \"$1\" || exit 99; out=$1; copy=$2; shift 2; \
                  \"$@\"; code=$?; cp \"$out/report.json\" \"$copy/\"; exit $code";
    let inner = run(&scene("heavy"), "1-2", out.path());
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    command.arg(out.path()).arg(copy.path()).arg(inner.get_program()).args(inner.get_args());
    let output = command.output().unwrap();
    if output.status.code() == Some(99) || text(&output).contains("unshare failed") {
        // Where the system lets nobody mount, the bucket's own test of its reserve stands alone.
        assert!(text(&output).contains("permi") || text(&output).contains("unshare"), "{}", text(&output));
        return;
    }
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let report = report(copy.path());
    assert_ne!(report.state, State::Complete);
    let told = format!("{} {:?}", report.message, report.frames);
    assert!(told.contains("Make room where the bucket is stored"), "{told}");
}

/// A farm that `serve` keeps up, and what a client of it needs.
/// As the stack names it, in the account and region that loopback stands for.
const BUCKET: &str = "farm-000000000000-us-east-1";

struct Served {
    child: Child,
    environment: Vec<(String, String)>,
}

fn serve(out: &Path, port: u16) -> Served {
    let mut command = farm_local("serve");
    let mut child = command.arg("--out").arg(out).args(["--port", &port.to_string()]).spawn().unwrap();
    let mut environment = Vec::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    while environment.len() < 8 {
        let mut line = String::new();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "serve ended: {}", rest(&mut child));
        for pair in line.trim().trim_start_matches("export ").split(' ') {
            let (name, value) = pair.split_once('=').expect("NAME=value");
            environment.push((name.to_owned(), value.to_owned()));
        }
    }
    Served { child, environment }
}

impl Served {
    /// The AWS CLI, which we did not write.
    fn aws(&self, folder: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new(python());
        command.args(["-m", "awscli"]).args(arguments).envs(self.environment.iter().cloned());
        let output = command.env("AWS_CONFIG_FILE", "/dev/null").current_dir(folder).output().unwrap();
        assert!(output.status.success(), "aws {arguments:?}: {}", text(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn put(&self, folder: &Path, file: &str, tagging: &str) {
        let put = ["s3api", "put-object", "--bucket", BUCKET, "--key", file, "--body", file];
        self.aws(folder, &[&put[..], &["--tagging", tagging]].concat());
    }

    fn wait_for(&self, folder: &Path, file: &str, what: &str) {
        let below = format!("s3://{BUCKET}/{file}/");
        wait_for(|| self.aws(folder, &["s3", "ls", &below, "--recursive"]).contains(what), what);
    }
}

#[test]
fn any_s3_client_can_use_the_farm_that_serve_keeps_up() {
    let out = tempfile::tempdir().unwrap();
    let port = free_ports();
    let mut farm = serve(out.path(), port);
    std::fs::copy(scene("plain"), out.path().join("my shot.blend")).unwrap();
    farm.put(out.path(), "my shot.blend", "frame=3");
    farm.wait_for(out.path(), "my shot.blend", "frames.zip");
    farm.aws(out.path(), &["s3", "cp", &format!("s3://{BUCKET}/my shot.blend/"), "got", "--recursive"]);
    let archive = entries(std::fs::read(out.path().join("got/frames.zip")).unwrap());
    let names: Vec<&str> = archive.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["frame_0001.png", "frame_0002.png", "frame_0003.png"]);

    let mut second = farm_local("serve");
    let second = second.arg("--out").arg(out.path()).args(["--port", &port.to_string()]).output().unwrap();
    assert!(text(&second).contains("another farm is running"), "{}", text(&second));
    signal(&farm.child, Signal::TERM);
    assert!(farm.child.wait().unwrap().success());
    assert_eq!(processes_below(out.path()), Vec::<String>::new());
}

#[test]
fn what_is_not_finished_when_the_farm_stops_goes_on_when_it_starts_again() {
    let out = tempfile::tempdir().unwrap();
    let port = free_ports();
    let mut farm = serve(out.path(), port);
    std::fs::copy(scene("slow"), out.path().join("slow one.blend")).unwrap();
    farm.put(out.path(), "slow one.blend", "frame=6");
    farm.wait_for(out.path(), "slow one.blend", "frame_0001.png");
    // The terminal is closed.
    signal(&farm.child, Signal::HUP);
    assert!(farm.child.wait().unwrap().success());
    assert_eq!(processes_below(out.path()), Vec::<String>::new());

    let mut farm = serve(out.path(), port);
    farm.wait_for(out.path(), "slow one.blend", "frames.zip");
    farm.aws(out.path(), &["s3", "cp", &format!("s3://{BUCKET}/slow one.blend/frames.zip"), "."]);
    assert_eq!(entries(std::fs::read(out.path().join("frames.zip")).unwrap()).len(), 6);
    signal(&farm.child, Signal::INT);
    assert!(farm.child.wait().unwrap().success());
}

/// Two neighbouring ports that are free now.
fn free_ports() -> u16 {
    loop {
        let first = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if port < 65_000 && std::net::TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

fn rest(child: &mut Child) -> String {
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), signal).unwrap();
}

fn wait_for(mut there: impl FnMut() -> bool, what: &str) {
    let begun = Instant::now();
    while !there() {
        assert!(begun.elapsed() < Duration::from_secs(180), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Command lines and environments of living processes that name `folder`.
fn processes_below(folder: &Path) -> Vec<String> {
    let name = folder.to_str().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let entry = entry.unwrap();
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let read = |file: &str| std::fs::read(entry.path().join(file)).unwrap_or_default();
        let about = [read("cmdline"), read("environ")].concat();
        let about = String::from_utf8_lossy(&about).into_owned();
        (pid != std::process::id() && about.contains(name)).then_some(about)
    });
    processes.collect()
}
