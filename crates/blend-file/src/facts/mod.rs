//! From a file's blocks to its facts.
//!
//! [`types`] says what is known; [`scene`] with [`output`] and [`nodes`], [`files`], [`drivers`] and
//! [`simulations`] each look for their part. [`uses`] tells what refers to a data-block.

mod drivers;
mod expression;
mod files;
mod nodes;
mod output;
mod scene;
mod simulations;
mod strips;
mod types;
mod uses;

pub use types::{
    Driver, ExternalFile, Facts, Ffmpeg, FileKind, FileOutput, LinkedBlock, Output, Scene, Sequence,
    Simulation, SimulationKind, View, ViewLayer,
};

use crate::blend::Blend;
use crate::error::{BlendError, ReadError};
use crate::source::{Limits, Source};

/// Reads the facts of a whole `.blend`, of which only the parts that hold them are fetched.
///
/// # Errors
/// [`ReadError::Source`] where the source fails; [`ReadError::Blend`] for all that is wrong with the file,
/// [`BlendError::TooMuch`] where the limits do not reach.
pub fn read_facts(source: &mut dyn Source, limits: &Limits) -> Result<Facts, ReadError> {
    let blend = Blend::open(source, limits)?;
    let scenes = scene::scenes(&blend);
    // What the file says of itself comes first; REND is the same for a file whose GLOB is odd.
    let current = blend.all("FileGlobal").find_map(|global| global.follow("curscene"));
    let current = current.filter(|scene| scene.is("Scene")).map(|scene| scene.name());
    let current = current.or_else(|| blend.first_scene.clone()).filter(|name| !name.is_empty());
    let facts = Facts {
        version: blend.layout.version,
        compression: blend.compression,
        pointer_size: blend.layout.pointer_size,
        byte_order: blend.layout.byte_order,
        scene: current.or_else(|| scenes.first().map(|scene| scene.name.clone())).unwrap_or_default(),
        cameras: scene::cameras(&blend),
        files: files::files(&blend),
        scripts: scripts(&blend),
        drivers: drivers::drivers(&blend),
        simulations: simulations::simulations(&blend),
        linked: linked(&blend),
        scenes,
    };
    blend.finish()?;
    if facts.scenes.is_empty() { Err(BlendError::NoScene.into()) } else { Ok(facts) }
}

/// Text blocks that Blender runs when the file is opened.
fn scripts(blend: &Blend<'_>) -> Vec<String> {
    const REGISTER: i32 = 1 << 4;
    let texts = blend.all("Text").filter(|text| text.flag("flags", REGISTER));
    texts.inspect(|_| blend.charge_for::<String>()).map(|text| text.name()).collect()
}

/// Data-blocks of other files. Each library stands before those that are linked from it.
fn linked(blend: &Blend<'_>) -> Vec<LinkedBlock> {
    let mut library = String::new();
    let mut linked = Vec::new();
    for (number, entry) in blend.entries() {
        match &entry.code {
            b"LI\0\0" => {
                library = blend.record(number).and_then(|record| record.text("name")).unwrap_or_default();
            }
            b"ID\0\0" => {
                let name = blend.record(number).map(|record| record.full_name()).unwrap_or_default();
                blend.charge(library.len());
                blend.charge_for::<LinkedBlock>();
                linked.push(LinkedBlock { name, library: library.clone() });
            }
            _ => {}
        }
    }
    linked
}
