//! Archives as programs write them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write};

use project_archive::Limits;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::Place;

/// How an archive is written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub deflate: bool,
    pub large: bool,
    /// By a program that cannot go back, so that sizes follow on each entry.
    pub streamed: bool,
}

pub fn style() -> impl Strategy<Value = Style> {
    any::<(bool, bool, bool)>().prop_map(|(deflate, large, streamed)| Style { deflate, large, streamed })
}

/// Names that differ in more than case, two folders deep.
pub fn files() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let content = prop_oneof![vec(any::<u8>(), 0..3000), vec(Just(7u8), 0..70_000)];
    btree_map("(d[0-9]/(e[0-9]/)?)?[a-z]{1,8}é?\\.[a-z]{3}", content, 0..8)
}

/// The library's archive of these files.
pub fn archive(files: &BTreeMap<String, Vec<u8>>, style: Style) -> Vec<u8> {
    let method = if style.deflate { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .large_file(style.large)
        .unix_permissions(0o755);
    if style.streamed {
        let mut writer = ZipWriter::new_stream(Vec::new());
        for (name, content) in files {
            writer.start_file(name.as_str(), options).expect("a name");
            writer.write_all(content).expect("into memory");
        }
        return writer.finish().expect("into memory").into_inner();
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory("empty/", options).expect("a name");
    for (name, content) in files {
        writer.start_file(name.as_str(), options).expect("a name");
        writer.write_all(content).expect("into memory");
    }
    writer.finish().expect("into memory").into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_packed_is_unpacked_byte_by_byte(files in files(), style in style()) {
        let archive = archive(&files, style);
        let place = Place::new();
        let unpacked = place.unpack(&archive, &Limits::default()).expect("a good archive");
        let names: Vec<&String> = files.keys().collect();
        prop_assert_eq!(unpacked.files.iter().collect::<Vec<_>>(), names);
        prop_assert_eq!(unpacked.bytes, files.values().map(|content| content.len() as u64).sum::<u64>());
        for (name, content) in &files {
            prop_assert_eq!(&fs::read(place.folder().join(name)).expect("it is there"), content);
        }
        prop_assert_eq!(place.folder().join("empty").is_dir(), !style.streamed);
    }
}

#[test]
fn an_archive_by_hand_is_one_for_the_library_as_well() {
    use crate::hand::{Archive, Item};
    let items = [Item::stored("a", b"stored"), Item::deflated("b/c", &[7; 100_000])];
    let mut archive = ZipArchive::new(Cursor::new(Archive::of(items).bytes())).expect("an archive");
    let mut content = Vec::new();
    archive.by_name("b/c").expect("it is there").read_to_end(&mut content).expect("it is whole");
    assert_eq!(content, [7; 100_000]);
}
