//! Any bytes of one file of an archive.

use std::io::{self, Cursor, ErrorKind, Read, Seek};

use project_archive::{Limits, Member, Reader, UnpackError, contents, open_member};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::counting::{Asked, Counting, Halting};
use crate::hand::{Archive, DEFLATED, Item, STORED};

const WINDOW: usize = 64 * 1024;
const BEFORE: u64 = 32 * 1024;

/// An archive with the file in the middle, and where it stands.
fn archive(item: Item) -> (Vec<u8>, Member) {
    let name = String::from_utf8(item.table.name.clone()).expect("in UTF-8");
    let bytes = Archive::of([Item::named("before"), item, Item::named("behind")]).bytes();
    let seen = contents(Cursor::new(&bytes), &Limits::default()).expect("good headers");
    let member = seen.files().find(|member| member.name == name).expect("it is there").clone();
    (bytes, member)
}

/// Bytes that deflate by about a half, so that neither side is much the longer.
fn text(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + (state >> 28) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn assert_beyond<R: Read + Seek>(reader: &mut Reader<R>, offset: u64, length: usize) {
    let error = reader.read_at(offset, length).expect_err("there are not so many");
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_bytes_are_the_files_own_in_whatever_order(
        length in 0..300_000usize,
        deflate in any::<bool>(),
        places in vec((any::<prop::sample::Index>(), 0..100_000usize), 1..12),
        most in prop_oneof![Just(usize::MAX), 1000..5000usize],
    ) {
        let plain = text(length);
        let (bytes, member) = archive(Item::with("a", if deflate { DEFLATED } else { STORED }, &plain));
        let source = Halting { archive: Cursor::new(&bytes), most, fails_at: None };
        let mut reader = open_member(source, &member);
        prop_assert_eq!(reader.size(), length as u64);
        for (offset, count) in places {
            let offset = offset.index(length + 1);
            match plain.get(offset..offset + count) {
                Some(expected) => {
                    prop_assert!(reader.read_at(offset as u64, count).expect("they are there") == expected);
                }
                None => assert_beyond(&mut reader, offset as u64, count),
            }
        }
        let mut all = Vec::new();
        reader.read_to_end(&mut all).expect("a good file");
        prop_assert!(all == plain);
    }

    #[test]
    fn any_packed_bytes_do_no_harm(
        packed in vec(any::<u8>(), 0..300),
        size in 0..200_000u32,
        places in vec((0..200_000u64, 0..70_000usize), 1..5),
    ) {
        let item = Item::deflated("a", b"").but(|item| item.packed.clone_from(&packed)).both(|header| {
            (header.size, header.packed_size) = (size, packed.len() as u32);
        });
        let (bytes, member) = archive(item);
        let mut reader = open_member(Cursor::new(&bytes), &member);
        for (offset, length) in places {
            match reader.read_at(offset, length) {
                Ok(bytes) => prop_assert_eq!(bytes.len(), length),
                Err(error) => prop_assert!(matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::InvalidData
                )),
            }
        }
    }
}

#[test]
fn there_is_nothing_behind_a_files_last_byte() {
    for method in [STORED, DEFLATED] {
        let (bytes, member) = archive(Item::with("a", method, b"some bytes"));
        let mut archive = Counting::new(Cursor::new(bytes));
        let mut reader = open_member(&mut archive, &member);
        for (offset, length) in
            [(0, 11), (10, 1), (11, 0), (9, 2), (u64::MAX, 0), (u64::MAX, 1), (0, usize::MAX)]
        {
            assert_beyond(&mut reader, offset, length);
        }
        assert_eq!(reader.read_at(10, 0).expect("none"), b"");
        drop(reader);
        assert_eq!(archive.since(), Asked::default(), "it was read for nothing");
        assert_eq!(open_member(archive, &member).read_at(0, 10).expect("all"), b"some bytes");
    }
}

#[test]
fn of_a_stored_file_nothing_is_read_but_what_is_asked_for() {
    let plain = text(1 << 20);
    let (bytes, member) = archive(Item::stored("a", &plain));
    let mut archive = Counting::new(Cursor::new(bytes));
    let mut reader = open_member(&mut archive, &member);
    assert_eq!(reader.read_at(900_000, 100).expect("there"), plain[900_000..900_100]);
    assert_eq!(reader.read_at(900_100, 50).expect("there"), plain[900_100..900_150]);
    assert_eq!(reader.read_at(5, 10).expect("there"), plain[5..15]);
    drop(reader);
    // The second followed on the first, so that the archive stood there already.
    assert_eq!(archive.since(), Asked { reads: 3, seeks: 2, bytes: 160 });
}

#[test]
fn a_deflated_file_is_inflated_once_as_long_as_it_is_read_forwards() {
    let plain = text(1 << 20);
    let (bytes, member) = archive(Item::deflated("a", &plain));
    let mut archive = Counting::new(Cursor::new(bytes));
    let at = |reader: &mut Reader<&mut Counting<Cursor<Vec<u8>>>>, offset: u64, length: usize| {
        let expected = &plain[offset as usize..offset as usize + length];
        assert!(reader.read_at(offset, length).expect("there") == expected);
    };
    let mut reader = open_member(&mut archive, &member);
    for offset in (0..1 << 20).step_by(1 << 14) {
        at(&mut reader, offset, 24);
        // Not far back is no way back to the beginning.
        at(&mut reader, offset.saturating_sub(BEFORE - 24), 24);
    }
    drop(reader);
    let asked = archive.since();
    assert!(asked.bytes <= member.packed_size && asked.seeks == 1, "{asked:?} of {member:?}");

    let mut reader = open_member(&mut archive, &member);
    at(&mut reader, 900_000, 10);
    at(&mut reader, 0, 10);
    at(&mut reader, 900_000, 10);
    drop(reader);
    let asked = archive.since();
    assert!(asked.bytes > member.packed_size && asked.bytes < 2 * member.packed_size, "{asked:?}");
}

#[test]
fn the_first_bytes_of_a_deflated_file_take_one_read() {
    let (bytes, member) = archive(Item::deflated("a", &text(1 << 20)));
    let mut archive = Counting::new(Cursor::new(bytes));
    open_member(&mut archive, &member).read_at(0, 17).expect("there");
    assert_eq!(archive.since(), Asked { reads: 1, seeks: 1, bytes: WINDOW as u64 });
}

#[test]
fn no_byte_more_is_given_than_the_table_says() {
    let plain = text(200_000);
    for size in [0, 1, 65_536, 199_999] {
        let (bytes, member) = archive(Item::deflated("a", &plain).both(|header| header.size = size));
        let mut reader = open_member(Cursor::new(bytes), &member);
        assert_beyond(&mut reader, size.into(), 1);
        let mut all = Vec::new();
        reader.read_to_end(&mut all).expect("so many are there");
        assert!(all == plain[..size as usize]);
    }
}

fn assert_damaged(outcome: io::Result<Vec<u8>>) {
    let error = outcome.expect_err("it is damaged");
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    assert!(matches!(inner, Some(UnpackError::DamagedData { name }) if name == "a"), "{inner:?}");
}

#[test]
fn what_a_damaged_file_has_is_read_and_the_rest_is_not() {
    let plain = text(200_000);
    // It has fewer bytes than the table says; or they end too early.
    let longer = Item::deflated("a", &plain).both(|header| header.size += 1);
    let half = Item::deflated("a", &plain).but(|item| item.packed.truncate(60_000));
    let half = half.both(|header| header.packed_size = 60_000);
    for (item, good, bad) in [(longer, 199_990, 199_995), (half, 50_000, 199_990)] {
        let (bytes, member) = archive(item);
        let mut reader = open_member(Cursor::new(bytes), &member);
        for _ in 0..2 {
            assert_damaged(reader.read_at(bad, 6));
            let expected = &plain[good as usize..good as usize + 5];
            assert_eq!(reader.read_at(good, 5).expect("these are there"), expected);
        }
    }
    let (bytes, member) = archive(Item::deflated("a", &plain).but(|item| item.packed.fill(0xff)));
    assert_damaged(open_member(Cursor::new(bytes), &member).read_at(0, 1));
}

#[test]
fn a_file_can_be_read_on_when_the_archive_could_not_for_once() {
    let plain = text(400_000);
    for method in [STORED, DEFLATED] {
        let (bytes, member) = archive(Item::with("a", method, &plain));
        let fails_at = Some(member.start + member.packed_size - 10);
        let source = Halting { archive: Cursor::new(&bytes), most: 5000, fails_at };
        let mut reader = open_member(source, &member);
        assert_eq!(reader.read_at(0, 10).expect("there"), plain[..10]);
        let error = reader.read_at(300_000, 100_000).expect_err("the archive fails");
        assert_eq!(error.kind(), ErrorKind::Other);
        assert!(reader.read_at(300_000, 100_000).expect("there") == plain[300_000..]);
    }
}

#[test]
fn a_length_that_no_memory_holds_is_an_error() {
    // As many bytes as a table may say a file has, if the limits allow it.
    let limits = Limits { bytes: u64::MAX, ratio: u64::MAX, ..Limits::default() };
    let numbers = [u64::MAX / 2, 2].map(u64::to_le_bytes).concat();
    let item = Item::deflated("a", b"").both(|header| {
        (header.size, header.packed_size) = (u32::MAX, u32::MAX);
        header.extra = crate::hand::field(1, &numbers);
    });
    let bytes = Archive::of([item]).bytes();
    let seen = contents(Cursor::new(&bytes), &limits).expect("good headers");
    let member = seen.files().next().expect("it is there");
    let outcome = open_member(Cursor::new(&bytes), member).read_at(0, usize::MAX / 2);
    assert_eq!(outcome.expect_err("too long").kind(), ErrorKind::OutOfMemory);
}
