//! Why there are no moving pictures, for the report.

use std::io;

use crate::failure::Failure;
use crate::store::StorageError;

/// What helps whatever it was.
const OTHERWISE: &str = "Frames and frames.zip are as they should be. Without a preview, and without this warning: the \
     tag preview=off.";

/// There are no moving pictures.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Something that would have befallen the archive as well.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// There is no ffmpeg.
    #[error("there is no `{0}` on this machine")]
    NoFfmpeg(String),
    /// The program cannot be started or talked to.
    #[error("`{program}` cannot be run: {error}")]
    Run {
        /// Its path.
        program: String,
        /// What the system says.
        error: io::Error,
    },
    /// ffmpeg came to a bad end.
    #[error("ffmpeg failed ({how}){}", said(words))]
    Failed {
        /// Its exit status.
        how: String,
        /// The last that it said.
        words: String,
    },
    /// ffmpeg shows fewer frames than it was given.
    #[error("ffmpeg could read {read} of {given} frames{}", said(words))]
    Fewer {
        /// How many it showed.
        read: usize,
        /// How many there are.
        given: usize,
        /// The last that it said.
        words: String,
    },
    /// What ffmpeg gives is not what it was asked for.
    #[error("ffmpeg gives {0}")]
    Odd(&'static str),
    /// Frames that are known to become no film.
    #[error("{why}")]
    Format {
        /// Why.
        why: String,
        /// What would become one.
        hint: &'static str,
    },
    /// No place for the film in work.
    #[error("there is no place for the film in work: {0}")]
    Scratch(io::Error),
}

impl Trouble {
    /// A warning: what is missing, why, and what to do.
    pub fn warning(&self) -> String {
        let hint = match self {
            Self::NoFfmpeg(_) => {
                "Install it (apt-get install ffmpeg) and render the same file again: frames that are done are kept. "
            }
            Self::Format { hint, .. } => hint,
            _ => "",
        };
        let space = if hint.is_empty() || hint.ends_with(' ') { "" } else { " " };
        format!("preview.mp4 and contact-sheet.gif were not made: {self}. {hint}{space}{OTHERWISE}")
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        Self::Failure(error.into())
    }
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_says_what_is_missing_why_and_what_to_do() {
        let none = Trouble::NoFfmpeg("ffmpeg".into()).warning();
        assert!(none.contains("no `ffmpeg`") && none.contains("apt-get install ffmpeg"), "{none}");
        let failed = Trouble::Failed { how: "exit status: 1".into(), words: "Unknown decoder 'hdr'".into() };
        let failed = failed.warning();
        assert!(failed.contains("(exit status: 1): Unknown decoder 'hdr'. Frames and"), "{failed}");
        assert!(failed.contains("preview=off"), "{failed}");
    }
}
