//! Why an image is not in the registry, and what helps.

use std::io;
use std::path::PathBuf;

use farm_aws::{AwsError, NoRegion};

use crate::archive::ArchiveError;
use crate::digest::Digest;
use crate::registry::{EndpointError, RegistryError};

/// Why an image is not in the registry.
#[derive(Debug, thiserror::Error)]
pub enum ImagesError {
    /// No region is named anywhere.
    #[error(transparent)]
    NoRegion(#[from] NoRegion),
    /// A call to AWS failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// AWS names a registry that is not talked to.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// What came is no image.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The registry does not do as it was hoped.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A file of our own.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was tried, as a verb.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Another image has the tag.
    #[error("the tag `{tag}` is taken: it is the image {there}, and this one is {this}")]
    Taken {
        /// The tag.
        tag: String,
        /// What has it.
        there: Digest,
        /// What was to have it.
        this: Digest,
    },
    /// Work ended without an outcome.
    #[error("a part of this program stopped in the middle")]
    Stopped,
}

impl ImagesError {
    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File { doing, path: path.into(), source }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoRegion(error) => return Some(error.hint()),
            Self::Aws(error) => return error.hint(farm_aws::hint::any),
            Self::Endpoint(error) => return Some(error.hint()),
            Self::Archive(error) => return error.hint().map(str::to_owned),
            Self::Registry(error) => return error.hint(),
            Self::File { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "Make room on that disk, or name a folder on another: XDG_CACHE_HOME, or --cache."
            }
            Self::File { .. } => {
                "See that the folder is yours to write to, or name another: XDG_CACHE_HOME, or --cache."
            }
            Self::Taken { .. } => {
                "Somebody else may have pushed it just now: `cargo xtask deploy` takes what is there. By hand, push under another tag: \
                 one of the farm's registry stays what it is."
            }
            Self::Stopped => return None,
        };
        Some(text.to_owned())
    }
}
