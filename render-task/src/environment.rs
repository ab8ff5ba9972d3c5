//! What the child is told in its environment.

use std::fmt;
use std::path::PathBuf;

use farm_contract::env;
use farm_contract::exit::TaskExit;

use crate::failure::Failure;

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
    /// Where Fargate tells of the task; none elsewhere.
    pub metadata: Option<String>,
    /// What Fargate costs, as [`env::PRICES`] has it.
    pub prices: Option<String>,
    /// ARN of the compute environment that is Fargate Spot.
    pub spot_environment: Option<String>,
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
            prices: get(env::PRICES),
            metadata: get(env::METADATA_URI),
            spot_environment: get(env::SPOT_ENVIRONMENT),
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

    #[test]
    fn memory_is_told_as_it_is_spoken_of() {
        let told = |mib| Memory { mib }.to_string();
        assert_eq!([told(8192), told(512), told(15_974)], ["8 GB", "0.5 GB", "15.6 GB"]);
        assert!(Memory::of_machine().mib > 0);
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
