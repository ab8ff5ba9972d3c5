//! The bytes of entries, and what becomes of the folder.

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use project_archive::{Limits, UnpackError, unpack};

use crate::hand::{Archive, DEFLATED, Item, deflated, field, names, one};
use crate::{Place, accepted, assert_refused, names_in};

const TEXT: &[u8] = b"deflated, deflated, deflated";

/// A good file in front, so that there is something to take away again.
fn behind_a_good_one(item: Item) -> Vec<u8> {
    Archive::of([Item::named("folder/good"), item]).bytes()
}

#[test]
fn a_stored_entry_has_one_size() {
    let item = Item::stored("a", TEXT).both(|header| header.size += 1);
    assert_refused!(behind_a_good_one(item), UnpackError::WrongSize { .. });
}

#[test]
fn a_folder_has_no_bytes() {
    assert_refused!(one(Item::stored("a/", TEXT)), UnpackError::WrongSize { .. });
    assert_refused!(one(Item::deflated("a/", TEXT)), UnpackError::WrongSize { .. });
    assert_refused!(
        one(Item::deflated("a/", TEXT).both(|header| header.size = 0)),
        UnpackError::WrongSize { .. }
    );
    // Java writes folders like this.
    accepted(&one(Item::deflated("a/", b"")));
}

#[test]
fn an_entry_has_the_size_that_it_says() {
    for size in [0, 1, TEXT.len() as u32 - 1, TEXT.len() as u32 + 1, 1 << 20] {
        let item = Item::deflated("a", TEXT).both(|header| header.size = size);
        assert_refused!(behind_a_good_one(item), UnpackError::WrongSize { .. });
    }
}

#[test]
fn an_entry_has_the_checksum_that_it_says() {
    for item in [Item::deflated("a", TEXT), Item::stored("a", TEXT)] {
        let item = item.both(|header| header.crc ^= 1);
        assert_refused!(behind_a_good_one(item), UnpackError::WrongChecksum { .. });
    }
}

#[test]
fn an_entry_ends_where_its_packed_bytes_do() {
    let packed = |change: fn(&mut Vec<u8>)| {
        Item::deflated("a", TEXT)
            .but(|item| change(&mut item.packed))
            .but(|item| item.table.packed_size = item.packed.len() as u32)
            .but(|item| item.local.packed_size = item.packed.len() as u32)
    };
    accepted(&one(packed(|_| {})));
    assert_refused!(behind_a_good_one(packed(|bytes| bytes.push(0))), UnpackError::DamagedData { .. });
    assert_refused!(
        behind_a_good_one(packed(|bytes| bytes.extend(deflated(TEXT)))),
        UnpackError::DamagedData { .. }
    );
    assert_refused!(behind_a_good_one(packed(|bytes| bytes.truncate(9))), UnpackError::DamagedData { .. });
    assert_refused!(behind_a_good_one(packed(Vec::clear)), UnpackError::DamagedData { .. });
    assert_refused!(behind_a_good_one(packed(|bytes| bytes.fill(0xff))), UnpackError::DamagedData { .. });
    // The packed bytes end with a buffer, and the entry does not.
    let exact = vec![7; 65_531];
    let item = Item::stored("a", &exact).both(|header| header.method = DEFLATED).but(|item| {
        item.packed = [[1, 0xfb, 0xff, 4, 0].as_slice(), &exact, b"more"].concat();
    });
    let item = item.both(|header| header.packed_size = 65_540);
    assert_refused!(behind_a_good_one(item), UnpackError::DamagedData { .. });
    // All bytes are there, but not the word that they were all.
    let unended = |bytes: &mut Vec<u8>| {
        let mut block = vec![0, TEXT.len() as u8, 0, !(TEXT.len() as u8), 0xff];
        block.extend(TEXT);
        *bytes = block;
    };
    assert_refused!(behind_a_good_one(packed(unended)), UnpackError::DamagedData { .. });
}

#[test]
fn more_bytes_than_the_limit_are_refused() {
    let archive = Archive::of([Item::stored("a", b"12345"), Item::stored("b", b"67890")]).bytes();
    let limits = |bytes| Limits { bytes, ..Limits::default() };
    assert_refused!(archive, UnpackError::TooLarge { bytes: 10, limit: 9 }, &limits(9));
    Place::new().unpack(&archive, &limits(10)).expect("ten are allowed");
    // Sizes whose sum is no number any more.
    let huge = |name| {
        let item = Item::deflated(name, TEXT);
        let numbers = [1 << 63, u64::from(item.table.packed_size)].map(u64::to_le_bytes).concat();
        item.both(|header| {
            (header.size, header.packed_size) = (u32::MAX, u32::MAX);
            header.extra = field(1, &numbers);
        })
    };
    assert_refused!(Archive::of([huge("a"), huge("b")]).bytes(), UnpackError::TooLarge { .. });
}

#[test]
fn what_is_packed_too_tightly_is_refused() {
    let zeros = vec![0; 17 << 20];
    let bomb = one(Item::deflated("a", &zeros));
    assert_refused!(bomb, UnpackError::TooTight { limit: 200, .. });
    // What is left out makes nothing of it better.
    let beside = Item::stored("__MACOSX/a", &[1; 200_000]);
    let archive = Archive::of([Item::deflated("a", &zeros), beside]).bytes();
    assert_refused!(archive, UnpackError::TooTight { .. });
    // Many small ones are as bad as a large one.
    let part = &zeros[..1 << 20];
    let parts = Archive::of((0..17).map(|n| Item::deflated(format!("{n}"), part))).bytes();
    assert_refused!(parts, UnpackError::TooTight { .. });
}

#[test]
fn small_files_may_be_packed_as_tightly_as_they_like() {
    let zeros = vec![0; 16 << 20];
    assert_eq!(accepted(&one(Item::deflated("a", &zeros))), ["a"]);
}

#[test]
fn one_empty_file_in_an_ordinary_project_is_no_bomb() {
    let noise: Vec<u8> =
        (0..200_000u32).flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
    let archive = Archive::of([Item::deflated("a", &vec![0; 17 << 20]), Item::stored("b", &noise)]);
    assert_eq!(accepted(&archive.bytes()), ["a", "b"]);
}

#[test]
fn permissions_are_the_same_whatever_the_archive_says() {
    let items = [
        Item::named("f/").mode(0o040_000),
        Item::named("f/run").mode(0o104_777),
        Item::named("g/b").mode(0o100_000),
    ];
    let place = Place::new();
    place.unpack(&Archive::of(items).bytes(), &Limits::default()).expect("it is fine");
    for (name, expected) in [("f", 0o755), ("g", 0o755), ("f/run", 0o644), ("g/b", 0o644)] {
        let mode = fs::metadata(place.folder().join(name)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o7777, expected, "{name}");
    }
}

#[test]
fn permissions_are_the_same_whatever_the_process_takes_away() {
    // A process has one mask for all its threads, so another one does the test above again.
    let again =
        "umask 0077; exec \"$0\" --exact contents::permissions_are_the_same_whatever_the_archive_says";
    let tests = std::env::current_exe().expect("this program");
    let output = Command::new("sh").args(["-c", again]).arg(tests).output().expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let archive = names(&["a", "b"]);
    let file = Place::new();
    fs::write(file.folder().join("a"), "mine").expect("written");
    assert!(matches!(file.unpack(&archive, &Limits::default()), Err(UnpackError::NotEmpty)));
    assert_eq!(fs::read(file.folder().join("a")).expect("still there"), b"mine");

    let link = Place::new();
    symlink("/nowhere", link.folder().join("a")).expect("made");
    assert!(matches!(link.unpack(&archive, &Limits::default()), Err(UnpackError::NotEmpty)));

    let none = Place::new();
    fs::remove_dir(none.folder()).expect("removed");
    let outcome = unpack(Cursor::new(archive), &none.folder(), &Limits::default());
    assert!(matches!(outcome, Err(UnpackError::Folder(_))));
}

#[test]
fn what_cannot_be_written_takes_all_else_away_again() {
    // No path of a system has so many bytes, so this fails somewhere deep.
    let deep = ["d".repeat(250).as_str(); 20].join("/");
    let limits = Limits { name_bytes: 10_000, ..Limits::default() };
    assert_refused!(names(&["good", &deep]), UnpackError::Write { .. }, &limits);
}

/// An archive that does something when a certain byte is read for the contents of a file.
struct Failing<F> {
    archive: Cursor<Vec<u8>>,
    at: u64,
    then: F,
}

impl<F: FnMut() -> io::Result<()>> Read for Failing<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at = self.archive.position();
        if (at..at + buffer.len() as u64).contains(&self.at) && buffer.len() == BODY {
            (self.then)()?;
        }
        self.archive.read(buffer)
    }
}

impl<F> Seek for Failing<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.archive.seek(to)
    }
}

const BODY: usize = 1234;

/// An archive of some files, and something that happens while the first is unpacked.
fn interrupted(place: &Place, then: impl FnMut() -> io::Result<()>) -> UnpackError {
    let items = [Item::stored("f/a", &[7; BODY]), Item::named("g/b"), Item::named("h")];
    let archive = Failing { archive: Cursor::new(Archive::of(items).bytes()), at: 40, then };
    unpack(archive, &place.folder(), &Limits::default()).expect_err("it is interrupted")
}

#[test]
fn an_archive_that_cannot_be_read_to_the_end_leaves_nothing() {
    let place = Place::new();
    let into = place.folder();
    let error = interrupted(&place, || {
        // Everything was judged before, and now the first file is there.
        assert_eq!(names_in(&into), ["f"]);
        Err(io::Error::other("the disk is gone"))
    });
    assert!(matches!(error, UnpackError::Read(_)), "{error:?}");
    assert_eq!(names_in(&place.folder()), [""; 0]);
}

#[test]
fn what_appears_in_the_folder_meanwhile_is_neither_followed_nor_overwritten() {
    for name in ["g", "h"] {
        let place = Place::new();
        let elsewhere = tempfile::tempdir().expect("a folder");
        // A folder for the file that goes into one, and a file that is yet to be for the other.
        let target = elsewhere.path().join(if name == "g" { "." } else { "file" });
        let error = interrupted(&place, || symlink(&target, place.folder().join(name)));
        assert!(matches!(error, UnpackError::Write { .. }), "{error:?}");
        assert_eq!(names_in(elsewhere.path()), [""; 0]);
        assert_eq!(names_in(&place.folder()), [name]);
    }
}
