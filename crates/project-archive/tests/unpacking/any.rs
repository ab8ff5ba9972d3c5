//! Archives that are damaged in any way, and bytes that are none.

use std::path::Path;

use project_archive::Limits;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::good::{archive, files, style};
use crate::hand::{Archive, Item};
use crate::{Place, names_in};

/// Unpacks without panic, and without leaving anything that it does not name.
fn try_any(bytes: &[u8]) {
    let limits = Limits { bytes: 32 << 20, ..Limits::default() };
    let place = Place::new();
    match place.unpack(bytes, &limits) {
        Err(_) => assert_eq!(names_in(&place.folder()), [""; 0]),
        Ok(unpacked) => {
            let mut found = Vec::new();
            files_in(&place.folder(), "", &mut found);
            let mut named = unpacked.files;
            named.sort();
            found.sort();
            assert_eq!(found, named);
        }
    }
}

fn files_in(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for name in names_in(folder) {
        let path = folder.join(&name);
        let kind = path.symlink_metadata().expect("it is there").file_type();
        if kind.is_dir() {
            files_in(&path, &format!("{prefix}{name}/"), found);
        } else {
            assert!(kind.is_file(), "{name}");
            found.push(format!("{prefix}{name}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..300)) {
        try_any(&bytes);
        try_any(&[b"PK\x03\x04", bytes.as_slice()].concat());
    }

    #[test]
    fn any_name_and_attributes_do_no_harm(
        names in vec("[./\\\\a-c:~\u{0}é-]{0,12}", 0..4),
        attributes in any::<u32>(),
    ) {
        let items = names.iter().map(|name| Item::named(name).but(|item| item.attributes = attributes & 0x1fff_0000));
        try_any(&Archive::of(items).bytes());
        try_any(&Archive::of(names.iter().map(Item::named)).bytes());
    }

    #[test]
    fn changed_bytes_do_no_harm(
        files in files(),
        style in style(),
        changes in vec((any::<Index>(), any::<u8>(), any::<bool>()), 1..6),
    ) {
        let mut bytes = archive(&files, style);
        let length = bytes.len();
        for (at, value, near_the_end) in changes {
            // Most of an archive are contents; what is worth changing stands at the end.
            let at = if near_the_end { length - 1 - at.index(length.min(400)) } else { at.index(length) };
            bytes[at] = value;
        }
        try_any(&bytes);
    }

    #[test]
    fn a_shorter_archive_leaves_nothing(files in files(), style in style(), length in any::<Index>()) {
        let mut bytes = archive(&files, style);
        bytes.truncate(length.index(bytes.len()));
        let place = Place::new();
        prop_assert!(place.unpack(&bytes, &Limits::default()).is_err());
        prop_assert_eq!(names_in(&place.folder()), [""; 0]);
    }
}
