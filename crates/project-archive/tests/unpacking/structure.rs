//! The end of an archive and its table of contents.

use project_archive::{Limits, UnpackError};

use crate::hand::{Archive, Item, Large, one};
use crate::{accepted, assert_refused};

fn two() -> Archive {
    Archive::of([Item::deflated("a", b"first"), Item::deflated("b/c", b"deflated, deflated, deflated")])
}

/// Puts other bytes into the record at the end.
fn with_end(archive: Archive, at: usize, changed: &[u8]) -> Vec<u8> {
    let mut bytes = archive.bytes();
    let at = bytes.len() - 22 + at;
    bytes[at..at + changed.len()].copy_from_slice(changed);
    bytes
}

#[test]
fn what_is_no_archive_is_called_what_it_is() {
    for (bytes, words) in [
        (b"".as_slice(), "it is empty"),
        (b"BLENDER-v405", "a Blender file"),
        (b"\x28\xb5\x2f\xfd\0\0", "Zstandard"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"<html>", "a web page"),
        (b"some", "does not begin as one"),
    ] {
        let error = crate::refused(bytes);
        assert!(matches!(error, UnpackError::NotZip { .. }) && error.to_string().contains(words), "{error}");
    }
}

#[test]
fn an_archive_without_entries_has_no_files() {
    assert_eq!(accepted(&Archive::default().bytes()), [""; 0]);
}

#[test]
fn every_shorter_archive_is_refused() {
    for archive in [two(), Archive { large: Some(Large::default()), ..two() }] {
        let whole = archive.bytes();
        for length in 0..whole.len() {
            assert_refused!(
                whole[..length],
                UnpackError::CutOff | UnpackError::NotZip { .. } | UnpackError::Damaged { .. }
            );
        }
        accepted(&whole);
    }
}

#[test]
fn an_archive_may_have_a_comment_and_another_archive_in_it() {
    let inner = Archive { comment: b"inner".to_vec(), ..two() }.bytes();
    let outer = Archive { comment: vec![b'c'; 65_535], ..Archive::of([Item::stored("in.zip", &inner)]) };
    assert_eq!(accepted(&outer.bytes()), ["in.zip"]);
    assert_eq!(accepted(&Archive { comment: Vec::new(), ..outer }.bytes()), ["in.zip"]);
}

#[test]
fn bytes_behind_the_end_are_refused() {
    let bytes = [two().bytes(), vec![0; 40]].concat();
    assert_refused!(bytes, UnpackError::Damaged { .. });
    let archive = Archive { comment: b"comment".to_vec(), comment_length: Some(3), ..two() };
    assert_refused!(archive.bytes(), UnpackError::Damaged { .. });
}

#[test]
fn an_archive_with_two_ends_is_refused() {
    // The comment of the first is a second archive with its own end, which fits as well.
    let harmless = two();
    let harmful = Archive { in_front: harmless.bytes(), shifted: true, ..Archive::of([Item::named("evil")]) };
    let all = harmful.bytes();
    let both = |comment_length| {
        let first = Archive { comment_length: Some(comment_length), ..harmless.clone() }.bytes();
        [&first, &all[first.len()..]].concat()
    };
    let behind = (all.len() - harmless.bytes().len()) as u16;
    assert_refused!(both(behind), UnpackError::TwoEnds);
    // With one that does not reach to the last byte, the last one alone counts; but that archive
    // does not begin where the file does.
    assert_refused!(both(0), UnpackError::Damaged { .. });
    // And here the last signature is none of an end: some readers look no further.
    let stray = Archive { comment: [b"PK\x05\x06".as_slice(), &[0; 30]].concat(), ..two() };
    assert_refused!(stray.bytes(), UnpackError::TwoEnds);
}

#[test]
fn bytes_in_front_of_an_archive_are_refused() {
    for shifted in [false, true] {
        let program = Archive { in_front: b"MZ a program ".to_vec(), shifted, ..two() };
        assert_refused!(program.bytes(), UnpackError::NotZip { .. });
        let hidden = Archive { in_front: Item::named("hidden").local_bytes(), shifted, ..two() };
        assert_refused!(hidden.bytes(), UnpackError::Damaged { .. });
    }
}

#[test]
fn the_table_has_as_many_entries_as_the_end_says() {
    for entries in [0, 1, 3, u16::MAX] {
        assert_refused!(Archive { entries: Some(entries), ..two() }.bytes(), UnpackError::Damaged { .. });
    }
}

#[test]
fn the_table_is_as_long_as_the_end_says() {
    for length in [0, 1, 46, u32::MAX - 1] {
        assert_refused!(with_end(two(), 12, &length.to_le_bytes()), UnpackError::Damaged { .. });
    }
}

#[test]
fn a_header_of_the_table_that_is_none_is_refused() {
    let whole = two().bytes();
    let at = whole.windows(4).position(|window| window == b"PK\x01\x02").expect("a table");
    for changed in [at, at + 28, at + 29, at + 30, at + 31, at + 32, at + 33] {
        let mut bytes = whole.clone();
        bytes[changed] ^= 0x41;
        assert_refused!(bytes, UnpackError::Damaged { .. });
    }
}

#[test]
fn a_part_of_a_split_archive_is_refused() {
    assert_refused!(Archive { disk: 1, ..two() }.bytes(), UnpackError::Split);
    assert_refused!(one(Item::named("a").but(|item| item.disk = 1)), UnpackError::Split);
    let last = Archive { in_front: b"the end of an entry".to_vec(), disk: 3, ..two() };
    assert_refused!(last.bytes(), UnpackError::Split);
    let large = |disks| Some(Large { disks, ..Large::default() });
    assert_refused!(Archive { large: large(2), ..two() }.bytes(), UnpackError::Split);
    assert_refused!(Archive { large: large(1), disk: 1, ..two() }.bytes(), UnpackError::Split);
    // Of the two entries, one is said to stand in this part.
    assert_refused!(with_end(two(), 8, &[1, 0]), UnpackError::Split);
}

#[test]
fn too_many_entries_are_refused_before_the_table_is_read() {
    // There is no table behind this number, which would be found next.
    let large = Large { entries: Some(u64::MAX), ..Large::default() };
    let archive = Archive { large: Some(large), ..two() };
    assert_refused!(archive.bytes(), UnpackError::TooManyEntries { limit: 100_000 });
    let limits = Limits { entries: 1, ..Limits::default() };
    assert_refused!(two().bytes(), UnpackError::TooManyEntries { limit: 1 }, &limits);
}

#[test]
fn a_table_too_long_for_memory_is_refused() {
    let long = |name| Item::named(name).but(|item| item.comment = vec![b'c'; 65_535]);
    let archive = |count| Archive::of((0..count).map(|n| long(format!("{n}")))).bytes();
    assert_refused!(archive(1030), UnpackError::TooLongTable);
    assert_eq!(accepted(&archive(1000)).len(), 1000);
}

#[test]
fn the_records_of_large_archives_are_read() {
    for small_is_full in [true, false] {
        let large = Large { small_is_full, ..Large::default() };
        assert_eq!(accepted(&Archive { large: Some(large), ..two() }.bytes()), ["a", "b/c"]);
    }
}

#[test]
fn the_two_records_of_a_large_archive_must_agree() {
    let archive = |large| Archive { large: Some(large), ..two() }.bytes();
    let other = Large { entries: Some(1), small_is_full: false, ..Large::default() };
    assert_refused!(archive(other), UnpackError::TwoEnds);
    let both = Archive { large: Some(Large { small_is_full: false, ..Large::default() }), ..two() };
    for at in [12, 16] {
        assert_refused!(with_end(both.clone(), at, &[1, 0, 0, 0]), UnpackError::TwoEnds);
    }
    for record_size in [0, 43, 45, u64::MAX] {
        let odd = Large { record_size, ..Large::default() };
        assert_refused!(archive(odd), UnpackError::Damaged { .. });
    }
    for position in [0, 1 << 40, u64::MAX - 60, u64::MAX] {
        let mut bytes = archive(Large::default());
        let at = bytes.len() - 22 - 12;
        bytes[at..at + 8].copy_from_slice(&position.to_le_bytes());
        assert_refused!(bytes, UnpackError::Damaged { .. });
    }
}
