//! The clock of a ZIP archive: local time of the years 1980 to 2107, in steps of two seconds.

/// A moment as an archive writes it. Written in UTC, so that the bytes depend on no machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DosTime {
    pub(super) date: u16,
    pub(super) time: u16,
}

impl DosTime {
    /// From milliseconds since 1970; a moment that the format cannot write becomes the nearest
    /// that it can.
    pub fn from_unix_millis(millis: u64) -> Self {
        let seconds = millis / 1000;
        let (year, month, day) = civil(seconds / 86_400);
        let second = seconds % 86_400;
        if year < 1980 {
            return Self { date: 1 << 5 | 1, time: 0 };
        }
        if year > 2107 {
            return Self { date: 127 << 9 | 12 << 5 | 31, time: 23 << 11 | 59 << 5 | 29 };
        }
        Self {
            date: ((year - 1980) << 9 | month << 5 | day) as u16,
            time: ((second / 3600) << 11 | (second / 60 % 60) << 5 | (second % 60 / 2)) as u16,
        }
    }
}

/// Year, month and day of the Gregorian calendar, from days since 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    // Years begin in March here, so that the leap day is the last of its year.
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(11_017), (2000, 3, 1));
        assert_eq!(civil(20_780), (2026, 11, 23));
        assert_eq!(civil(47_540), (2100, 2, 28));
        assert_eq!(civil(47_541), (2100, 3, 1));
    }

    #[test]
    fn moments_beyond_the_format_are_the_nearest_that_it_has() {
        assert_eq!(DosTime::from_unix_millis(0), DosTime { date: 33, time: 0 });
        assert_eq!(DosTime::from_unix_millis(u64::MAX).date, 0xFF9F);
        // 2001-09-09 01:46:40
        let billion = DosTime::from_unix_millis(1_000_000_000_000);
        assert_eq!(billion.date, 21 << 9 | 9 << 5 | 9);
        assert_eq!(billion.time, 1 << 11 | 46 << 5 | 20);
    }
}
