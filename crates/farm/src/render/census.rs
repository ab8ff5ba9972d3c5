//! The frames of a render: which are there, who has them, and how long they took.

use std::collections::{BTreeMap, HashMap};

use farm_contract::exit::TaskExit;
use farm_contract::keys::{self, BlendKey, FrameName};
use farm_contract::metadata;
use farm_contract::plan::{Plan, SourceId};
use farm_contract::record::{FileRecord, TaskRecord};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use crate::bucket::{Bucket, Head};
use crate::error::FarmError;

/// Calls at once.
const AT_ONCE: usize = 32;

/// How far a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// Its task waits for a machine, or has others before it.
    Waiting,
    /// Its task has been given a machine.
    Starting,
    /// It is being rendered.
    Rendering,
    /// It is in the bucket.
    Done,
    /// It was there before this render.
    Kept,
    /// It could not be rendered.
    Failed,
}

impl Progress {
    /// One letter, as the page reads it.
    pub fn letter(self) -> char {
        match self {
            Self::Waiting => 'w',
            Self::Starting => 's',
            Self::Rendering => 'r',
            Self::Done => 'd',
            Self::Kept => 'k',
            Self::Failed => 'f',
        }
    }

    /// Whether the frame is there.
    pub fn is_there(self) -> bool {
        matches!(self, Self::Done | Self::Kept)
    }
}

/// A frame of a render.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Absolute frame number.
    pub number: i32,
    /// The child that renders it.
    pub child: u32,
    /// How far it is.
    pub progress: Progress,
    /// Seconds that Blender took, where it is known.
    pub seconds: Option<f64>,
    /// Why it could not be rendered.
    pub fault: Option<String>,
    /// Its files: its own picture first.
    pub files: Vec<FrameFile>,
    /// How many files it has in all; those beside its own pictures are not always known.
    pub files_in_all: usize,
}

/// A file of a frame that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameFile {
    /// Its name below the upload's folder.
    pub name: String,
    /// ETag, quotes included.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// CRC-32 of the content, where somebody wrote it down.
    pub crc32: Option<u32>,
}

/// What was read of a render so far, so that nothing is read twice.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// Key -> ETag and record.
    records: HashMap<String, (String, TaskRecord)>,
    /// Name of a file -> what it said of itself.
    heads: HashMap<String, Head>,
}

impl Census {
    /// Looks at what is new. Gives the frames in the order of their numbers; how far those are that are not there is
    /// not known yet. Frames that are to be rendered again are there once the render has `ended` without them.
    pub(super) async fn look(
        &mut self,
        bucket: &Bucket,
        key: &BlendKey,
        plan: &Plan,
        ended: bool,
    ) -> Result<Vec<Frame>, FarmError> {
        self.read_records(bucket, plan).await?;
        let folder = key.folder();
        let mut there: BTreeMap<i32, Vec<FrameFile>> = BTreeMap::new();
        for listed in bucket.list(&key.frames_prefix()).await? {
            let Some(name) = listed.key.strip_prefix(&folder) else { continue };
            let Some(parsed) = FrameName::parse(name) else { continue };
            let file = FrameFile { name: name.to_owned(), etag: listed.etag, size: listed.size, crc32: None };
            there.entry(parsed.frame).or_default().push(file);
        }
        let numbers = plan.frame_list()?;
        let children = plan.order.children(numbers.len(), plan.chunk);
        let mut frames: Vec<Frame> = numbers
            .iter()
            .zip(children)
            .map(|(number, child)| Frame {
                number: *number,
                child,
                progress: Progress::Waiting,
                seconds: None,
                fault: None,
                files: Vec::new(),
                files_in_all: 0,
            })
            .collect();
        self.take_records(&mut frames, &mut there);
        self.look_at(bucket, key, &frames, &there).await?;
        for frame in frames.iter_mut().filter(|frame| !frame.progress.is_there()) {
            let Some(files) = there.remove(&frame.number) else { continue };
            let older = ended.then(|| self.files_of(&files, &plan.source.id.again()));
            let own = self.files_of(&files, &plan.source.id);
            self.take_files(frame, if own.is_empty() { older.unwrap_or_default() } else { own }, plan);
        }
        Ok(frames)
    }

    /// The records, by child.
    pub(super) fn records(&self) -> impl Iterator<Item = &TaskRecord> {
        self.records.values().map(|(_, record)| record)
    }

    async fn read_records(&mut self, bucket: &Bucket, plan: &Plan) -> Result<(), FarmError> {
        let listed = bucket.list(&keys::tasks_prefix(&plan.render)).await?;
        let known = |key: &str, etag: &str| self.records.get(key).is_some_and(|(old, _)| old == etag);
        let new: Vec<String> =
            listed.into_iter().filter(|it| !known(&it.key, &it.etag)).map(|it| it.key).collect();
        let mut read = stream::iter(new)
            .map(|key| async move { bucket.read(&key).await.map(|read| (key, read)) })
            .buffer_unordered(AT_ONCE);
        while let Some((key, read)) = read.try_next().await? {
            // A record that cannot be read, zip-task tells of.
            if let Some((json, etag)) = read
                && let Ok(record) = TaskRecord::from_json(&json)
            {
                self.records.insert(key, (etag, record));
            }
        }
        Ok(())
    }

    /// What the tasks wrote down, of frames that lie there as they put them.
    fn take_records(&self, frames: &mut [Frame], there: &mut BTreeMap<i32, Vec<FrameFile>>) {
        let places: HashMap<i32, usize> =
            frames.iter().enumerate().map(|(at, frame)| (frame.number, at)).collect();
        for record in self.records() {
            // One that will be tried again has not failed yet.
            if let Some(fault) =
                record.fault.as_ref().filter(|_| record.exit_code != TaskExit::TryAgain.code())
            {
                for frame in frames.iter_mut().filter(|frame| frame.child == record.child) {
                    frame.progress = Progress::Failed;
                    frame.fault = Some(format!("{} {}", fault.message, fault.hint));
                }
            }
            for failed in &record.failed {
                if let Some(at) = places.get(&failed.frame) {
                    frames[*at].progress = Progress::Failed;
                    frames[*at].fault = Some(format!("{} {}", failed.fault.message, failed.fault.hint));
                }
            }
        }
        for record in self.records() {
            for rendered in &record.rendered {
                let Some(at) = places.get(&rendered.frame) else { continue };
                let Some(lying) = there.get(&rendered.frame) else { continue };
                // Of what lies there otherwise than this task put it, itself is asked: another attempt may have been
                // faster with some of a frame's files. Those beside the pictures are not listed here.
                let as_put = |put: &FileRecord| match FrameName::parse(&put.name) {
                    Some(_) => lying.iter().any(|file| file.name == put.name && file.etag == put.etag),
                    None => !put.etag.is_empty(),
                };
                if !rendered.files.iter().all(as_put) {
                    continue;
                }
                there.remove(&rendered.frame);
                let files = rendered.files.iter().map(|put| FrameFile {
                    name: put.name.clone(),
                    etag: put.etag.clone(),
                    size: put.bytes,
                    crc32: Some(put.crc32),
                });
                let frame = &mut frames[*at];
                frame.files = files.collect();
                frame.files_in_all = frame.files.len();
                frame.files.sort_by_key(|file| FrameName::parse(&file.name).is_none());
                (frame.progress, frame.seconds, frame.fault) = (Progress::Done, Some(rendered.seconds), None);
            }
        }
    }

    /// Asks of files that no record tells of what they are made from.
    async fn look_at(
        &mut self,
        bucket: &Bucket,
        key: &BlendKey,
        frames: &[Frame],
        there: &BTreeMap<i32, Vec<FrameFile>>,
    ) -> Result<(), FarmError> {
        let lacking = frames.iter().filter(|frame| !frame.progress.is_there());
        let files = lacking.filter_map(|frame| there.get(&frame.number)).flatten();
        let known = |file: &FrameFile| self.heads.get(&file.name).is_some_and(|head| head.etag == file.etag);
        let new: Vec<String> = files.filter(|file| !known(file)).map(|file| file.name.clone()).collect();
        let mut heads = stream::iter(new)
            .map(|name| async move { bucket.head(&key.file(&name)).await.map(|head| (name, head)) })
            .buffer_unordered(AT_ONCE);
        while let Some((name, head)) = heads.try_next().await? {
            if let Some(head) = head {
                self.heads.insert(name, head);
            }
        }
        Ok(())
    }

    /// Those of these files that were made from this source.
    fn files_of(&self, files: &[FrameFile], source: &SourceId) -> Vec<FrameFile> {
        let of = files.iter().filter_map(|file| {
            let head = self.heads.get(&file.name).filter(|head| head.etag == file.etag)?;
            let crc32 = head.get(metadata::CRC32).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            (head.get(metadata::SOURCE) == Some(source.as_str())).then(|| FrameFile { crc32, ..file.clone() })
        });
        of.collect()
    }

    /// A frame of files that no record tells of: one that a task is about to write down, or of an earlier render.
    fn take_files(&self, frame: &mut Frame, files: Vec<FrameFile>, plan: &Plan) {
        let Some(head) = files.first().and_then(|file| self.heads.get(&file.name)) else { return };
        frame.seconds =
            head.number(metadata::SECONDS).filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
        let own = head.get(metadata::RENDER) == Some(plan.render.as_str());
        frame.progress = if own { Progress::Done } else { Progress::Kept };
        frame.fault = None;
        frame.files_in_all = head.number(metadata::FILES).unwrap_or(files.len());
        frame.files = files;
    }
}

/// Frames of a render that has ended that are not there.
///
/// # Errors
/// The bucket does not tell.
pub(crate) async fn missing(bucket: &Bucket, key: &BlendKey, plan: &Plan) -> Result<Vec<i32>, FarmError> {
    let frames = Census::default().look(bucket, key, plan, true).await?;
    Ok(frames.iter().filter(|frame| !frame.progress.is_there()).map(|frame| frame.number).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_progress_has_a_letter_of_its_own() {
        use Progress::{Done, Failed, Kept, Rendering, Starting, Waiting};
        let letters: String =
            [Waiting, Starting, Rendering, Done, Kept, Failed].map(Progress::letter).iter().collect();
        assert_eq!(letters, "wsrdkf");
        assert!(Done.is_there() && Kept.is_there() && !Failed.is_there());
    }
}
