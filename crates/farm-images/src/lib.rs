//! Puts container images from a local container engine into the farm's registry.
//!
//! An image goes by its content: layers are compressed once and kept, and what the registry has
//! already is not sent again. Start reading at `push`; `find` asks what is there.
//!
//! Nothing here prints, and the registry's password is neither shown nor stored.

mod account;
mod archive;
mod cache;
mod compress;
mod digest;
mod error;
mod find;
mod names;
mod news;
mod push;
mod registry;

pub use account::Login;
pub use archive::ArchiveError;
pub use digest::Digest;
pub use error::ImagesError;
pub use farm_aws::{AwsError, NoRegion};
pub use find::{Found, find};
pub use names::{NameError, Repository, Tag};
pub use news::{News, Told};
pub use push::{Pushed, PushedLayer, push};
pub use registry::RegistryError;
