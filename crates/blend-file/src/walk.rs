//! The file header and the blocks behind it, up to the one that names the scene.
//!
//! ```text
//! before 5.0   BLENDER _|- v|V 405          12 bytes  pointers of 4 or 8 bytes, little or big end first
//!              code[4] len i32 old ptr sdna i32 count i32
//! from 5.0     BLENDER 17 - 01 v 0500       17 bytes: this header's size, format 1, the version
//!              code[4] sdna i32 old u64 len i64 count i64
//! ```
//! The block `REND` holds the scene: start i32, end i32, and its name, 64 bytes or more.

use crate::error::BlendError;
use crate::version::Version;
use crate::{ByteOrder, Compression, Head, SceneRange};

pub(crate) const MAGIC: &[u8] = b"BLENDER";

/// The frames that Blender knows.
const FRAMES: std::ops::RangeInclusive<i32> = -1_048_574..=1_048_574;

/// Why the walk ended without a head.
pub(crate) enum Stop {
    /// The bytes ended first; the caller knows why.
    OutOfBytes,
    /// The file is at fault.
    Is(BlendError),
}

impl From<BlendError> for Stop {
    fn from(error: BlendError) -> Self {
        Self::Is(error)
    }
}

/// Reads the head from the uncompressed first bytes, which begin with [`MAGIC`] as far as they go.
pub(crate) fn head(bytes: &[u8], compression: Compression) -> Result<Head, Stop> {
    let mut cursor = Cursor { rest: bytes };
    let layout = layout(&mut cursor)?;
    loop {
        let (code, length) = block(&mut cursor, &layout)?;
        match &code {
            b"REND" => {
                let scene = scene(&mut cursor, length, layout.byte_order)?;
                let Layout { version, pointer_size, byte_order, .. } = layout;
                return Ok(Head { version, compression, pointer_size, byte_order, scene });
            }
            b"ENDB" => return Err(BlendError::NoScene.into()),
            _ => drop(cursor.take(length)?),
        }
    }
}

/// How the numbers of the file are laid out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) version: Version,
    pub(crate) pointer_size: u8,
    pub(crate) byte_order: ByteOrder,
    /// Block heads of 5.0, with 64-bit lengths.
    pub(crate) large_heads: bool,
}

/// Reads the file header that `bytes` begin with, and tells its length.
pub(crate) fn file_header(bytes: &[u8]) -> Result<(Layout, usize), Stop> {
    let mut cursor = Cursor { rest: bytes };
    let layout = layout(&mut cursor)?;
    Ok((layout, bytes.len() - cursor.rest.len()))
}

fn layout(cursor: &mut Cursor<'_>) -> Result<Layout, Stop> {
    let damaged = || Stop::Is(BlendError::Damaged { what: "its first bytes make no sense" });
    cursor.take(MAGIC.len())?;
    let pointer_size = |sign| match sign {
        b'_' => Some(4),
        b'-' => Some(8),
        _ => None,
    };
    match cursor.array()? {
        [b'1', b'7'] => {
            // Blender 5 writes pointers of 8 bytes, little end first, and nothing else.
            let [sign, format @ .., v] = cursor.array::<4>()?;
            let format = number(&format).ok_or_else(damaged)?;
            let version = Version::of_file(number(&cursor.array::<4>()?).ok_or_else(damaged)?);
            match (sign, v, format) {
                (b'-', b'v', 1) => {
                    let byte_order = ByteOrder::Little;
                    Ok(Layout { version, pointer_size: 8, byte_order, large_heads: true })
                }
                (b'-', b'v', _) => Err(BlendError::unknown_format(format.into(), version).into()),
                _ => Err(damaged()),
            }
        }
        [first, second] if first.is_ascii_digit() && second.is_ascii_digit() => {
            Err(BlendError::Unsupported { what: "it begins with a header of unknown length".into() }.into())
        }
        [sign, end] => {
            let byte_order = match end {
                b'v' => ByteOrder::Little,
                b'V' => ByteOrder::Big,
                _ => return Err(damaged()),
            };
            let pointer_size = pointer_size(sign).ok_or_else(damaged)?;
            let version = Version::of_file(number(&cursor.array::<3>()?).ok_or_else(damaged)?);
            Ok(Layout { version, pointer_size, byte_order, large_heads: false })
        }
    }
}

/// Digits as they stand in a file header.
fn number(digits: &[u8]) -> Option<u16> {
    let digits = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok()
}

/// Code and length in bytes of the block that the cursor stands at.
fn block(cursor: &mut Cursor<'_>, layout: &Layout) -> Result<([u8; 4], usize), Stop> {
    let code = cursor.array()?;
    let length = if layout.large_heads {
        cursor.take(4 + 8)?;
        let length = i64::from_le_bytes(cursor.array()?);
        cursor.take(8)?;
        usize::try_from(length).ok()
    } else {
        let length = cursor.int(layout.byte_order)?;
        cursor.take(usize::from(layout.pointer_size) + 4 + 4)?;
        usize::try_from(length).ok()
    };
    let length =
        length.ok_or(BlendError::Damaged { what: "one of its first blocks has an impossible length" })?;
    Ok((code, length))
}

fn scene(cursor: &mut Cursor<'_>, length: usize, byte_order: ByteOrder) -> Result<SceneRange, Stop> {
    if !(9..=4096).contains(&length) {
        return Err(
            BlendError::Damaged { what: "the block that names its scene has an impossible length" }.into()
        );
    }
    let mut block = Cursor { rest: cursor.take(length)? };
    let (start, end) = (block.int(byte_order)?, block.int(byte_order)?);
    if start > end || !FRAMES.contains(&start) || !FRAMES.contains(&end) {
        return Err(BlendError::Damaged { what: "its scene has an impossible frame range" }.into());
    }
    let name = block.rest.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(SceneRange { name: String::from_utf8_lossy(name).into_owned(), start, end })
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Stop::OutOfBytes)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Stop::OutOfBytes)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn int(&mut self, byte_order: ByteOrder) -> Result<i32, Stop> {
        self.array().map(match byte_order {
            ByteOrder::Little => i32::from_le_bytes,
            ByteOrder::Big => i32::from_be_bytes,
        })
    }
}
