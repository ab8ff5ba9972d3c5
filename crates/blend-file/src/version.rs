//! Blender's version as it stands in a file and as people write it.

use std::fmt;
use std::str::FromStr;

/// A version of Blender, as far as it matters to files: 4.5, 2.79.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The number before the dot.
    pub major: u16,
    /// The number after the dot. 2.80 has the minor version 80, 4.5 has 5.
    pub minor: u16,
}

impl Version {
    /// From the number in a file: 279 is 2.79, 405 is 4.5.
    pub(crate) fn of_file(number: u16) -> Self {
        Self { major: number / 100, minor: number % 100 }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.major {
            // Up to 2.93 the minor version had two digits.
            0..=2 => write!(f, "{}.{:02}", self.major, self.minor),
            _ => write!(f, "{}.{}", self.major, self.minor),
        }
    }
}

/// As people write it: `4.5`.
#[cfg(feature = "serde")]
impl serde::Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The text is not a version of Blender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version of Blender; versions are written like 4.5 or 4.5.15")]
pub struct ParseVersionError(String);

impl FromStr for Version {
    type Err = ParseVersionError;

    /// Reads `4.5`, and `4.5.15`, of which the last number is left out.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.split('.').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        });
        match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Some(major)), Some(Some(minor)), None | Some(Some(_)), None) => Ok(Self { major, minor }),
            _ => Err(ParseVersionError(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_as_people_write_them() {
        for (number, text) in
            [(205, "2.05"), (279, "2.79"), (293, "2.93"), (304, "3.4"), (405, "4.5"), (500, "5.0")]
        {
            let version = Version::of_file(number);
            assert_eq!(version.to_string(), text);
            assert_eq!(text.parse(), Ok(version));
        }
        assert_eq!("4.5.15".parse(), Ok(Version { major: 4, minor: 5 }));
        for wrong in ["", "4", "4.", ".5", "4.5.", "4.5.1.2", "4.x", "+4.5", "4.5 LTS", "4.99999999"] {
            assert_eq!(wrong.parse::<Version>(), Err(ParseVersionError(wrong.into())), "{wrong}");
        }
    }

    #[test]
    fn later_is_greater() {
        let order = ["2.79", "2.80", "2.93", "3.4", "4.2", "4.5", "5.0", "5.10"];
        let versions: Vec<Version> = order.iter().map(|text| text.parse().unwrap()).collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
    }
}
