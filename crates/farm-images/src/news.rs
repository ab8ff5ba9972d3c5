//! What there is to tell while images are on their way.

use std::sync::Arc;

/// Something that there is to tell. Layers are counted from 1, the lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Where an image goes.
    Target {
        /// The repository, with its registry.
        repository: String,
        /// The tag.
        tag: String,
    },
    /// So many bytes have come from the container engine.
    Reading {
        /// How many, all in all.
        bytes: u64,
    },
    /// All has come.
    Read {
        /// How many layers.
        layers: usize,
        /// Their bytes, uncompressed.
        bytes: u64,
    },
    /// A layer in the cache was not what it was, and is made anew.
    Damaged {
        /// Which layer.
        layer: usize,
    },
    /// A layer is being compressed.
    Compressing {
        /// Which layer.
        layer: usize,
        /// Bytes of it that are done.
        done: u64,
        /// Bytes of it, uncompressed.
        of: u64,
    },
    /// A layer is being sent.
    Pushing {
        /// Which layer.
        layer: usize,
        /// Bytes of it that are sent.
        done: u64,
        /// Bytes of it, compressed.
        of: u64,
    },
    /// A layer is in the registry.
    Layer {
        /// Which layer.
        layer: usize,
        /// Of how many.
        of: usize,
        /// Its bytes, compressed.
        size: u64,
        /// Whether it had to be sent.
        pushed: bool,
    },
    /// Something failed that may pass, and is tried again.
    Again {
        /// What failed.
        why: String,
    },
    /// The image is in the registry.
    Done {
        /// Its digest.
        digest: String,
        /// Whether it was there before.
        there: bool,
    },
}

/// Whom to tell.
pub type Told = Arc<dyn Fn(News) + Send + Sync>;
