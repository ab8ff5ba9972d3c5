//! `report.json`: the sentence that says what became of a render.

use std::collections::{BTreeMap, BTreeSet};

use farm_contract::exit::TaskExit;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::{self, BlendKey};
use farm_contract::plan::Plan;
use farm_contract::record::FrameFault;
use farm_contract::report::{Frames, Report, State};
use farm_contract::{Fault, command};

use crate::census::Census;
use crate::failure::{AGAIN, Failure};

/// Reasons that a report lists; a render can lack a million frames.
const MAX_FAULTS: usize = 500;
/// Longest list of ranges within a sentence.
const MAX_IN_SENTENCE: usize = 80;

/// `1 frame`, `2 frames`.
pub(crate) fn frames(count: usize) -> String {
    if count == 1 { "1 frame".to_owned() } else { format!("{count} frames") }
}

/// The report of a render whose archive is made, or has no frame to hold.
pub fn made(plan: &Plan, folder: &BlendKey, census: &Census, now: u64) -> Report {
    let (done, planned, lacking) = (census.done(), census.planned, census.missing.len());
    let mut report = blank(plan, now);
    let shared = shared_fault(&census.missing);
    let why = match (&plan.stopped, shared) {
        (Some(reason), _) => format!(" {reason}"),
        (None, shared) => shared.map(|fault| format!(" {}", fault.message)).unwrap_or_default(),
    };
    (report.state, report.message) = match (done, lacking) {
        (_, 0) if planned == 1 => (State::Complete, "The frame is rendered and in frames.zip.".to_owned()),
        (_, 0) => (State::Complete, format!("All {planned} frames are rendered and in frames.zip.")),
        (0, 1) => (State::Failed, format!("The frame could not be rendered.{why}")),
        (0, _) => (State::Failed, format!("None of the {planned} frames could be rendered.{why}")),
        (_, 1) => {
            let frame = FrameSpec::describe(&census.missing_frames());
            (
                State::Partial,
                format!("frames.zip holds {done} of {planned} frames. Frame {frame} is missing.{why}"),
            )
        }
        _ => {
            let ranges = FrameSpec::describe(&census.missing_frames());
            let which = if ranges.len() <= MAX_IN_SENTENCE {
                format!("Frames {ranges} are missing.")
            } else {
                format!("{lacking} frames are missing.")
            };
            (State::Partial, format!("frames.zip holds {done} of {planned} frames. {which}{why}"))
        }
    };
    if lacking > 0 {
        report.resume = Some(command::resume(&plan.bucket, &plan.key));
        report.hint = Some(shared.map_or(AGAIN, |fault| &fault.hint).to_owned());
    }
    report.zip = (done > 0).then(|| folder.frames_zip());
    fill(&mut report, plan, census, &BTreeMap::new());
    report
}

/// The report of a render whose archive could not be made. `census` is what was known of its
/// frames by then.
pub fn failed(plan: &Plan, census: Option<&Census>, failure: &Failure, now: u64) -> Report {
    let fault = failure.fault();
    let mut report = blank(plan, now);
    if failure.exit() == TaskExit::TryAgain {
        // Batch starts the task again: this is not the end yet.
        report.state = State::Accepted;
        report.message = format!("frames.zip is not made yet. {}", fault.message);
        report.hint = Some(format!("The farm tries again by itself. If this report stays as it is: {AGAIN}"));
    } else {
        report.state = State::Failed;
        report.message = format!("frames.zip could not be made. {}", fault.message);
        report.resume = Some(command::resume(&plan.bucket, &plan.key));
        report.hint = Some(fault.hint.clone());
    }
    if let Some(census) = census {
        let damaged = match failure {
            Failure::Damaged { files } => files
                .iter()
                .map(|(frame, key)| {
                    let message = format!("`{key}` is damaged in the bucket.");
                    (*frame, Fault::new(message, format!("Delete `{key}`. {AGAIN}")))
                })
                .collect(),
            _ => BTreeMap::new(),
        };
        fill(&mut report, plan, census, &damaged);
    }
    report
}

fn blank(plan: &Plan, now: u64) -> Report {
    Report::of_plan(State::Failed, "", plan, now)
}

/// Sets frames and warnings. `damaged` are frames that are there but of no use.
fn fill(report: &mut Report, plan: &Plan, census: &Census, damaged: &BTreeMap<i32, Fault>) {
    let mut faults: BTreeMap<i32, &Fault> =
        census.missing.iter().map(|missing| (missing.frame, &missing.fault)).collect();
    faults.extend(damaged.iter().map(|(frame, fault)| (*frame, fault)));
    let missing: Vec<i32> = faults.keys().copied().collect();
    report.frames = Some(Frames {
        planned: plan.frames.clone(),
        count: census.planned as u64,
        done: (census.planned - missing.len()) as u64,
        missing: FrameSpec::describe(&missing),
        faults: faults
            .iter()
            .take(MAX_FAULTS)
            .map(|(frame, fault)| FrameFault { frame: *frame, fault: (*fault).clone() })
            .collect(),
        seconds: (census.seconds * 1000.0).round() / 1000.0,
    });
    report.warnings.clone_from(&census.warnings);
    report.measured.clone_from(&census.measured);
    if faults.len() > MAX_FAULTS {
        report.warnings.push(format!(
            "Reasons are listed for the first {MAX_FAULTS} of {} missing frames; the others are in `{}`.",
            faults.len(),
            keys::tasks_prefix(&plan.render),
        ));
    }
}

/// The one reason of all missing frames, where they have one.
fn shared_fault(missing: &[FrameFault]) -> Option<&Fault> {
    let different: BTreeSet<_> = missing.iter().map(|m| (&m.fault.message, &m.fault.hint)).collect();
    missing.first().map(|first| &first.fault).filter(|_| different.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::plan::{RenderId, Source};

    fn plan() -> Plan {
        let source = Source::of("a.blend", "\"e\"", 1, "4.5");
        Plan::draft(RenderId::of_event("b", "a.blend", "v", "s"), "b", "a.blend", source, "1-2000")
    }

    /// Of `planned` frames from 1 on, those that `missing` names are not there.
    fn census(planned: usize, missing: impl IntoIterator<Item = i32>) -> Census {
        let missing = missing.into_iter();
        let missing =
            missing.map(|frame| FrameFault { frame, fault: Fault::new(format!("Why {frame}."), "Do.") });
        Census {
            planned,
            files: Vec::new(),
            missing: missing.collect(),
            warnings: Vec::new(),
            seconds: 0.0,
            measured: None,
        }
    }

    fn report(census: &Census) -> Report {
        made(&plan(), &BlendKey::parse("a.blend").expect("a key"), census, 0)
    }

    #[test]
    fn only_a_render_without_gaps_is_called_complete() {
        for planned in 1..5 {
            for missing in 0..=planned {
                let report = report(&census(planned, 1..=missing as i32));
                let state = match missing {
                    0 => State::Complete,
                    _ if missing == planned => State::Failed,
                    _ => State::Partial,
                };
                assert_eq!(report.state, state);
                assert_eq!(report.hint.is_some(), missing > 0);
                assert_eq!(report.resume, (missing > 0).then(|| "farm resume s3://b/a.blend".to_owned()));
                assert_eq!(report.zip.is_some(), missing < planned);
            }
        }
    }

    #[test]
    fn a_render_with_a_thousand_gaps_has_a_report_of_bounded_size() {
        let report = report(&census(2000, (1..=1000).map(|frame| frame * 2)));
        assert_eq!(report.message, "frames.zip holds 1000 of 2000 frames. 1000 frames are missing.");
        let frames = report.frames.expect("frames");
        assert!(frames.missing.ends_with(" 1998 2000"));
        assert_eq!(frames.faults.len(), MAX_FAULTS);
        assert!(report.warnings.last().expect("one").contains("first 500 of 1000"));
    }

    #[test]
    fn what_is_tried_again_is_not_called_failed() {
        let report = failed(&plan(), Some(&census(3, [])), &Failure::Restless { key: "k".into() }, 0);
        assert_eq!((report.state, report.zip), (State::Accepted, None));
        let files = vec![(2, "a.blend/frame_0002.png".to_owned())];
        let report = failed(&plan(), Some(&census(3, [])), &Failure::Damaged { files }, 0);
        let frames = report.frames.expect("frames");
        assert_eq!((report.state, frames.done, frames.missing.as_str()), (State::Failed, 2, "2"));
    }
}
