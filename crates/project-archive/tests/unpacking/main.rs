//! Archives of all kinds, most of them made by hand to do harm, unpacked as a whole or looked into.
#![allow(clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod agree;
mod any;
mod contents;
mod counting;
mod good;
mod hand;
mod headers;
mod looking;
mod names;
mod reading;
mod structure;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use project_archive::{Limits, UnpackError, Unpacked, unpack};
use tempfile::TempDir;

/// A folder to unpack into, inside another that must stay as it is.
struct Place {
    outside: TempDir,
}

impl Place {
    fn new() -> Self {
        let outside = tempfile::tempdir().expect("a folder");
        fs::create_dir(outside.path().join("into")).expect("a folder in it");
        Self { outside }
    }

    fn unpack(&self, archive: &[u8], limits: &Limits) -> Result<Unpacked, UnpackError> {
        let outcome = unpack(Cursor::new(archive), &self.folder(), limits);
        assert_eq!(names_in(self.outside.path()), ["into"], "something was written outside");
        agree::check(archive, limits, &self.folder(), &outcome);
        outcome
    }

    fn folder(&self) -> PathBuf {
        self.outside.path().join("into")
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Unpacks what must not be unpacked.
fn refused_within(archive: &[u8], limits: &Limits) -> UnpackError {
    let place = Place::new();
    let error = place.unpack(archive, limits).expect_err("it must be refused");
    assert_eq!(names_in(&place.folder()), [""; 0], "something was left behind: {error}");
    for text in [error.to_string().as_str(), error.hint()] {
        assert!(text.ends_with('.') && !text.contains(char::is_control), "{text:?}");
    }
    error
}

fn refused(archive: &[u8]) -> UnpackError {
    refused_within(archive, &Limits::default())
}

/// Unpacks what must be unpacked, and says which files came out.
fn accepted(archive: &[u8]) -> Vec<String> {
    let place = Place::new();
    place.unpack(archive, &Limits::default()).expect("it must be unpacked").files
}

/// The archive is refused, and for this reason.
macro_rules! assert_refused {
    ($archive:expr, $reason:pat) => {
        crate::assert_refused!($archive, $reason, &project_archive::Limits::default())
    };
    ($archive:expr, $reason:pat, $limits:expr) => {{
        let error = crate::refused_within(&$archive, $limits);
        assert!(matches!(error, $reason), "{error:?} rather than {}", stringify!($reason));
    }};
}
pub(crate) use assert_refused;
