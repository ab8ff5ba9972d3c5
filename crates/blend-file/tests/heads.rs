//! Heads of files that Blender saved, and everything that can become of them.
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::io::Write;
use std::path::PathBuf;

use blend_file::{BlendError, ByteOrder, Compression, ENOUGH, Head, SceneRange, Version, read_head};
use proptest::prelude::*;

/// Size of the files that the heads were cut from; their real sizes do not matter.
const TOTAL: u64 = 900_000;

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(name).with_extension("head")).unwrap()
}

fn fixtures() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for version in ["42", "45", "50"] {
        for kind in ["plain", "zstd", "second"] {
            all.push(fixture(&format!("blender{version}-{kind}")));
        }
    }
    all
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn scene(name: &str, start: i32, end: i32) -> SceneRange {
    SceneRange { name: name.into(), start, end }
}

/// A file as Blender before 5.0 lays it out, on any machine; `blocks` stand before the scene.
fn legacy(pointer_size: u8, byte_order: ByteOrder, version: &str, blocks: &[(&[u8; 4], usize)]) -> Vec<u8> {
    let sign = if pointer_size == 4 { "_" } else { "-" };
    let (end, int): (_, fn(i32) -> [u8; 4]) = match byte_order {
        ByteOrder::Little => ("v", i32::to_le_bytes),
        ByteOrder::Big => ("V", i32::to_be_bytes),
    };
    let mut file = format!("BLENDER{sign}{end}{version}").into_bytes();
    let mut block = |code: &[u8; 4], content: &[u8]| {
        file.extend_from_slice(code);
        file.extend_from_slice(&int(i32::try_from(content.len()).unwrap()));
        file.extend(std::iter::repeat_n(0xAA, usize::from(pointer_size)));
        file.extend_from_slice(&[int(0), int(1)].concat());
        file.extend_from_slice(content);
    };
    for (code, length) in blocks {
        // Noise that no compressor shrinks, as a preview picture may be.
        let mut state = 1_u64;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        });
        block(code, &noise.take(*length).collect::<Vec<u8>>());
    }
    let mut name = [0; 64];
    name[..5].copy_from_slice(b"Scene");
    block(b"REND", &[int(-7).as_slice(), int(250).as_slice(), &name].concat());
    block(b"ENDB", &[]);
    file
}

#[test]
fn heads_of_real_files() {
    for (version, major, minor) in [("42", 4, 2), ("45", 4, 5), ("50", 5, 0)] {
        for (kind, compression, expected) in [
            ("plain", Compression::None, scene("Küche", 7, 1234)),
            ("zstd", Compression::Zstd, scene("Küche", 7, 1234)),
            ("second", Compression::Zstd, scene("A second scene", 101, 148)),
        ] {
            let head = read_head(&fixture(&format!("blender{version}-{kind}")), TOTAL);
            let expected = Head {
                version: Version { major, minor },
                compression,
                pointer_size: 8,
                byte_order: ByteOrder::Little,
                scene: expected,
            };
            assert_eq!(head, Ok(expected), "{version} {kind}");
        }
    }
}

#[test]
fn every_machine_that_ever_saved_one() {
    for byte_order in [ByteOrder::Little, ByteOrder::Big] {
        for pointer_size in [4, 8] {
            let file = legacy(pointer_size, byte_order, "279", &[(b"TEST", 5000)]);
            for (file, compression) in [
                (file.clone(), Compression::None),
                (gzip(&file), Compression::Gzip),
                (zstd(&file), Compression::Zstd),
            ] {
                let head = read_head(&file, file.len() as u64);
                let version = Version { major: 2, minor: 79 };
                let scene = scene("Scene", -7, 250);
                assert_eq!(head, Ok(Head { version, compression, pointer_size, byte_order, scene }));
            }
        }
    }
}

#[test]
fn frames_of_zstd_that_hold_nothing_are_passed_over() {
    let mut file = vec![0x5e, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5];
    file.extend_from_slice(&[0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
    file.extend_from_slice(&fixture("blender45-zstd"));
    assert_eq!(read_head(&file, TOTAL).unwrap().scene, scene("Küche", 7, 1234));
}

#[test]
fn a_scene_split_over_frames_of_zstd_is_put_together() {
    let file = legacy(8, ByteOrder::Little, "405", &[]);
    for cut in 0..file.len() {
        let (front, back) = file.split_at(cut);
        let file = [zstd(front), zstd(back)].concat();
        assert_eq!(
            read_head(&file, file.len() as u64).unwrap().scene,
            scene("Scene", -7, 250),
            "cut at {cut}"
        );
    }
}

/// One frame for the whole file, with a window wider than all that is read of it.
#[test]
fn the_first_bytes_of_one_long_frame_are_enough() {
    let mut file = legacy(8, ByteOrder::Little, "405", &[]);
    file.extend(std::iter::repeat_n([b'x', 0, 7], 1_000_000).flatten());
    let file = zstd(&file);
    assert_eq!(read_head(&file[..file.len() / 2], file.len() as u64).unwrap().scene, scene("Scene", -7, 250));
}

#[test]
fn behind_a_large_preview_the_scene_is_found_or_asked_for() {
    let file = legacy(8, ByteOrder::Little, "405", &[(b"TEST", 128 * 128 * 4)]);
    for file in [file.clone(), gzip(&file), zstd(&file)] {
        let total = file.len() as u64;
        assert_eq!(read_head(&file[..4096], total), Err(BlendError::NeedsMore { given: 4096 }));
        assert_eq!(read_head(&file[..4096], 4096), Err(BlendError::Truncated { size: 4096 }));
        assert_eq!(read_head(&file, total).unwrap().scene, scene("Scene", -7, 250));
    }
}

#[test]
fn a_scene_out_of_reach_is_an_answer_and_not_a_question() {
    let file = legacy(8, ByteOrder::Little, "405", &[(b"DATA", 3 * ENOUGH)]);
    for file in [file.clone(), gzip(&file), zstd(&file)] {
        assert_eq!(read_head(&file[..ENOUGH], file.len() as u64), Err(BlendError::NoScene));
    }
    let empty = b"BLENDER-v405ENDB\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    assert_eq!(read_head(empty, empty.len() as u64), Err(BlendError::NoScene));
}

#[test]
fn what_is_no_blender_file_is_named() {
    for (bytes, words) in [
        (b"PK\x03\x04 and more".as_slice(), "it is a ZIP archive"),
        (b"\x89PNG\r\n\x1a\n", "it is a PNG picture"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is a Git LFS pointer that stands for the file"),
        (b"<!DOCTYPE html>", "it is a web page or an XML file"),
        (&[0; 100], "it begins with nothing but zeros, as after a failed copy"),
        (b"hello", "it does not begin as one"),
        (&gzip(b"hello"), "it is a compressed file of another kind"),
        (&zstd(b"hello"), "it is a compressed file of another kind"),
    ] {
        let error = read_head(bytes, bytes.len() as u64).unwrap_err();
        assert_eq!(error, BlendError::NotBlend { found: words });
        assert_eq!(error.to_string(), format!("This is not a Blender file: {words}."));
    }
    assert_eq!(read_head(&[], 0), Err(BlendError::Empty));
    assert_eq!(read_head(&[], 7), Err(BlendError::NeedsMore { given: 0 }));
}

#[test]
fn headers_of_the_future_are_told_from_damage() {
    let what = |file: &[u8]| read_head(file, TOTAL).unwrap_err();
    assert_eq!(
        what(b"BLENDER17-02v0603REND").to_string(),
        "The file is written in a way that this farm cannot read: file format 2, saved by Blender 6.3."
    );
    assert!(matches!(what(b"BLENDER19-01v0700"), BlendError::Unsupported { .. }));
    for damaged in ["BLENDER-x405", "BLENDER+v405", "BLENDER-v4x5", "BLENDER17_01v0500", "BLENDER17-01V0500"]
    {
        assert!(matches!(what(damaged.as_bytes()), BlendError::Damaged { .. }), "{damaged}");
    }
}

#[test]
fn impossible_values_are_damage() {
    let file = legacy(8, ByteOrder::Little, "405", &[]);
    let with = |at: usize, value: i32| {
        let mut file = file.clone();
        file[at..at + 4].copy_from_slice(&value.to_le_bytes());
        read_head(&file, file.len() as u64)
    };
    // The length of the block, the first and the last frame.
    for (at, value) in [(16, -1), (16, 0), (16, 5000), (36, 251), (36, -2_000_000), (40, -8), (40, 2_000_000)]
    {
        assert!(matches!(with(at, value), Err(BlendError::Damaged { .. })), "{value} at {at}");
    }
    assert_eq!(with(36, 250).unwrap().scene, scene("Scene", 250, 250));
}

#[test]
fn cut_off_anywhere_it_says_so_or_has_its_head() {
    for file in fixtures() {
        let whole = read_head(&file, TOTAL).unwrap();
        for end in 1..file.len() {
            match read_head(&file[..end], end as u64) {
                Ok(head) => assert_eq!(head, whole),
                Err(error) => assert_eq!(error, BlendError::Truncated { size: end as u64 }, "cut at {end}"),
            }
            match read_head(&file[..end], TOTAL) {
                Ok(head) => assert_eq!(head, whole),
                Err(error) => assert_eq!(error, BlendError::NeedsMore { given: end }, "given {end}"),
            }
        }
        // None of the heads needs 4 KiB.
        assert_eq!(read_head(&file[..4096], TOTAL).as_ref(), Ok(&whole));
    }
}

/// Every error has words for a person, and every head keeps what its type promises.
fn holds(bytes: &[u8], total: u64) {
    match read_head(bytes, total) {
        Ok(head) => {
            assert!(head.scene.start <= head.scene.end, "{head:?}");
            assert!([4, 8].contains(&head.pointer_size), "{head:?}");
        }
        Err(error) => {
            assert!(error.to_string().ends_with('.') && error.hint().ends_with('.'), "{error:?}");
            let asks = matches!(error, BlendError::NeedsMore { .. });
            assert!(!asks || ((bytes.len() as u64) < total && bytes.len() < ENOUGH), "{error:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2000), more in 0_u64..100) {
        holds(&bytes, bytes.len() as u64 + more);
    }

    #[test]
    fn any_bytes_behind_a_known_beginning(
        start in proptest::sample::select(vec![
            b"BLENDER-v405".to_vec(), b"BLENDER_V249".to_vec(), b"BLENDER17-01v0500".to_vec(),
            b"\x1f\x8b\x08\x00".to_vec(), b"\x28\xb5\x2f\xfd".to_vec(), b"\x5a\x2a\x4d\x18".to_vec(),
        ]),
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let bytes = [start, bytes].concat();
        holds(&bytes, bytes.len() as u64);
        holds(&bytes, u64::MAX);
    }

    #[test]
    fn real_heads_with_wrong_bytes(
        head in proptest::sample::select(fixtures()),
        wrong in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        front in any::<bool>(),
    ) {
        let mut head = head;
        let length = if front { 64 } else { head.len() };
        for (at, value) in wrong {
            head[at.index(length)] = value;
        }
        holds(&head, head.len() as u64);
        holds(&head, TOTAL);
    }
}
