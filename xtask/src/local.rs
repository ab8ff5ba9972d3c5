//! `cargo xtask local`: the farm on this machine, for one file or for any client.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use blend_file::{ENOUGH, Head};

use crate::blender::{self, Need};
use crate::cargo::{self, Programs};
use crate::output::{self, Advice};
use crate::{demo, folders};

/// Render on this machine, through the whole farm; without FILE, the demo.
#[derive(clap::Args)]
pub struct Args {
    /// The .blend to render.
    file: Option<PathBuf>,
    /// Frames, such as 1-120, 1-120x2, "1 5 10-20"; `scene` is the file's own range
    /// [default: scene].
    #[arg(long, value_name = "SPEC", allow_hyphen_values = true)]
    frames: Option<String>,
    /// What to let pass: files that are missing, scripts in the file. Can be given twice.
    #[arg(long, value_name = "WHAT", value_parser = ["missing", "scripts"])]
    allow: Vec<String>,
    /// Folder for the frames and their archive [default: renders/NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How many frames render at once [default: by the machine's cores].
    #[arg(long, value_name = "N")]
    workers: Option<std::num::NonZeroU16>,
    /// The Blender to use: a `blender`, or a Python that has `bpy` [default: a good one on PATH,
    /// else the Blender Foundation's from PyPI, fetched once].
    #[arg(long, value_name = "PATH", env = "BLENDER")]
    blender: Option<OsString>,
    /// Keep the farm up for any S3 client instead of rendering one file.
    #[arg(long, conflicts_with_all = ["file", "frames", "allow"])]
    serve: bool,
}

/// Prepares everything, and then becomes farm-local, so that signals go straight to it.
///
/// # Errors
/// Something is missing or wrong; on success it does not return.
pub fn run(args: &Args) -> Result<Infallible> {
    // What can fail in a second comes before what takes minutes.
    let scene = args.file.as_deref().map(scene).transpose()?;
    let need = match (&scene, args.serve) {
        (Some((_, Some(head))), _) => Need::by_file(head.version),
        // The farm says what is wrong with the file, and leaves its report.
        (Some((_, None)), _) => Need::any(),
        (None, false) => demo::need(),
        (None, true) => Need::any(),
    };
    // `BLENDER= cargo xtask local` means none.
    let given = args.blender.as_deref().filter(|given| !given.is_empty()).map(Path::new);
    let blender = blender::find(given, &need)?;
    cargo::build(Programs::Local)?;

    let program = folders::programs()?.join("farm-local");
    let mut farm = Command::new(&program);
    if args.serve {
        output::step("Starting the farm");
        farm.arg("serve").args(args.out.iter().flat_map(|out| ["--out".as_ref(), out.as_os_str()]));
    } else {
        let (file, frames) = match scene {
            Some((file, _)) => (file, "scene"),
            None => (demo::make(&blender)?, demo::FRAMES),
        };
        let frames = args.frames.as_deref().unwrap_or(frames);
        let out = args.out.clone().unwrap_or_else(|| Path::new("renders").join(stem(&file)));
        output::step(format_args!("Rendering {} into {}", file.display(), out.display()));
        farm.arg("run").arg(&file).arg(format!("--frames={frames}")).arg("--out").arg(out);
        farm.args(args.allow.iter().map(|what| format!("--allow={what}")));
    }
    if let Some(workers) = args.workers {
        farm.arg("--workers").arg(workers.to_string());
    }
    farm.arg("--blender").arg(&blender.path).arg("--blender-version").arg(blender.version.to_string());
    Err(farm.exec()).with_context(|| format!("cannot run {}", program.display()))
}

fn stem(file: &Path) -> &std::ffi::OsStr {
    file.file_stem().unwrap_or(file.as_os_str())
}

/// The file, and what its first bytes tell; `None` where they are no scene's.
fn scene(file: &Path) -> Result<(PathBuf, Option<Head>)> {
    let shown = file.display();
    if file.extension().is_none_or(|extension| extension != "blend") {
        return Err(Advice::error(
            format!("{shown} is not named as a .blend file."),
            "Give the .blend that File > Save As writes in Blender.",
        ));
    }
    let read = || -> std::io::Result<(Vec<u8>, u64)> {
        let mut first = Vec::new();
        let file = std::fs::File::open(file)?;
        let size = file.metadata()?.len();
        file.take(ENOUGH as u64).read_to_end(&mut first)?;
        Ok((first, size))
    };
    let (first, size) = read().map_err(|error| {
        let hint = "Give the path of a .blend file, as seen from the folder that you are in.";
        Advice::error(format!("{shown} cannot be read: {error}."), hint)
    })?;
    Ok((file.to_owned(), blend_file::read_head(&first, size).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_rendered_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        for (path, words) in [
            (folder.path().join("none.blend"), "cannot be read"),
            (write("picture.png", b"\x89PNG"), "is not named as a .blend"),
        ] {
            let error = scene(&path).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains(path.to_str().unwrap()), "{error}");
        }
        // The farm answers these, with a report.
        assert!(scene(&write("empty.blend", b"")).unwrap().1.is_none());
    }
}
