//! What is seen of an archive without unpacking it, and how much is read for that.

use std::io::{BufReader, Cursor, Read, Seek};

use project_archive::{Limits, Table, UnpackError, contents, table};

use crate::counting::{Counting, Sparse};
use crate::hand::{Archive, Header, Item, field};
use crate::refused;

fn look(archive: impl Read + Seek) -> Table {
    table(archive, &Limits::default()).expect("a good table of contents")
}

#[test]
fn the_files_are_seen_and_where_they_stand() {
    let items = [
        Item::named("folder/"),
        Item::stored("folder/stored", b"stored bytes"),
        Item::named("__MACOSX/folder/._stored"),
        Item::deflated("folder/deflated", &[7; 1000]),
        Item::named(".DS_Store"),
        Item::stored("empty", b""),
    ];
    let archive = Archive::of(items.clone()).bytes();
    let seen = contents(Cursor::new(&archive), &Limits::default()).expect("a good archive");
    let files: Vec<_> = seen.files().collect();
    assert_eq!(seen.bytes(), 1012);
    assert_eq!(files.len(), 3);
    for (member, item) in files.iter().zip([&items[1], &items[3], &items[5]]) {
        assert_eq!(member.name.as_bytes(), item.table.name);
        assert_eq!(member.size, u64::from(item.table.size));
        assert_eq!(member.is_stored, item.table.method == 0);
        let start = member.start as usize;
        assert_eq!(&archive[start..start + member.packed_size as usize], item.packed);
    }
}

/// Three files, of which something is wrong with the header in front of the second.
fn three(change: impl Fn(&mut Header)) -> Archive {
    let items = ["a", "b", "c"].map(|name| Item::deflated(name, b"deflated, deflated, deflated"));
    let mut archive = Archive::of(items);
    change(&mut archive.items[1].local);
    archive
}

/// The look takes the archive, and everything else refuses it for what is wrong with `b`.
fn only_headers_refuse(archive: &[u8]) -> UnpackError {
    let error = refused(archive);
    let table = look(Cursor::new(archive));
    for file in table.files() {
        match table.locate(Cursor::new(archive), file) {
            Ok(member) => assert_ne!(member.name, "b"),
            Err(found) => {
                assert_eq!(file.name, "b");
                assert_eq!(format!("{found:?}"), format!("{error:?}"));
            }
        }
    }
    error
}

/// These are all the cases: what stands in a header in front of an entry and nowhere else.
#[test]
fn what_only_the_headers_in_front_of_entries_tell_is_found_once_one_is_looked_for() {
    let contradictions: [fn(&mut Header); 7] = [
        |header| header.method = 0,
        |header| header.method = 14,
        |header| header.crc ^= 1,
        |header| header.size += 1,
        |header| header.packed_size -= 1,
        |header| header.size = u32::MAX,
        |header| header.extra = field(1234, b"content")[..6].to_vec(),
    ];
    for change in contradictions {
        let error = only_headers_refuse(&three(change).bytes());
        assert!(matches!(error, UnpackError::TwoHeaders { .. }), "{error:?}");
    }
    let names: [fn(&mut Header); 3] = [
        |header| header.name = b"B".to_vec(),
        |header| header.name = b"../b".to_vec(),
        |header| header.extra = field(0x7075, b"\x01????other"),
    ];
    for change in names {
        let error = only_headers_refuse(&three(change).bytes());
        assert!(matches!(error, UnpackError::TwoNames { .. }), "{error:?}");
    }
    let error = only_headers_refuse(&three(|header| header.flags = 1).bytes());
    assert!(matches!(error, UnpackError::Encrypted { .. }), "{error:?}");

    let whole = three(|_| {});
    let second = whole.items[0].local_bytes().len();
    let mut elsewhere = whole.bytes();
    elsewhere[second] = b'p';
    let error = only_headers_refuse(&elsewhere);
    assert!(matches!(error, UnpackError::TwoHeaders { .. }), "{error:?}");

    // The header says it is longer than it was taken for, and so the bytes reach farther.
    let longer = |extra: u16| {
        let mut bytes = whole.bytes();
        bytes[second + 28..second + 30].copy_from_slice(&extra.to_le_bytes());
        bytes
    };
    let error = only_headers_refuse(&longer(60_000));
    assert!(matches!(error, UnpackError::BeyondEnd { .. }), "{error:?}");
}

#[test]
fn bytes_that_reach_into_the_next_entry_by_a_longer_header_are_found_once_one_is_looked_for() {
    // The bytes that should be the packed ones are an additional field, so those follow behind it.
    let mut archive = three(|_| {});
    let packed = archive.items[1].packed.len();
    archive.items[1].local.extra = field(1234, &vec![0; packed - 4]);
    archive.items[1].packed.clear();
    let error = only_headers_refuse(&archive.bytes());
    assert!(matches!(error, UnpackError::Overlap { .. }), "{error:?}");
}

#[test]
fn entries_that_have_no_room_beside_each_other_are_refused_by_a_look() {
    let shared = |offset| {
        let mut archive = three(|_| {});
        archive.items[1].offset = Some(offset);
        table(Cursor::new(archive.bytes()), &Limits::default()).expect_err("it must be refused")
    };
    let second = three(|_| {}).items[0].local_bytes().len() as u32;
    assert!(matches!(shared(0), UnpackError::Overlap { .. }));
    assert!(matches!(shared(second - 1), UnpackError::Overlap { .. }));
    assert!(matches!(shared(second + 1), UnpackError::Overlap { .. }));
    assert!(matches!(shared(60_000), UnpackError::BeyondEnd { .. }));
    // Nobody says what is in front of the first.
    let mut archive = three(|_| {});
    archive.items.remove(0);
    let first = three(|_| {}).items[0].local_bytes();
    let hidden = Archive { in_front: first, shifted: true, ..archive };
    let outcome = table(Cursor::new(hidden.bytes()), &Limits::default());
    assert!(matches!(outcome, Err(UnpackError::Damaged { .. })), "{outcome:?}");
}

#[test]
fn a_bomb_is_refused_by_a_look() {
    let bomb = Archive::of([Item::deflated("a", &vec![0; 17 << 20])]).bytes();
    let mut archive = Counting::new(Cursor::new(bomb));
    let outcome = table(&mut archive, &Limits::default());
    assert!(matches!(outcome, Err(UnpackError::TooTight { .. })), "{outcome:?}");
}

const AHEAD: usize = 64 * 1024;
/// What the end of an archive can take with its longest comment, which is read with it.
const TAIL: u64 = 22 + 65_535 + 20 + 56;

/// An archive of 3 GB with 2000 files, and how many bytes its table of contents has.
fn large() -> (Sparse, u64) {
    const BYTES: u32 = 1_500_000;
    let mut archive = Archive::default();
    let (mut parts, mut at) = (Vec::new(), 0);
    for number in 0..2000 {
        let name = format!("project/textures/set {number:04}/a name as long as most of them.png");
        let item = Item::stored(name, b"").both(|header| {
            (header.size, header.packed_size) = (BYTES, BYTES);
            header.extra = field(0x5455, &[0; 24]);
        });
        let header = item.local_bytes();
        let next = at + header.len() as u32 + BYTES;
        parts.push((u64::from(at), header));
        archive.items.push(item.but(|item| (item.offset, item.is_elsewhere) = (Some(at), true)));
        at = next;
    }
    let mut end = archive.bytes();
    let record = end.len() - 22;
    end[record + 16..record + 20].copy_from_slice(&at.to_le_bytes());
    let length = u64::from(at) + end.len() as u64;
    parts.push((at.into(), end));
    (Sparse { parts, length, at: 0 }, record as u64)
}

#[test]
fn a_look_into_a_large_archive_is_a_few_reads() {
    let (archive, directory) = large();
    let mut archive = Counting::new(archive);
    assert_eq!(look(&mut archive).files().count(), 2000);
    let asked = archive.since();
    // The tail, the first bytes, and what of the table is not in the tail: 64 KiB at once.
    let rest = directory - (TAIL - 22);
    assert_eq!(asked.reads, 2 + rest.div_ceil(AHEAD as u64), "{asked:?}");
    assert_eq!(asked.bytes, TAIL + 8 + rest);
    assert_eq!(asked.seeks, 4);

    let mut ahead = BufReader::with_capacity(AHEAD, archive);
    look(&mut ahead);
    let asked = ahead.get_mut().since();
    assert!(asked.reads < 10 && asked.bytes <= directory + 2 * AHEAD as u64, "{asked:?}");
}

#[test]
fn one_file_of_a_large_archive_is_found_by_one_small_read() {
    let mut archive = Counting::new(large().0);
    let table = look(&mut archive);
    archive.since();
    let file = table.files().nth(1234).expect("there are 2000");
    let member = table.locate(&mut archive, file).expect("a good header");
    let asked = archive.since();
    assert!(asked.reads == 1 && asked.seeks == 1 && asked.bytes < 200, "{asked:?}");
    assert_eq!((&member.name, member.size), (&file.name, 1_500_000));
    // All the others take as much each.
    let seen = contents(&mut archive, &Limits::default()).expect("a good archive");
    let asked = archive.since();
    assert!((2000..2010).contains(&asked.reads), "{asked:?}");
    assert_eq!(seen.files().nth(1234), Some(&member));
}

#[test]
fn a_header_with_many_additional_fields_takes_two_reads() {
    let padded = Item::named("a").but(|item| item.local.extra = field(1234, &[0; 4096]));
    let mut archive = Counting::new(Cursor::new(Archive::of([padded, Item::named("b")]).bytes()));
    let table = look(&mut archive);
    archive.since();
    let file = table.files().next().expect("there are two");
    table.locate(&mut archive, file).expect("a good header");
    assert_eq!(archive.since().reads, 2);
}

#[test]
fn a_small_archive_is_seen_in_one_read() {
    let archive = three(|_| {}).bytes();
    let mut archive = Counting::new(Cursor::new(archive));
    assert_eq!(look(&mut archive).files().count(), 3);
    assert_eq!(archive.since().reads, 1);
}

#[test]
fn a_table_that_is_partly_read_with_the_end_is_read_whole() {
    // So that every border between the two is once inside an entry and once between two.
    let names: Vec<_> = (0..1500).map(|number| number.to_string()).collect();
    let mut archive = Archive::of(names.iter().map(Item::named));
    for comment in 0..60 {
        archive.comment = vec![b'c'; comment];
        let table = look(Cursor::new(archive.bytes()));
        assert!(table.files().map(|file| &file.name).eq(&names));
    }
}
