//! From a file's blocks to its facts.

mod types;

pub use types::{
    Driver, ExternalFile, Facts, Ffmpeg, FileKind, FileOutput, LinkedBlock, Output, Scene, Sequence,
    Simulation, SimulationKind, View, ViewLayer,
};

use crate::error::{BlendError, ReadError};
use crate::source::{Limits, Source};

/// Reads the facts of a whole `.blend`, of which only the parts that hold them are fetched.
///
/// # Errors
/// [`ReadError::Source`] where the source fails; [`ReadError::Blend`] for all that is wrong with the file,
/// [`BlendError::TooMuch`] where the limits do not reach.
pub fn read_facts(_source: &mut dyn Source, _limits: &Limits) -> Result<Facts, ReadError> {
    Err(BlendError::Unsupported { what: "facts are not read yet".into() }.into())
}
