//! What a render may take: tags, and options of `farm submit`.

use crate::fault::Fault;

/// How long until the frames are there.
pub const DEADLINE: &str = "deadline";
/// How many US dollars they may cost.
pub const BUDGET: &str = "budget";
/// How many US dollars a render may cost before it is stopped.
pub const MAX_COST: &str = "max_cost";

/// The longest deadline: the time that Fargate gives a task.
const MOST_SECONDS: u32 = 14 * 24 * 60 * 60;
/// The largest budget, in US dollars.
const MOST_DOLLARS: u32 = 1_000_000;

/// What a render may take. `chunk=auto` keeps to it as well as it can; it is no picture, so frames are the same
/// without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    deadline_seconds: Option<u32>,
    budget_cents: Option<u32>,
    max_cents: Option<u32>,
}

impl Limits {
    /// Seconds from the first task's start until the frames are there. It starts about when the file is there, unless
    /// other renders are before it.
    pub fn deadline(&self) -> Option<f64> {
        self.deadline_seconds.map(f64::from)
    }

    /// US dollars.
    pub fn budget(&self) -> Option<f64> {
        self.budget_cents.map(|cents| f64::from(cents) / 100.0)
    }

    /// The deadline as its tag says it: `90m`.
    pub fn deadline_text(&self) -> Option<String> {
        let of = |seconds: u32| match seconds {
            hours if hours % 3600 == 0 => format!("{}h", hours / 3600),
            minutes if minutes % 60 == 0 => format!("{}m", minutes / 60),
            seconds => format!("{seconds}s"),
        };
        self.deadline_seconds.map(of)
    }

    /// The budget as its tag says it: `5`, `2.50`.
    pub fn budget_text(&self) -> Option<String> {
        self.budget_cents.map(text)
    }

    /// What the render may cost before it is stopped, as its tag says it. Nothing is planned by it.
    pub fn max_cost_text(&self) -> Option<String> {
        self.max_cents.map(text)
    }

    /// What is limited, by the names of the tags.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, String)> {
        let all = [
            (DEADLINE, self.deadline_text()),
            (BUDGET, self.budget_text()),
            (MAX_COST, self.max_cost_text()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// Takes the tag `name` with its `value`. Whether the name is one of ours.
    ///
    /// # Errors
    /// The value cannot be one: the hint shows how it is written.
    pub fn take(&mut self, name: &str, value: &str) -> Result<bool, Fault> {
        match name {
            DEADLINE => self.deadline_seconds = Some(deadline(value)?),
            BUDGET => self.budget_cents = Some(dollars(name, value)?),
            MAX_COST => self.max_cents = Some(dollars(name, value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn deadline(value: &str) -> Result<u32, Fault> {
    let text = value.trim();
    let parts = text.char_indices().last().map(|(at, unit)| (&text[..at], unit));
    let seconds = parts.and_then(|(digits, unit)| {
        let unit = match unit {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return None,
        };
        number(digits)?.checked_mul(unit)
    });
    seconds.filter(|seconds| (1..=MOST_SECONDS).contains(seconds)).ok_or_else(|| {
        Fault::new(
            format!("deadline={value} is not a time from now that a render can have."),
            "Write one number with s, m, h or d behind it, up to 14d: deadline=90m, deadline=2h. Or leave the tag \
             `deadline` out.",
        )
    })
}

/// Dollars and cents, in cents.
fn dollars(name: &str, value: &str) -> Result<u32, Fault> {
    let text = value.trim();
    let (dollars, cents) = text.split_once('.').unwrap_or((text, "00"));
    let tenfold = if cents.len() == 1 { 10 } else { 1 };
    let cents = number(cents).filter(|_| cents.len() <= 2).map(|cents| cents * tenfold);
    let all = number(dollars).filter(|dollars| *dollars <= MOST_DOLLARS).zip(cents);
    all.map(|(dollars, cents)| dollars * 100 + cents).filter(|cents| *cents > 0).ok_or_else(|| {
        Fault::new(
            format!("{name}={value} is not a number of US dollars that a render can have."),
            format!(
                "Write dollars, up to 1000000, and cents behind a point, with no sign of a currency: {name}=5, {name}=2.50. \
                 Or leave the tag `{name}` out."
            ),
        )
    })
}

/// Cents as dollars.
fn text(cents: u32) -> String {
    match cents % 100 {
        0 => (cents / 100).to_string(),
        rest => format!("{}.{rest:02}", cents / 100),
    }
}

/// A number that is written in digits alone.
fn number(digits: &str) -> Option<u32> {
    let clean = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    clean.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(name: &str, value: &str) -> Limits {
        let mut limits = Limits::default();
        assert_eq!(limits.take(name, value), Ok(true), "{name}={value}");
        limits
    }

    #[test]
    fn limits_are_taken_and_given_back() {
        for (value, seconds, text) in [
            ("90m", 5400.0, "90m"),
            (" 2h ", 7200.0, "2h"),
            ("45s", 45.0, "45s"),
            ("1d", 86_400.0, "24h"),
            ("120s", 120.0, "2m"),
        ] {
            let limits = taken(DEADLINE, value);
            assert_eq!((limits.deadline(), limits.deadline_text()), (Some(seconds), Some(text.to_owned())));
            assert_eq!(taken(DEADLINE, text), limits);
        }
        for (value, dollars, text) in
            [("5", 5.0, "5"), ("2.50", 2.5, "2.50"), ("2.5", 2.5, "2.50"), (" 0.05", 0.05, "0.05")]
        {
            let limits = taken(BUDGET, value);
            assert_eq!((limits.budget(), limits.budget_text()), (Some(dollars), Some(text.to_owned())));
            assert_eq!(limits.pairs().collect::<Vec<_>>(), [(BUDGET, text.to_owned())]);
        }
        assert_eq!(taken(MAX_COST, "2.5").pairs().collect::<Vec<_>>(), [(MAX_COST, "2.50".to_owned())]);
        assert_eq!(Limits::default().take("owner", "ana"), Ok(false));
        assert_eq!(Limits::default().pairs().count(), 0);
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_way_to_write_it() {
        for value in
            ["", "90", "m", "1.5h", "-1h", "+1h", "0m", "15d", "2 h", "4294967296s", "2hours", "9é", "1h30m"]
        {
            let fault = Limits::default().take(DEADLINE, value).expect_err(value);
            assert!(fault.message.contains(value) && fault.hint.contains("deadline=90m"), "{fault:?}");
        }
        for value in [
            "",
            "0",
            "0.00",
            "$5",
            "5$",
            "-5",
            "+5",
            "2.505",
            "2.",
            ".5",
            "1e3",
            "1000001",
            "nan",
            "4294967295",
        ] {
            let fault = Limits::default().take(BUDGET, value).expect_err(value);
            assert!(fault.message.contains(value) && fault.hint.contains("budget=2.50"), "{fault:?}");
        }
    }
}
