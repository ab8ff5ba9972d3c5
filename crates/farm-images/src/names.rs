//! Names that a registry takes, told from those that it does not before anything is sent.

use std::fmt;
use std::str::FromStr;

/// The most that a tag may have.
const TAG: usize = 128;
/// What ECR allows a repository's name to have.
const REPOSITORY: std::ops::RangeInclusive<usize> = 2..=256;

/// An image's tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag(String);

/// A repository's name, without its registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository(String);

/// A name that no registry takes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// No tag.
    #[error(
        "`{0}` is no tag: 1 to 128 letters, digits, `_`, `.` and `-`, of which `.` and `-` do not come first"
    )]
    Tag(String),
    /// No repository.
    #[error(
        "`{0}` is no name of a repository: 2 to 256 lower-case letters and digits, with single `.`, `_`, `-` or `/` \
         between them"
    )]
    Repository(String),
}

impl FromStr for Tag {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let begins = !text.starts_with(['.', '-']);
        let good = (1..=TAG).contains(&text.len()) && begins && text.bytes().all(inner);
        good.then(|| Self(text.to_owned())).ok_or_else(|| NameError::Tag(text.to_owned()))
    }
}

impl FromStr for Repository {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let words = || text.split(['.', '_', '-', '/']);
        let good = REPOSITORY.contains(&text.len())
            && words().all(|word| !word.is_empty() && word.bytes().all(inner));
        good.then(|| Self(text.to_owned())).ok_or_else(|| NameError::Repository(text.to_owned()))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_what_a_registry_takes() {
        for good in ["4.5", "latest", "_x", "render-4.5-0123abcd", "A", &"a".repeat(128)] {
            assert_eq!(good.parse::<Tag>().map(|tag| tag.to_string()).as_deref(), Ok(good));
        }
        for bad in ["", ".x", "-x", "a b", "a/b", "a:b", "ä", "a\n", &"a".repeat(129), "a?b", "../x"] {
            assert!(bad.parse::<Tag>().is_err(), "{bad}");
        }
    }

    #[test]
    fn repositories_are_what_ecr_takes() {
        for good in ["render-farm", "a/b", "my.farm_1", "ab"] {
            assert_eq!(good.parse::<Repository>().map(|name| name.to_string()).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "a",
            "Farm",
            "a//b",
            "/a",
            "a/",
            "-a",
            "a--b",
            "a..b",
            "a b",
            "a?b",
            "../x",
            &"a".repeat(257),
        ] {
            assert!(bad.parse::<Repository>().is_err(), "{bad}");
        }
    }
}
