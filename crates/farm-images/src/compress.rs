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

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that pack neither well nor badly, the same each time.
    fn bytes(length: usize) -> Vec<u8> {
        let mut state: u32 = 1;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 28) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn how_many_threads_there_are_changes_nothing() {
        // A level with a small window: this is many threads' work.
        let bytes = bytes(12_000_000);
        let packed = |threads| {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
            encoder.multithread(threads).expect("threads");
            encoder.set_pledged_src_size(Some(bytes.len() as u64)).expect("a size");
            encoder.write_all(&bytes).expect("it packs");
            Digest::of(&encoder.finish().expect("it packs"))
        };
        assert_eq!(packed(1), packed(2));
        assert_eq!(packed(1), packed(5));
    }

    #[test]
    fn the_level_s_window_is_one_that_decoders_take() {
        // Larger than the largest window of the level, so that it is asked for whole.
        let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL).expect("an encoder");
        encoder.multithread(2).expect("threads");
        encoder.set_pledged_src_size(Some(1 << 30)).expect("a size");
        encoder.write_all(b"the header goes first").expect("it packs");
        encoder.flush().expect("it packs");
        let header = encoder.get_ref();
        // RFC 8878, 3.1.1.1.2: exponent and mantissa, where the frame is no single segment.
        assert_eq!(header[4] & 0b10_0000, 0, "a descriptor of the window follows");
        assert_eq!(header[5], (23 - 10) << 3, "8 MiB");
    }
}
