//! `cargo xtask local`: the farm on this machine, for one file or for any client.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use blend_file::{ENOUGH, Head, Version};

use crate::blender::{self, Need};
use crate::cargo::{self, Programs};
use crate::output::{self, Advice};
use crate::{demo, folders};

/// Render on this machine, through the whole farm; without FILE, the demo.
#[derive(clap::Args)]
pub struct Args {
    /// The .blend to render, with the files beside it that it names; or a project: its folder, or an
    /// archive named .blend.zip.
    file: Option<PathBuf>,
    /// Frames, such as 1-120, 1-120x2, "1 5 10-20"; `scene` is the file's own range
    /// [default: scene].
    #[arg(long, value_name = "SPEC", allow_hyphen_values = true)]
    frames: Option<String>,
    /// What to let pass: files that are missing, scripts in the file. Can be given twice.
    #[arg(long, value_name = "WHAT", value_parser = ["missing", "scripts"])]
    allow: Vec<String>,
    /// What to render otherwise than the file has it, by the farm's tags, such as samples=16 or
    /// "scene=Shot 2". Can be given more than once.
    #[arg(long = "tag", value_name = "NAME=VALUE")]
    tags: Vec<String>,
    /// Folder for the frames and their archive [default: renders/NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How many frames render at once [default: by the machine's cores].
    #[arg(long, value_name = "N")]
    workers: Option<std::num::NonZeroU16>,
    /// The Blender to use: a `blender`, or a Python that has `bpy` [default: the oldest here that is not
    /// older than the file's; where there is none, the Blender Foundation's from PyPI, fetched once].
    #[arg(long, value_name = "PATH", env = "BLENDER")]
    blender: Option<OsString>,
    /// Keep the farm up for any S3 client instead of rendering one file.
    #[arg(long, conflicts_with_all = ["file", "frames", "allow", "tags"])]
    serve: bool,
}

/// Prepares everything, and then becomes farm-local, so that signals go straight to it.
///
/// # Errors
/// Something is missing or wrong; on success it does not return.
pub fn run(args: &Args) -> Result<Infallible> {
    // What can fail in a second comes before what takes minutes.
    let scene = args.file.as_deref().map(Scene::of).transpose()?;
    // `BLENDER= cargo xtask local` means none.
    let given = args.blender.as_deref().filter(|given| !given.is_empty()).map(Path::new);
    // One that cannot be read as a version, the farm refuses.
    let asked = args.tags.iter().find_map(|tag| tag.strip_prefix("blender=")?.parse::<Version>().ok());
    let blenders = match (&scene, asked) {
        (Some(_), Some(version)) => vec![blender::of_version(given, version)?],
        (Some(Scene::File(Some(head))), None) => vec![blender::find(given, &Need::by_file(head.version))?],
        // The farm says what is wrong with the file, and leaves its report.
        (Some(Scene::File(None)), None) => vec![blender::find(given, &Need::any())?],
        (None, _) if !args.serve => vec![blender::find(given, &demo::need())?],
        // The farm picks by the file.
        (Some(Scene::Project), None) | (None, _) => blender::all(given)?,
    };
    cargo::build(Programs::Local)?;

    let program = folders::programs()?.join("farm-local");
    let mut farm = Command::new(&program);
    if args.serve {
        output::step("Starting the farm");
        farm.arg("serve").args(args.out.iter().flat_map(|out| ["--out".as_ref(), out.as_os_str()]));
    } else {
        let (file, frames) = match (&args.file, blenders.as_slice()) {
            (Some(file), _) => (file.clone(), "scene"),
            (None, [blender, ..]) => (demo::make(blender)?, demo::FRAMES),
            (None, []) => anyhow::bail!("there is no Blender to make the demo with"),
        };
        let frames = args.frames.as_deref().unwrap_or(frames);
        let out = args.out.clone().unwrap_or_else(|| Path::new("renders").join(stem(&file)));
        output::step(format_args!("Rendering {} into {}", file.display(), out.display()));
        farm.arg("run").arg(&file).arg(format!("--frames={frames}")).arg("--out").arg(out);
        farm.args(args.allow.iter().map(|what| format!("--allow={what}")));
        farm.args(args.tags.iter().map(|tag| format!("--tag={tag}")));
    }
    if let Some(workers) = args.workers {
        farm.arg("--workers").arg(workers.to_string());
    }
    for blender in &blenders {
        let mut named = OsString::from(format!("--blender={}=", blender.version));
        named.push(&blender.path);
        farm.arg(named);
    }
    Err(farm.exec()).with_context(|| format!("cannot run {}", program.display()))
}

/// What the folder of its frames is called: `shot` for `shot.blend`, `shot.blend.zip` and the folder `shot`.
fn stem(file: &Path) -> OsString {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let name = name.strip_suffix(".zip").unwrap_or(&name);
    name.strip_suffix(".blend").unwrap_or(name).into()
}

/// What is to be rendered, as far as the choice of a Blender goes.
enum Scene {
    /// A .blend, and what its first bytes tell; `None` where they are no scene's.
    File(Option<Head>),
    /// A folder or an archive: which file of it is rendered, the farm finds out.
    Project,
}

impl Scene {
    fn of(file: &Path) -> Result<Self> {
        let shown = file.display();
        let unreadable = |error: std::io::Error| {
            let hint = "Give the path of a .blend file, as seen from the folder that you are in.";
            Advice::error(format!("{shown} cannot be read: {error}."), hint)
        };
        let is_folder = std::fs::metadata(file).map_err(unreadable)?.is_dir();
        if is_folder || file.to_string_lossy().ends_with(".blend.zip") {
            return Ok(Self::Project);
        }
        if file.extension().is_none_or(|extension| extension != "blend") {
            return Err(Advice::error(
                format!("{shown} is not named as a .blend file."),
                "Give the .blend that File > Save As writes in Blender, the folder of a project, or an archive of it \
                 named .blend.zip.",
            ));
        }
        let read = || -> std::io::Result<(Vec<u8>, u64)> {
            let mut first = Vec::new();
            let file = std::fs::File::open(file)?;
            let size = file.metadata()?.len();
            file.take(ENOUGH as u64).read_to_end(&mut first)?;
            Ok((first, size))
        };
        let (first, size) = read().map_err(unreadable)?;
        Ok(Self::File(blend_file::read_head(&first, size).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_lie_in_a_folder_named_like_the_scene() {
        for path in ["a/shot 1.blend", "shot 1.blend.zip", "a/shot 1"] {
            assert_eq!(stem(Path::new(path)), "shot 1", "{path}");
        }
    }
}
