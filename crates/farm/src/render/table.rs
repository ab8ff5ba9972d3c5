//! How renders stand, as tables and as a strip of frames.

use farm_contract::report;
use farm_plan::{dollars, duration};
use farm_terminal::{Ink, Look, count, plain};
use unicode_width::UnicodeWidthStr;

use super::census::{Frame, Progress};
use super::cost::{Ledger, PriceList};
use super::watch::Seen;
use crate::inspect::sheet::{Sheet, fitted};

/// Faults that are told one by one.
const TOLD: usize = 8;
/// Columns that a name in a list has at least.
const SHORTEST_NAME: usize = 12;
/// Rows of a strip.
const STRIP_ROWS: usize = 8;
/// Columns of a strip where nobody says how many there are.
const STRIP_COLUMNS: usize = 80;

/// What a render is doing, in a word.
pub fn word(state: report::State) -> (&'static str, Ink) {
    match state {
        report::State::Accepted => ("rendering", Ink::Yellow),
        report::State::Rejected => ("rejected", Ink::Red),
        report::State::Complete => ("complete", Ink::Green),
        report::State::Partial => ("partial", Ink::Red),
        report::State::Failed => ("failed", Ink::Red),
    }
}

/// One render, all that is known.
pub fn one(seen: &Seen, look: Look, width: Option<usize>) -> String {
    let state = &seen.state;
    let (name, ink) = word(state.state);
    let mut sheet = Sheet::new(look, width);
    sheet.heading(&format!("s3://{}/{}", state.bucket, state.name));
    sheet.mark("state", name, ink);
    if !seen.frames.is_empty() {
        sheet.row("frames", &frames(seen));
    }
    if let Some(median) = state.seconds.median {
        let slowest = state.seconds.slowest.zip(state.seconds.slowest_frame);
        let slowest =
            slowest.map(|(seconds, frame)| format!(", the slowest {} (frame {frame})", duration(seconds)));
        sheet.row("a frame", &format!("{}{}", duration(median), slowest.unwrap_or_default()));
    }
    match (state.seconds.left, state.seconds.elapsed) {
        (Some(left), Some(elapsed)) => {
            sheet.row("time", &format!("about {} left, {} so far", duration(left), duration(elapsed)));
        }
        (None, Some(elapsed)) => sheet.row("time", &duration(elapsed)),
        _ => {}
    }
    if let Some(cost) = &state.cost {
        sheet.row("cost", &cost.words);
    }
    if let Some(why) = &state.why_waiting {
        sheet.row("waits", why);
    }
    if seen.jobs.as_ref().is_some_and(|jobs| jobs.archiving) {
        sheet.row("archive", "frames.zip is being made");
    }
    let faults = faults(&seen.frames);
    for (frames, fault) in faults.iter().take(TOLD) {
        sheet.row("failed", &format!("{frames}: {fault}"));
    }
    sheet.row("report", &state.message);
    let hint = state.hint.as_deref().filter(|hint| !faults.iter().any(|(_, fault)| fault.ends_with(hint)));
    sheet.row("to do", hint.unwrap_or_default());
    let more = state.warnings.len().saturating_sub(TOLD);
    state.warnings.iter().take(TOLD).for_each(|warning| sheet.row("warning", warning));
    if more > 0 {
        sheet.row("", &format!("and {}", count(more as u64, "further warning")));
    }
    sheet.end()
}

/// How many frames are how far.
pub fn frames(seen: &Seen) -> String {
    let counts = seen.state.counts;
    let mut words = vec![format!("{} of {} done", counts.done, counts.planned)];
    // Of a render that was stopped, what is missing is no fault of the scene's.
    let stopped = seen.plan.as_ref().is_some_and(|plan| plan.stopped.is_some());
    let failed = if stopped { "not rendered" } else { "failed" };
    let others = [(counts.running, "rendering"), (counts.waiting, "waiting"), (counts.failed, failed)];
    words.extend(
        others.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")),
    );
    words.join(", ")
}

/// The frames that failed, those together that did so for the same reason.
fn faults(frames: &[Frame]) -> Vec<(String, String)> {
    let mut found: Vec<(String, Vec<i32>)> = Vec::new();
    for frame in frames.iter().filter(|frame| frame.progress == Progress::Failed) {
        let fault = frame.fault.as_deref().unwrap_or("it is missing, and no task says why");
        match found.iter_mut().find(|(known, _)| known == fault) {
            Some((_, numbers)) => numbers.push(frame.number),
            None => found.push((fault.to_owned(), vec![frame.number])),
        }
    }
    let named = |numbers: Vec<i32>| {
        let noun = if numbers.len() == 1 { "frame" } else { "frames" };
        format!("{noun} {}", farm_contract::frames::FrameSpec::describe(&numbers))
    };
    found.into_iter().map(|(fault, numbers)| (named(numbers), fault)).collect()
}

/// A row of a list of renders.
#[derive(Debug, Clone)]
pub struct Row {
    /// Key of the upload.
    pub name: String,
    /// The render's id.
    pub render: Option<String>,
    /// When it began, milliseconds since 1970.
    pub since: Option<u64>,
    /// How far it came.
    pub state: report::State,
    /// Frames that are there, and all of them.
    pub frames: Option<(usize, usize)>,
    /// Seconds that are left, or that it took.
    pub time: Option<String>,
    /// What it costs.
    pub cost: Option<String>,
}

/// Renders, one a line: where they have no room in so many columns, their names lose their middle.
pub fn list(rows: &[Row], look: Look, width: Option<usize>) -> String {
    let mut cells: Vec<[String; 5]> = rows
        .iter()
        .map(|row| {
            [
                plain(&row.name),
                word(row.state).0.to_owned(),
                row.frames.map_or_else(String::new, |(done, all)| format!("{done} of {all}")),
                row.time.clone().unwrap_or_default(),
                row.cost.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let titles = ["render", "state", "frames", "time", "cost"];
    let widest = |cells: &[[String; 5]], at: usize| {
        cells.iter().map(|row| row[at].width()).chain([titles[at].len()]).max().unwrap_or_default()
    };
    let others: usize = (1..titles.len()).map(|at| widest(&cells, at) + 2).sum();
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(others).max(SHORTEST_NAME));
    cells.iter_mut().for_each(|row| row[0] = fitted(&row[0], room));
    let widths: Vec<usize> = (0..titles.len()).map(|at| widest(&cells, at)).collect();
    let line = |row: &[&str], ink: &dyn Fn(usize, &str) -> String| {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            let room = " ".repeat(widths[at].saturating_sub(cell.width()));
            format!("{}{room}", ink(at, cell))
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let mut text = line(&titles, &|_, cell| look.ink(Ink::Dim, cell));
    for (row, cells) in rows.iter().zip(&cells) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let ink = word(row.state).1;
        text += &line(&cells, &|at, cell| if at == 1 { look.ink(ink, cell) } else { cell.to_owned() });
    }
    text
}

/// All frames as a strip of signs, several to a sign where they are many: the one that is furthest from done counts, and a
/// failed one before all.
pub fn strip(frames: &[Frame], look: Look, width: Option<usize>) -> String {
    let columns = columns(width);
    let signs: Vec<(char, Ink)> = frames.chunks(per_sign(frames, columns)).map(sign).collect();
    let rows = signs.chunks(columns).map(|row| {
        let mut text = String::from("  ");
        for signs in row.chunk_by(|a, b| a.0 == b.0) {
            let run: String = signs.iter().map(|(sign, _)| sign).collect();
            text += &look.ink(signs[0].1, &run);
        }
        text + "\n"
    });
    rows.collect()
}

/// Signs in a row of a strip.
fn columns(width: Option<usize>) -> usize {
    width.map_or(STRIP_COLUMNS, |width| width.saturating_sub(4)).max(10)
}

/// Frames of one sign.
fn per_sign(frames: &[Frame], columns: usize) -> usize {
    frames.len().div_ceil(columns * STRIP_ROWS).max(1)
}

/// What the signs of a strip mean.
pub fn legend(frames: &[Frame], look: Look, width: Option<usize>) -> String {
    let columns = columns(width);
    let mut words = vec!["█ done", "▓ there before", "▒ rendering", "░ starting", "· waiting", "x failed"];
    if per_sign(frames, columns) > 1 {
        words.push("(of the frames of a sign the least done)");
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.width() + 2 + word.width() <= columns => *line += &format!("  {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| format!("  {}\n", look.ink(Ink::Dim, line))).collect()
}

fn sign(frames: &[Frame]) -> (char, Ink) {
    use Progress::{Done, Failed, Kept, Rendering, Starting, Waiting};
    let has = |wanted: Progress| frames.iter().any(|frame| frame.progress == wanted);
    let order = [Failed, Rendering, Starting, Waiting, Done, Kept];
    match order.into_iter().find(|progress| has(*progress)) {
        Some(Failed) => ('x', Ink::Red),
        Some(Rendering) => ('▒', Ink::Yellow),
        Some(Starting) => ('░', Ink::Yellow),
        Some(Done) => ('█', Ink::Green),
        Some(Kept) => ('▓', Ink::Green),
        Some(Waiting) | None => ('·', Ink::Dim),
    }
}

/// What a render was paid for.
pub fn bill(name: &str, ledger: &Ledger, prices: &PriceList, look: Look, width: Option<usize>) -> String {
    let mut sheet = Sheet::new(look, width);
    let hours = |hours: f64| duration(hours * 3600.0);
    sheet.heading(name);
    if ledger.attempts > 0 {
        sheet.row("cost", &format!("{}, {}", dollars(ledger.usd()), prices.words()));
    }
    for (name, of, usd) in [
        ("Fargate Spot", ledger.spot_hours, ledger.spot_usd),
        ("Fargate", ledger.on_demand_hours, ledger.on_demand_usd),
    ] {
        if of > 0.0 {
            sheet.row(name, &format!("{} for {} of tasks", dollars(usd), hours(of)));
        }
    }
    if ledger.attempts > 0 {
        let of = ledger.spot_hours + ledger.on_demand_hours;
        let share = |part: f64| if of > 0.0 { (part / of * 100.0).round() } else { 0.0 };
        sheet.row(
            "of that",
            &format!(
                "{} ({} %) in Blender's frames, {} ({} %) until the program ran",
                hours(ledger.render_hours),
                share(ledger.render_hours),
                hours(ledger.start_hours),
                share(ledger.start_hours)
            ),
        );
        sheet.row("attempts", &ledger.attempts.to_string());
    }
    if ledger.free_hours > 0.0 {
        let rendered = hours(ledger.render_hours);
        sheet.row(
            "this machine",
            &format!(
                "{} of tasks, {rendered} in Blender's frames; nobody sends a bill",
                hours(ledger.free_hours)
            ),
        );
    }
    if ledger.unknown > 0 {
        sheet.row(
            "not known",
            &format!("{} left no word of what is paid for them", count(ledger.unknown, "task")),
        );
    }
    if ledger.attempts == 0 && ledger.free_hours == 0.0 && ledger.unknown == 0 {
        sheet.row("cost", "no task has ended yet");
    }
    sheet.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look { colour: false };

    fn of(progress: &[Progress]) -> Vec<Frame> {
        let frame = |(number, progress): (i32, &Progress)| Frame {
            number,
            child: 0,
            progress: *progress,
            seconds: None,
            fault: None,
            files: Vec::new(),
            files_in_all: 0,
        };
        (1..).zip(progress).map(frame).collect()
    }

    #[test]
    fn a_strip_fits_and_hides_no_failure() {
        use Progress::{Done, Failed, Rendering, Waiting};
        assert_eq!(strip(&of(&[Done, Rendering, Waiting, Failed]), PLAIN, Some(40)), "  █▒·x\n");
        let mut many = vec![Done; 10_000];
        many[5_000] = Failed;
        let text = strip(&of(&many), PLAIN, Some(64));
        assert!(text.lines().count() <= STRIP_ROWS && text.lines().all(|line| line.width() <= 62), "{text}");
        assert_eq!(text.matches('x').count(), 1);
        assert_eq!(strip(&[], PLAIN, None), "");
    }

    #[test]
    fn frames_that_failed_for_one_reason_are_told_together() {
        let mut frames = of(&[Progress::Failed, Progress::Failed, Progress::Done, Progress::Failed]);
        frames[0].fault = Some("No texture.".into());
        frames[1].fault = Some("No texture.".into());
        let told = faults(&frames);
        assert_eq!(told[0], ("frames 1-2".into(), "No texture.".into()));
        assert!(told[1].0 == "frame 4" && told[1].1.contains("missing"));
    }

    #[test]
    fn a_list_stands_in_columns() {
        let row = |name: &str, state| Row {
            name: name.into(),
            render: None,
            since: None,
            state,
            frames: Some((3, 24)),
            time: Some("2 min left".into()),
            cost: None,
        };
        let rows =
            [row("shots/sh010.blend", report::State::Accepted), row("左.blend", report::State::Complete)];
        insta::assert_snapshot!(list(&rows, PLAIN, None));
        let narrow = list(&rows, PLAIN, Some(50));
        assert!(narrow.lines().all(|line| line.width() <= 50) && narrow.contains('…'), "{narrow}");
    }
}
