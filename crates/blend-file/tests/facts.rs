//! Facts of files that Blender saved, whatever machine saved them and however they are packed; and
//! what becomes of files that are cut off or damaged.
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

mod support;

use std::io::Write;

use blend_file::{BlendError, ByteOrder, Compression, Facts, Limits, ReadError, SliceSource, read_facts};
use proptest::prelude::*;
use support::convert::Converter;
use support::{VERSIONS, blocks, folder, packed, plain};

fn facts(bytes: &[u8]) -> Facts {
    read_facts(&mut SliceSource(bytes), &Limits::default()).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What Blender's own API said of the file when it was saved: `blender45.blend` is the corpus's
/// `everything-zstd.blend` of that version, `blender45.json` what `corpus/ask.py` said of it.
#[test]
fn facts_of_kept_files() {
    for version in VERSIONS {
        let file = folder().join(format!("blender{version}.json"));
        let mut said: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let mut read = serde_json::to_value(facts(&packed(version))).unwrap();
        for field in ["compression", "pointer_size", "byte_order"] {
            read.as_object_mut().unwrap().remove(field);
        }
        for list in ["scenes", "files", "drivers", "simulations"] {
            for value in [&mut read, &mut said] {
                value[list].as_array_mut().unwrap().sort_by_key(|each| {
                    ["name", "kind", "owner", "object", "part", "path", "data_path", "array_index"]
                        .map(|key| each.get(key).map(|value| value.to_string().replace("\\\\", "/")))
                });
            }
        }
        let text = |value: &serde_json::Value| {
            // Blender turns the strokes of Windows' paths when it opens a file elsewhere.
            serde_json::to_string_pretty(value).unwrap().replace("\\\\", "/")
        };
        for (read, said) in text(&read).lines().zip(text(&said).lines()) {
            assert!(read == said || close(read, said), "{version}: read {read}, said {said}");
        }
        assert_eq!(text(&read).lines().count(), text(&said).lines().count());
    }
}

/// Numbers of single precision, which Python gives in double.
fn close(read: &str, said: &str) -> bool {
    let number = |line: &str| line.trim_end_matches(',').rsplit(' ').next().unwrap().parse::<f64>().ok();
    matches!((number(read), number(said)), (Some(a), Some(b)) if (a - b).abs() < 1e-6)
}

#[test]
fn every_machine_and_every_packing() {
    let file = plain("45");
    let expected = facts(&packed("45"));
    for pointer_size in [4, 8] {
        for byte_order in [ByteOrder::Little, ByteOrder::Big] {
            let file = Converter::convert(&file, usize::from(pointer_size), byte_order == ByteOrder::Big);
            // Without a table of frames, and in frames of any size.
            let frame = zstd::bulk::compress(&file, 3).unwrap();
            let frames = file.chunks(100_000).flat_map(|part| zstd::bulk::compress(part, 3).unwrap());
            for (packed, compression) in [
                (gzip(&file), Compression::Gzip),
                (frame, Compression::Zstd),
                (frames.collect(), Compression::Zstd),
                (file, Compression::None),
            ] {
                let expected = Facts { compression, pointer_size, byte_order, ..expected.clone() };
                assert_eq!(facts(&packed), expected, "{pointer_size} {byte_order:?} {compression:?}");
            }
        }
    }
}

/// Blender puts the DNA last; a file in which it stands elsewhere is read all the same.
#[test]
fn the_dna_may_stand_anywhere() {
    for version in ["45", "50"] {
        let file = plain(version);
        let all = blocks(&file);
        let dna = all.iter().find(|block| &block.code == b"DNA1").unwrap();
        let first = all[0].head;
        let moved =
            [&file[..first], &file[dna.head..dna.end], &file[first..dna.head], &file[dna.end..]].concat();
        let expected = Facts { compression: Compression::None, ..facts(&packed(version)) };
        assert_eq!(facts(&moved), expected);
        let without = [&file[..dna.head], &file[dna.end..]].concat();
        let error = read_facts(&mut SliceSource(&without), &Limits::default()).unwrap_err();
        assert!(matches!(error, ReadError::Blend(BlendError::Damaged { .. })), "{error}");
    }
}

#[test]
fn limits_are_kept() {
    let (file, small) = (plain("45"), packed("45"));
    let too_much = |bytes: &[u8], limits: Limits| {
        let error = read_facts(&mut SliceSource(bytes), &limits).unwrap_err();
        assert!(matches!(error, ReadError::Blend(BlendError::TooMuch)), "{error}");
    };
    let all = Limits::default();
    for bytes in [&file, &small, &gzip(&file)] {
        too_much(bytes, Limits { read_bytes: 50_000, ..all });
        too_much(bytes, Limits { memory_bytes: 20_000, ..all });
    }
    too_much(&small, Limits { unpacked_bytes: 300_000, ..all });
    too_much(&gzip(&file), Limits { unpacked_bytes: 300_000, ..all });
    // With less memory less is kept, and more read again.
    let little = Limits { memory_bytes: 500_000, ..all };
    assert_eq!(read_facts(&mut SliceSource(&small), &little).unwrap(), facts(&small));
}

/// A picture strip may have hours of pictures; none of them is left out in silence.
#[test]
fn long_strips_are_read_whole() {
    let file = plain("45");
    let all = blocks(&file);
    let row = all.iter().find(|block| block.count == 2 && file[block.content..].starts_with(b"bild.png\0"));
    let row = row.unwrap();
    let element = (row.end - row.content) / row.count;
    let with = |elements: usize| {
        let mut head = file[row.head..row.content].to_vec();
        head[4..8].copy_from_slice(&((elements * element) as u32).to_le_bytes());
        head[20..24].copy_from_slice(&(elements as u32).to_le_bytes());
        let pictures = file[row.content..row.content + element].repeat(elements);
        [&file[..row.head], &head, &pictures, &file[row.end..]].concat()
    };
    let pictures = |facts: Facts| {
        let strips = facts.files.into_iter().filter(|file| file.kind == blend_file::FileKind::SequencerImage);
        strips.count()
    };
    let others = pictures(facts(&file)) - 2;
    let many = with(20_000);
    assert_eq!(pictures(facts(&many)) - others, 20_000);
    assert_eq!(pictures(facts(&gzip(&many))) - others, 20_000);
    let error = read_facts(&mut SliceSource(&with(70_000)), &Limits::default()).unwrap_err();
    assert!(matches!(error, ReadError::Blend(BlendError::TooMuch)), "{error}");
}

#[test]
fn files_that_are_no_blender_files_say_what_they_are() {
    for (bytes, words) in [
        (b"PK\x03\x04 and more".as_slice(), "This is not a Blender file: it is a ZIP archive."),
        (&gzip(b"hello"), "This is not a Blender file: it is a compressed file of another kind."),
        (b"", "The file is empty."),
        (b"BLEN", "The file is cut off: it ends after 4 bytes."),
    ] {
        let error = read_facts(&mut SliceSource(bytes), &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
}

/// A file without most of what Blender always saves: small enough to be cut off at every byte.
fn small(version: &str) -> Vec<u8> {
    let file = plain(version);
    let wanted = |block: &&support::Block| {
        [b"SC\0\0", b"IM\0\0", b"GLOB", b"REND", b"DNA1", b"ENDB", b"OB\0\0"].contains(&&block.code)
            || &block.code == b"DATA" && block.end - block.content < 400
    };
    let all = blocks(&file);
    let first = file[..all[0].head].to_vec();
    all.iter().filter(wanted).fold(first, |mut out, block| {
        out.extend_from_slice(&file[block.head..block.end]);
        out
    })
}

#[test]
fn cut_off_anywhere_it_says_so() {
    for version in ["45", "50"] {
        let file = small(version);
        facts(&file);
        // Every length at both ends, and some between.
        let cuts = (1..100).chain((100..file.len()).step_by(2_999)).chain(file.len() - 60..file.len());
        for end in cuts {
            let error = read_facts(&mut SliceSource(&file[..end]), &Limits::default()).unwrap_err();
            let expected =
                matches!(error, ReadError::Blend(BlendError::Truncated { size }) if size == end as u64);
            assert!(expected, "{end}: {error}");
        }
        for packed in [packed(version), gzip(&file)] {
            // Behind the last frame stands only the table of frames, without which it is read too.
            for end in (1..packed.len() - 200).step_by(20_011) {
                let read = read_facts(&mut SliceSource(&packed[..end]), &Limits::default());
                assert!(read.is_err(), "{version}: {end} of {}", packed.len());
            }
        }
    }
}

/// Whatever the bytes, there is an answer in words or facts.
fn holds(bytes: &[u8]) {
    let limits = Limits { unpacked_bytes: 64 << 20, ..Limits::default() };
    if let Err(error) = read_facts(&mut SliceSource(bytes), &limits) {
        assert!(error.to_string().ends_with('.'), "{error:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(
        start in proptest::sample::select(vec![
            b"".to_vec(), b"BLENDER-v405".to_vec(), b"BLENDER_V249".to_vec(), b"BLENDER17-01v0500".to_vec(),
            b"\x1f\x8b\x08\x00".to_vec(), b"\x28\xb5\x2f\xfd".to_vec(), b"\x5a\x2a\x4d\x18".to_vec(),
        ]),
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        table in any::<bool>(),
    ) {
        let end = if table { b"\x01\0\0\0\0\xb1\xea\x92\x8f".as_slice() } else { b"" };
        holds(&[&start, &bytes, end].concat());
    }

    /// Lists become rings and fans, structs stand where others were.
    #[test]
    fn wrong_pointers_in_real_files(
        version in proptest::sample::select(VERSIONS.to_vec()),
        wrong in proptest::collection::vec(
            (any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), any::<proptest::sample::Index>()),
            1..2000,
        ),
    ) {
        let mut file = plain(version);
        let all = blocks(&file);
        for (block, at, to) in wrong {
            let block = block.get(&all);
            let places = (block.end - block.content) / 8;
            if places > 0 && &block.code != b"DNA1" {
                let at = block.content + 8 * at.index(places);
                let to = to.get(&all).head + 8;
                file.copy_within(to..to + 8, at);
            }
        }
        holds(&file);
    }

    #[test]
    fn wrong_bytes_in_real_files(
        version in proptest::sample::select(VERSIONS.to_vec()),
        wrong in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..200),
        kind in 0..4,
    ) {
        let mut file = match kind {
            0 => packed(version),
            1 => gzip(&small(version)),
            // The DNA alone is most of it, so that it is hit as well.
            2 => small(version),
            _ => plain(version),
        };
        for (at, value) in wrong {
            let length = file.len();
            file[at.index(length)] = value;
        }
        holds(&file);
    }
}
