//! What the child is told: its command line and its environment.

use std::fmt;
use std::path::PathBuf;

use clap::Parser;
use farm_contract::Fault;
use farm_contract::allowances::{ALLOW, Allowances};
use farm_contract::children::Children;
use farm_contract::env;
use farm_contract::exit::TaskExit;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::BlendKey;
use farm_contract::plan::{RenderId, SourceId};

use crate::failure::Failure;

/// Renders the frames of one child of a render and uploads them.
///
/// Started by AWS Batch with the arguments that the trigger sends.
#[derive(Debug, Clone, Parser)]
#[command(name = "render-task", version)]
pub struct Args {
    /// Bucket of the upload.
    #[arg(long)]
    pub bucket: String,
    /// Key of the upload.
    #[arg(long, value_name = "KEY", value_parser = BlendKey::parse)]
    pub blend: BlendKey,
    /// Id of the render.
    #[arg(long, value_name = "ID", value_parser = RenderId::parse)]
    pub render: RenderId,
    /// What the frames are marked with as made from.
    #[arg(long, value_name = "ID", value_parser = source)]
    pub source: SourceId,
    /// ETag of the upload.
    #[arg(long)]
    pub etag: String,
    /// Frames of the whole render.
    #[arg(long, allow_hyphen_values = true)]
    pub frames: FrameSpec,
    /// Frames that one child renders.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub chunk: u32,
    /// Number of this job's first child in the whole render.
    #[arg(long, value_name = "NUMBER", required_unless_present = "children")]
    first_child: Option<u32>,
    /// Numbers of this job's children in the whole render, where they are tried once more.
    #[arg(long, value_name = "NUMBERS", conflicts_with = "first_child")]
    children: Option<Children>,
    /// What to do about files that are not with the upload.
    #[arg(long, value_name = "allow", value_parser = [ALLOW])]
    missing: Option<String>,
    /// What to do about Python in the file.
    #[arg(long, value_name = "allow", value_parser = [ALLOW])]
    scripts: Option<String>,
    /// Version of the upload, in a bucket that keeps versions.
    #[arg(long, value_name = "ID")]
    pub version_id: Option<String>,
}

impl Args {
    /// Number, in the whole render, of the child `index` of this job. `None` where it has no such child.
    pub fn child(&self, index: u32) -> Option<u32> {
        match (&self.children, self.first_child) {
            (Some(children), _) => children.at(index),
            (None, first) => first.unwrap_or_default().checked_add(index),
        }
    }

    /// What the upload lets pass.
    pub fn allowed(&self) -> Allowances {
        Allowances { missing: self.missing.is_some(), scripts: self.scripts.is_some() }
    }
}

fn source(text: &str) -> Result<SourceId, Fault> {
    let good = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    good.then(|| SourceId::from_text(text))
        .ok_or_else(|| Fault::new(format!("`{text}` is not the id of a source."), "plan.json names it."))
}

/// What the child reads from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Number of the child in its job; 0 in a job of one.
    pub array_index: u32,
    /// Batch's id of the job.
    pub job_id: String,
    /// Attempt, counted from 1.
    pub attempt: u32,
    /// This program.
    pub task: PathBuf,
    /// A `blender`, or a Python that has `bpy`.
    pub blender: PathBuf,
    /// Threads that Blender uses.
    pub threads: u32,
    /// Where the task's temporary folder is made.
    pub scratch: PathBuf,
    /// Memory that the task has.
    pub memory: Memory,
}

/// An amount of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// In MiB.
    pub mib: u32,
}

impl Memory {
    /// All that the machine has; none where it does not say.
    fn of_machine() -> Self {
        let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next());
        Self { mib: kib.and_then(|kib| kib.parse::<u32>().ok()).unwrap_or_default() / 1024 }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (f64::from(self.mib) / 102.4).round();
        write!(f, "{} GB", tenths / 10.0)
    }
}

impl Environment {
    /// Reads the environment through `get`.
    ///
    /// # Errors
    /// A number is none, or no Blender is named.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let number = |name: &str| -> Result<Option<u32>, Failure> {
            let Some(text) = get(name) else { return Ok(None) };
            match text.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(Failure::new(
                    TaskExit::Usage,
                    format!("{name} is `{text}`, which is not a number."),
                    format!("Leave {name} as Batch sets it, or unset it."),
                )),
            }
        };
        let cpus = || std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32);
        let blender = get(env::BLENDER).ok_or_else(|| {
            Failure::new(
                TaskExit::Usage,
                format!("{} is not set, so there is no Blender to render with.", env::BLENDER),
                format!("Set {} to a `blender`, or to a Python that has `bpy`.", env::BLENDER),
            )
        })?;
        Ok(Self {
            // The one that runs, also where another has been put in its place meanwhile.
            task: "/proc/self/exe".into(),
            array_index: number(env::ARRAY_INDEX)?.unwrap_or(0),
            job_id: get(env::JOB_ID).unwrap_or_default(),
            attempt: number(env::JOB_ATTEMPT)?.unwrap_or(1),
            // A bare name is looked for in PATH; Blender works in another folder than we do.
            blender: if blender.contains('/') { program(absolute(blender)) } else { blender.into() },
            threads: number(env::THREADS)?.filter(|threads| *threads > 0).unwrap_or_else(cpus),
            memory: number(env::MEMORY)?.map_or_else(Memory::of_machine, |mib| Memory { mib }),
            scratch: absolute(get(env::SCRATCH).map_or_else(std::env::temp_dir, PathBuf::from)),
        })
    }
}

/// The program in a folder that an image keeps Blender in: a release has its `blender`, and a wheel's
/// virtual environment its Python. Any other path is the program's own.
fn program(path: PathBuf) -> PathBuf {
    let programs = ["blender", "bin/python"].map(|name| path.join(name));
    programs.into_iter().find(|program| program.exists()).unwrap_or(path)
}

fn absolute(path: impl Into<PathBuf>) -> PathBuf {
    let path = path.into();
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::command;
    use farm_contract::plan::{Plan, Source};

    fn plan(key: &str, frames: &str, version_id: Option<&str>) -> Plan {
        let mut source = Source::of(key, "\"abc-3\"", 1, "4.5");
        source.version_id = version_id.map(str::to_owned);
        let render = RenderId::of_event("bucket", key, "v", "1");
        Plan { chunk: 4, ..Plan::draft(render, "bucket", key, source, frames) }
    }

    #[test]
    fn every_command_line_that_the_trigger_builds_is_read_back() {
        for (key, frames, version) in [
            ("scene.blend", "1-120", None),
            ("my films/shot 1 =final=.blend", "-5--1 3 7-9x2", Some("-3L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY")),
            ("-dash.blend", "-5", Some("null")),
            ("ä\"'$x.blend", "1 5 10-20", None),
        ] {
            let plan = plan(key, frames, version);
            let line = std::iter::once("render-task".to_owned()).chain(command::render(&plan, 17));
            let args = Args::try_parse_from(line).unwrap();
            assert_eq!(args.bucket, plan.bucket);
            assert_eq!(args.blend.as_str(), key);
            assert_eq!(args.render, plan.render);
            assert_eq!(args.source, plan.source.id);
            assert_eq!(args.etag, plan.source.etag);
            assert_eq!(args.frames.frames(), plan.frame_list().unwrap());
            assert_eq!((args.chunk, args.child(0), args.child(3)), (4, Some(17), Some(20)));
            assert!(args.allowed().is_none());
            assert_eq!(args.version_id.as_deref(), version);
        }
    }

    #[test]
    fn a_second_try_and_what_is_let_pass_are_read_back() {
        let allowed = Allowances { missing: true, scripts: true };
        let plan = Plan { allowed, ..plan("scene.blend", "1-120", None) };
        let children = Children::new([3, 7, 8]).unwrap();
        let line = std::iter::once("render-task".to_owned()).chain(command::render_again(&plan, &children));
        let args = Args::try_parse_from(line).unwrap();
        assert_eq!((args.child(0), args.child(2), args.child(3)), (Some(3), Some(8), None));
        assert_eq!(args.allowed(), allowed);
    }

    #[test]
    fn memory_is_told_as_it_is_spoken_of() {
        let told = |mib| Memory { mib }.to_string();
        assert_eq!([told(8192), told(512), told(15_974)], ["8 GB", "0.5 GB", "15.6 GB"]);
        assert!(Memory::of_machine().mib > 0);
    }

    #[test]
    fn what_the_trigger_never_sends_is_refused() {
        let good = command::render(&plan("scene.blend", "1-3", None), 0);
        for bad in [
            "--blend=scene.png",
            "--render=../x",
            "--frames=3-1",
            "--chunk=0",
            "--first-child=-1",
            "--source=",
        ] {
            let flag = bad.split('=').next().unwrap();
            let line = good.iter().map(|arg| if arg.starts_with(&format!("{flag}=")) { bad } else { arg });
            assert!(Args::try_parse_from(std::iter::once("render-task").chain(line)).is_err(), "{bad}");
        }
        for more in ["--scripts=deny", "--missing=", "--children=1", "--children=x"] {
            let line = good.iter().map(String::as_str).chain([more]);
            assert!(Args::try_parse_from(std::iter::once("render-task").chain(line)).is_err(), "{more}");
        }
        for missing in 0..good.len() {
            let line = good.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, arg)| arg.as_str());
            assert!(Args::try_parse_from(std::iter::once("render-task").chain(line)).is_err(), "{missing}");
        }
    }

    fn read(pairs: &[(&str, &str)]) -> Result<Environment, Failure> {
        Environment::read(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_plain_job_is_child_0_of_its_first_attempt() {
        let plain = read(&[(env::BLENDER, "/b/blender")]).unwrap();
        assert_eq!((plain.array_index, plain.attempt, plain.threads > 0), (0, 1, true));
        let child = read(&[
            (env::BLENDER, "b"),
            (env::ARRAY_INDEX, "12"),
            (env::JOB_ATTEMPT, "3"),
            (env::THREADS, "2"),
        ])
        .unwrap();
        assert_eq!((child.array_index, child.attempt, child.threads), (12, 3, 2));
    }

    #[test]
    fn paths_hold_in_any_folder() {
        let read = |blender| read(&[(env::BLENDER, blender), (env::SCRATCH, "scratch")]).unwrap();
        assert!(read("tools/blender").blender.ends_with("tools/blender"));
        assert!(read("tools/blender").blender.is_absolute() && read("blender").scratch.is_absolute());
        assert_eq!(read("blender").blender, PathBuf::from("blender"));
    }

    #[test]
    fn a_folder_stands_for_the_blender_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().to_str().unwrap();
        let read = || read(&[(env::BLENDER, named)]).unwrap().blender;
        assert_eq!(read(), folder.path(), "what is not there is told when it is started");
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        std::fs::write(folder.path().join("bin/python"), "").unwrap();
        assert_eq!(read(), folder.path().join("bin/python"));
        std::fs::write(folder.path().join("blender"), "").unwrap();
        assert_eq!(read(), folder.path().join("blender"));
    }

    #[test]
    fn a_bad_environment_is_a_usage_error_that_names_the_variable() {
        for pairs in [&[][..], &[(env::BLENDER, "b"), (env::ARRAY_INDEX, "x")]] {
            let failure = read(pairs).unwrap_err();
            assert_eq!(failure.exit, TaskExit::Usage);
            let named = pairs.last().map_or(env::BLENDER, |(name, _)| name);
            assert!(failure.fault.message.contains(named), "{failure:?}");
        }
    }
}
