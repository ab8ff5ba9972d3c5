//! What must hold, whatever happened: looked at in the bucket and in the queue.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use farm_contract::command;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::{self, BlendKey, FrameName};
use farm_contract::plan::Plan;
use farm_contract::report::{Report, State};

use crate::round::Uploaded;
use crate::support::fake::is_frame_of;
use crate::support::farm::{TestFarm, entries};

/// What was found so far.
#[derive(Debug, Default)]
pub struct Tally {
    pub rounds: usize,
    /// Calls that went wrong on purpose.
    pub faults: usize,
    /// Uploads that were looked at under faults, and how many of them were complete all the same.
    pub uploads: usize,
    pub complete: usize,
    pub lost_frames: usize,
    pub doubled_renders: usize,
    pub wrong_archives: usize,
    pub leftovers: usize,
}

impl Tally {
    pub fn add(&mut self, more: Self) {
        self.rounds += more.rounds;
        self.faults += more.faults;
        self.uploads += more.uploads;
        self.complete += more.complete;
        self.lost_frames += more.lost_frames;
        self.doubled_renders += more.doubled_renders;
        self.wrong_archives += more.wrong_archives;
        self.leftovers += more.leftovers;
    }

    /// How much must not have happened.
    pub fn wrong(&self) -> usize {
        self.lost_frames + self.doubled_renders + self.wrong_archives + self.leftovers
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} faults, {} of {} uploads complete at once; {} lost frames, {} doubled renders, {} wrong archives, \
             {} leftovers",
            self.faults,
            self.complete,
            self.uploads,
            self.lost_frames,
            self.doubled_renders,
            self.wrong_archives,
            self.leftovers
        )
    }
}

fn report(farm: &TestFarm, key: &BlendKey) -> Option<Report> {
    let json = farm.farm.store.read(farm.farm.bucket(), &key.report()).ok()?;
    Some(Report::from_json(&json).expect("a report that reads"))
}

/// What of the archive is wrong, if its frames are to be `wanted`, each once, of this upload.
fn archive_fault(
    farm: &TestFarm,
    key: &BlendKey,
    upload: &Uploaded,
    wanted: &BTreeSet<i32>,
) -> Option<String> {
    let Ok(bytes) = farm.farm.store.read(farm.farm.bucket(), &key.frames_zip()) else {
        return (!wanted.is_empty()).then(|| "there is no archive".to_owned());
    };
    let mut found = BTreeSet::new();
    for (name, bytes) in entries(bytes) {
        if name == "missing.txt" {
            continue;
        }
        let Some(name) = FrameName::parse(&name) else { return Some(format!("{name} is no frame")) };
        if !is_frame_of(&bytes, &upload.bytes, name.frame) {
            return Some(format!("{name} is not of the upload"));
        }
        if !found.insert(name.frame) {
            return Some(format!("{name} is there twice"));
        }
    }
    (found != *wanted).then(|| format!("it holds {found:?} and not {wanted:?}"))
}

/// Whether the frame of this upload lies in the bucket.
fn good_frame(farm: &TestFarm, key: &BlendKey, upload: &Uploaded, frame: i32) -> bool {
    let name = FrameName { frame, rest: ".png".to_owned() }.to_string();
    let bytes = farm.farm.store.read(farm.farm.bucket(), &key.file(&name));
    bytes.is_ok_and(|bytes| is_frame_of(&bytes, &upload.bytes, frame))
}

fn complain(upload: &Uploaded, what: &str) {
    eprintln!("soak: WRONG: {}: {what}", upload.key);
}

/// After the faults: whatever the report says is true. No report may say that all is well, or that it
/// goes on, where neither is.
pub async fn under_faults(farm: &TestFarm, upload: &Uploaded, given_up: &[String]) -> Tally {
    let mut tally = Tally { uploads: 1, ..Tally::default() };
    let key = BlendKey::parse(&upload.key).unwrap();
    let planned: BTreeSet<i32> = upload.frames.iter().copied().collect();
    // An invocation that came to nothing is not lost: AWS keeps its event, and tells the owner.
    let alarmed = |render: &str| {
        let encoded = upload.key.replace(' ', "+").replace('é', "%C3%A9");
        given_up
            .iter()
            .any(|event| event.contains(&encoded) || (!render.is_empty() && event.contains(render)))
    };
    let Some(report) = report(farm, &key) else {
        if !alarmed("") {
            complain(upload, "there is no report, and nobody was told");
            tally.lost_frames += planned.len();
        }
        return tally;
    };
    let render = report.render.as_ref().map(ToString::to_string).unwrap_or_default();
    let frames = report.frames.clone().unwrap_or_default();
    let of_this = frames.planned == FrameSpec::describe(&upload.frames);
    match report.state {
        // Of an older upload, whose successor's event came to nothing.
        _ if !of_this && alarmed("") => {}
        State::Complete | State::Partial => {
            let missing: BTreeSet<i32> = if frames.missing.is_empty() {
                BTreeSet::new()
            } else {
                frames.missing.parse::<FrameSpec>().unwrap().frames().into_iter().collect()
            };
            tally.complete += usize::from(report.state == State::Complete);
            let there: BTreeSet<i32> = planned.difference(&missing).copied().collect();
            if (report.state == State::Complete) != missing.is_empty() || frames.done != there.len() as u64 {
                complain(upload, &format!("the report contradicts itself: {report:?}"));
                tally.wrong_archives += 1;
            }
            for frame in &missing {
                let reason = frames.faults.iter().any(|fault| fault.frame == *frame);
                if good_frame(farm, &key, upload, *frame) || !reason {
                    complain(upload, &format!("frame {frame} is there, or it is not told why it is not"));
                    tally.lost_frames += 1;
                }
            }
            if let Some(fault) = archive_fault(farm, &key, upload, &there) {
                complain(upload, &format!("{:?}: {fault}", report.state));
                tally.wrong_archives += 1;
            }
        }
        // There is no archive: then none of its frames is there, or it is told what to do for one.
        State::Failed => {
            let any = planned.iter().any(|frame| good_frame(farm, &key, upload, *frame));
            if any && (report.hint.is_none() || report.resume.is_none()) {
                complain(
                    upload,
                    &format!("frames are there, and it is not told how to come by them: {report:?}"),
                );
                tally.lost_frames += planned.len();
            }
        }
        State::Accepted | State::Rejected => {
            if !alarmed(&render) {
                complain(upload, &format!("nobody is at work on it, and nobody was told: {report:?}"));
                tally.lost_frames += planned.len();
            }
        }
    }
    tally
}

/// After one more upload, without faults: all is there but what cannot be rendered.
pub async fn in_the_end(farm: &TestFarm, upload: &Uploaded) -> Tally {
    let mut tally = Tally::default();
    let key = BlendKey::parse(&upload.key).unwrap();
    let wanted: BTreeSet<i32> =
        upload.frames.iter().copied().filter(|frame| !upload.wrong.contains(frame)).collect();
    let state = report(farm, &key).map(|report| report.state);
    let expected = match (wanted.len(), upload.wrong.len()) {
        (_, 0) => State::Complete,
        (0, _) => State::Failed,
        _ => State::Partial,
    };
    if state != Some(expected) {
        complain(
            upload,
            &format!("in the end it is {state:?} and not {expected:?}: {:?}", report(farm, &key)),
        );
        tally.lost_frames += 1;
    }
    if !wanted.is_empty()
        && let Some(fault) = archive_fault(farm, &key, upload, &wanted)
    {
        complain(upload, &format!("in the end: {fault}"));
        tally.wrong_archives += 1;
    }
    tally
}

/// Of all that was submitted: each job once, and none that no plan names. Nothing stays behind.
pub async fn of_the_farm(farm: &TestFarm) -> Tally {
    let mut tally = Tally::default();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (name, _) in farm.jobs().await {
        // A finisher is submitted again where the one before it can never run.
        if command::render_of_job_name(&name).is_some() || name.ends_with("-zip") {
            *names.entry(name).or_default() += 1;
        }
    }
    for (name, count) in names.iter().filter(|(_, count)| **count > 1) {
        eprintln!("soak: WRONG: {name} was submitted {count} times");
        tally.doubled_renders += 1;
    }
    for name in names.keys() {
        let render = command::render_of_job_name(name).or_else(|| command::render_of_zip_job_name(name));
        let plan = render.map(|render| keys::plan(&render));
        let json = plan.and_then(|plan| farm.farm.store.read(farm.farm.bucket(), &plan).ok());
        if json.is_none_or(|json| Plan::from_json(&json).is_err()) {
            eprintln!("soak: WRONG: {name} belongs to no plan");
            tally.doubled_renders += 1;
        }
    }
    for key in farm.unfinished_uploads().await {
        eprintln!("soak: WRONG: parts of {key} stay behind");
        tally.leftovers += 1;
    }
    for pid in fake_blenders(farm) {
        eprintln!("soak: WRONG: process {pid} stays behind");
        tally.leftovers += 1;
    }
    tally
}

/// Blenders of this farm that still run, though no job does.
fn fake_blenders(farm: &TestFarm) -> Vec<i32> {
    let folder = farm.folder().to_string_lossy().into_owned();
    let process = |entry: std::fs::DirEntry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line);
        (line.contains("fake-blender") && line.contains(&folder)).then_some(pid)
    };
    std::fs::read_dir("/proc").unwrap().filter_map(|entry| process(entry.ok()?)).collect()
}
