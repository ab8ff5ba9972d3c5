//! What a person reads of an upload's end, in a mail or wherever a webhook shows it: made of its report.
//!
//! Pure, and of bounded length whatever a report holds: SNS takes a subject of 100 ASCII characters and a message of
//! 256 KB.

use farm_contract::keys;
use farm_contract::report::{Frames, Report, State};

use crate::intake::counted;

/// The longest subject that SNS takes.
const SUBJECT: usize = 100;
/// The longest that any one text of a report may be here; all of it stands in the report.
const LONGEST: usize = 1000;
/// Reasons, problems and warnings that are told, of each.
const LISTED: usize = 10;

/// A subject and a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One line of ASCII.
    pub subject: String,
    /// Lines of plain text.
    pub text: String,
}

impl Notice {
    /// What is told of the end that this report is of.
    pub fn of(report: &Report) -> Self {
        Self { subject: subject(report), text: text(report) }
    }
}

fn subject(report: &Report) -> String {
    let counts = report.frames.as_ref();
    let words = match (report.state, counts) {
        (State::Complete, Some(frames)) => format!("Rendered, {}: ", counted(frames.count, "frame")),
        (State::Complete, None) => "Rendered: ".to_owned(),
        (State::Partial, Some(frames)) => format!("{} of {} frames: ", frames.done, frames.count),
        (State::Partial, None) => "Frames are missing: ".to_owned(),
        (State::Failed, _) => "Failed: ".to_owned(),
        (State::Rejected, _) => "Not rendered: ".to_owned(),
        (State::Accepted, _) => "Rendering: ".to_owned(),
    };
    let key: Vec<char> = report.key.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    // Of a long path, its end tells the shot.
    let room = SUBJECT.saturating_sub(words.len());
    let shown: String = match key.len().checked_sub(room) {
        None | Some(0) => key.into_iter().collect(),
        Some(over) => "...".chars().chain(key.into_iter().skip(over + 3)).collect(),
    };
    words + &shown
}

fn text(report: &Report) -> String {
    let place = |key: &str| format!("s3://{}/{key}", report.bucket);
    let mut lines = vec![short(&report.message), String::new()];
    let mut field = |name: &str, value: &str| lines.push(format!("{name}: {}", short(value)));
    field("State", report.state.word());
    field("Upload", &place(&report.key));
    if let Some(Frames { planned, count, done, missing, seconds, .. }) = &report.frames {
        field("Frames", &format!("{done} of {count} ({planned})"));
        if !missing.is_empty() {
            field("Missing", missing);
        }
        if *seconds > 0.0 {
            field("Blender's time", &format!("{} for all frames together", duration(*seconds)));
        }
    }
    if let Some(zip) = &report.zip {
        field("Archive", &place(zip));
    }
    field("Report", &place(&keys::report_of_refused(&report.key)));
    if let Some(hint) = &report.hint {
        lines.extend([String::new(), short(hint)]);
    }
    if let Some(resume) = &report.resume {
        let words = "This renders what is missing, and only that:".to_owned();
        // A command that is cut short is none: a key has at most 1,000 bytes, so this is no longer than that allows.
        lines.extend([String::new(), words, format!("  {}", line(resume))]);
    }
    let problems = report.problems.iter().map(|fault| format!("{} {}", fault.message, fault.hint));
    list(&mut lines, "In the way:", problems);
    let faults = report.frames.iter().flat_map(|frames| &frames.faults);
    list(
        &mut lines,
        "Why frames are missing:",
        faults.map(|one| format!("{}: {} {}", one.frame, one.fault.message, one.fault.hint)),
    );
    list(&mut lines, "Good to know:", report.warnings.iter().cloned());
    lines.push(String::new());
    lines.join("\n")
}

/// As many of these as are told, and how many more there are.
fn list(lines: &mut Vec<String>, head: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return;
    }
    lines.extend([String::new(), head.to_owned()]);
    lines.extend(items.iter().take(LISTED).map(|item| format!("- {}", short(item))));
    if let more @ 1.. = items.len().saturating_sub(LISTED) {
        lines.push(format!("- and {more} more, which the report lists"));
    }
}

/// In one line, and not too long. What an upload or a scene is called must not pass for a line of ours.
fn short(text: &str) -> String {
    let text = line(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn line(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `7.5 s`, `2 min 50 s`, `3 h 2 min`.
fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    // The cast holds at the largest number there is.
    let whole = seconds.round() as u64;
    match whole / 3600 {
        0 => format!("{} min {} s", whole / 60, whole % 60),
        hours => format!("{hours} h {} min", whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::record::FrameFault;
    use farm_contract::{Fault, command};
    use proptest::prelude::*;

    fn report(state: State, key: &str) -> Report {
        Report::new(state, "What happened.", "farm", key, 0)
    }

    fn partial() -> Report {
        let mut report = report(State::Partial, "shots/Käse 1.blend");
        report.message = "frames.zip holds 22 of 24 frames. Frames 7 12 are missing.".to_owned();
        report.hint = Some("Mend the scene.".to_owned());
        report.resume = Some(command::resume("farm", &report.key));
        report.zip = Some("shots/Käse 1.blend/frames.zip".to_owned());
        report.warnings = vec!["A movie\nis rendered as PNG.".to_owned()];
        report.frames = Some(Frames {
            planned: "1-24".to_owned(),
            count: 24,
            done: 22,
            missing: "7 12".to_owned(),
            faults: vec![FrameFault { frame: 7, fault: Fault::new("Blender crashed.", "Look at it.") }],
            seconds: 170.2,
        });
        report
    }

    #[test]
    fn a_partial_render_is_told_with_what_is_missing_and_the_way_to_it() {
        let notice = Notice::of(&partial());
        assert_eq!(notice.subject, "22 of 24 frames: shots/K?se 1.blend");
        let wanted = "frames.zip holds 22 of 24 frames. Frames 7 12 are missing.\n\
            \n\
            State: partial\n\
            Upload: s3://farm/shots/Käse 1.blend\n\
            Frames: 22 of 24 (1-24)\n\
            Missing: 7 12\n\
            Blender's time: 2 min 50 s for all frames together\n\
            Archive: s3://farm/shots/Käse 1.blend/frames.zip\n\
            Report: s3://farm/shots/Käse 1.blend/report.json\n\
            \n\
            Mend the scene.\n\
            \n\
            This renders what is missing, and only that:\n  \
            farm resume 's3://farm/shots/Käse 1.blend'\n\
            \n\
            Why frames are missing:\n\
            - 7: Blender crashed. Look at it.\n\
            \n\
            Good to know:\n\
            - A movie is rendered as PNG.\n";
        assert_eq!(notice.text, wanted);
    }

    #[test]
    fn each_end_has_a_subject_of_its_own() {
        let of = |state, frames| {
            let mut report = report(state, "a.blend");
            report.frames = frames;
            Notice::of(&report).subject
        };
        let one = Some(Frames { count: 1, done: 1, ..Frames::default() });
        assert_eq!(of(State::Complete, one.clone()), "Rendered, 1 frame: a.blend");
        assert_eq!(of(State::Failed, one), "Failed: a.blend");
        assert_eq!(of(State::Rejected, None), "Not rendered: a.blend");
    }

    #[test]
    fn all_that_is_in_the_way_is_told_as_far_as_there_is_room() {
        let mut report = report(State::Rejected, ".farm/x.blend");
        report.problems = (0..12).map(|at| Fault::new(format!("Problem {at}."), "Mend it.")).collect();
        let text = Notice::of(&report).text;
        assert!(text.contains("- Problem 9. Mend it.\n- and 2 more, which the report lists\n"), "{text}");
        assert!(!text.contains("Problem 10"), "{text}");
        assert!(text.contains("Report: s3://farm/.farm/rejected/"), "{text}");
    }

    #[test]
    fn times_are_told_as_people_say_them() {
        assert_eq!(duration(7.46), "7.5 s");
        assert_eq!(duration(60.0), "1 min 0 s");
        assert_eq!(duration(3_725.0), "1 h 2 min");
    }

    proptest! {
        #[test]
        fn whatever_a_report_holds_sns_takes_the_notice(
            key in "\\PC{0,300}",
            text in "(.|\\n|\u{1}){0,1500}",
            many in 0..40_usize,
            state in prop::sample::select(vec![State::Rejected, State::Complete, State::Partial, State::Failed]),
        ) {
            let mut report = partial();
            report.state = state;
            report.key = key;
            report.message.clone_from(&text);
            report.problems = vec![Fault::new(text.clone(), text.clone()); many];
            report.warnings = vec![text.clone(); many];
            let frames = report.frames.as_mut().expect("frames");
            frames.missing.clone_from(&text);
            frames.faults = vec![FrameFault { frame: 1, fault: Fault::new(text.clone(), text) }; many];
            let notice = Notice::of(&report);
            prop_assert!(notice.subject.len() <= SUBJECT && notice.subject.starts_with(|c: char| c.is_ascii_alphanumeric()));
            prop_assert!(notice.subject.bytes().all(|b| (b' '..=b'~').contains(&b)), "{}", notice.subject);
            prop_assert!(notice.text.len() < 256 * 1024, "{} bytes", notice.text.len());
            prop_assert!(!notice.text.contains(|c: char| c.is_control() && c != '\n'));
        }
    }
}
