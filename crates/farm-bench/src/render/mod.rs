//! Rendering on one machine: the farm as `cargo xtask local` starts it, beside one Blender that renders the same
//! frames as `blender -b FILE -a` does.
//!
//! The scenes are made by `scenes.py`, and `alone.py` is the other way. Each run begins with nothing and ends with
//! its process: a Blender's start and the farm's own are in it, and so is the archive.

mod tree;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use farm_terminal::say;

use crate::measure::{Measure, TIMES, Way, in_turns, program};
use crate::table::{Table, megabytes, time};

/// The scenes by name, and the frames that are rendered of each.
const SIZES: [(&str, usize); 3] = [("small", 16), ("middle", 6), ("large", 4)];
const SCENES: &str = include_str!("scenes.py");
const ALONE: &str = include_str!("alone.py");

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// farm-local, beside the programs that it starts.
    #[arg(long)]
    farm_local: PathBuf,
    /// A Python that has Blender's `bpy`.
    #[arg(long)]
    blender: PathBuf,
    /// Its version, such as 4.5.
    #[arg(long)]
    version: String,
    /// The document that gets the table.
    #[arg(long)]
    document: PathBuf,
    /// Rounds that count.
    #[arg(long, default_value_t = TIMES)]
    times: usize,
    /// Only this scene: small, middle or large.
    #[arg(long)]
    scene: Option<String>,
}

/// Measures, and publishes the table if it is the whole one.
///
/// # Errors
/// One of the ways failed, or their pictures differ.
pub fn run(args: &Args) -> Result<()> {
    let mut table = Table::new([
        "scene",
        "frames",
        "the farm",
        "Blender alone",
        "the farm / Blender alone",
        "the farm, a frame",
        "Blender alone, a frame",
        "memory of the farm",
        "of Blender alone",
    ]);
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    say("making the scenes");
    program(script(args, folder.path(), "scenes.py", SCENES)?.arg(folder.path()))?;
    for (scene, frames) in SIZES {
        if args.scene.as_deref().is_some_and(|only| only != scene) {
            continue;
        }
        let file = folder.path().join(format!("{scene}.blend"));
        let [by_farm, alone] = ["farm", "alone"].map(|name| folder.path().join(name));
        let mut ways = [
            Way::new("Blender alone", || {
                empty(&alone)?;
                let mut blender = script(args, folder.path(), "alone.py", ALONE)?;
                blender.arg(&file).arg(frames.to_string()).arg(&alone);
                tree::program(&mut blender)
            }),
            Way::new("the farm", || {
                let measured = farm(args, &file, frames, &by_farm)?;
                same(&by_farm, &alone, frames)?;
                Ok(measured)
            }),
        ];
        in_turns(&format!("{scene}, {frames} frames"), args.times, &mut ways)?;
        let [alone, farm] = ways.map(|way| way.samples);
        table.row([
            scene.to_owned(),
            frames.to_string(),
            time(&farm),
            time(&alone),
            format!("{:.2}", farm.ratio(&alone)),
            format!("{:.2} s", farm.median() / frames as f64),
            format!("{:.2} s", alone.median() / frames as f64),
            megabytes(farm.memory()),
            megabytes(alone.memory()),
        ]);
    }
    if args.scene.is_some() { table.print() } else { table.publish(&args.document, "render") }
}

/// Renders as `cargo xtask local FILE` does, once its programs are built.
fn farm(args: &Args, file: &Path, frames: usize, out: &Path) -> Result<Measure> {
    empty(out)?;
    let mut farm = Command::new(&args.farm_local);
    farm.arg("run").arg(file).arg(format!("--frames=1-{frames}")).arg("--out").arg(out);
    farm.arg(format!("--blender={}={}", args.version, args.blender.display()));
    let measured = tree::program(&mut farm)?;
    ensure!(out.join("frames.zip").is_file(), "the farm made no archive");
    Ok(measured)
}

/// A script of ours for Blender, in a Python that nothing else of this machine's reaches.
fn script(args: &Args, folder: &Path, name: &str, text: &str) -> Result<Command> {
    let path = folder.join(name);
    std::fs::write(&path, text).with_context(|| format!("cannot write {name}"))?;
    let mut blender = Command::new(&args.blender);
    blender.arg("-I").arg(path);
    Ok(blender)
}

/// A folder with nothing in it.
fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).context("cannot clear a folder")?;
    }
    std::fs::create_dir(folder).context("cannot make a folder")
}

/// Sees that both ways made the same pictures, to the last bit of each pixel. What else a file says, such as when
/// it was made, differs.
fn same(one: &Path, other: &Path, frames: usize) -> Result<()> {
    for frame in 1..=frames {
        let name = format!("frame_{frame:04}.png");
        let decoded = |folder: &Path| image::open(folder.join(&name)).with_context(|| format!("no {name}"));
        let (one, other) = (decoded(one)?, decoded(other)?);
        ensure!(one.color() == other.color(), "{name} is of two kinds");
        ensure!(one.as_bytes() == other.as_bytes(), "the farm's {name} is another picture than Blender's");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    #[test]
    fn pictures_are_the_same_to_the_last_bit_or_they_are_not() {
        let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let [one, other] = folders.each_ref().map(tempfile::TempDir::path);
        let save = |folder: &Path, last: u8| {
            let mut picture = RgbImage::from_pixel(3, 2, Rgb([1, 2, 3]));
            picture.put_pixel(2, 1, Rgb([1, 2, last]));
            picture.save(folder.join("frame_0001.png")).expect("saved");
        };
        save(one, 3);
        assert!(same(one, other, 1).is_err(), "one is missing");
        save(other, 3);
        same(one, other, 1).expect("the same");
        save(other, 4);
        assert!(same(one, other, 1).is_err());
    }
}
