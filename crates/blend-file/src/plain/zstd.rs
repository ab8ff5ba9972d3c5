//! Zstandard frames, unpacked block by block so that no frame takes more memory than it may.

use std::io::{self, Read};

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Begins the next frame of a source. False where it was one that holds nothing, and is passed.
pub(super) fn begin(decoder: &mut FrameDecoder, source: &mut impl Read) -> io::Result<bool> {
    match decoder.reset(&mut *source) {
        Ok(()) => Ok(true),
        Err(FrameDecoderError::ReadFrameHeaderError(
            ruzstd::decoding::errors::ReadFrameHeaderError::SkipFrame { length, .. },
        )) => {
            let passed = io::copy(&mut source.take(u64::from(length)), &mut io::sink())?;
            if passed == u64::from(length) { Ok(false) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
        }
        Err(FrameDecoderError::WindowSizeTooBig { .. }) => Err(io::ErrorKind::OutOfMemory.into()),
        Err(error) => Err(io::Error::new(kind(&error), "no frame")),
    }
}

/// Unpacks the next block.
pub(super) fn step(decoder: &mut FrameDecoder, source: &mut impl Read) -> io::Result<()> {
    let done = decoder.decode_blocks(source, BlockDecodingStrategy::UptoBlocks(1));
    done.map(drop).map_err(|error| io::Error::new(kind(&error), "no block"))
}

/// Whether a frame ended too early or is damaged.
fn kind(error: &FrameDecoderError) -> io::ErrorKind {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return error.kind();
        }
        cause = error.source();
    }
    io::ErrorKind::InvalidData
}
