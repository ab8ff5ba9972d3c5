//! Layers as they go over the wire: zstd.
//!
//! The same layer gives the same bytes, whatever the machine: their digest is the layer's name in the
//! registry. So the level, and how the work is divided, are the same everywhere; how many threads
//! there are makes no difference to what they write.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::archive::Layer;
use crate::digest::{Digest, Fault, Hasher, Hashing, copy};

/// Level of zstd. Its window is 8 MiB, which every decoder takes.
pub const LEVEL: i32 = 19;

/// Compresses a layer into a file. `told` hears how much of it is done.
///
/// # Errors
/// The layer cannot be read, or the file not written.
pub fn compress(layer: &Layer, to: &Path, mut told: impl FnMut(u64)) -> io::Result<(Digest, u64)> {
    let to = Hashing { to: File::create(to)?, hasher: Hasher::default() };
    let mut encoder = zstd::Encoder::new(to, LEVEL)?;
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(16));
    encoder.multithread(u32::try_from(threads).unwrap_or(1))?;
    // The size decides on the window: small layers need less of the decoder.
    encoder.set_pledged_src_size(Some(layer.size))?;
    encoder.include_contentsize(true)?;
    encoder.include_checksum(true)?;
    let mut done = 0;
    copy(layer.open()?, &mut encoder, |bytes| {
        done += bytes.len() as u64;
        told(done);
    })
    .map_err(|fault| match fault {
        Fault::Reading(error) | Fault::Writing(error) => error,
    })?;
    let Hashing { mut to, hasher } = encoder.finish()?;
    to.flush()?;
    let size = hasher.size();
    Ok((hasher.finish(), size))
}
