//! What the tasks wrote down: which files they put, and why frames could not be rendered.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use farm_contract::Fault;
use farm_contract::keys;
use farm_contract::measured::Measured;
use farm_contract::plan::{Plan, RenderId};
use farm_contract::record::{FileRecord, FrameRecord, TaskRecord};
use futures::{StreamExt, TryStreamExt, stream};

use crate::store::{StorageError, Store};

const READS: usize = 64;
/// Different warnings that a report shows; a bad file can make one per frame.
const MAX_WARNINGS: usize = 100;

/// The records of all children, as far as the report needs them.
#[derive(Debug, Default)]
pub struct Records {
    /// Why single frames are missing.
    failed: BTreeMap<i32, Fault>,
    /// Why whole children ended before their frames were done.
    ended: BTreeMap<u32, Fault>,
    /// Children that left a record.
    heard: BTreeSet<u32>,
    /// Frames that a record says were uploaded, or were there.
    done: BTreeSet<i32>,
    /// Name below the upload's folder -> the file that a task put there.
    put: HashMap<String, PutFile>,
    /// Seconds that Blender took in each child, and for how many frames.
    took: Vec<(f64, u64)>,
    /// Seconds that each of those needed until the scene was open.
    loads: Vec<f64>,
    /// Warning -> how many tasks gave it.
    warnings: BTreeMap<String, u64>,
    unshown: u64,
}

/// A file that a task put.
#[derive(Debug)]
pub struct PutFile {
    /// As the task wrote it down.
    pub file: FileRecord,
    /// The frame that it is of.
    pub frame: i32,
    /// How many files the frame has.
    pub files: usize,
    /// Seconds that Blender took for the frame.
    pub seconds: f64,
}

/// Reads the records of all children. One that cannot be understood becomes a warning.
///
/// # Errors
/// The bucket did not give them.
pub async fn read(store: &Store, render: &RenderId) -> Result<Records, StorageError> {
    let keys = store.list(&keys::tasks_prefix(render)).await?;
    let mut records = Records::default();
    let mut bodies = stream::iter(keys)
        .map(|listed| async { store.get(&listed.key).await.map(|body| (listed.key, body)) })
        .buffer_unordered(READS);
    while let Some((key, body)) = bodies.try_next().await? {
        let Some((body, _)) = body else { continue };
        match TaskRecord::from_json(&body) {
            Ok(record) => records.add(record),
            Err(fault) => records.warn(format!("`{key}` could not be read: {}", fault.message)),
        }
    }
    Ok(records)
}

impl Records {
    fn add(&mut self, record: TaskRecord) {
        self.heard.insert(record.child);
        self.measure(&record);
        self.done.extend(record.rendered.iter().map(|frame| frame.frame).chain(record.kept));
        record.rendered.into_iter().for_each(|frame| self.add_frame(frame));
        self.failed.extend(record.failed.into_iter().map(|failed| (failed.frame, failed.fault)));
        if let Some(fault) = record.fault {
            self.ended.insert(record.child, fault);
        }
        // The same words twice in one record are one warning of one task.
        for warning in record.warnings.into_iter().collect::<BTreeSet<_>>() {
            self.warn(warning);
        }
    }

    fn add_frame(&mut self, frame: FrameRecord) {
        let (number, files, seconds) = (frame.frame, frame.files.len(), frame.seconds);
        let put = frame.files.into_iter();
        self.put.extend(put.map(|file| (file.name.clone(), PutFile { file, frame: number, files, seconds })));
    }

    /// Of tasks that rendered these frames.
    #[cfg(test)]
    pub fn of_frames(frames: impl IntoIterator<Item = FrameRecord>) -> Self {
        let mut records = Self::default();
        frames.into_iter().for_each(|frame| records.add_frame(frame));
        records
    }

    /// Takes in how long a child took, if it rendered anything.
    fn measure(&mut self, record: &TaskRecord) {
        let frames = record.rendered.len() as u64;
        let seconds: f64 = record.rendered.iter().map(|frame| frame.seconds).sum();
        let load = record.seconds.download + record.seconds.open;
        let known = |number: f64| number.is_finite() && number >= 0.0;
        if frames > 0 && known(seconds) && known(load) {
            self.took.push((seconds, frames));
            self.loads.push(load);
        }
    }

    /// What the children of `plan` measured, if any rendered something.
    pub fn measured(&self, plan: &Plan) -> Option<Measured> {
        if self.took.is_empty() {
            return None;
        }
        let settings = &plan.settings;
        let mut measured = Measured::of(plan.blender.as_deref(), plan.source.main.as_deref(), settings);
        measured.take_frames(&self.took);
        measured.load_seconds = self.loads.iter().sum::<f64>() / self.loads.len() as f64;
        Some(measured)
    }

    fn warn(&mut self, warning: String) {
        let room = self.warnings.len() < MAX_WARNINGS;
        match self.warnings.get_mut(&warning) {
            Some(tasks) => *tasks += 1,
            None if room => drop(self.warnings.insert(warning, 1)),
            None => self.unshown += 1,
        }
    }

    /// The file that a task put under this name below the upload's folder, where one wrote it down.
    pub fn put(&self, name: &str) -> Option<&PutFile> {
        self.put.get(name)
    }

    /// The warnings, each once with the number of tasks that gave it.
    pub fn warnings(&self) -> Vec<String> {
        let shown = self.warnings.iter().map(|(warning, tasks)| match tasks {
            1 => warning.clone(),
            tasks => format!("{warning} ({tasks} tasks)"),
        });
        let more = (self.unshown > 0).then(|| format!("The tasks gave {} further warnings.", self.unshown));
        shown.chain(more).collect()
    }

    /// Why `frame`, which is missing, is missing: `child` was to render it; `there` of its `files` files are in
    /// the bucket; the render was `stopped` for that reason.
    pub fn reason(
        &self,
        frame: i32,
        child: u32,
        there: Option<(usize, usize)>,
        stopped: Option<&str>,
    ) -> Fault {
        if let Some(fault) = self.failed.get(&frame) {
            return fault.clone();
        }
        if let Some(reason) = stopped {
            return Fault::new(reason, crate::failure::GO_ON);
        }
        if let Some(fault) = self.ended.get(&child) {
            return fault.clone();
        }
        let message = match there {
            Some((there, files)) if there < files => {
                format!("Only {there} of its {files} files are in the bucket.")
            }
            Some(_) => "The files in the bucket do not make up the whole frame.".to_owned(),
            None if self.done.contains(&frame) => {
                "It was rendered, but is no longer in the bucket.".to_owned()
            }
            None if self.heard.contains(&child) => "The task ended before it came to this frame.".to_owned(),
            None => "The task ended without leaving a record: it was stopped or lost.".to_owned(),
        };
        Fault::new(message, crate::failure::AGAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::plan::Source;
    use farm_contract::record::{FrameFault, FrameRecord, RECORD_VERSION, TaskSeconds};

    fn record(child: u32) -> TaskRecord {
        TaskRecord {
            version: RECORD_VERSION,
            child,
            attempt: 1,
            job_id: "job".into(),
            rendered: Vec::new(),
            kept: Vec::new(),
            failed: Vec::new(),
            fault: None,
            blender: String::new(),
            warnings: Vec::new(),
            seconds: TaskSeconds::default(),
            threads: 1,
            peak_memory_mib: 0,
            exit_code: 0,
            paid: None,
            paid_before: Vec::new(),
        }
    }

    #[test]
    fn the_nearest_reason_is_told() {
        let mut records = Records::default();
        let failed = vec![FrameFault { frame: 11, fault: Fault::new("No texture.", "Pack it.") }];
        records.add(TaskRecord { failed, fault: Some(Fault::new("Crashed.", "Retry.")), ..record(0) });
        records.add(TaskRecord { kept: vec![12], ..record(1) });
        let why = |frame, child, there| records.reason(frame, child, there, None).message;
        assert_eq!(why(11, 0, None), "No texture.");
        assert_eq!(why(10, 0, Some((1, 2))), "Crashed.");
        assert_eq!(why(12, 1, None), "It was rendered, but is no longer in the bucket.");
        assert_eq!(why(13, 1, None), "The task ended before it came to this frame.");
        assert_eq!(why(20, 2, Some((2, 3))), "Only 2 of its 3 files are in the bucket.");
        assert_eq!(records.reason(22, 3, None, Some("Enough.")).message, "Enough.");
        assert_eq!(records.reason(11, 0, None, Some("Enough.")).message, "No texture.");
        assert_eq!(why(22, 3, None), "The task ended without leaving a record: it was stopped or lost.");
    }

    #[test]
    fn what_the_children_measured_is_summed_up() {
        let source = Source::of("a.blend", "\"e\"", 1, "4.5");
        let mut plan = Plan::draft(RenderId::of_event("b", "k", "v", "s"), "b", "a.blend", source, "1-3");
        assert_eq!(plan.settings.take("samples", "4"), Ok(true));
        let mut records = Records::default();
        assert_eq!(records.measured(&plan), None);
        let took = |child: u32, seconds: &[f64], open: f64| TaskRecord {
            rendered: (1..)
                .zip(seconds)
                .map(|(frame, seconds)| FrameRecord { frame, seconds: *seconds, bytes: 1, files: Vec::new() })
                .collect(),
            seconds: TaskSeconds { download: 1.0, open, total: 99.0 },
            ..record(child)
        };
        // One that found its frames done, and one whose numbers are none.
        for record in
            [took(0, &[2.0, 4.0], 3.0), took(1, &[9.0], 5.0), took(2, &[], 70.0), took(3, &[f64::NAN], 1.0)]
        {
            records.add(record);
        }
        let measured = records.measured(&plan).expect("measured");
        assert_eq!((measured.tasks, measured.frames), (2, 3));
        assert_eq!((measured.frame_seconds, measured.load_seconds), (5.0, 5.0));
        assert!((measured.spread - 0.8).abs() < 1e-9, "{measured:?}");
        assert_eq!(measured.settings.samples, Some(4));
    }

    #[test]
    fn warnings_are_told_once_and_not_without_end() {
        let mut records = Records::default();
        for child in 0..3 {
            records
                .add(TaskRecord { warnings: vec!["Old file.".into(), "Old file.".into()], ..record(child) });
        }
        assert_eq!(records.warnings(), ["Old file. (3 tasks)"]);
        for number in 0..500 {
            records.warn(format!("Warning {number}"));
        }
        let warnings = records.warnings();
        assert_eq!(warnings.len(), MAX_WARNINGS + 1);
        assert_eq!(warnings.last().expect("one"), "The tasks gave 401 further warnings.");
    }
}
