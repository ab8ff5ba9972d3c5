//! Looking into an archive and unpacking it come to the same, for every archive of these tests.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use project_archive::{Contents, Limits, Table, UnpackError, Unpacked, contents, open_member, table};

/// Holds what two looks say of an archive against what became of it in the folder `into`.
pub fn check(archive: &[u8], limits: &Limits, into: &Path, outcome: &Result<Unpacked, UnpackError>) {
    let (look, whole) = (table(Cursor::new(archive), limits), contents(Cursor::new(archive), limits));
    match (&whole, outcome) {
        (Ok(contents), Ok(unpacked)) => unpacked_the_same(archive, contents, unpacked, into),
        // What is found while bytes are unpacked or written.
        (
            Ok(contents),
            Err(
                UnpackError::WrongSize { .. }
                | UnpackError::WrongChecksum { .. }
                | UnpackError::DamagedData { .. }
                | UnpackError::NotEmpty
                | UnpackError::Write { .. },
            ),
        ) => at_most_what_it_says(archive, contents),
        (Err(one), Err(other)) => assert_eq!(format!("{one:?}"), format!("{other:?}")),
        (one, other) => panic!("{one:?} and {other:?}"),
    }
    match (&look, &whole) {
        (Ok(table), Ok(contents)) => listed_the_same(archive, table, contents),
        // Whatever is found there is none that the look took for good.
        (Ok(table), Err(_)) => table.files().for_each(|file| {
            if let Ok(member) = table.locate(Cursor::new(archive), file) {
                assert!(member.start + member.packed_size <= archive.len() as u64, "{member:?}");
            }
        }),
        (Err(_), Err(_)) => {}
        (Err(error), Ok(_)) => panic!("only the look refuses it: {error:?}"),
    }
}

fn unpacked_the_same(archive: &[u8], contents: &Contents, unpacked: &Unpacked, into: &Path) {
    assert!(contents.files().map(|member| &member.name).eq(&unpacked.files));
    assert_eq!(contents.bytes(), unpacked.bytes);
    for member in contents.files() {
        let mut bytes = Vec::new();
        let mut reader = open_member(Cursor::new(archive), member);
        assert_eq!(reader.size(), member.size);
        reader.read_to_end(&mut bytes).expect("it was unpacked");
        assert!(fs::read(into.join(&member.name)).expect("it is there") == bytes, "{member:?}");
    }
}

fn at_most_what_it_says(archive: &[u8], contents: &Contents) {
    for member in contents.files() {
        let mut sink = CountBytes(0);
        // Damaged or not, it comes to an end.
        let _ = std::io::copy(&mut open_member(Cursor::new(archive), member), &mut sink);
        assert!(sink.0 <= member.size, "{} of {member:?}", sink.0);
    }
}

struct CountBytes(u64);

impl std::io::Write for CountBytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn listed_the_same(archive: &[u8], table: &Table, contents: &Contents) {
    assert_eq!(table.bytes(), contents.bytes());
    assert_eq!(table.files().count(), contents.files().count());
    for (file, member) in table.files().zip(contents.files()) {
        let located = table.locate(Cursor::new(archive), file);
        assert_eq!(&located.expect("its header was judged"), member);
        assert_eq!(
            (&file.name, file.size, file.packed_size, file.is_stored),
            (&member.name, member.size, member.packed_size, member.is_stored)
        );
    }
}
