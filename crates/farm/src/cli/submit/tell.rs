//! What is said before and after a scene is sent.

use farm::render::Seen;
use farm::render::cost::PriceList;
use farm::submit::{Comparison, Expected, Outlook, Whole};
use farm::{Prepared, Sent};
use farm_contract::report::Report;
use farm_intake::Verdict;
use farm_plan::{Estimate, dollars, duration};
use farm_terminal::{Ink, Look, count, plain, say, size};
use serde_json::{Value, json};

pub(super) fn verdict(verdict: &Verdict, offered: bool) {
    let look = Look::of_stderr();
    say(&format!("  scene    {}", plain(&verdict.scene)));
    if let Some(spec) = &verdict.frames {
        say(&format!("  frames   {spec} ({})", count(spec.frames().len() as u64, "frame")));
    }
    match (verdict.blender, offered) {
        (Some(version), _) => say(&format!("  Blender  {version}")),
        (None, true) => {}
        (None, false) => say("  Blender  the farm does not tell which it has, so that was not looked at"),
    }
    for warning in &verdict.warnings {
        say(&format!("{} {}", look.ink(Ink::Yellow, "warning:"), plain(warning)));
    }
    for fault in &verdict.errors {
        say(&format!("\n{} {}", look.ink(Ink::Red, "error:"), plain(&fault.message)));
        say(&format!("hint: {}", plain(&fault.hint)));
    }
}

/// In how many tasks, until when, and for how much.
pub(super) fn expected(expected: &Expected, prices: &PriceList) {
    let estimate = &expected.choice.estimate;
    let basis = match expected.measured {
        0 => format!(
            "{} a frame, which is assumed: nothing is known of it yet",
            duration(expected.frame_seconds)
        ),
        frames => format!(
            "{} a frame, as {} of an earlier render took",
            duration(expected.frame_seconds),
            count(frames, "frame")
        ),
    };
    let tasks = count(estimate.children.into(), "task");
    say(&format!("  tasks    {tasks}, {} each", count(estimate.chunk.into(), "frame")));
    say(&format!("  time     about {} ({basis})", duration(estimate.finish_seconds)));
    say(&if expected.free {
        "  cost     none: it is rendered on this machine".to_owned()
    } else {
        format!("  cost     about {}, {}", dollars(estimate.cost_usd), prices.words())
    });
    for warning in &expected.choice.warnings {
        say(&format!("{} {warning}", Look::of_stderr().ink(Ink::Yellow, "warning:")));
    }
}

/// What lies there of an earlier upload of that name.
pub(super) fn before(report: &Report) {
    let frames = match &report.frames {
        Some(frames) => format!("{} of {} frames", frames.done, frames.count),
        None => return,
    };
    say(&format!(
        "  before   {frames} of an earlier upload of this name; what is rendered now takes their place"
    ));
}

/// All that is said of a submission, for programs.
pub(super) fn written(prepared: &Prepared, expected: Option<&Expected>, sent: Option<Value>) -> Value {
    let verdict = &prepared.verdict;
    let expected = expected.map(|expected| {
        json!({
            "estimate": expected.choice.estimate, "frame_seconds": expected.frame_seconds,
            "measured_frames": expected.measured,
        })
    });
    json!({
        "upload": prepared.to.to_string(),
        "scene": verdict.scene,
        "frames": verdict.frames.as_ref().map(ToString::to_string),
        "blender": verdict.blender.map(|version| version.to_string()),
        "errors": verdict.errors,
        "warnings": verdict.warnings,
        "expected": expected,
        "sent": sent,
    })
}

/// What all frames should take and cost, by the three that are there.
pub(super) fn outlook(whole: &Whole, seen: &Seen, outlook: Option<Outlook>, prices: &PriceList) {
    let took = seen.frames.iter().filter_map(|frame| Some((frame.number, frame.seconds?)));
    let took = took.map(|(frame, seconds)| format!("frame {frame} took {}", duration(seconds)));
    say(&format!("\n  {}", took.collect::<Vec<_>>().join(", ")));
    let all = count(whole.frames.frames().len() as u64, "frame");
    let Some(Outlook { least, likely, most, free }) = outlook else {
        say(&format!("  What all {all} cost, the farm does not tell."));
        return;
    };
    let time = |estimate: &Estimate| duration(estimate.finish_seconds);
    say(&format!("  all {all}: about {} (from {} to {})", time(&likely), time(&least), time(&most)));
    say(&if free {
        "  cost: none, they are rendered on this machine".to_owned()
    } else {
        format!(
            "  cost: about {} (from {} to {}), {}",
            dollars(likely.cost_usd),
            dollars(least.cost_usd),
            dollars(most.cost_usd),
            prices.words()
        )
    });
}

pub(super) fn would(prepared: &Prepared, compared: &Comparison) -> String {
    /// So that a project of thousands does not fill the screen.
    const LISTED: usize = 20;
    let lacking: Vec<_> = compared.lacking().collect();
    let mut told = format!("\nThis would be {}: {}", prepared.to, all(prepared));
    let there = compared.contents.len() - lacking.len();
    told += &format!("\n  there already  {}", count(there as u64, "content"));
    told +=
        &format!("\n  to be sent     {}, {}", count(lacking.len() as u64, "content"), size(compared.bytes()));
    for content in lacking.iter().take(LISTED) {
        let path = content.paths.first().map(String::as_str).unwrap_or_default();
        told += &format!("\n    {:>10}  {}", size(content.size), plain(path));
    }
    if let Some(more) = lacking.len().checked_sub(LISTED).filter(|more| *more > 0) {
        told += &format!("\n    and {more} more");
    }
    told + "\nNothing was sent."
}

pub(super) fn done(prepared: &Prepared, sent: &Sent) -> String {
    let to = &prepared.to;
    let what = match (sent.files, sent.there) {
        (0, _) => format!("Nothing had to be sent: {} there already.", all_of(sent.there, sent.bytes_there)),
        (files, 0) => format!("{}, {} sent.", count(files, "file"), size(sent.bytes)),
        (files, there) => format!(
            "{}, {} sent; {} there already.",
            count(files, "file"),
            size(sent.bytes),
            all_of(there, sent.bytes_there)
        ),
    };
    format!("\nThe farm renders {to}.\n{what}\nHow far it is: {}", to.command("watch"))
}

pub(super) fn stopped(prepared: &Prepared) -> String {
    let to = &prepared.to;
    if prepared.may_be_made() {
        format!(
            "\nStopped, but the upload may have been made: then the farm renders {to}, and {to}/report.json tells so."
        )
    } else {
        "\nStopped: there is no upload. The same command again sends only what is left.".to_owned()
    }
}

fn all(prepared: &Prepared) -> String {
    format!("{}, {}.", count(prepared.files.len() as u64, "file"), size(prepared.bytes))
}

/// So many contents of so many bytes, and the verb behind them.
fn all_of(files: u64, bytes: u64) -> String {
    format!("{}, {} {}", count(files, "file"), size(bytes), if files == 1 { "was" } else { "were" })
}
