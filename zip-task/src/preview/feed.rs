//! The frames on their way to ffmpeg, one after the other.
//!
//! ffmpeg tells single pictures in a pipe apart only in some formats. So each travels as a frame of IVF, the simplest
//! of containers: a header of 32 bytes, then length, number and bytes of each frame.

use std::io::ErrorKind;
use std::ops::Range;

use farm_contract::preview::Preview;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;

use super::{Shot, Trouble};
use crate::frames::FrameFile;
use crate::store::StorageError;

/// Pieces of frames are read ahead: so many, of so many bytes.
const AHEAD: usize = 4;
const PIECE: u64 = 4 << 20;

/// Writes all pictures of the shot, which ffmpeg's `decoder` is to read.
///
/// # Errors
/// The bucket fails. That ffmpeg listens no longer is none: it says itself why.
pub async fn feed(shot: &Shot<'_>, decoder: &str, mut to: ChildStdin) -> Result<(), Trouble> {
    match write(shot, decoder, &mut to).await {
        Err(Feeding::Storage(error)) => Err(error.into()),
        Ok(()) | Err(Feeding::Pipe) => Ok(()),
    }
}

enum Feeding {
    Storage(StorageError),
    Pipe,
}

impl From<StorageError> for Feeding {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<std::io::Error> for Feeding {
    fn from(error: std::io::Error) -> Self {
        if error.kind() != ErrorKind::BrokenPipe {
            tracing::warn!(%error, "ffmpeg cannot be given its frames");
        }
        Self::Pipe
    }
}

async fn write(shot: &Shot<'_>, decoder: &str, to: &mut ChildStdin) -> Result<(), Feeding> {
    to.write_all(&header(shot.preview, decoder)).await?;
    let pieces = (0u64..).zip(&shot.pictures).flat_map(|(number, picture)| pieces(number, picture));
    let mut read = stream::iter(pieces)
        .map(|Piece { number, picture, range }| async move {
            let mut bytes = Vec::new();
            if range.start == 0 {
                bytes.extend_from_slice(&frame_header(picture.size, number));
            }
            let head = bytes.len();
            // A piece fits into memory.
            bytes.resize(head + (range.end - range.start) as usize, 0);
            let key = shot.folder.file(&picture.name);
            shot.store.read(&key, &picture.etag, range.start, &mut bytes[head..]).await?;
            Ok::<_, StorageError>(bytes)
        })
        .buffered(AHEAD);
    while let Some(bytes) = read.try_next().await? {
        to.write_all(&bytes).await?;
    }
    Ok(())
}

struct Piece<'a> {
    number: u64,
    picture: &'a FrameFile,
    range: Range<u64>,
}

fn pieces<'a>(number: u64, picture: &'a FrameFile) -> impl Iterator<Item = Piece<'a>> {
    let size = picture.size;
    let starts = (0..size.div_ceil(PIECE).max(1)).map(|place| place * PIECE);
    starts.map(move |start| Piece { number, picture, range: start..size.min(start + PIECE) })
}

/// How wide and high frames are it does not say: JPEGs of half the height would be taken for half of the lines. Nor their
/// codec, which ffmpeg is told: but PNG under another name it takes for the difference to the frame before.
fn header(preview: Preview, decoder: &str) -> [u8; 32] {
    let mut header = *b"DKIF\0\0\x20\0farm\0\0\0\0....____\0\0\0\0\0\0\0\0";
    if decoder == "png" {
        header[8..12].copy_from_slice(b"MPNG");
    }
    header[16..20].copy_from_slice(&preview.frames.get().to_le_bytes());
    header[20..24].copy_from_slice(&preview.seconds.get().to_le_bytes());
    header
}

/// `size` is known to fit: see [`super::format`].
fn frame_header(size: u64, number: u64) -> [u8; 12] {
    let mut header = [0; 12];
    header[..4].copy_from_slice(&(size as u32).to_le_bytes());
    header[4..].copy_from_slice(&number.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    #[test]
    fn a_frame_is_cut_into_pieces_without_a_gap() {
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let picture = FrameFile {
                frame: 1,
                name: "frame_0001.exr".into(),
                size,
                etag: "\"e\"".into(),
                crc32: None,
                own: true,
                files: 1,
                seconds: 0.0,
                damaged: false,
            };
            let ranges: Vec<_> = pieces(0, &picture).map(|piece| piece.range).collect();
            assert!(ranges.first().is_some_and(|first| first.start == 0), "its header is written once");
            assert_eq!(ranges.last().map(|last| last.end), Some(size));
            assert!(ranges.windows(2).all(|two| two[0].end == two[1].start));
        }
    }

    #[test]
    fn headers_say_how_fast_and_how_long() {
        let number = |number| NonZeroU32::new(number).expect("not zero");
        let preview = Preview { frames: number(30_000), seconds: number(1001) };
        let header = header(preview, "png");
        assert_eq!((&header[..4], &header[6..12]), (&b"DKIF"[..], &b"\x20\0MPNG"[..]));
        assert_eq!(super::header(preview, "exr")[8..12], *b"farm");
        assert_eq!(u32::from_le_bytes(header[16..20].try_into().expect("four")), 30_000);
        assert_eq!(u32::from_le_bytes(header[20..24].try_into().expect("four")), 1001);
        assert_eq!(frame_header(258, 3), [2, 1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
    }
}
