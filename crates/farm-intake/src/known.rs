//! What could be learnt of a file.

use blend_file::{
    BlendError, ENOUGH, Facts, Head, Limits, ReadError, Source, Version, read_facts, read_head,
};

/// What could be learnt of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    /// All of it.
    Facts(Box<Facts>),
    /// Its first bytes alone, and why, as a sentence.
    Head(Head, String),
}

impl Known {
    /// Reads as much of a file as the limits allow.
    ///
    /// What cannot be looked through is no reason to refuse a file whose beginning is in order: this reader may
    /// be wrong about the rest, and Blender has the last word.
    ///
    /// # Errors
    /// It is no Blender file or is cut off, or the source fails at its very beginning.
    pub fn read(source: &mut dyn Source, limits: &Limits) -> Result<Self, ReadError> {
        let size = source.size();
        let beginning = usize::try_from(size).map_or(ENOUGH, |size| size.min(ENOUGH));
        let first = source.read(0, beginning)?;
        let head = read_head(&first, size)?;
        match read_facts(source, limits) {
            Ok(facts) => Ok(Self::Facts(Box::new(facts))),
            Err(error @ ReadError::Blend(BlendError::Truncated { .. })) => Err(error),
            Err(error) => Ok(Self::Head(head, error.to_string())),
        }
    }

    /// The Blender that saved the file.
    pub fn version(&self) -> Version {
        match self {
            Self::Facts(facts) => facts.version,
            Self::Head(head, _) => head.version,
        }
    }
}
