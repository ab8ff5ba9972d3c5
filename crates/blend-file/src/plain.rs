//! From the first bytes of a file to its first uncompressed bytes.

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
    let (compression, inflated) = if begins(first, GZIP) {
        (Compression::Gzip, Some(gzip(first)))
    } else if begins(first, ZSTD) || is_skippable(first) {
        (Compression::Zstd, Some(zstd(first)))
    } else {
        (Compression::None, None)
    };
    let bytes = inflated.as_ref().map_or(first, |inflated| inflated.bytes.as_slice());
    if begins(bytes, MAGIC) {
        return Ok((compression, inflated));
    }
    let found = match compression {
        Compression::None => describe(first),
        Compression::Gzip | Compression::Zstd => "it is a compressed file of another kind",
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
fn describe(first: &[u8]) -> &'static str {
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
///
/// The decoder hands out a frame only once it has seen its end, and sets aside as much memory as
/// the frame asks for. So it is given a frame of our own: a small window, the first blocks as
/// they are, the last of them marked as the last.
fn frame(bytes: &[u8], wanted: usize) -> Step<'_> {
    /// No checksum, no size; a window of 512 KiB, more than what is unpacked here.
    const OWN_HEADER: [u8; 6] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 9 << 3];
    let mut rest = match frame_header(bytes) {
        Ok(rest) => rest,
        Err(rest) => return Step::nothing(rest),
    };
    let mut own = OWN_HEADER.to_vec();
    let mut last_block = None;
    let mut unpacked = 0;
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
        if size > 128 * 1024 {
            break Err(Rest::Damaged);
        }
        // A compressed block does not say how much it holds: at most this.
        unpacked += if kind == 2 { 128 * 1024 } else { size };
        last_block = Some(own.len());
        own.extend_from_slice(&[a & !1, b, c]);
        own.extend_from_slice(content);
        rest.bytes = behind;
        if is_last {
            let checksum = if rest.checksum { 4 } else { 0 };
            break rest.bytes.get(checksum..).ok_or(Rest::Follows);
        }
    };
    let unpacked = match last_block {
        None => Vec::new(),
        Some(at) => {
            own[at] |= 1;
            let mut decoder = FrameDecoder::new();
            let mut own = own.as_slice();
            let done = decoder
                .reset(&mut own)
                .and_then(|()| decoder.decode_blocks(&mut own, BlockDecodingStrategy::All));
            match (done, decoder.collect()) {
                (Ok(_), Some(unpacked)) => unpacked,
                _ => return Step::nothing(Rest::Damaged),
            }
        }
    };
    match ended {
        Ok(behind) => Step::Past { unpacked, behind },
        Err(rest) => Step::Last { unpacked, rest },
    }
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
