//! From the first bytes of a file to its first uncompressed bytes, and from the first bytes of one
//! frame to those in it.

use std::io::Read;

use flate2::read::GzDecoder;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::Compression;
use crate::error::BlendError;
use crate::walk::MAGIC;

/// No more than this is ever unpacked (and at most one Zstandard block beyond it).
const UNPACKED: usize = 256 * 1024;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Zstandard frames that hold no data of the file begin with `5? 2a 4d 18`.
const SKIPPABLE: &[u8] = &[0x2a, 0x4d, 0x18];
/// This many first bytes tell what a file is.
pub(super) const SIGN: usize = 64;
pub(super) const COMPRESSED_OTHER: &str = "it is a compressed file of another kind";

/// What a file is packed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
}

/// What a file that begins so is packed with, if it is.
pub(super) fn packing(first: &[u8]) -> Option<Packing> {
    if begins(first, GZIP) {
        Some(Packing::Gzip)
    } else if begins(first, ZSTD) || is_skippable(first) {
        Some(Packing::Zstd)
    } else {
        None
    }
}

/// What follows on the bytes that were unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Bytes of the file that were not given.
    Follows,
    /// Bytes that were given and are more than anyone needs.
    LeftOut,
    /// Nothing: the compressed data ends here.
    None,
    /// Bytes that cannot be unpacked.
    Damaged,
}

/// The first bytes that were inside a compressed file.
pub(crate) struct Inflated {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rest: Rest,
}

/// Undoes the compression. `None` for a file that has none: its bytes are as they are.
///
/// What is returned begins with [`MAGIC`], as far as it goes.
pub(crate) fn plain(first: &[u8]) -> Result<(Compression, Option<Inflated>), BlendError> {
    let (compression, inflated) = match packing(first) {
        Some(Packing::Gzip) => (Compression::Gzip, Some(gzip(first))),
        Some(Packing::Zstd) => (Compression::Zstd, Some(zstd(first))),
        None => (Compression::None, None),
    };
    let bytes = inflated.as_ref().map_or(first, |inflated| inflated.bytes.as_slice());
    if begins(bytes, MAGIC) {
        return Ok((compression, inflated));
    }
    let found = match compression {
        Compression::None => describe(first),
        Compression::Gzip | Compression::Zstd => COMPRESSED_OTHER,
    };
    Err(BlendError::NotBlend { found })
}

/// Whether the bytes begin so, as far as they go.
fn begins(bytes: &[u8], with: &[u8]) -> bool {
    bytes.iter().zip(with).all(|(byte, expected)| byte == expected)
}

fn is_skippable(bytes: &[u8]) -> bool {
    matches!(bytes, [first, rest @ ..] if first & 0xf0 == 0x50 && !rest.is_empty() && begins(rest, SKIPPABLE))
}

/// What a file that is no `.blend` looks like.
pub(super) fn describe(first: &[u8]) -> &'static str {
    const KNOWN: [(&[u8], &str); 10] = [
        (b"PK\x03\x04", "it is a ZIP archive"),
        (b"\x89PNG", "it is a PNG picture"),
        (b"\xff\xd8\xff", "it is a JPEG picture"),
        (b"\x76\x2f\x31\x01", "it is an OpenEXR picture"),
        (b"Kaydara FBX", "it is an FBX file"),
        (b"glTF", "it is a glTF file"),
        (b"PXR-USDC", "it is a USD file"),
        (b"7z\xbc\xaf", "it is a 7-Zip archive"),
        (b"version https://git-lfs", "it is a Git LFS pointer that stands for the file"),
        (b"<", "it is a web page or an XML file"),
    ];
    if first.iter().all(|byte| *byte == 0) {
        return "it begins with nothing but zeros, as after a failed copy";
    }
    let known = KNOWN.iter().find(|(magic, _)| first.starts_with(magic));
    known.map_or("it does not begin as one", |(_, found)| found)
}

fn gzip(first: &[u8]) -> Inflated {
    let mut bytes = Vec::new();
    let outcome = GzDecoder::new(first).take(UNPACKED as u64).read_to_end(&mut bytes);
    let rest = match outcome {
        Ok(_) if bytes.len() == UNPACKED => Rest::LeftOut,
        Ok(_) => Rest::None,
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Rest::Follows,
        Err(_) => Rest::Damaged,
    };
    Inflated { bytes, rest }
}

/// A Zstandard file is a row of frames, each a row of blocks.
fn zstd(first: &[u8]) -> Inflated {
    let mut bytes = Vec::new();
    let mut rest = first;
    loop {
        if rest.is_empty() {
            // Whether the file ends here is for the caller to say: he knows its size.
            return Inflated { bytes, rest: Rest::Follows };
        }
        if bytes.len() >= UNPACKED {
            return Inflated { bytes, rest: Rest::LeftOut };
        }
        let step = if is_skippable(rest) { skippable(rest) } else { frame(rest, UNPACKED - bytes.len()) };
        match step {
            Step::Past { unpacked, behind } => {
                bytes.extend_from_slice(&unpacked);
                rest = behind;
            }
            Step::Last { unpacked, rest } => {
                bytes.extend_from_slice(&unpacked);
                return Inflated { bytes, rest };
            }
        }
    }
}

/// One frame on.
enum Step<'a> {
    /// The whole frame was there.
    Past { unpacked: Vec<u8>, behind: &'a [u8] },
    /// Nothing behind it can be reached.
    Last { unpacked: Vec<u8>, rest: Rest },
}

impl Step<'_> {
    fn nothing(rest: Rest) -> Self {
        Self::Last { unpacked: Vec::new(), rest }
    }
}

fn skippable(bytes: &[u8]) -> Step<'_> {
    let Some((length, rest)) = bytes.get(4..).and_then(|bytes| bytes.split_first_chunk()) else {
        return Step::nothing(Rest::Follows);
    };
    let behind = usize::try_from(u32::from_le_bytes(*length)).ok().and_then(|length| rest.get(length..));
    match behind {
        Some(behind) => Step::Past { unpacked: Vec::new(), behind },
        None => Step::nothing(Rest::Follows),
    }
}

/// Unpacks the whole blocks of the frame that `bytes` begin with, about `wanted` bytes.
fn frame(bytes: &[u8], wanted: usize) -> Step<'_> {
    let (own, ended) = match own_frame(bytes, wanted) {
        Ok(found) => found,
        Err(rest) => return Step::nothing(rest),
    };
    match (unpack(&own, wanted + BLOCK), ended) {
        (None, _) => Step::nothing(Rest::Damaged),
        (Some(unpacked), Ok(behind)) => Step::Past { unpacked, behind },
        (Some(unpacked), Err(rest)) => Step::Last { unpacked, rest },
    }
}

/// What the whole blocks of the frame that `bytes` begin with hold, if that is `most` bytes at most.
pub(super) fn front(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let (own, _) = own_frame(bytes, usize::MAX).ok()?;
    unpack(&own, most)
}

/// The most that one block unpacks to.
const BLOCK: usize = 128 << 10;
/// No checksum, no size; a window of one block. Nothing is taken out before the end, so that all
/// of the frame can be referred to all the same.
const OWN_HEADER: [u8; 6] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3];

/// What lies behind a frame, or why that is not known.
type Behind<'a> = Result<&'a [u8], Rest>;

/// A frame of our own with the whole blocks that `bytes` begin with, up to `wanted` bytes of them
/// or not much less; and what lies behind them.
///
/// The decoder hands out a frame only once it has seen its end, and sets aside as much memory as
/// the frame asks for. So it is given one with a small window, the first blocks as they are, the
/// last of them marked as the last.
fn own_frame(bytes: &[u8], wanted: usize) -> Result<(Vec<u8>, Behind<'_>), Rest> {
    let mut rest = frame_header(bytes)?;
    let mut own = OWN_HEADER.to_vec();
    let mut last_block = None;
    let mut unpacked = 0_usize;
    let ended = loop {
        if unpacked >= wanted {
            break Err(Rest::LeftOut);
        }
        let Some((head, behind)) = rest.bytes.split_first_chunk::<3>() else { break Err(Rest::Follows) };
        let [a, b, c] = *head;
        let head = u32::from_le_bytes([a, b, c, 0]);
        let (is_last, kind, size) = (head & 1 == 1, head >> 1 & 3, (head >> 3) as usize);
        // A block that repeats one byte holds only that byte.
        let stored = if kind == 1 { 1 } else { size };
        let Some((content, behind)) = behind.split_at_checked(stored) else { break Err(Rest::Follows) };
        if size > BLOCK {
            break Err(Rest::Damaged);
        }
        // A compressed block does not say how much it holds: at most this.
        unpacked = unpacked.saturating_add(if kind == 2 { BLOCK } else { size });
        last_block = Some(own.len());
        own.extend_from_slice(&[a & !1, b, c]);
        own.extend_from_slice(content);
        rest.bytes = behind;
        if is_last {
            let checksum = if rest.checksum { 4 } else { 0 };
            break rest.bytes.get(checksum..).ok_or(Rest::Follows);
        }
    };
    match last_block.and_then(|at| own.get_mut(at)) {
        Some(head) => *head |= 1,
        None => own.clear(),
    }
    Ok((own, ended))
}

/// What a frame of our own holds, if that is `most` bytes at most.
fn unpack(own: &[u8], most: usize) -> Option<Vec<u8>> {
    if own.is_empty() {
        return Some(Vec::new());
    }
    let mut decoder = FrameDecoder::new();
    let mut rest = own;
    decoder.reset(&mut rest).ok()?;
    while !decoder.is_finished() {
        decoder.decode_blocks(&mut rest, BlockDecodingStrategy::UptoBlocks(1)).ok()?;
        // Unfinished, it keeps a window of one block back.
        if decoder.can_collect() > most {
            return None;
        }
    }
    decoder.collect()
}

/// A frame behind its header.
struct Blocks<'a> {
    bytes: &'a [u8],
    /// Four bytes of checksum follow on the last block.
    checksum: bool,
}

fn frame_header(bytes: &[u8]) -> Result<Blocks<'_>, Rest> {
    if !begins(bytes, ZSTD) {
        return Err(Rest::Damaged);
    }
    let descriptor = *bytes.get(ZSTD.len()).ok_or(Rest::Follows)?;
    let single_segment = descriptor & 0x20 != 0;
    let dictionary = descriptor & 0x03 != 0;
    if dictionary {
        // Blender uses none, and without it nothing can be unpacked.
        return Err(Rest::Damaged);
    }
    let window = usize::from(!single_segment);
    let content_size = match descriptor >> 6 {
        0 => usize::from(single_segment),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    let bytes = bytes.get(ZSTD.len() + 1 + window + content_size..).ok_or(Rest::Follows)?;
    Ok(Blocks { bytes, checksum: descriptor & 0x04 != 0 })
}
