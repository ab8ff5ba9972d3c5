//! What a file holds beside its scenes: cameras, files, scripts, drivers, simulations.

use blend_file::{Driver, ExternalFile, Facts, FileKind, Simulation, SimulationKind};
use farm_terminal::{Ink, count};
use unicode_width::UnicodeWidthStr;

use super::sheet::Sheet;
use crate::project::State;

/// How many of a kind are listed one by one, where nobody reads hundreds.
const LISTED: usize = 20;

pub(super) fn of(sheet: &mut Sheet, facts: &Facts, states: &[State]) {
    if !facts.cameras.is_empty() {
        sheet.heading("Cameras");
        sheet.row("", &facts.cameras.join(", "));
    }
    files(sheet, &facts.files, states);
    if !facts.scripts.is_empty() {
        sheet.heading("Scripts that run on opening, where allowed");
        sheet.row("", &facts.scripts.join(", "));
    }
    drivers(sheet, &facts.drivers);
    simulations(sheet, &facts.simulations);
}

fn files(sheet: &mut Sheet, files: &[ExternalFile], states: &[State]) {
    let of_blender = states.iter().filter(|state| **state == State::OfBlender).count();
    let mut listed: Vec<_> =
        files.iter().zip(states).filter(|(_, state)| **state != State::OfBlender).collect();
    if listed.is_empty() && of_blender == 0 {
        return;
    }
    // What is to be looked at stands first.
    listed.sort_by_key(|(_, state)| match state {
        State::Missing(_) => 0,
        State::Outside | State::Hidden | State::Address => 1,
        State::There(_) => 2,
        State::Packed | State::OfBlender => 3,
    });
    sheet.heading("Files");
    let columns = listed.iter().map(|(file, _)| words(file).width()).max().unwrap_or_default();
    for (file, state) in listed {
        let needed = is_needed(file);
        let bad = if needed { Ink::Red } else { Ink::Dim };
        let name = match state {
            State::Missing(_) => ("missing", bad),
            State::Outside => ("not relative", bad),
            State::Hidden => ("hidden", bad),
            State::Address => ("address", bad),
            State::There(_) => ("there", Ink::Green),
            State::Packed | State::OfBlender => ("packed", Ink::Green),
        };
        let path = match (file.kind, file.path.as_str()) {
            (FileKind::PointCache, "") => "beside the file",
            (_, "") => "no file is named",
            (_, path) => path,
        };
        sheet.file(name, &words(file), columns, path);
        // Of several, which ones.
        if let State::Missing(paths) = state
            && matches!(file.kind, FileKind::TiledImage)
        {
            let names = paths.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy());
            sheet.row("", &format!("these: {}", names.collect::<Vec<_>>().join(", ")));
        }
    }
    if of_blender > 0 {
        sheet.row("", &format!("and {} of Blender's own", count(of_blender as u64, "asset")));
    }
    if states.contains(&State::Hidden) {
        sheet.row("", "Nothing hidden is sent: no name in a path may begin with a dot, beyond the folders of the scene.");
    }
    if states.contains(&State::Outside) {
        sheet.row(
            "",
            "The farm finds files by relative paths alone. In Blender: File > External Data > Make All Paths Relative, then \
             save.",
        );
    }
}

fn is_needed(file: &ExternalFile) -> bool {
    file.used && file.drawn && !file.muted && file.kind != FileKind::Sound
}

/// What a file is, to whom.
fn words(file: &ExternalFile) -> String {
    format!("{} {}{}", kind(file.kind), file.owner, if is_needed(file) { "" } else { ", not shown" })
}

/// What a file is to Blender.
fn kind(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Image => "image",
        FileKind::ImageSequence => "sequence",
        FileKind::Movie => "movie",
        FileKind::TiledImage => "tiles",
        FileKind::Library => "library",
        FileKind::Sound => "sound",
        FileKind::Font => "font",
        FileKind::Volume => "volume",
        FileKind::VolumeSequence => "volumes",
        FileKind::CacheFile => "cache file",
        FileKind::MovieClip => "clip",
        FileKind::MeshCache => "mesh cache",
        FileKind::SequencerImage => "strip",
        FileKind::SequencerMovie => "movie strip",
        FileKind::PointCache => "cache",
        FileKind::FluidCache => "fluid cache",
        FileKind::NodeFile => "node file",
    }
}

fn drivers(sheet: &mut Sheet, drivers: &[Driver]) {
    let python: Vec<&Driver> = drivers.iter().filter(|driver| !driver.simple).collect();
    if drivers.is_empty() {
        return;
    }
    sheet.heading("Drivers");
    let simple = drivers.len() - python.len();
    if simple > 0 {
        sheet.row("plain", &format!("{simple}, which always run"));
    }
    for driver in python.iter().take(LISTED) {
        let owner = driver.owner.get(2..).unwrap_or(&driver.owner);
        let Driver { data_path, array_index, expression, .. } = driver;
        sheet.row("Python", &format!("{owner} {data_path}[{array_index}] = {expression}"));
    }
    more(sheet, python.len());
}

fn simulations(sheet: &mut Sheet, simulations: &[Simulation]) {
    if simulations.is_empty() {
        return;
    }
    sheet.heading("Simulations");
    let words = |simulation: &Simulation| format!("{} {}", what(simulation.kind), simulation.object);
    let columns = simulations.iter().map(|one| words(one).width()).max().unwrap_or_default();
    for simulation in simulations.iter().take(LISTED) {
        let name = if simulation.baked { ("baked", Ink::Green) } else { ("not baked", Ink::Yellow) };
        sheet.file(name, &words(simulation), columns, &simulation.name);
    }
    more(sheet, simulations.len());
}

fn what(kind: SimulationKind) -> &'static str {
    match kind {
        SimulationKind::Cloth => "cloth",
        SimulationKind::SoftBody => "soft body",
        SimulationKind::Fluid => "fluid",
        SimulationKind::DynamicPaint => "dynamic paint",
        SimulationKind::RigidBody => "rigid bodies",
        SimulationKind::ParticleSystem => "particles",
        SimulationKind::SimulationNodes => "geometry nodes",
    }
}

/// That there are more than are listed.
fn more(sheet: &mut Sheet, all: usize) {
    if all > LISTED {
        sheet.row("", &format!("and {} more", all - LISTED));
    }
}
