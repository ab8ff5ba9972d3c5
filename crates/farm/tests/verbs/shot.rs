//! A render as the farm's programs leave it in the bucket, made by hand.

use std::io::Cursor;
use std::time::{SystemTime, UNIX_EPOCH};

use crc_fast::{CrcAlgorithm, checksum};
use farm_contract::frames::FrameSpec;
use farm_contract::keys::{self, BlendKey};
use farm_contract::metadata;
use farm_contract::plan::{Layout, Plan, RenderId, Source};
use farm_contract::record::{FileRecord, FrameRecord, Paid, RECORD_VERSION, TaskRecord, TaskSeconds};
use farm_contract::report::{Frames, Report, State};
use futures::{StreamExt, stream};

use crate::bench::{Bench, Ran};

/// Milliseconds from the plan to the report, at least.
pub const TOOK: u64 = 90_000;

/// An upload whose render is planned.
pub struct Shot<'a> {
    bench: &'a Bench,
    pub key: BlendKey,
    pub plan: Plan,
}

impl<'a> Shot<'a> {
    /// Uploads some bytes with the tags of these frames, and plans them.
    pub async fn planned(bench: &'a Bench, key: &str, frames: &str, chunk: u32) -> Self {
        let put =
            bench.client.put_object().bucket(&bench.bucket).key(key).tagging(format!("frames={frames}"));
        put.body(b"BLENDER of a test".to_vec().into()).send().await.expect("an upload");
        Self::of_upload(bench, key, frames, chunk).await
    }

    /// Plans an upload that is there.
    pub async fn of_upload(bench: &'a Bench, key: &str, frames: &str, chunk: u32) -> Self {
        let head = bench.head(key).await.expect("an upload");
        let etag = head.e_tag().expect("an ETag");
        let source = Source::of(key, etag, head.content_length().unwrap_or_default().unsigned_abs(), "4.5");
        let id = RenderId::of_event(&bench.bucket, key, "", "01");
        let mut plan = Plan::draft(id, &bench.bucket, key, source, frames);
        let count = plan.frame_list().expect("frames").len();
        (plan.chunk, plan.blender) = (chunk, Some("4.5".to_owned()));
        plan.arrays = Layout::new(count, chunk).expect("a layout").arrays;
        plan.claimed_at = now() - TOOK;
        let shot = Self { bench, key: BlendKey::parse(key).expect("a key"), plan };
        shot.submitted("0a1b2c3d-none-such-job", "0a1b2c3d-no-such-archive").await
    }

    /// The same with jobs of these ids.
    pub async fn submitted(mut self, array: &str, zip: &str) -> Self {
        for job in &mut self.plan.arrays {
            job.job_id = Some(array.to_owned());
        }
        self.plan.zip_job_id = Some(zip.to_owned());
        let json = serde_json::to_vec(&self.plan).expect("JSON");
        self.bench.put(&keys::plan(&self.plan.render), json).await;
        self.report(State::Accepted, &[]).await;
        self
    }

    pub fn file(&self, number: i32) -> String {
        self.key.file(&name(number))
    }

    /// Puts a frame as render-task does. Gives what its record would tell of it.
    pub async fn frame(&self, number: i32, seconds: f64) -> FrameRecord {
        let bytes = picture(number);
        let crc32 = u32::try_from(checksum(CrcAlgorithm::Crc32IsoHdlc, &bytes)).expect("32 bits");
        self.frame_of(number, seconds, bytes, crc32).await
    }

    /// The same with other bytes, and a CRC-32 that need not be theirs.
    pub async fn frame_of(&self, number: i32, seconds: f64, bytes: Vec<u8>, crc32: u32) -> FrameRecord {
        let file = self.put(&name(number), number, seconds, bytes, crc32, 1).await;
        FrameRecord { frame: number, seconds, bytes: file.bytes, files: vec![file] }
    }

    /// Puts a frame with a mask beside it, as of another output node.
    pub async fn frame_with_mask(&self, number: i32) -> FrameRecord {
        let (bytes, mut files) = (picture(number), Vec::new());
        let crc32 = u32::try_from(checksum(CrcAlgorithm::Crc32IsoHdlc, &bytes)).expect("32 bits");
        for name in [name(number), mask(number)] {
            files.push(self.put(&name, number, 1.0, bytes.clone(), crc32, 2).await);
        }
        FrameRecord { frame: number, seconds: 1.0, bytes: bytes.len() as u64 * 2, files }
    }

    /// Puts one of so many files of a frame.
    pub async fn put(
        &self,
        file: &str,
        number: i32,
        seconds: f64,
        bytes: Vec<u8>,
        crc32: u32,
        files: usize,
    ) -> FileRecord {
        let length = bytes.len() as u64;
        let call = self.bench.client.put_object().bucket(&self.bench.bucket).key(self.key.file(file));
        let call = call.content_type("image/png").tagging(metadata::rendered_tagging());
        let call = call
            .metadata(metadata::SOURCE, self.plan.source.id.as_str())
            .metadata(metadata::RENDER, self.plan.render.as_str())
            .metadata(metadata::FRAME, number.to_string())
            .metadata(metadata::FILES, files.to_string())
            .metadata(metadata::SECONDS, format!("{seconds:.3}"))
            .metadata(metadata::CRC32, format!("{crc32:08x}"));
        let etag = call.body(bytes.into()).send().await.expect("a frame").e_tag.expect("an ETag");
        FileRecord { name: file.to_owned(), bytes: length, crc32, etag }
    }

    /// Puts many frames, of a second each. Gives what records would tell of them, in their order.
    pub async fn frames(&self, numbers: &[i32]) -> Vec<FrameRecord> {
        stream::iter(numbers).map(|number| self.frame(*number, 1.0)).buffered(16).collect().await
    }

    /// The record of a child.
    pub async fn record(&self, record: TaskRecord) {
        let json = serde_json::to_vec(&record).expect("JSON");
        self.bench.put(&keys::task(&self.plan.render, record.child), json).await;
    }

    /// Runs `farm` until its end, which writes the upload again, and takes that in as the farm does: with a report of
    /// another render.
    pub async fn taken_in(&self, arguments: &[&str]) -> Ran {
        let version = async || self.bench.head(self.key.as_str()).await.and_then(|head| head.version_id);
        let before = version().await;
        let mut farm = self.bench.command(arguments).spawn().expect("farm starts");
        while version().await == before && farm.try_wait().expect("a process").is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let render = RenderId::of_event(&self.bench.bucket, self.key.as_str(), "", "02");
        let report =
            Report::of_plan(State::Accepted, String::new(), &Plan { render, ..self.plan.clone() }, now());
        self.bench.put(&self.key.report(), serde_json::to_vec(&report).expect("JSON")).await;
        Ran::of(farm.wait_with_output().await.expect("farm ends"))
    }

    /// It has ended in this moment: these frames are in its archive. Gives the report that says so.
    pub async fn ended(&self, there: &[i32]) -> Report {
        self.report(State::Complete, there).await;
        let mut report = Report::from_json(&self.bench.read(&self.key.report()).await).expect("a report");
        (report.zip, report.written_at) = (Some(self.key.frames_zip()), now());
        self.bench.put(&self.key.report(), serde_json::to_vec(&report).expect("JSON")).await;
        report
    }

    /// How far the render came; `there` are the frames of it that are.
    pub async fn report(&self, state: State, there: &[i32]) {
        let planned = self.plan.frame_list().expect("frames");
        let missing: Vec<i32> = planned.iter().filter(|frame| !there.contains(frame)).copied().collect();
        let message = format!("{} of {} frames are there.", there.len(), planned.len());
        let mut report = Report::of_plan(state, message, &self.plan, now());
        report.frames = Some(Frames {
            planned: self.plan.frames.clone(),
            count: planned.len() as u64,
            done: there.len() as u64,
            missing: FrameSpec::describe(&missing),
            faults: Vec::new(),
            seconds: 0.0,
        });
        self.bench.put(&self.key.report(), serde_json::to_vec(&report).expect("JSON")).await;
    }
}

/// A child that rendered these.
pub fn task(child: u32, rendered: Vec<FrameRecord>) -> TaskRecord {
    TaskRecord {
        version: RECORD_VERSION,
        child,
        attempt: 1,
        job_id: format!("job:{child}"),
        rendered,
        kept: Vec::new(),
        failed: Vec::new(),
        fault: None,
        blender: "4.5.15 LTS".to_owned(),
        warnings: Vec::new(),
        seconds: TaskSeconds { download: 1.0, open: 2.0, total: 100.0 },
        threads: 4,
        peak_memory_mib: 400,
        exit_code: 0,
        paid: None,
        paid_before: Vec::new(),
    }
}

/// What is paid for an attempt of the farm's usual size.
pub fn paid(spot: Option<bool>, seconds: f64) -> Paid {
    Paid { vcpus: 4.0, memory_mib: 8192, spot, seconds, start_seconds: 36.0 }
}

pub fn name(number: i32) -> String {
    format!("{}.png", keys::frame_stem(number))
}

pub fn mask(number: i32) -> String {
    format!("masks/mask{number:04}.png")
}

/// A small picture, another one for each number.
pub fn picture(number: i32) -> Vec<u8> {
    let [_, _, high, low] = number.to_be_bytes();
    let picture = image::RgbImage::from_pixel(16, 9, image::Rgb([high, low, 200]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("a PNG");
    bytes.into_inner()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("a time")
}
