//! The uploads: files that Blender saved, of which the function reads little or much.

use std::cell::Cell;
use std::fmt;
use std::io::Write as _;

use anyhow::{Context, Result, ensure};
use farm_contract::keys::{self, BlendKey};
use farm_contract::plan::{Plan, RenderId};
use farm_local::lambda::s3_notification;
use farm_local::s3::{ObjectCreated, PutAttributes};
use serde_json::Value;

use super::stubs::Stubs;
use crate::s3::BUCKET;

/// A scene as Blender 4.5 saved it, compressed.
const COMPRESSED: &[u8] = include_bytes!("../../../blend-file/tests/fixtures/blender45.blend");
/// Bytes of a block's header in a file of that version.
const BLOCK: usize = 24;
/// What the larger file has more: blocks of so many bytes, as meshes and packed pictures are.
const BLOCKS: usize = 64;
const BLOCK_BYTES: usize = 1 << 20;

/// What is uploaded.
#[derive(Debug, Clone, Copy)]
pub enum File {
    /// The scene as it was saved.
    Compressed,
    /// The same, not compressed.
    Plain,
    /// Not compressed, and with much in it.
    Large,
}

/// What is uploaded, and how much of it is to be rendered.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// The file.
    pub file: File,
    /// Frames.
    pub frames: u32,
}

/// What is measured: more frames of one file, then more of a file.
pub const SIZES: [Size; 5] = [
    Size { file: File::Compressed, frames: 1 },
    Size { file: File::Compressed, frames: 1_000 },
    Size { file: File::Compressed, frames: 100_000 },
    Size { file: File::Plain, frames: 1_000 },
    Size { file: File::Large, frames: 1_000 },
];

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compressed => "0.1 MB, compressed",
            Self::Plain => "0.8 MB",
            Self::Large => "68 MB",
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frames = if self.frames == 1 { "frame" } else { "frames" };
        write!(f, "{}, {} {frames}", self.file, self.frames)
    }
}

impl File {
    fn bytes(self) -> Result<Vec<u8>> {
        match self {
            Self::Compressed => Ok(COMPRESSED.to_vec()),
            Self::Plain => zstd::decode_all(COMPRESSED).context("the scene cannot be unpacked"),
            Self::Large => with_blocks(&Self::Plain.bytes()?, BLOCKS, BLOCK_BYTES),
        }
    }
}

/// The same file with `count` blocks of data more, of `bytes` bytes each. They stand before the description of the
/// data, which is a file's end.
fn with_blocks(plain: &[u8], count: usize, bytes: usize) -> Result<Vec<u8>> {
    let end = plain.windows(4).rposition(|four| four == b"DNA1").context("the scene has no description")?;
    let mut header = [0; BLOCK];
    header[..4].copy_from_slice(b"DATA");
    header[4..8].copy_from_slice(&u32::try_from(bytes).context("a block")?.to_le_bytes());
    header[20..].copy_from_slice(&1_u32.to_le_bytes());
    let mut file = plain[..end].to_vec();
    for address in 1..=count {
        // Where a block was in Blender's memory: each somewhere else.
        header[8..16].copy_from_slice(&(address as u64).to_le_bytes());
        file.write_all(&header)?;
        file.resize(file.len() + bytes, 0);
    }
    file.extend_from_slice(&plain[end..]);
    Ok(file)
}

/// An upload in the bucket.
pub struct Upload {
    key: BlendKey,
    size: u64,
    etag: String,
    events: Cell<u64>,
}

impl Upload {
    /// Puts it there, with its tags. They name the Blender, too: what is compressed can be read by trigger-lambda
    /// alone. The scene names files that are not with it, and has scripts.
    ///
    /// # Errors
    /// The bucket does not take it.
    pub fn put(stubs: &Stubs, size: Size) -> Result<Self> {
        let key =
            BlendKey::parse(&format!("shots/{:?} {}.blend", size.file, size.frames)).context("a key")?;
        let frames = format!("1-{}", size.frames);
        let tags =
            [("frames", frames.as_str()), ("blender", "4.5"), ("missing", "allow"), ("scripts", "allow")];
        let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let attributes = PutAttributes { tags, ..PutAttributes::default() };
        let store = &stubs.s3.store;
        store.put(BUCKET, key.as_str(), &size.file.bytes()?, attributes).context("cannot put the upload")?;
        let object = store.head(BUCKET, key.as_str()).context("cannot look at the upload")?;
        Ok(Self { key, size: object.size, etag: object.etag, events: Cell::new(0) })
    }

    /// As it was before the last event: what was reported of the upload is gone.
    ///
    /// # Errors
    /// The bucket does not follow.
    pub fn forget(&self, stubs: &Stubs) -> Result<()> {
        stubs.s3.store.delete(BUCKET, &self.key.report()).context("cannot remove a report")
    }

    /// One more event of it, which no function has seen.
    pub fn event(&self) -> Value {
        self.events.set(self.events.get() + 1);
        let object = ObjectCreated {
            bucket: BUCKET.to_owned(),
            key: self.key.as_str().to_owned(),
            size: self.size,
            etag: self.etag.clone(),
            sequencer: self.sequencer(),
            event_name: "ObjectCreated:Put",
            time_ms: 0,
        };
        s3_notification(&object, "us-east-1")
    }

    /// That the last event led to a plan whose jobs are submitted, and to a report.
    ///
    /// # Errors
    /// It did not.
    pub fn check(&self, stubs: &Stubs) -> Result<()> {
        let render = RenderId::of_event(BUCKET, self.key.as_str(), &self.etag, &self.sequencer());
        let report = stubs.s3.store.read(BUCKET, &self.key.report()).context("there is no report")?;
        let report = String::from_utf8_lossy(&report);
        let plan = stubs.s3.store.read(BUCKET, &keys::plan(&render));
        let plan = plan.with_context(|| format!("there is no plan; the report says {report}"))?;
        let plan = Plan::from_json(&plan)?;
        ensure!(plan.is_submitted(), "not all jobs of the plan are submitted");
        Ok(())
    }

    fn sequencer(&self) -> String {
        format!("{:016X}", self.events.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_file_is_one_that_blender_could_have_saved() {
        let plain = File::Plain.bytes().expect("unpacked");
        let larger = with_blocks(&plain, 3, 1000).expect("larger");
        assert_eq!(larger.len(), plain.len() + 3 * (BLOCK + 1000));
        let (mut at, mut blocks) = (12, 0);
        while larger[at..].len() >= BLOCK && !larger[at..].starts_with(b"ENDB") {
            let length = u32::from_le_bytes(larger[at + 4..at + 8].try_into().expect("four bytes"));
            at += BLOCK + length as usize;
            blocks += 1;
        }
        assert_eq!(at, larger.len() - BLOCK, "the blocks lead to the end");
        assert!(blocks > 1000, "{blocks}");
    }
}
