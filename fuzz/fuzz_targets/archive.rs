//! The archive of a project, unpacked into a folder of its own.
#![no_main]

use std::fs;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use project_archive::{Limits, contents, open_member, table, unpack};
use tempfile::TempDir;

/// Small, so that inputs of a few hundred bytes come to every one of them.
const LIMITS: Limits =
    Limits { entries: 24, bytes: 128 << 10, ratio: 50, ratio_from: 16 << 10, name_bytes: 60, depth: 5 };

/// Buffers of fixed sizes, and what so few entries are called.
const MEBIBYTES: usize = 1;

/// One for all inputs: making folders is what takes most of the time.
static PLACE: LazyLock<TempDir> = LazyLock::new(|| {
    let place = tempfile::tempdir().expect("a folder");
    fs::create_dir(place.path().join(FOLDER)).expect("a folder in it");
    place
});
const FOLDER: &str = "project";

fuzz_target!(|archive: &[u8]| {
    let place = PLACE.path();
    let folder = place.join(FOLDER);
    let looked = farm_fuzz::within(MEBIBYTES, || look(archive));
    let outcome = farm_fuzz::within(MEBIBYTES, || unpack(Cursor::new(archive), &folder, &LIMITS));
    if let Ok(unpacked) = &outcome {
        assert_eq!(looked.as_ref(), Some(&unpacked.files), "a look shows what is unpacked");
    }

    assert_eq!(fs::read_dir(place).expect("still there").count(), 1, "it wrote outside of its folder");
    let mut found = Found::default();
    found.look(&folder, "");
    match outcome {
        Ok(mut unpacked) => {
            unpacked.files.sort_unstable();
            found.files.sort_unstable();
            assert_eq!(unpacked.files, found.files);
            assert_eq!(unpacked.bytes, found.bytes);
            assert!(found.bytes <= LIMITS.bytes && found.entries <= LIMITS.entries, "{found:?}");
            fs::remove_dir_all(&folder).expect("it can be removed");
            fs::create_dir(&folder).expect("it can be made again");
        }
        Err(error) => {
            assert_eq!(found.entries, 0, "it left {found:?} behind: {error}");
            assert!(error.to_string().ends_with('.') && error.hint().ends_with('.'), "{error}");
        }
    }
});

/// What is in the archive without unpacking it, with some bytes of each file.
fn look(archive: &[u8]) -> Option<Vec<String>> {
    let table = table(Cursor::new(archive), &LIMITS);
    let contents = contents(Cursor::new(archive), &LIMITS);
    assert!(contents.is_err() || table.is_ok(), "a look is no stricter");
    for file in table.ok()?.files() {
        assert!(file.size <= LIMITS.bytes, "{file:?}");
    }
    let contents = contents.ok()?;
    for member in contents.files() {
        let mut reader = open_member(Cursor::new(archive), member);
        let half = member.size / 2;
        let _ = reader.read_at(half, usize::try_from(member.size - half).unwrap_or(0));
        let _ = reader.read_at(0, usize::try_from(half).unwrap_or(0));
    }
    Some(contents.files().map(|member| member.name.clone()).collect())
}

/// What lies in a folder.
#[derive(Debug, Default)]
struct Found {
    files: Vec<String>,
    entries: u64,
    bytes: u64,
}

impl Found {
    fn look(&mut self, folder: &Path, prefix: &str) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = format!("{prefix}{}", entry.file_name().to_str().expect("only UTF-8 is taken"));
            let kind = entry.path().symlink_metadata().expect("still there");
            self.entries += 1;
            if kind.is_dir() {
                self.look(&entry.path(), &format!("{name}/"));
            } else {
                assert!(kind.is_file() && kind.permissions().mode() & 0o7777 == 0o644, "{name}: {kind:?}");
                self.files.push(name);
                self.bytes += kind.len();
            }
        }
    }
}
