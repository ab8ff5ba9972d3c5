//! The planned archive, read back by other programs and in other pieces.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use std::io::{Read, Seek, SeekFrom, Write};
use std::process::Command;

use proptest::prelude::*;
use zip::{CompressionMethod, DateTime, ZipArchive};
use zip_task::archive::{DosTime, Entry, Layout, Piece};

/// 2026-11-23 12:34:56
const MOMENT: u64 = 1_795_437_296_000;
const GIB: u64 = 1 << 30;

/// Byte `at` of entry `entry`: all that tells one content from another.
fn byte(entry: usize, at: u64) -> u8 {
    (entry as u64).wrapping_mul(31).wrapping_add(at.wrapping_mul(7)) as u8
}

fn content(entry: usize, size: u64) -> Vec<u8> {
    (0..size).map(|at| byte(entry, at)).collect()
}

fn plan(files: &[(String, u64)]) -> Layout {
    let entries = files.iter().enumerate().map(|(at, (name, size))| Entry {
        name: name.clone(),
        size: *size,
        crc32: crc32fast::hash(&content(at, *size)),
    });
    Layout::new(entries.collect(), DosTime::from_unix_millis(MOMENT)).unwrap()
}

fn bytes(layout: &Layout, range: std::ops::Range<u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in layout.pieces(range) {
        assert!(!piece.is_empty());
        match piece {
            Piece::Bytes(own) => bytes.extend(own),
            Piece::Content { entry, start, len } => {
                bytes.extend((start..start + len).map(|at| byte(entry, at)));
            }
        }
    }
    bytes
}

/// An archive that is never in memory: reads are planned as an upload's parts are.
struct Virtual<'a> {
    layout: &'a Layout,
    at: u64,
}

impl Read for Virtual<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = bytes(self.layout, self.at..self.at + buffer.len() as u64);
        buffer[..read.len()].copy_from_slice(&read);
        self.at += read.len() as u64;
        Ok(read.len())
    }
}

impl Seek for Virtual<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let moved = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.layout.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = moved.ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

fn open(layout: &Layout) -> ZipArchive<Virtual<'_>> {
    ZipArchive::new(Virtual { layout, at: 0 }).unwrap()
}

fn awkward() -> Vec<(String, u64)> {
    let names = [
        "frame_0001.png",
        "frame_-003.png",
        "Schöne Bilder/Übersicht 01.exr",
        "日本 frame.png",
        "a+b%20c'&.png",
        "empty.png",
    ];
    names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), [700, 1, 5000, 33, 2, 0][at])).collect()
}

#[test]
fn another_reader_finds_every_entry_as_it_was_planned() {
    let files = awkward();
    let layout = plan(&files);
    let mut archive = open(&layout);
    assert_eq!(archive.len(), files.len());
    for (at, (name, size)) in files.iter().enumerate() {
        let mut entry = archive.by_index(at).unwrap();
        assert_eq!(entry.name().unwrap(), *name);
        assert_eq!(entry.size(), *size);
        assert_eq!(entry.compression(), CompressionMethod::Stored);
        assert_eq!(entry.unix_mode(), Some(0o100_644));
        assert_eq!(
            entry.last_modified(),
            Some(DateTime::from_date_and_time(2026, 11, 23, 12, 34, 56).unwrap())
        );
        let mut read = Vec::new();
        entry.read_to_end(&mut read).unwrap();
        assert_eq!(read, content(at, *size), "{name}");
    }
}

#[test]
fn an_ordinary_archive_has_no_zip64_and_no_data_descriptor() {
    let layout = plan(&[("a.png".into(), 3)]);
    let all = bytes(&layout, 0..layout.len());
    // Version 2.0, flags: UTF-8 only.
    assert_eq!(all[..10], [b'P', b'K', 3, 4, 20, 0, 0, 8, 0, 0]);
    // Sizes in the local header; the content directly behind the name.
    assert_eq!(all[18..26], [3, 0, 0, 0, 3, 0, 0, 0]);
    assert_eq!(all[35..38], content(0, 3));
    assert_eq!(layout.len(), (30 + 5 + 3) + (46 + 5) + 22);
}

#[test]
fn seventy_thousand_entries_are_all_found() {
    let files: Vec<_> = (1..=70_000).map(|frame| (format!("frame_{frame:04}.png"), frame % 3)).collect();
    let layout = plan(&files);
    let mut archive = open(&layout);
    assert_eq!(archive.len(), 70_000);
    for at in [0, 65_534, 65_535, 69_999] {
        let mut read = Vec::new();
        let mut entry = archive.by_index(at).unwrap();
        assert_eq!(entry.name().unwrap(), files[at].0);
        entry.read_to_end(&mut read).unwrap();
        assert_eq!(read, content(at, files[at].1));
    }
}

/// Entries of zeros whose CRC-32 is not looked at: what is read is where everything lies.
fn giants(sizes: &[u64]) -> Layout {
    let entries = sizes.iter().enumerate();
    let entries = entries.map(|(at, size)| Entry { name: format!("{at}.exr"), size: *size, crc32: 0 });
    Layout::new(entries.collect(), DosTime::from_unix_millis(MOMENT)).unwrap()
}

#[test]
fn entries_beyond_four_gigabytes_are_found_and_so_are_large_ones() {
    for sizes in [
        vec![GIB, GIB, GIB, GIB, GIB, 9],
        vec![9, 4 * GIB + 5, 7],
        vec![4 * GIB - 2, 1, 1],
        vec![4 * GIB - 1, 1],
        vec![5 * GIB, 6 * GIB, 3],
    ] {
        let layout = giants(&sizes);
        assert!(layout.len() > sizes.iter().sum());
        let mut archive = open(&layout);
        for (at, size) in sizes.iter().enumerate() {
            let mut entry = archive.by_index(at).unwrap();
            assert_eq!(entry.name().unwrap(), format!("{at}.exr"));
            assert_eq!(entry.size(), *size);
            let mut first = [0; 1];
            entry.read_exact(&mut first).unwrap();
            let start = entry.data_start().unwrap();
            drop(entry);
            // The first and the last byte of the content lie where the other reader says.
            let last = size - 1;
            let content = |start, len| vec![Piece::Content { entry: at, start, len }];
            assert_eq!(layout.pieces(start..start + 1), content(0, 1), "{sizes:?}");
            assert_eq!(layout.pieces(start + last..start + size), content(last, 1), "{sizes:?}");
        }
    }
}

#[test]
fn pythons_reader_finds_every_archive_good() {
    let many: Vec<_> = (0..65_535).map(|at| (format!("{at}"), at % 2)).collect();
    for (case, files) in [("awkward", awkward()), ("many", many)] {
        let layout = plan(&files);
        let path = std::env::temp_dir().join(format!("zip-task-{}-{case}.zip", std::process::id()));
        std::fs::File::create(&path).unwrap().write_all(&bytes(&layout, 0..layout.len())).unwrap();
        let script = "import sys, zipfile\n\
                      archive = zipfile.ZipFile(sys.argv[1])\n\
                      assert archive.testzip() is None\n\
                      print(len(archive.namelist()), sum(info.file_size for info in archive.infolist()))";
        let run = Command::new("python3").args(["-c", script]).arg(&path).output();
        std::fs::remove_file(&path).unwrap();
        let run = match run {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            run => run.unwrap(),
        };
        let total: u64 = files.iter().map(|(_, size)| size).sum();
        assert!(run.status.success(), "{case}: {}", String::from_utf8_lossy(&run.stderr));
        assert_eq!(String::from_utf8_lossy(&run.stdout).trim(), format!("{} {total}", files.len()));
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_same_bytes(
        files in proptest::collection::vec(("\\PC{1,20}", 0u64..300), 0..12),
        mut cuts in proptest::collection::vec(0u64..6000, 0..20),
    ) {
        let layout = plan(&files);
        let whole = bytes(&layout, 0..layout.len());
        prop_assert_eq!(whole.len() as u64, layout.len());
        cuts.extend([0, layout.len()]);
        cuts.sort_unstable();
        let parts: Vec<u8> = cuts.windows(2).flat_map(|pair| bytes(&layout, pair[0]..pair[1])).collect();
        prop_assert_eq!(parts, whole);
    }

    #[test]
    fn any_range_of_a_giant_has_its_length(start in 0u64..12 * GIB, len in 0u64..9 * GIB) {
        let layout = giants(&[GIB, 5 * GIB, 3, 4 * GIB]);
        let range = start.min(layout.len())..start.saturating_add(len).min(layout.len());
        let pieces = layout.pieces(range.clone());
        prop_assert_eq!(pieces.iter().map(Piece::len).sum::<u64>(), range.end - range.start);
    }
}
