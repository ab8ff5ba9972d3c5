//! What the two headers of an entry say, and where entries lie.

use project_archive::UnpackError;

use crate::hand::{Archive, Header, Item, field, one};
use crate::{accepted, assert_refused};

fn plain() -> Item {
    Item::deflated("a", b"deflated, deflated, deflated")
}

#[test]
fn the_header_in_front_of_an_entry_has_the_same_name() {
    for name in ["b", "aa", "", "a/", "../a"] {
        let item = plain().but(|item| item.local.name = name.into());
        assert_refused!(one(item), UnpackError::TwoNames { .. });
    }
}

#[test]
fn the_header_in_front_of_an_entry_says_the_same() {
    let changes: [fn(&mut Header); 5] = [
        |header| header.method = 0,
        |header| header.crc ^= 1,
        |header| header.size += 1,
        |header| header.packed_size -= 1,
        |header| header.size = u32::MAX,
    ];
    for change in changes {
        let item = plain().but(|item| change(&mut item.local));
        assert_refused!(one(item), UnpackError::TwoHeaders { .. });
    }
}

#[test]
fn sizes_may_follow_on_an_entry() {
    let item = plain().both(|header| header.flags = 1 << 3).but(|item| {
        (item.local.crc, item.local.size, item.local.packed_size) = (0, 0, 0);
    });
    assert_eq!(accepted(&one(item.clone())), ["a"]);
    let silent = item.but(|item| (item.table.flags, item.local.flags) = (0, 0));
    assert_refused!(one(silent), UnpackError::TwoHeaders { .. });
}

#[test]
fn where_an_entry_should_stand_there_is_one() {
    for offset in [1, 5] {
        let item = plain().but(|item| item.offset = Some(offset));
        assert_refused!(one(item), UnpackError::TwoHeaders { .. });
    }
}

#[test]
fn entries_end_where_the_table_begins() {
    for offset in [60, u32::MAX - 1] {
        let item = plain().but(|item| item.offset = Some(offset));
        assert_refused!(one(item), UnpackError::BeyondEnd { .. });
    }
    // This would have the table, and later the end of the file, for bytes of its own.
    for more in [1, 20, 500, u32::MAX - 100] {
        let item = Item::stored("a", b"stored").both(|header| {
            header.size += more;
            header.packed_size += more;
        });
        assert_refused!(one(item), UnpackError::BeyondEnd { .. });
    }
    let long = plain().but(|item| item.local.extra = field(1234, &[0; 100]));
    let mut bytes = one(long);
    bytes[28..30].copy_from_slice(&60_000u16.to_le_bytes());
    assert_refused!(bytes, UnpackError::BeyondEnd { .. });
}

#[test]
fn entries_that_lie_over_one_another_are_refused() {
    // The second stands inside the first, as a whole: the way of bombs that have few bytes.
    let inner = Item::deflated("inner", &[0; 1000]);
    let outer = Item::stored("outer", &inner.local_bytes());
    let at = (outer.local_bytes().len() - inner.local_bytes().len()) as u32;
    let inside = inner.but(|item| {
        item.offset = Some(at);
        item.is_elsewhere = true;
    });
    for items in [[outer.clone(), inside.clone()], [inside, outer]] {
        assert_refused!(Archive::of(items).bytes(), UnpackError::Overlap { .. });
    }
}

#[test]
fn entries_that_share_their_last_bytes_are_refused() {
    // The first has the header and the bytes of the second among its own.
    let second = Item::stored("second", b"shared bytes");
    let shared = second.local_bytes();
    let mut first = Item::stored("first", &[b"own".as_slice(), &shared].concat());
    first.packed.truncate(3);
    assert_refused!(Archive::of([first, second]).bytes(), UnpackError::Overlap { .. });
}

#[test]
fn the_order_of_entries_in_the_table_is_free() {
    let (a, b) = (Item::stored("a", b"first"), Item::stored("b", b"second"));
    let length = a.local_bytes().len() as u32;
    let mut archive = Archive::of([a, b]);
    for (item, offset) in archive.items.iter_mut().zip([0, length]) {
        item.offset = Some(offset);
    }
    let local: Vec<u8> = archive.items.iter().flat_map(Item::local_bytes).collect();
    archive.items.reverse();
    archive.items.iter_mut().for_each(|item| item.is_elsewhere = true);
    let bytes = Archive { in_front: local, shifted: true, ..archive }.bytes();
    assert_eq!(accepted(&bytes), ["b", "a"]);
}

#[test]
fn encrypted_entries_are_refused_whichever_header_says_so() {
    for flag in [1, 1 << 6, 1 << 13] {
        let table = plain().but(|item| item.table.flags = flag);
        assert_refused!(one(table), UnpackError::Encrypted { .. });
        let local = plain().but(|item| item.local.flags = flag);
        assert_refused!(one(local), UnpackError::Encrypted { .. });
    }
}

#[test]
fn other_methods_are_refused_by_their_names() {
    for (method, name) in
        [(1, "old times"), (9, "Deflate64"), (14, "LZMA"), (93, "Zstandard"), (99, "method 99")]
    {
        let error = crate::refused(&one(plain().both(|header| header.method = method)));
        assert!(matches!(error, UnpackError::UnknownMethod { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn large_numbers_are_read_from_their_field() {
    let (size, packed_size) = (u64::from(plain().table.size), u64::from(plain().table.packed_size));
    let numbers = |numbers: &[u64]| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        field(1, &bytes)
    };
    let large = plain().both(|header| (header.size, header.packed_size) = (u32::MAX, u32::MAX)).but(|item| {
        item.offset = Some(u32::MAX);
        item.table.extra = numbers(&[size, packed_size, 0]);
        item.local.extra = numbers(&[size, packed_size]);
    });
    assert_eq!(accepted(&one(large.clone())), ["a"]);

    let swapped = large.clone().but(|item| item.local.extra = numbers(&[packed_size, size]));
    assert_refused!(one(swapped), UnpackError::TwoHeaders { .. });
    let short = large.clone().but(|item| item.table.extra = numbers(&[size, packed_size]));
    assert_refused!(one(short), UnpackError::Damaged { .. });
    let beyond = large.clone().but(|item| item.table.extra = numbers(&[size, packed_size, u64::MAX - 10]));
    assert_refused!(one(beyond), UnpackError::BeyondEnd { .. });
    let endless = large.clone().but(|item| item.table.extra = numbers(&[size, u64::MAX, 0]));
    assert_refused!(one(endless), UnpackError::BeyondEnd { .. });
    let twice =
        large.but(|item| item.table.extra = [numbers(&[size, packed_size, 0]), numbers(&[1, 1, 0])].concat());
    assert_refused!(one(twice), UnpackError::Damaged { .. });
}

#[test]
fn additional_fields_that_reach_too_far_are_refused() {
    let broken = [&field(1234, b"content")[..6], b""].concat();
    let table = plain().but(|item| item.table.extra = broken.clone());
    assert_refused!(one(table), UnpackError::Damaged { .. });
    let local = plain().but(|item| item.local.extra = broken);
    assert_refused!(one(local), UnpackError::TwoHeaders { .. });
    accepted(&one(plain().both(|header| header.extra = [field(1234, b"content"), vec![0; 3]].concat())));
}
