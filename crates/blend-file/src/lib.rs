//! What a `.blend` file says about itself, without Blender.
//!
//! [`read_head`] takes a file's first few KiB and tells which Blender saved it and which frames of
//! which scene it renders. [`read_facts`] takes any [`Source`] of bytes that can be read in ranges
//! and tells what matters before a render: scenes and their settings, every file that is named,
//! scripts and drivers, simulations and whether they are baked. Names and values are those of
//! Blender's Python API.
//!
//! ```no_run
//! let file = std::fs::File::open("scene.blend")?;
//! let mut source = blend_file::FileSource::new(file)?;
//! let facts = blend_file::read_facts(&mut source, &blend_file::Limits::default())?;
//! for scene in &facts.scenes {
//!     println!("{}: {} to {} by {}", scene.name, scene.frame_start, scene.frame_end, scene.engine);
//! }
//! for file in facts.files.iter().filter(|file| file.used && !file.packed) {
//!     println!("needs {}", file.path);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It reads files of Blender 2.8 to 5 with pointers of 4 and 8 bytes, in both orders of bytes,
//! uncompressed, in gzip and in Zstandard. Of a large file only the parts that hold facts are
//! fetched: some 1 MB in 30 requests where a file of 1 GB holds a few large blocks, less where it is
//! compressed. A file in gzip, or in Zstandard without a table of frames, is unpacked twice.
//!
//! What it must never do: panic on what a stranger uploads, follow a chain without end, hold more
//! memory or read more bytes than the [`Limits`] say, whatever the file claims; [`read_head`] holds
//! a few times the bytes that it is given.
//! It opens nothing that the file names.
//!
//! Values are those in the file. Blender changes some of an older version's when it opens it; a
//! newer Blender than the one that saved the file may call an engine or a format otherwise. What
//! is linked from other files is named in [`Facts::linked`] and nothing else is known of it.
//!
//! With the feature `serde` all facts can be written as JSON and the like.
//!
//! Start reading at [`read_facts`] in `facts`. `plain` undoes the compression, `blocks` and `walk`
//! read heads, `dna` the structs, `blend` finds the blocks that hold facts (`wanted`), `record`
//! gives their values by name.

mod blend;
mod blocks;
mod dna;
mod error;
mod facts;
mod plain;
mod record;
mod source;
mod version;
mod walk;
mod wanted;

pub use error::{BlendError, ReadError};
pub use facts::{
    Driver, ExternalFile, Facts, Ffmpeg, FileKind, FileOutput, LinkedBlock, Output, Scene, Sequence,
    Simulation, SimulationKind, View, ViewLayer, read_facts,
};
pub use source::{FileSource, Limits, SliceSource, Source};
pub use version::{ParseVersionError, Version};

/// This many first bytes of a file always decide what [`read_head`] answers; nearly every file
/// needs only the first 4 KiB. (The largest block of a Zstandard file is 128 KiB, and the scene
/// stands at the front, behind at most a preview picture.)
pub const ENOUGH: usize = 256 * 1024;

/// What the first bytes of a `.blend` say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The Blender that saved the file.
    pub version: Version,
    /// How the file is compressed.
    pub compression: Compression,
    /// Bytes in a pointer on the machine that saved it: 4 or 8.
    pub pointer_size: u8,
    /// Order of bytes in the file's numbers.
    pub byte_order: ByteOrder,
    /// What the file renders.
    pub scene: SceneRange,
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Compression {
    /// Not at all.
    None,
    /// As Blender did before 3.0.
    Gzip,
    /// As Blender does since 3.0.
    Zstd,
}

/// Order of bytes in the file's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum ByteOrder {
    /// Lowest byte first: every machine of today.
    Little,
    /// Highest byte first: files of old PowerPC and SPARC machines.
    Big,
}

impl ByteOrder {
    /// The signed number of `size` bytes (1, 2, 4 or 8) at an offset, if it is there.
    pub(crate) fn int(self, bytes: &[u8], at: usize, size: usize) -> Option<i64> {
        let value = self.uint(bytes, at, size)?;
        let unused = 64_u32.checked_sub(u32::try_from(size * 8).ok()?)?;
        Some((value << unused) as i64 >> unused)
    }

    /// The unsigned number of `size` bytes (1, 2, 4 or 8) at an offset, if it is there.
    pub(crate) fn uint(self, bytes: &[u8], at: usize, size: usize) -> Option<u64> {
        let bytes = bytes.get(at..at.checked_add(size)?)?;
        if !matches!(size, 1 | 2 | 4 | 8) {
            return None;
        }
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(match self {
            Self::Little => bytes.iter().rev().fold(0, add),
            Self::Big => bytes.iter().fold(0, add),
        })
    }
}

/// The scene that was current when the file was saved, and its frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneRange {
    /// The scene's name.
    pub name: String,
    /// First frame.
    pub start: i32,
    /// Last frame, included; never before `start`.
    pub end: i32,
}

/// Reads the head of a `.blend` from its first bytes.
///
/// `first_bytes` may be any number of bytes from the front: 64 KiB are plenty for nearly every
/// file and [`ENOUGH`] for all. `total_size` is the whole file's size in bytes; it tells a file
/// that is cut off from one of which more could be given.
///
/// # Errors
/// [`BlendError::NeedsMore`] where more first bytes would help; all others are about the file.
pub fn read_head(first_bytes: &[u8], total_size: u64) -> Result<Head, BlendError> {
    let given = first_bytes.len();
    let whole = given as u64 >= total_size;
    if given == 0 {
        return Err(if whole { BlendError::Empty } else { BlendError::NeedsMore { given } });
    }
    let (compression, inflated) = plain::plain(first_bytes)?;
    let (bytes, rest) = match &inflated {
        Some(inflated) => (inflated.bytes.as_slice(), inflated.rest),
        None => (first_bytes, plain::Rest::Follows),
    };
    let out_of_bytes = || match rest {
        plain::Rest::Follows if whole => BlendError::Truncated { size: total_size },
        plain::Rest::Follows if given < ENOUGH => BlendError::NeedsMore { given },
        plain::Rest::Follows | plain::Rest::LeftOut => BlendError::NoScene,
        plain::Rest::None => BlendError::Truncated { size: total_size },
        plain::Rest::Damaged => BlendError::Damaged { what: "its compressed data cannot be unpacked" },
    };
    walk::head(bytes, compression).map_err(|stop| match stop {
        walk::Stop::OutOfBytes => out_of_bytes(),
        walk::Stop::Is(error) => error,
    })
}
