//! The images: how large, how soon a first frame, how much memory.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::measured;
use crate::blender::Wheel;
use crate::deploy::{Build, Engine};
use crate::folders;
use crate::kept::{self, Contents};
use crate::output::{self, Advice};
use crate::python::{self, Interpreter};

/// As often as each first frame is waited for.
const TIMES: usize = 5;
const SCRIPT: &str = include_str!("first_frame.py");
/// The level that `images push` compresses with, as a test holds it to.
const LEVEL: &str = "-19";
/// Between these the table stands.
const MARKS: [&str; 2] = ["<!-- cargo xtask bench images -->", "<!-- end -->"];

/// An image of Blender as one makes it without a thought.
const NAIVE: &str = "\
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-pip libgl1 libxi6 libxxf86vm1 libxfixes3 libxrender1 libsm6 libxkbcommon0 libgomp1
ARG VERSION
RUN --mount=type=secret,id=certificates if [ -f /run/secrets/certificates ]; then export PIP_CERT=/run/secrets/certificates; fi; pip install --no-cache-dir --break-system-packages bpy==$VERSION
";

/// Which Blenders.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A Blender that is published as a wheel, with its patch; give it once for each.
    #[arg(long, value_name = "VERSION", default_values = ["4.5.15"])]
    blender: Vec<String>,
}

/// One way to have a Blender.
struct Way {
    name: String,
    /// Bytes; none where it is in no image.
    unpacked: Option<u64>,
    compressed: Option<u64>,
    layers: usize,
    /// Seconds from the start to the first frame.
    seconds: Vec<f64>,
    /// Bytes.
    memory: u64,
}

/// Builds, measures, and writes the table.
///
/// # Errors
/// An image does not build or run.
pub fn run(args: &Args) -> Result<ExitCode> {
    let engine = Engine::find()?;
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    fs::write(folder.path().join("first_frame.py"), SCRIPT).context("cannot write a script")?;
    let mut rows = Vec::new();
    for version in &args.blender {
        let (ours, naive) = (format!("bench:{version}"), format!("bench-naive:{version}"));
        engine.build(&Build {
            what: &format!("the image with Blender {version}"),
            dockerfile: "render-task/Dockerfile",
            arguments: &[("BLENDER", version.clone())],
            name: &ours,
        })?;
        let dockerfile = folder.path().join("Dockerfile");
        fs::write(&dockerfile, NAIVE).context("cannot write a Dockerfile")?;
        engine.build(&Build {
            what: &format!("an image with Blender {version} as one makes it without a thought"),
            dockerfile: &dockerfile.display().to_string(),
            arguments: &[("VERSION", version.clone())],
            name: &naive,
        })?;
        let script = folder.path().join("first_frame.py");
        let in_image = |name: &str, python: &str| {
            let mut command =
                engine.command(&["run", "--rm", "--network", "none", "--cpus", "2", "--volume"]);
            command.arg(format!("{}:/first_frame.py:ro", script.display()));
            command.args(["--entrypoint", python, name, "/first_frame.py", "/tmp/frame.png"]);
            command
        };
        let bare = bare(version)?;
        let in_none = || {
            let mut command = Command::new(&bare);
            command.arg(&script).arg(folder.path().join("frame.png"));
            command
        };
        let mut ways = [
            Way::of(&engine, "ours", &ours, &["zstd", LEVEL, "-T0", "-c"])?,
            Way::of(&engine, "naive", &naive, &["gzip", "-6", "-c"])?,
            Way::named("no image"),
        ];
        // In turns, so that what else the machine does falls on all of them.
        output::step(format_args!("Waiting for {TIMES} first frames each"));
        for _ in 0..TIMES {
            ways[0].measure(&mut in_image(&ours, "/opt/blender/bin/python"))?;
            ways[1].measure(&mut in_image(&naive, "python3"))?;
            ways[2].measure(&mut in_none())?;
        }
        rows.extend(ways.iter().map(|way| way.row(version, &ways[2])));
    }
    let head = "| Blender | | unpacked | compressed | layers | first frame | beside no image | memory |\n\
                | --- | --- | --- | --- | --- | --- | --- | --- |";
    let table = format!("{head}\n{}", rows.join("\n"));
    writeln!(std::io::stdout(), "{table}").context("cannot print the table")?;
    for document in [folders::workspace().join("docs/images.md"), measured::document()] {
        write_between(&document, &table)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Way {
    fn named(name: &str) -> Self {
        let name = name.to_owned();
        Self { name, unpacked: None, compressed: None, layers: 0, seconds: Vec::new(), memory: 0 }
    }

    /// An image, with its sizes. `compress` is how its layers are sent.
    fn of(engine: &Engine, name: &str, image: &str, compress: &[&str]) -> Result<Self> {
        output::step(format_args!("Compressing the layers of {image} as they are pushed"));
        let size = engine.command(&["image", "inspect", "--format", "{{.Size}}", image]).output();
        let size = size.context("cannot run the container engine")?;
        let size = String::from_utf8_lossy(&size.stdout).trim().parse().context("an image has a size")?;
        let folder = tempfile::tempdir_in(folders::target()?).context("cannot make a folder")?;
        let mut saved = engine.save(image)?;
        let unpacked = Command::new("tar")
            .arg("-x")
            .arg("-C")
            .arg(folder.path())
            .stdin(saved.stdout.take().map_or_else(Stdio::null, Stdio::from))
            .status();
        let whole = saved.wait().is_ok_and(|status| status.success());
        anyhow::ensure!(whole && unpacked.is_ok_and(|status| status.success()), "{image} cannot be saved");
        let manifest = fs::read(folder.path().join("manifest.json")).context("no manifest")?;
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).context("no manifest")?;
        let layers = manifest[0]["Layers"].as_array().context("an image has layers")?;
        let mut compressed = 0;
        for layer in layers {
            let layer = folder.path().join(layer.as_str().context("a layer is a file")?);
            let packed =
                Command::new(compress[0]).args(&compress[1..]).arg(&layer).stderr(Stdio::null()).output();
            let packed = packed.with_context(|| format!("cannot run {}", compress[0]))?;
            anyhow::ensure!(packed.status.success(), "{} cannot compress a layer of {image}", compress[0]);
            compressed += packed.stdout.len() as u64;
        }
        let layers = layers.len();
        Ok(Self { unpacked: Some(size), compressed: Some(compressed), layers, ..Self::named(name) })
    }

    /// Waits for one more first frame.
    fn measure(&mut self, command: &mut Command) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("a clock")?.as_secs_f64();
        let ran = command.output().context("cannot be run")?;
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        let frame = said.lines().find_map(|line| {
            let mut words = line.strip_prefix("frame ")?.split(' ');
            Some((words.next()?.parse::<f64>().ok()?, words.next()?.parse::<u64>().ok()?))
        });
        let told = || format!("{}: no frame came: {said}{}", self.name, String::from_utf8_lossy(&ran.stderr));
        let (at, memory) = frame.with_context(told)?;
        self.seconds.push(at - now);
        self.memory = self.memory.max(memory);
        Ok(())
    }

    fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }

    fn row(&self, version: &str, bare: &Self) -> String {
        let mb = |bytes: Option<u64>| {
            bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{:.0} MB", bytes as f64 / 1e6))
        };
        let layers = if self.layers == 0 { "-".to_owned() } else { self.layers.to_string() };
        let ratio = self.median() / bare.median();
        let (least, most) = self
            .seconds
            .iter()
            .fold((f64::MAX, 0.0_f64), |(least, most), seconds| (least.min(*seconds), most.max(*seconds)));
        format!(
            "| {version} | {} | {} | {} | {layers} | {:.2} s ({least:.2} to {most:.2}) | {ratio:.2} | {} |",
            self.name,
            mb(self.unpacked),
            mb(self.compressed),
            self.median(),
            mb(Some(self.memory)),
        )
    }
}

/// The same Blender in no image, as its wheel installs it: a Python that has `bpy`.
fn bare(version: &str) -> Result<PathBuf> {
    if let Some(wheel) = Wheel::named(version) {
        return Ok(wheel.installed()?.path);
    }
    let python = python::find(python::Version { minor: 11 });
    let Some(Interpreter::Python(python)) = python else {
        return Err(Advice::error(
            "There is no Python 3.11 with its venv module to measure beside.",
            "Install it and run this again.",
        ));
    };
    let what = format!("Blender {version} to measure beside");
    let folder = kept::folder("bench-bpy", [version])?;
    let contents = Contents { name: "bench-bpy", what: &what, size: "about 400 MB from PyPI, 1 GB on disk" };
    let installed = folder.join("bin/python");
    kept::ensure(&folder, &contents, || {
        kept::run(Command::new(python).args(["-m", "venv"]).arg(&folder), &what)?;
        let mut install = Command::new(&installed);
        kept::run(install.args(["-m", "pip", "install", &format!("bpy=={version}")]), &what)
    })?;
    Ok(installed)
}

/// Puts a text between the marks of a document.
fn write_between(path: &Path, text: &str) -> Result<()> {
    let shown = path.display();
    let document = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let [begin, end] = MARKS;
    let parts = document.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = parts.with_context(|| format!("{shown} has no place for the table"))?;
    fs::write(path, format!("{before}{begin}\n{text}\n{end}{after}"))
        .with_context(|| format!("cannot write {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_measured_as_they_are_pushed() {
        let pushed = include_str!("../../../crates/farm-images/src/compress.rs");
        assert!(pushed.contains(&format!("const LEVEL: i32 = {};", LEVEL.trim_start_matches('-'))));
    }
}
