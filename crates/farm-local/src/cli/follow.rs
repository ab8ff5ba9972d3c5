//! Follows one upload from its notification to its last report, by what appears in the bucket.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use farm_contract::command;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::{self, BlendKey, FrameName};
use farm_contract::metadata;
use farm_contract::plan::{Plan, RenderId, SourceId};
use farm_contract::record::TaskRecord;
use farm_contract::report::{Report, State};
use farm_local::farm::Farm;
use farm_local::s3::{ObjectCreated, Store};
use serde_json::Value;

/// What there is to tell of a render.
#[derive(Debug)]
pub enum News {
    /// It is planned; so many frames.
    Accepted(Report),
    /// A frame is there. `seconds` that Blender took; `None` where it was there before.
    Frame { frame: i32, seconds: Option<f64> },
    /// A file of the render is there: its key, and its name below the upload's folder.
    File { key: String, name: String },
    /// Its archive is there. Moving pictures are being made.
    Archived,
    /// Its last report.
    Ended(Report),
    /// It will not end by itself.
    Stuck(String),
}

/// One upload, followed.
pub struct Follow {
    store: Store,
    bucket: String,
    key: BlendKey,
    render: RenderId,
    /// What its frames are made from, once its plan is told.
    source: Option<SourceId>,
    /// Frames of the plan, once it is told.
    planned: Option<BTreeSet<i32>>,
    /// Whether moving pictures are made of them.
    moving: bool,
    /// The last report so far, where moving pictures may still come.
    last: Option<Report>,
    seen: BTreeSet<i32>,
}

impl Follow {
    /// Follows the upload that `created` tells of.
    pub fn new(farm: &Farm, key: BlendKey, created: &ObjectCreated) -> Self {
        Self {
            store: farm.store.clone(),
            bucket: farm.bucket().to_owned(),
            render: RenderId::of_event(farm.bucket(), key.as_str(), &created.etag, &created.sequencer),
            source: None,
            key,
            planned: None,
            moving: false,
            last: None,
            seen: BTreeSet::new(),
        }
    }

    /// The upload.
    pub fn key(&self) -> &BlendKey {
        &self.key
    }

    /// The most memory that one Blender of this render held, in MiB, as the tasks' records have it; 0 where none
    /// rendered.
    pub fn peak_memory_mib(&self) -> u64 {
        let records = self.store.list(&self.bucket, &keys::tasks_prefix(&self.render)).unwrap_or_default();
        let record = |key: &str| {
            let json = self.store.read(&self.bucket, key).ok()?;
            Some(TaskRecord::from_json(&json).ok()?.peak_memory_mib)
        };
        records.iter().filter_map(|object| record(&object.key)).max().unwrap_or_default()
    }

    /// What a new object means for this render.
    pub fn object(&mut self, created: &ObjectCreated) -> Result<Vec<News>> {
        if created.key == self.key.report() {
            return self.report();
        }
        let Some(name) = created.key.strip_prefix(&self.key.folder()) else { return Ok(Vec::new()) };
        if created.key == self.key.frames_zip() {
            return Ok(Vec::new());
        }
        self.file(&created.key, name, false)
    }

    /// What a job's change of state means for this render: without its archive job, or the
    /// finisher of a failed one, it would wait for ever. At that job's end its last report stands.
    pub fn job(&mut self, event: &Value) -> Option<News> {
        let detail = &event["detail"];
        let name = detail["jobName"].as_str()?;
        let failed = detail["status"] == "FAILED";
        let ended = failed || detail["status"] == "SUCCEEDED";
        let ran = detail["attempts"].as_array().is_some_and(|attempts| !attempts.is_empty());
        let ours = [true, false].iter().any(|&partial| name == command::zip_job_name(&self.render, partial));
        if !(ended && ran && ours) {
            return None;
        }
        if let Some(report) = self.last.take() {
            return Some(News::Ended(report));
        }
        failed.then(|| {
            let reason = detail["statusReason"].as_str().unwrap_or("no reason given");
            News::Stuck(format!("the job that makes the archive failed: {reason}"))
        })
    }

    fn report(&mut self) -> Result<Vec<News>> {
        let json = self.store.read(&self.bucket, &self.key.report()).context("cannot read the report")?;
        let report =
            Report::from_json(&json).context("the farm wrote a report that this program cannot read")?;
        let ours = report.render.as_ref().is_none_or(|render| *render == self.render);
        match report.state {
            _ if !ours => Ok(Vec::new()),
            State::Accepted if self.planned.is_some() => Ok(Vec::new()),
            State::Rejected => Ok(vec![News::Ended(report)]),
            State::Accepted => self.accepted(report),
            State::Complete | State::Partial | State::Failed => {
                // A quick render has ended before its first report was read: what it made counts.
                let mut news = match self.planned {
                    None => self.accepted(report.clone())?,
                    Some(_) => Vec::new(),
                };
                if self.moving && report.zip.is_some() && report.preview.is_none() {
                    if self.last.replace(report).is_none() {
                        news.push(News::Archived);
                    }
                } else {
                    news.push(News::Ended(report));
                }
                Ok(news)
            }
        }
    }

    fn accepted(&mut self, report: Report) -> Result<Vec<News>> {
        let frames = report.frames.as_ref().map_or("", |frames| &frames.planned);
        let frames: FrameSpec = frames.parse().context("the report names no frames")?;
        self.planned = Some(frames.frames().into_iter().collect());
        let plan =
            self.store.read(&self.bucket, &keys::plan(&self.render)).context("cannot read the plan")?;
        let plan = Plan::from_json(&plan)?;
        self.moving = plan.preview.is_some();
        self.source = Some(plan.source.id);
        let mut news = vec![News::Accepted(report)];
        news.append(&mut self.kept()?);
        Ok(news)
    }

    /// Files of the same bytes and settings that an earlier run left.
    fn kept(&mut self) -> Result<Vec<News>> {
        let folder = self.key.folder();
        let mut news = Vec::new();
        for object in self.store.list(&self.bucket, &folder).context("cannot list the frames")? {
            if let Some(name) = object.key.strip_prefix(&folder) {
                news.append(&mut self.file(&object.key, name, true)?);
            }
        }
        Ok(news)
    }

    fn file(&mut self, key: &str, name: &str, kept: bool) -> Result<Vec<News>> {
        let object = self.store.head(&self.bucket, key).with_context(|| format!("cannot read {key}"))?;
        let value = |name: &str| object.metadata.get(name).map(String::as_str);
        let frame = value(metadata::FRAME).and_then(|text| text.parse().ok());
        let asked = frame.is_some_and(|frame| self.planned.as_ref().is_some_and(|all| all.contains(&frame)));
        let source = self.source.as_ref().map(SourceId::as_str);
        if source.is_none() || value(metadata::SOURCE) != source || !asked {
            return Ok(Vec::new());
        }
        let mut news = Vec::new();
        let own = FrameName::parse(name);
        if let Some(own) = own.filter(|own| self.seen.insert(own.frame)) {
            let seconds = value(metadata::SECONDS).and_then(|text| text.parse().ok());
            news.push(News::Frame { frame: own.frame, seconds: seconds.filter(|_| !kept) });
        }
        news.push(News::File { key: key.to_owned(), name: name.to_owned() });
        Ok(news)
    }
}
