//! What would change, resource by resource, and of each value that part which changes.

use farm_terminal::{Ink, Look, plain};
use stack::deploy::{Action, Change, Detail};

/// Of two values, this many characters of each are shown.
const VALUE: usize = 60;
/// A value that comes or goes is shown up to this many: the end of an ARN is what tells.
const ALONE: usize = 200;
/// Of a long value, this much is shown in front of where it changes.
const BEFORE: usize = 12;
/// What CloudFormation writes for a value that it does not know yet.
const UNKNOWN: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// A line for each change, and one for each of its values.
pub fn lines(changes: &[Change], look: Look) -> Vec<String> {
    let wide =
        |of: fn(&Change) -> &str| changes.iter().map(|change| of(change).len()).max().unwrap_or_default();
    let (ids, kinds) = (wide(|change| &change.logical_id), wide(|change| &change.kind));
    let mut lines = Vec::new();
    if changes.is_empty() {
        lines.push("  ~ what the template says of itself: outputs, descriptions, metadata".to_owned());
    }
    for change in changes {
        let (sign, ink, words) = match change.action {
            Action::Add => ("+", Ink::Green, ""),
            Action::Adopt => ("+", Ink::Green, "taken over as it stands"),
            Action::Modify => ("~", Ink::Yellow, ""),
            Action::MayReplace => ("~", Ink::Yellow, "may be replaced"),
            Action::Replace => ("±", Ink::Red, "replaced by another"),
            Action::Remove => ("-", Ink::Red, ""),
        };
        let Change { logical_id, kind, details, .. } = change;
        let line = format!(
            "  {} {logical_id:ids$}  {}",
            look.ink(ink, sign),
            look.ink(Ink::Dim, &format!("{kind:kinds$}"))
        );
        lines.push(if words.is_empty() {
            line.trim_end().to_owned()
        } else {
            format!("{line}  {}", look.ink(ink, words))
        });
        lines.extend(details.iter().map(|detail| look.ink(Ink::Dim, &format!("      {}", value(detail)))));
    }
    lines
}

fn value(Detail { path, before, after }: &Detail) -> String {
    let told = |value: &Option<String>| match value.as_deref() {
        None => "(nothing)".to_owned(),
        Some(value) => plain(&value.replace(UNKNOWN, "(known after the change)")),
    };
    if before.is_none() && after.is_none() {
        return plain(path);
    }
    let one = before.is_none() || after.is_none();
    let (before, after) = (told(before), told(after));
    let same = before.chars().zip(after.chars()).take_while(|(before, after)| before == after).count();
    let wide = if one { ALONE } else { VALUE };
    format!("{}: {} -> {}", plain(path), part(&before, same, wide), part(&after, same, wide))
}

/// A value, or where it is long, what stands around the place from which on it changes.
fn part(value: &str, same: usize, wide: usize) -> String {
    let long = value.chars().count();
    if long <= wide {
        return value.to_owned();
    }
    let from = if same < wide / 2 { 0 } else { same - BEFORE };
    let cut = |on: bool| if on { "..." } else { "" };
    let shown: String = value.chars().skip(from).take(wide).collect();
    format!("{}{shown}{}", cut(from > 0), cut(from + wide < long))
}
