//! What came is no image.

use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Digest;

/// Why what came is no image.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Nothing came.
    #[error("nothing came on standard input, where an image should")]
    Empty,
    /// Something else came.
    #[error("what came on standard input is no archive")]
    NotAnArchive,
    /// It ends in the middle.
    #[error("the archive on standard input ends in the middle, or is damaged")]
    CutOff,
    /// The pipe broke.
    #[error("cannot read standard input")]
    Reading(#[source] io::Error),
    /// There is no room for it.
    #[error("cannot write {}", path.display())]
    Writing {
        /// Where to.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// What was written cannot be read again.
    #[error("cannot read {}", path.display())]
    ReadingAgain {
        /// What.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A tar of something else, or a part of one.
    #[error("the archive has no `{0}`, and so is no image, or not all of one")]
    Missing(String),
    /// The other form of image archives.
    #[error("the archive is an image as OCI lays it out, without what `docker save` writes")]
    Oci,
    /// More than one image, or none.
    #[error("the archive holds {0} images, and should hold one")]
    Images(usize),
    /// A file that should be JSON.
    #[error("the archive's `{name}` is not laid out as an image's")]
    Layout {
        /// Which file.
        name: String,
        /// Where it goes wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A file that should be small.
    #[error("the archive's `{0}` is far too large")]
    TooLarge(String),
    /// Not as many layers as there should be.
    #[error("the archive does not have as many layers as its image is made of: {there} instead of {wanted}")]
    Layers {
        /// How many there are.
        there: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// A layer is not what the image is made of.
    #[error(
        "layer {number} of the archive is not what the image is made of: it is {found}, and should be {wanted}"
    )]
    Layer {
        /// Which layer, from 1.
        number: usize,
        /// What it is.
        found: Digest,
        /// What it should be.
        wanted: Digest,
    },
    /// A layer cannot be unpacked.
    #[error("layer {number} of the archive cannot be unpacked")]
    Packed {
        /// Which layer, from 1.
        number: usize,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file is not what its name says.
    #[error("the archive's `{name}` is damaged: its content is {found}")]
    Damaged {
        /// Which file.
        name: String,
        /// What it is.
        found: Digest,
    },
}

impl ArchiveError {
    pub(super) fn writing(path: &Path, source: io::Error) -> Self {
        Self::Writing { path: path.to_owned(), source }
    }

    pub(super) fn again(path: &Path, source: io::Error) -> Self {
        Self::ReadingAgain { path: path.to_owned(), source }
    }

    /// What helps.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Empty => {
                Some("See what `docker save IMAGE` (or `podman save IMAGE`) says: it should write the image.")
            }
            Self::NotAnArchive => {
                Some("Give it what `docker save IMAGE` or `podman save IMAGE` writes, as it is.")
            }
            Self::Missing(_)
            | Self::CutOff
            | Self::Layers { .. }
            | Self::Layer { .. }
            | Self::Packed { .. } => Some("Save the image again. Where that does not help, build it again."),
            Self::Damaged { .. } => Some("Save the image again. Where that does not help, build it again."),
            Self::Oci => Some("Save it with `podman save --format docker-archive IMAGE`."),
            Self::Images(_) => Some("Save one image, by one name: `docker save IMAGE`."),
            Self::Writing { .. } => {
                Some("Make room on that disk, or name a folder on another: XDG_CACHE_HOME, or --cache.")
            }
            Self::Reading(_) | Self::ReadingAgain { .. } | Self::Layout { .. } | Self::TooLarge(_) => None,
        }
    }
}
