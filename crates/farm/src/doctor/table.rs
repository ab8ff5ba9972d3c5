//! What was found, as a person reads it.

use farm_terminal::{Ink, Look, count, plain};

use super::check::{Check, Place};
use super::finding::{Finding, Mend, Verdict};
use crate::inspect::sheet::{fitted, wrapped};

/// Columns of a verdict in words, and of a name.
const WORD: usize = 13;
const NAME: usize = 16;
/// Columns in front of what is said.
const FRONT: usize = 2 + 2 + WORD + 1 + NAME + 1;
/// No line of words is made narrower than this.
const NARROWEST: usize = 30;

/// All that was found, in its order, and at the end how it stands in all.
pub fn table(findings: &[Finding], look: Look, width: Option<usize>) -> String {
    let mut text = String::new();
    for (at, row) in rows(findings).into_iter().enumerate() {
        let first = at == 0 || findings[row.at].place != findings[row.at - 1].place;
        if first {
            let gap = if at == 0 { "" } else { "\n" };
            text += &format!("{gap}{}\n", look.ink(Ink::Bold, heading(findings[row.at].place)));
        }
        text += &full(&findings[row.at], &row.name, &row.says, look, width);
    }
    text + "\n" + &sum(findings, look) + "\n"
}

/// The same while it is looked at, a line for each: what is found already, and what is waited for.
pub fn so_far(awaited: &[Check], findings: &[Finding], look: Look, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut place = None;
    for check in awaited {
        if place != Some(check.place()) {
            place = Some(check.place());
            lines.push(look.ink(Ink::Bold, heading(check.place())));
        }
        let found = findings.iter().find(|finding| finding.check == *check);
        let says = found.map_or_else(String::new, |finding| plain(&finding.says));
        // One more line than there are would tear what is drawn over.
        let says = fitted(&says, width.saturating_sub(FRONT + 1));
        lines.push(line(found.map(|finding| finding.verdict), check.name(), &says, look));
    }
    lines
}

/// How it stands in all.
pub fn sum(findings: &[Finding], look: Look) -> String {
    let of = |verdict: Verdict| findings.iter().filter(|finding| finding.verdict == verdict).count() as u64;
    let (bad, warnings, unseen) = (of(Verdict::Bad), of(Verdict::Warning), of(Verdict::NotLookedAt));
    let mut parts = vec![format!("{} good", of(Verdict::Good))];
    if warnings > 0 {
        parts.push(count(warnings, "warning"));
    }
    if bad > 0 {
        parts.push(format!("{bad} bad"));
    }
    if unseen > 0 {
        parts.push(format!("{unseen} not looked at"));
    }
    let (ink, verdict) = match (bad, unseen) {
        (0, 0) => (Ink::Green, "Nothing is in the way of a render"),
        (0, _) => (Ink::Green, "Of what could be looked at, nothing is in the way of a render"),
        _ => (Ink::Red, "A render would fail"),
    };
    format!("{}: {}.", look.ink(ink, verdict), parts.join(", "))
}

/// A row: the finding that it shows, under which name and with which words.
struct Row {
    at: usize,
    name: String,
    says: String,
}

/// A row for each finding. Neighbours that could not be looked at for one reason share one.
fn rows(findings: &[Finding]) -> Vec<Row> {
    let alike = |a: &Finding, b: &Finding| {
        a.verdict == Verdict::NotLookedAt && a.verdict == b.verdict && a.says == b.says && a.place == b.place
    };
    let mut at = 0;
    let rows = findings.chunk_by(alike).map(|alike| {
        let (first, says) = (at, plain(&alike[0].says));
        at += alike.len();
        match alike {
            [one] => Row { at: first, name: one.check.name().to_owned(), says },
            many => {
                let names: Vec<_> = many.iter().map(|finding| finding.check.name()).collect();
                let says = format!("{}: {says}", names.join(", "));
                Row { at: first, name: format!("{} more", many.len()), says }
            }
        }
    });
    rows.collect()
}

fn full(finding: &Finding, name: &str, says: &str, look: Look, width: Option<usize>) -> String {
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(FRONT).max(NARROWEST));
    let indent = " ".repeat(FRONT);
    let mut lines = wrapped(says, room).into_iter();
    let first = lines.next().unwrap_or_default();
    let mut text = line(Some(finding.verdict), name, &first, look) + "\n";
    for more in lines {
        text += &format!("{indent}{more}\n");
    }
    for mend in &finding.mends {
        match mend {
            // Not broken into lines: whoever copies it has one command.
            Mend::Run(command) => {
                text += &format!("{indent}{}\n", look.ink(Ink::Bold, &format!("$ {}", plain(command))))
            }
            Mend::Do(what) => {
                for more in wrapped(&plain(what), room) {
                    text += &format!("{indent}{more}\n");
                }
            }
        }
    }
    text
}

fn line(verdict: Option<Verdict>, name: &str, says: &str, look: Look) -> String {
    let (sign, word, ink) = match verdict {
        Some(Verdict::Good) => ("✓", "good", Ink::Green),
        Some(Verdict::Warning) => ("!", "warning", Ink::Yellow),
        Some(Verdict::Bad) => ("x", "bad", Ink::Red),
        Some(Verdict::NotLookedAt) => ("-", "not looked at", Ink::Dim),
        None => ("·", "asking", Ink::Dim),
    };
    let verdict = look.ink(ink, &format!("{sign} {word:<WORD$}"));
    format!("  {verdict} {name:<NAME$} {says}").trim_end().to_owned()
}

fn heading(place: Place) -> &'static str {
    match place {
        Place::Aws => "AWS",
        Place::Here => "This machine",
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    const PLAIN: Look = Look { colour: false };

    fn findings() -> Vec<Finding> {
        vec![
            Finding::good(Check::Region, "eu-west-1"),
            Finding::warning(Check::Spot, "6 vCPU: one frame at a time; the farm asks for 256")
                .run("aws service-quotas request-service-quota-increase --service-code fargate"),
            Finding::unseen(Check::Subnets, "no environment"),
            Finding::unseen(Check::SecurityGroups, "no environment"),
            Finding::bad(Check::Logs, "there is no log group \x1b[2Jx").advise("Make it."),
            Finding::good(Check::Ffmpeg, "7.1"),
        ]
    }

    #[test]
    fn a_table_has_a_row_for_each_and_what_mends_it() {
        insta::assert_snapshot!(table(&findings(), PLAIN, None));
    }

    #[test]
    fn words_are_broken_to_the_width_and_commands_are_not() {
        let text = table(&findings(), PLAIN, Some(66));
        let command = "$ aws service-quotas request-service-quota-increase --service-code fargate\n";
        assert!(text.contains(command), "{text}");
        assert!(text.lines().all(|line| line.contains("$ ") || line.width() <= 66), "{text}");
        let coloured = table(&findings(), Look { colour: true }, None);
        assert!(coloured.contains("\x1b[32m✓ good") && coloured.contains("\x1b[31mx bad"), "{coloured}");
    }

    #[test]
    fn what_is_waited_for_has_a_line_of_the_same_height() {
        let awaited = &Check::ALL[..];
        let lines = so_far(awaited, &findings(), PLAIN, 50);
        assert_eq!(lines.len(), awaited.len() + 2);
        assert!(lines.iter().all(|line| line.width() < 50), "{lines:#?}");
        assert!(lines[2].contains("asking") && lines[9].contains('!'), "{lines:#?}");
    }

    #[test]
    fn the_sum_says_whether_a_render_would_fail() {
        let good = [Finding::good(Check::Region, "")];
        assert_eq!(sum(&good, PLAIN), "Nothing is in the way of a render: 1 good.");
        assert_eq!(
            sum(&findings(), PLAIN),
            "A render would fail: 2 good, 1 warning, 1 bad, 2 not looked at."
        );
    }
}
