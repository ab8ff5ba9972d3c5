//! What was found, in words for a report.

use farm_contract::limits::Limits;

use crate::estimate::Estimate;
use crate::model::Model;

/// Which limits an estimate does not keep; `named` where the upload itself names the chunk.
pub(crate) fn unmet(model: &Model, estimate: &Estimate, limits: &Limits, named: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    let reckoned = format!(
        "{} a frame, {}",
        duration(model.frame_seconds),
        if model.measured {
            "as an earlier render took"
        } else {
            "which is assumed, as nothing is known of it yet"
        }
    );
    if let (Some(deadline), Some(text)) = (limits.deadline(), limits.deadline_text()) {
        if estimate.finish_seconds > deadline {
            let what = if named {
                format!(
                    "the named chunk of {} is kept; without the tag `chunk` the farm chooses",
                    estimate.chunk
                )
            } else {
                "it is rendered as soon as the farm can: fewer frames, samples or per cent, or a farm with more \
                 vCPUs, would be done sooner"
                    .to_owned()
            };
            warnings.push(format!(
                "deadline={text} will hardly be kept: the frames should take {} ({reckoned}); {what}.",
                duration(estimate.finish_seconds),
            ));
        }
    }
    if let (Some(budget), Some(text)) = (limits.budget(), limits.budget_text()) {
        if estimate.cost_usd > budget {
            let what = match (named, limits.deadline()) {
                (true, _) => {
                    format!(
                        "the named chunk of {} is kept; without the tag `chunk` the farm chooses",
                        estimate.chunk
                    )
                }
                (false, Some(_)) => "the deadline comes first: a later one may be cheaper".to_owned(),
                (false, None) => {
                    "it is rendered as cheaply as the farm can: fewer frames, samples or per cent would \
                                  cost less"
                        .to_owned()
                }
            };
            warnings.push(format!(
                "budget={text} will hardly be kept: the frames should cost {} ({reckoned}); {what}.",
                dollars(estimate.cost_usd),
            ));
        }
    }
    warnings
}

/// `0.4 s`, `45 s`, `12 min`, `2 h 5 min`, `3 d 4 h`.
pub fn duration(seconds: f64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    // The cast holds at the largest number there is.
    let whole = seconds.round() as u64;
    let two = |of: u64, name: &str, part: u64, part_name: &str| match whole % of / part {
        0 => format!("{} {name}", whole / of),
        rest => format!("{} {name} {rest} {part_name}", whole / of),
    };
    match whole {
        ..120 => format!("{whole} s"),
        ..HOUR => two(MINUTE, "min", 1, "s"),
        ..DAY => two(HOUR, "h", MINUTE, "min"),
        _ => two(DAY, "d", HOUR, "h"),
    }
}

/// `$0.004`, `$0.42`, `$1,234`.
pub fn dollars(amount: f64) -> String {
    match amount {
        ..0.1 => format!("${amount:.4}"),
        ..100.0 => format!("${amount:.2}"),
        _ => {
            let digits = format!("{amount:.0}");
            let grouped: Vec<&str> =
                digits.as_bytes().rchunks(3).rev().filter_map(|part| str::from_utf8(part).ok()).collect();
            format!("${}", grouped.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_money_read_well() {
        let times = [0.44, 59.6, 119.0, 120.0, 754.0, 7_500.0, 86_400.0, 273_600.0].map(duration);
        assert_eq!(times, ["0.4 s", "60 s", "119 s", "2 min", "12 min 34 s", "2 h 5 min", "1 d", "3 d 4 h"]);
        let money = [0.0, 0.00394, 0.42, 12.0, 123.4, 1_234_567.0].map(dollars);
        assert_eq!(money, ["$0.0000", "$0.0039", "$0.42", "$12.00", "$123", "$1,234,567"]);
    }
}
