//! A render whose frames are all there, as render-task leaves them, and whose archive is not made yet.

use anyhow::{Context, Result, ensure};
use farm_contract::keys::{self, BlendKey, FrameName};
use farm_contract::plan::{Plan, RenderId, Source};
use farm_contract::record::{FileRecord, FrameRecord, RECORD_VERSION, TaskRecord, TaskSeconds};
use farm_contract::report::{Report, State};
use farm_contract::{command, metadata};
use farm_local::s3::{PutAttributes, StoreError};

use crate::s3::{BUCKET, Loopback};

/// Frames of a task.
const CHUNK: usize = 16;
/// Seconds that a frame is said to have taken.
const SECONDS: f64 = 1.25;

/// The render.
pub struct Render {
    /// The upload.
    pub key: BlendKey,
    /// Keys of its frames, in order.
    pub frames: Vec<String>,
    /// Bytes of each frame.
    pub bytes: usize,
    plan: Plan,
}

impl Render {
    /// Puts `frames` frames of `bytes` bytes each into the bucket, with all that belongs to them.
    ///
    /// # Errors
    /// The bucket does not take them.
    pub fn fill(loopback: &Loopback, frames: usize, bytes: usize) -> Result<Self> {
        let key = BlendKey::parse("shots/shot 1.blend").context("a key")?;
        let etag = "\"0123456789abcdef0123456789abcdef\"";
        let id = RenderId::of_event(BUCKET, key.as_str(), etag, "1");
        let source = Source::of(key.as_str(), etag, 1, "4.5");
        let chunk = u32::try_from(CHUNK).context("a chunk")?;
        let plan = Plan { chunk, ..Plan::draft(id, BUCKET, key.as_str(), source, &format!("1-{frames}")) };
        let (mut keys, mut rendered) = (Vec::new(), Vec::new());
        for frame in 1..=frames {
            let frame = i32::try_from(frame).context("a frame's number")?;
            let body = picture(frame, bytes);
            let name = FrameName { frame, rest: ".png".into() }.to_string();
            let crc32 = crc32fast::hash(&body);
            let pairs = [
                (metadata::SOURCE, plan.source.id.to_string()),
                (metadata::RENDER, plan.render.to_string()),
                (metadata::FRAME, frame.to_string()),
                (metadata::FILES, "1".to_owned()),
                (metadata::SECONDS, format!("{SECONDS:.3}")),
                (metadata::CRC32, format!("{crc32:08x}")),
            ];
            let attributes = PutAttributes {
                metadata: pairs.map(|(name, value)| (name.to_owned(), value)).into(),
                ..PutAttributes::default()
            };
            let file = key.file(&name);
            let stored =
                loopback.store.put(BUCKET, &file, &body, attributes).context("cannot put a frame")?;
            let etag = format!("\"{}\"", stored.etag);
            let (bytes, files) = (stored.size, vec![FileRecord { name, bytes: stored.size, crc32, etag }]);
            rendered.push(FrameRecord { frame, seconds: SECONDS, bytes, files });
            keys.push(file);
        }
        let put = |key: &str, json: Vec<u8>| {
            loopback.store.put(BUCKET, key, &json, PutAttributes::default()).context("cannot put JSON")
        };
        put(&keys::plan(&plan.render), serde_json::to_vec(&plan)?)?;
        for (child, rendered) in (0..).zip(rendered.chunks(CHUNK)) {
            put(&keys::task(&plan.render, child), serde_json::to_vec(&record(child, rendered))?)?;
        }
        Ok(Self { key, frames: keys, bytes, plan })
    }

    /// What zip-task is started with.
    pub fn arguments(&self) -> Vec<String> {
        command::zip(BUCKET, &self.key, &self.plan.render, false)
    }

    /// As it was before an archive was made: no archive, and the report of a render that was accepted.
    ///
    /// # Errors
    /// The bucket does not follow.
    pub fn clear(&self, loopback: &Loopback) -> Result<()> {
        loopback.store.delete(BUCKET, &self.key.frames_zip()).context("cannot remove an archive")?;
        let mut report = Report::new(State::Accepted, "Accepted.", BUCKET, self.key.as_str(), 0);
        report.render = Some(self.plan.render.clone());
        let json = serde_json::to_vec(&report)?;
        loopback.store.put(BUCKET, &self.key.report(), &json, PutAttributes::default())?;
        Ok(())
    }

    /// The archive's bytes, if there is one.
    ///
    /// # Errors
    /// The bucket does not tell.
    pub fn archive(&self, loopback: &Loopback) -> Result<Option<u64>> {
        match loopback.store.head(BUCKET, &self.key.frames_zip()) {
            Ok(object) => Ok(Some(object.size)),
            Err(StoreError::Refused { code: "NoSuchKey", .. }) => Ok(None),
            Err(error) => Err(error).context("cannot look for the archive"),
        }
    }

    /// Sees that an archive was made that holds all frames' bytes.
    ///
    /// # Errors
    /// There is none, or one that is too small.
    pub fn check(&self, loopback: &Loopback) -> Result<()> {
        let size = self.archive(loopback)?.context("no archive was made")?;
        ensure!(size > (self.frames.len() * self.bytes) as u64, "the archive has but {size} bytes");
        Ok(())
    }
}

/// What a task writes down that rendered these frames.
fn record(child: u32, rendered: &[FrameRecord]) -> TaskRecord {
    TaskRecord {
        version: RECORD_VERSION,
        child,
        attempt: 1,
        job_id: format!("job:{child}"),
        rendered: rendered.to_vec(),
        kept: Vec::new(),
        failed: Vec::new(),
        fault: None,
        blender: "4.5.15 LTS".to_owned(),
        warnings: Vec::new(),
        seconds: TaskSeconds::default(),
        threads: 1,
        peak_memory_mib: 100,
        exit_code: 0,
        paid: None,
        paid_before: Vec::new(),
    }
}

/// Bytes that no other frame has, and that do not compress.
fn picture(frame: i32, bytes: usize) -> Vec<u8> {
    let mut state = u64::from(frame.unsigned_abs()).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let mut picture: Vec<u8> = words.by_ref().take(bytes.div_ceil(8)).flatten().collect();
    picture.truncate(bytes);
    picture
}
