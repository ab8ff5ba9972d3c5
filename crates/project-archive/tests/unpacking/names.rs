//! What a file or folder may be called, and which may stand beside each other.

use project_archive::{Limits, UnpackError};

use crate::hand::{Archive, Item, field, names, one};
use crate::{accepted, assert_refused};

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in ["../a", "a/../b", "a/..", "../", "..", "a/../../b"] {
        assert_refused!(names(&[name]), UnpackError::Parent { .. });
    }
    for name in ["/a", "//a", "/", "/etc/passwd"] {
        assert_refused!(names(&[name]), UnpackError::Absolute { .. });
    }
    for name in ["C:/a", "c:a", "Z:"] {
        assert_refused!(names(&[name]), UnpackError::DriveLetter { .. });
    }
    for name in ["a\\b", "..\\a", "\\a", "C:\\a"] {
        assert_refused!(names(&[name]), UnpackError::Backslash { .. });
    }
}

#[test]
fn names_with_empty_parts_are_refused() {
    for name in ["", ".", "./a", "a/./b", "a//b", "a//", "a/."] {
        assert_refused!(names(&[name]), UnpackError::EmptyPart { .. });
    }
}

#[test]
fn names_with_control_characters_are_refused() {
    for name in ["a\0b", "a\nb", "\u{1b}[2Ja", "a\u{7f}", "a\u{85}b", "a/\0"] {
        assert_refused!(names(&[name]), UnpackError::ControlCharacter { .. });
    }
}

#[test]
fn names_in_other_than_utf_8_are_refused() {
    for flags in [0, 1 << 11] {
        let item = Item::named(b"caf\xe9.png").both(|header| header.flags = flags);
        assert_refused!(one(item), UnpackError::NotUtf8 { .. });
    }
}

#[test]
fn names_in_utf_8_are_taken_with_and_without_the_flag_that_says_so() {
    for flags in [0, 1 << 11] {
        let item = Item::named("café/雪.png").both(|header| header.flags = flags);
        assert_eq!(accepted(&one(item)), ["café/雪.png"]);
    }
}

#[test]
fn names_with_points_that_lead_nowhere_are_ordinary() {
    let fine = ["...", "..a", "a..", ".hidden", "aa:b", "1:x", " ", "-rf"];
    assert_eq!(accepted(&names(&fine)), fine);
}

#[test]
fn long_names_are_refused() {
    let part = "p".repeat(255);
    accepted(&names(&[&part]));
    assert_refused!(names(&[&format!("{part}p")]), UnpackError::TooLongName { limit: 255, .. });
    let most = [part.as_str(); 4].join("/")[..1000].to_owned();
    accepted(&names(&[&most]));
    assert_refused!(names(&[&format!("{most}p")]), UnpackError::TooLongName { limit: 1000, .. });
    let limits = Limits { name_bytes: 3, ..Limits::default() };
    assert_refused!(names(&["four"]), UnpackError::TooLongName { limit: 3, .. }, &limits);
}

#[test]
fn deep_names_are_refused() {
    let most = ["d"; 32].join("/");
    accepted(&names(&[&most]));
    assert_refused!(names(&[&format!("{most}/d")]), UnpackError::TooDeep { limit: 32, .. });
    let limits = Limits { depth: 2, ..Limits::default() };
    assert_refused!(names(&["a/b/c/"]), UnpackError::TooDeep { limit: 2, .. }, &limits);
}

#[test]
fn a_name_stands_in_an_archive_once() {
    for twice in [["a", "a"], ["a/", "a/"], ["a/b", "a/b"]] {
        assert_refused!(names(&twice), UnpackError::Duplicate { .. });
    }
}

#[test]
fn names_that_are_one_on_other_machines_are_refused() {
    for pair in [
        ["a.png", "A.PNG"],
        ["Textures/a", "textures/b"],
        ["É", "é"],
        ["σ", "ς"],
        ["s", "ſ"],
        ["\u{212a}", "k"],
        ["a/", "A"],
    ] {
        assert_refused!(names(&pair), UnpackError::SameButForCase { .. });
    }
    assert_eq!(accepted(&names(&["ß", "ss", "a/b", "b/B"])), ["ß", "ss", "a/b", "b/B"]);
}

#[test]
fn a_name_is_a_files_or_a_folders() {
    for pair in [["a", "a/"], ["a/", "a"], ["a", "a/b"], ["a/b", "a"], ["a/b/c", "a/b"], ["a/b", "a/b/c/"]] {
        assert_refused!(names(&pair), UnpackError::FileAndFolder { .. });
    }
}

#[test]
fn a_folder_may_follow_on_what_is_in_it() {
    assert_eq!(accepted(&names(&["a/b", "a/", "c/", "c/d/"])), ["a/b"]);
}

#[test]
fn folders_that_only_stand_in_names_count_as_well() {
    let limits = |entries| Limits { entries, ..Limits::default() };
    let archive = names(&["a/b/c", "a/b/d"]);
    assert_refused!(archive, UnpackError::TooManyEntries { limit: 3 }, &limits(3));
    crate::Place::new().unpack(&archive, &limits(4)).expect("four are allowed");
}

#[test]
fn links_and_devices_are_refused() {
    assert_refused!(one(Item::named("a").mode(0o120_777)), UnpackError::Link { .. });
    for kind in [0o010_000, 0o020_000, 0o060_000, 0o140_000, 0o170_000, 0o030_000] {
        assert_refused!(one(Item::named("a").mode(kind | 0o644)), UnpackError::Special { .. });
        assert_refused!(one(Item::named("a/").mode(kind | 0o644)), UnpackError::Special { .. });
    }
}

#[test]
fn a_file_through_a_link_of_the_same_archive_is_refused() {
    let link = Item::stored("a", b"/tmp").mode(0o120_777);
    assert_refused!(Archive::of([link, Item::named("a/b")]).bytes(), UnpackError::Link { .. });
}

#[test]
fn attributes_and_name_agree_on_what_it_is() {
    assert_refused!(one(Item::named("a").mode(0o040_755)), UnpackError::UnclearKind { .. });
    assert_refused!(one(Item::named("a/").mode(0o100_644)), UnpackError::UnclearKind { .. });
    let item = Item::named("a").but(|item| item.attributes = 0x10);
    assert_refused!(one(item), UnpackError::UnclearKind { .. });
    accepted(&one(Item::named("a/").but(|item| item.attributes = 0o040_755 << 16 | 0x10)));
}

#[test]
fn a_second_name_in_either_header_must_be_the_same() {
    let second = |name: &[u8]| field(0x7075, &[b"\x01????".as_slice(), name].concat());
    accepted(&one(Item::named("a").both(|header| header.extra = second(b"a"))));
    accepted(&one(Item::named("a/").both(|header| header.extra = second(b"a/"))));
    let table = Item::named("a").but(|item| item.table.extra = second(b"../b"));
    assert_refused!(one(table), UnpackError::TwoNames { .. });
    let twice = Item::named("a").but(|item| item.table.extra = [second(b"../b"), second(b"a")].concat());
    assert_refused!(one(twice), UnpackError::Damaged { .. });
    let local = Item::named("a").but(|item| item.local.extra = second(b"../b"));
    assert_refused!(one(local), UnpackError::TwoNames { .. });
}

#[test]
fn what_macos_adds_is_left_out() {
    let archive = names(&["__MACOSX/", "__MACOSX/p/._a", ".DS_Store", "p/.DS_Store", "p/a", "p/__MACOSX"]);
    assert_eq!(accepted(&archive), ["p/a", "p/__MACOSX"]);
    let place = crate::Place::new();
    place.unpack(&archive, &Limits::default()).expect("it is fine");
    assert_eq!(crate::names_in(&place.folder()), ["p"]);
    assert_eq!(crate::names_in(&place.folder().join("p")), ["__MACOSX", "a"]);
}

#[test]
fn what_is_left_out_keeps_the_rules() {
    assert_refused!(names(&["__MACOSX/../../a"]), UnpackError::Parent { .. });
    assert_refused!(names(&[".DS_Store", ".DS_Store"]), UnpackError::Duplicate { .. });
    assert_refused!(one(Item::named("__MACOSX/a").mode(0o120_777)), UnpackError::Link { .. });
}

#[test]
fn names_are_shown_without_what_could_garble_a_terminal() {
    let name = format!("\u{1b}[2J\u{202e}{}", "n".repeat(500));
    let text = crate::refused(&names(&[&name])).to_string();
    assert!(!text.contains(['\u{1b}', '\u{202e}']) && text.len() < 400, "{text}");
}
