//! What was found, in words for a report.

use farm_contract::limits::Limits;

use crate::estimate::Estimate;
use crate::model::Model;

/// Which limits an estimate does not keep; `named` where the upload itself names the chunk.
pub(crate) fn unmet(model: &Model, estimate: &Estimate, limits: &Limits, named: bool) -> Vec<String> {
    let basis = match model.measured {
        0 => "which is assumed, as nothing is known of it yet",
        _ => "as an earlier render took",
    };
    let reckoned = format!("{} a frame, {basis}", duration(model.frame_seconds));
    let kept =
        format!("the named chunk of {} is kept; without the tag `chunk` the farm chooses", estimate.chunk);
    let mut warnings = Vec::new();
    if let Some(deadline) = limits.deadline_text()
        && limits.deadline().is_some_and(|seconds| estimate.finish_seconds > seconds)
    {
        let takes = duration(estimate.finish_seconds);
        let what = match named {
            true => kept.as_str(),
            false => {
                "it is rendered as soon as the farm can: fewer frames, samples or per cent, or a farm with more vCPUs, \
                 would be done sooner"
            }
        };
        warnings.push(format!(
            "deadline={deadline} will hardly be kept: the frames should take {takes} ({reckoned}); {what}."
        ));
    }
    if let Some(budget) = limits.budget_text()
        && limits.budget().is_some_and(|dollars| estimate.cost_usd > dollars)
    {
        let costs = dollars(estimate.cost_usd);
        let what = match (named, limits.deadline()) {
            (true, _) => kept.as_str(),
            (false, Some(_)) => "the deadline comes first: a later one may be cheaper",
            (false, None) => {
                "it is rendered as cheaply as the farm can: fewer frames, samples or per cent would cost less"
            }
        };
        warnings.push(format!(
            "budget={budget} will hardly be kept: the frames should cost {costs} ({reckoned}); {what}."
        ));
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
        120..HOUR => two(MINUTE, "min", 1, "s"),
        HOUR..DAY => two(HOUR, "h", MINUTE, "min"),
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
