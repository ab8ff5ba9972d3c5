//! Looking at a render again and again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use farm_contract::keys::{self, BlendKey};
use farm_contract::plan::Plan;
use farm_contract::preview::Preview;
use farm_contract::record::TaskRecord;
use farm_contract::report::{self, Report};
use farm_plan::START_SECONDS;

use super::census::{Census, Frame, Progress};
use super::cost::Ledger;
use super::find::{self, Found};
use super::jobs::{Jobs, Waiting};
use super::state::{Cells, Cost, Counts, FileLink, STATE_VERSION, Seconds, State};
use super::tell;
use crate::error::FarmError;
use crate::farm::Farm;

/// How long after the archive its film may come; whoever makes it may have been ended, and says nothing then.
const FILM: Duration = Duration::from_secs(30 * 60);

/// A render that is watched: what was read once is not read again.
#[derive(Debug)]
pub struct Watch {
    farm: Farm,
    key: BlendKey,
    census: Census,
    /// The render that the census is of.
    of: Option<Plan>,
}

/// What there was to see at one moment.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The upload.
    pub key: BlendKey,
    /// Its plan, of one that was planned.
    pub plan: Option<Plan>,
    /// What its report says.
    pub report: Option<Report>,
    /// Its frames in the order of their numbers.
    pub frames: Vec<Frame>,
    /// Its jobs, where Batch may be asked and they have not ended.
    pub jobs: Option<Jobs>,
    /// What was paid.
    pub ledger: Ledger,
    /// When that was.
    pub at: SystemTime,
    /// How it all looks.
    pub state: State,
}

impl Watch {
    /// Of an upload.
    pub fn new(farm: Farm, key: BlendKey) -> Self {
        Self { farm, key, census: Census::default(), of: None }
    }

    /// The farm.
    pub fn farm(&self) -> &Farm {
        &self.farm
    }

    /// The upload.
    pub fn key(&self) -> &BlendKey {
        &self.key
    }

    /// The records of its tasks, as of the last look.
    pub fn records(&self) -> impl Iterator<Item = &TaskRecord> {
        self.census.records()
    }

    /// Looks.
    ///
    /// # Errors
    /// There is no such upload, or a call does not come through.
    pub async fn look(&mut self) -> Result<Seen, FarmError> {
        let found = find::at(&self.farm.bucket, &self.key).await?;
        let of = |plan: &Option<Plan>| plan.as_ref().map(|plan| plan.render.clone());
        if of(&self.of) != of(&found.plan) {
            // Uploaded again meanwhile: another render.
            self.census = Census::default();
        }
        self.of.clone_from(&found.plan);
        let ended = found.report.as_ref().is_some_and(|report| report.state != report::State::Accepted);
        let (mut frames, mut jobs) = (Vec::new(), None);
        if let Some(plan) = &found.plan {
            if !ended {
                jobs = Jobs::look(&self.farm.batch, plan).await?;
            }
            frames = self.census.look(&self.farm.bucket, &self.key, plan, ended).await?;
            if let Some(jobs) = &jobs {
                at_work(&mut frames, plan, jobs);
            }
            if ended {
                missing(&mut frames, found.report.as_ref());
            }
        }
        let ledger = Ledger::of(self.census.records(), self.farm.offer.as_ref(), &self.farm.prices);
        let at = SystemTime::now();
        let mut seen = Seen {
            state: blank(&self.farm.bucket.name, &self.key),
            key: self.key.clone(),
            plan: found.plan,
            report: found.report,
            frames,
            jobs,
            ledger,
            at,
        };
        self.fill(&mut seen);
        Ok(seen)
    }

    fn fill(&self, seen: &mut Seen) {
        let now = millis(seen.at);
        let mut state = seen.state.clone();
        state.written_at = now;
        if let Some(plan) = &seen.plan {
            state.render = Some(plan.render.to_string());
            state.warnings.clone_from(&plan.warnings);
            let speed = |preview: Preview| f64::from(preview.frames.get()) / f64::from(preview.seconds.get());
            state.fps = plan.speed.or(plan.preview).map(speed);
        }
        if let Some(report) = &seen.report {
            state.state = report.state;
            state.message.clone_from(&report.message);
            state.hint.clone_from(&report.hint);
            state.warnings.clone_from(&report.warnings);
            let problems = report.problems.iter().map(|fault| format!("{} {}", fault.message, fault.hint));
            state.warnings.extend(problems);
            state.files = files(report);
        }
        state.counts = counts(&seen.frames);
        state.seconds = self.seconds(seen, now);
        state.why_waiting = seen.jobs.as_ref().and_then(|jobs| tell::why(jobs, &self.farm));
        state.cost = self.cost(seen, &state);
        seen.state = state;
    }

    fn seconds(&self, seen: &Seen, now: u64) -> Seconds {
        let mut took: Vec<(f64, i32)> =
            seen.frames.iter().filter_map(|frame| Some((frame.seconds?, frame.number))).collect();
        took.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ended = seen.report.as_ref().filter(|report| report.state != report::State::Accepted);
        let until = ended.map_or(now, |report| report.written_at);
        let since = seen.plan.as_ref().map(Plan::since);
        Seconds {
            median: took.get(took.len() / 2).map(|(seconds, _)| *seconds),
            slowest: took.last().map(|(seconds, _)| *seconds),
            slowest_frame: took.last().map(|(_, frame)| *frame),
            left: if ended.is_some() { None } else { self.left(seen) },
            elapsed: since.map(|since| until.saturating_sub(since) as f64 / 1000.0),
        }
    }

    /// Seconds that a frame takes, on average: of those that are there, or else of an earlier render.
    fn frame_seconds(&self, seen: &Seen) -> Option<f64> {
        let took: Vec<f64> = seen.frames.iter().filter_map(|frame| frame.seconds).collect();
        if !took.is_empty() {
            return Some(took.iter().sum::<f64>() / took.len() as f64);
        }
        seen.report.as_ref()?.measured.as_ref().map(|measured| measured.frame_seconds)
    }

    /// Seconds until all frames are there, about: what is left, by as many as are at work.
    fn left(&self, seen: &Seen) -> Option<f64> {
        let jobs = seen.jobs.as_ref()?;
        let open = |frame: &&Frame| !frame.progress.is_there() && frame.progress != Progress::Failed;
        let left = seen.frames.iter().filter(open).count() as f64;
        let at_work = jobs.running.len() + jobs.starting.len();
        if left == 0.0 || at_work == 0 && jobs.waiting == 0 {
            return (left == 0.0).then_some(0.0);
        }
        let tasks = self.farm.offer.as_ref().and_then(|offer| offer.tasks);
        let allowed = tasks.map_or(f64::INFINITY, |tasks| (tasks.vcpus_allowed / tasks.vcpus).max(1.0));
        let places = if at_work > 0 { at_work as f64 } else { allowed.min(f64::from(jobs.waiting.max(1))) };
        Some(left * self.frame_seconds(seen)? / places.min(left))
    }

    fn cost(&self, seen: &Seen, state: &State) -> Option<Cost> {
        let tasks = self.farm.offer.as_ref()?.tasks?;
        let hour = self.farm.prices.task_hour(&tasks);
        if hour == 0.0 && seen.ledger.usd() == 0.0 {
            return None;
        }
        // Those at work have written nothing down yet.
        let at_work = seen.jobs.iter().flat_map(|jobs| jobs.running.values().chain(jobs.starting.values()));
        let began = at_work.flatten().filter_map(|since| seen.at.duration_since(*since).ok());
        let under_way: f64 = began.map(|time| time.as_secs_f64()).sum::<f64>() / 3600.0 * hour;
        let so_far = seen.ledger.usd() + under_way;
        let ended = state.state != report::State::Accepted;
        let left = state.counts.running + state.counts.waiting;
        let expected = match (ended, self.frame_seconds(seen)) {
            (true, _) => Some(so_far),
            (false, Some(frame)) => {
                let starts = f64::from(seen.jobs.as_ref().map_or(0, |jobs| jobs.waiting)) * START_SECONDS;
                Some(so_far + (left as f64 * frame + starts) / 3600.0 * hour)
            }
            (false, None) => None,
        };
        Some(Cost { so_far, expected, words: tell::cost(so_far, expected, ended, &self.farm.prices) })
    }
}

/// Which frames are being rendered: of each child at work, the first in its order that is not there.
fn at_work(frames: &mut [Frame], plan: &Plan, jobs: &Jobs) {
    let numbers: Vec<i32> = frames.iter().map(|frame| frame.number).collect();
    for (children, progress) in [(&jobs.starting, Progress::Starting), (&jobs.running, Progress::Rendering)] {
        for child in children.keys() {
            for number in plan.order.of_child(&numbers, plan.chunk, *child) {
                let Ok(at) = numbers.binary_search(&number) else { continue };
                if !frames[at].progress.is_there() {
                    frames[at].progress = progress;
                    break;
                }
            }
        }
    }
}

/// What is not there when all is over, will not come.
fn missing(frames: &mut [Frame], report: Option<&Report>) {
    let faults = report.and_then(|report| report.frames.as_ref()).map(|frames| frames.faults.as_slice());
    let faults: std::collections::HashMap<i32, &farm_contract::Fault> =
        faults.unwrap_or_default().iter().map(|fault| (fault.frame, &fault.fault)).collect();
    for frame in frames.iter_mut().filter(|frame| !frame.progress.is_there()) {
        frame.progress = Progress::Failed;
        if let Some(fault) = faults.get(&frame.number) {
            frame.fault = Some(format!("{} {}", fault.message, fault.hint));
        }
    }
}

/// What the report names beside the frames.
fn files(report: &Report) -> Vec<FileLink> {
    let keys = [&report.zip, &report.preview, &report.contact_sheet].into_iter().flatten();
    let link = |key: &String| {
        let name = key.rsplit('/').next()?.to_owned();
        Some(FileLink { name, url: format!("s3://{}/{key}", report.bucket) })
    };
    keys.filter_map(link).collect()
}

fn counts(frames: &[Frame]) -> Counts {
    let of = |wanted: &[Progress]| frames.iter().filter(|frame| wanted.contains(&frame.progress)).count();
    Counts {
        planned: frames.len(),
        done: of(&[Progress::Done, Progress::Kept]),
        running: of(&[Progress::Rendering, Progress::Starting]),
        waiting: of(&[Progress::Waiting]),
        failed: of(&[Progress::Failed]),
    }
}

impl Seen {
    /// What was found of it.
    pub fn found(&self) -> Found {
        Found { key: self.key.clone(), plan: self.plan.clone(), report: self.report.clone() }
    }

    /// Whether the film and the contact sheet may still come: they are made when the archive is reported, and then the
    /// report is written once more, with their keys or a warning that names them.
    pub fn awaits_film(&self) -> bool {
        let (Some(plan), Some(report)) = (&self.plan, &self.report) else { return false };
        let moving = report.zip.is_some() && report.frames.as_ref().is_some_and(|frames| frames.done > 1);
        let told =
            report.preview.is_some() || report.warnings.iter().any(|warning| warning.contains(keys::PREVIEW));
        let since = Duration::from_millis(millis(self.at).saturating_sub(report.written_at));
        plan.preview.is_some() && moving && !told && since < FILM
    }

    /// Whether no more frames will come of the render.
    pub fn is_over(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.state != report::State::Accepted)
    }

    /// The frames as columns.
    pub fn cells(&self) -> Cells {
        let fault = |frame: &Frame| Some((frame.number, frame.fault.clone()?));
        Cells {
            frame: self.frames.iter().map(|frame| frame.number).collect(),
            state: self.frames.iter().map(|frame| frame.progress.letter()).collect(),
            seconds: self.frames.iter().map(|frame| frame.seconds).collect(),
            child: self.frames.iter().map(|frame| frame.child).collect(),
            fault: self.frames.iter().filter_map(fault).collect(),
            picture: String::new(),
        }
    }

    /// Why tasks wait, in Batch's or our terms.
    pub fn why(&self) -> Option<&Waiting> {
        self.jobs.as_ref()?.why.as_ref()
    }
}

fn blank(bucket: &str, key: &BlendKey) -> State {
    State {
        version: STATE_VERSION,
        name: key.to_string(),
        bucket: bucket.to_owned(),
        render: None,
        state: report::State::Accepted,
        message: "The farm has not looked at the upload yet.".to_owned(),
        hint: None,
        why_waiting: None,
        warnings: Vec::new(),
        fps: None,
        width: None,
        height: None,
        counts: Counts::default(),
        seconds: Seconds::default(),
        cost: None,
        files: Vec::new(),
        cells: None,
        sheets: None,
        details: Vec::new(),
        written_at: 0,
        expires_at: None,
        last_edition: false,
    }
}

/// Milliseconds since 1970.
pub fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
