//! A file of 1 GB whose bulk is a few large blocks is read for its facts with less than 4 MB.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failing test panics; the numbers are of interest"
)]

mod support;

use std::rc::Rc;

use blend_file::{Facts, Limits, SliceSource, read_facts};
use support::{Pieces, blocks, head_of_bytes, packed, plain};

const LARGE_BLOCKS: usize = 8;
const LARGE: usize = 128 << 20;
const CHUNK: usize = 1 << 20;

fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let next = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    });
    next.flat_map(u64::to_le_bytes).take(length).collect()
}

/// A file's blocks, with the places behind which the large ones stand.
fn with_large_blocks(file: &[u8]) -> Vec<(Vec<u8>, bool)> {
    let all = blocks(file);
    let header = all[0].head;
    let every = all.len() / (LARGE_BLOCKS + 1);
    let mut parts = vec![(file[..header].to_vec(), false)];
    for (number, block) in all.iter().enumerate() {
        let mut bytes = file[block.head..block.end].to_vec();
        let large = number % every == every - 1 && number / every < LARGE_BLOCKS;
        if large {
            bytes.extend(head_of_bytes(file.starts_with(b"BLENDER17"), LARGE as u32));
        }
        parts.push((bytes, large));
    }
    parts
}

fn read(version: &str, layout: &str, mut source: Pieces, most: usize, most_requests: usize) -> Facts {
    let facts = read_facts(&mut source, &Limits::default()).unwrap();
    let (bytes, requests) = (source.bytes_read(), source.reads.borrow().len());
    println!(
        "blender {version}, {layout}: {} bytes of {} in {requests} requests",
        bytes,
        blend_file::Source::size(&source)
    );
    assert!(bytes < most, "{bytes} bytes");
    assert!(requests < most_requests, "{requests} requests");
    facts
}

fn expected(version: &str) -> Facts {
    read_facts(&mut SliceSource(&packed(version)), &Limits::default()).unwrap()
}

#[test]
fn uncompressed() {
    let chunk: Rc<[u8]> = noise(CHUNK).into();
    for version in ["45", "50"] {
        let parts = with_large_blocks(&plain(version)).into_iter().flat_map(|(bytes, large)| {
            let fill = if large { LARGE / CHUNK } else { 0 };
            std::iter::once(bytes.into()).chain(std::iter::repeat_n(Rc::clone(&chunk), fill))
        });
        let mut facts = read(version, "uncompressed", Pieces::new(parts), 4_000_000, 40);
        facts.compression = blend_file::Compression::Zstd;
        assert_eq!(facts, expected(version));
    }
}

/// As Blender lays it out: what is larger than 1 MiB begins a frame, and so does what follows it.
#[test]
fn in_frames_as_blender_writes_them() {
    let chunk = noise(CHUNK);
    let packed_chunk: Rc<[u8]> = zstd::bulk::compress(&chunk, 3).unwrap().into();
    for version in ["45", "50"] {
        let mut frames: Vec<(Rc<[u8]>, usize)> = Vec::new();
        let mut buffer = Vec::new();
        for (bytes, large) in with_large_blocks(&plain(version)) {
            buffer.extend(bytes);
            if large || buffer.len() > CHUNK {
                frames.push((zstd::bulk::compress(&buffer, 3).unwrap().into(), buffer.len()));
                buffer.clear();
            }
            if large {
                frames.extend(std::iter::repeat_n((Rc::clone(&packed_chunk), CHUNK), LARGE / CHUNK));
            }
        }
        frames.push((zstd::bulk::compress(&buffer, 3).unwrap().into(), buffer.len()));
        let source = in_frames(frames);
        assert_eq!(read(version, "frames", source, 4_000_000, 40), expected(version));
    }
}

/// As other tools lay it out: a frame for every so many bytes, whatever is in them.
#[test]
fn in_frames_of_equal_size() {
    let chunk = noise(CHUNK);
    let mut file = Vec::new();
    // Not 1 GB: nothing here repeats, and the test would take long.
    for (bytes, large) in with_large_blocks(&plain("45")) {
        file.extend(bytes);
        if large {
            (0..LARGE / CHUNK / 16).for_each(|_| file.extend_from_slice(&chunk));
            let length = (LARGE as u32 / 16).to_le_bytes();
            let at = file.len() - LARGE / 16 - 20;
            file[at..at + 4].copy_from_slice(&length);
        }
    }
    let frames = file.chunks(CHUNK).map(|part| (zstd::bulk::compress(part, 1).unwrap().into(), part.len()));
    let source = in_frames(frames.collect());
    assert_eq!(read("45", "equal frames", source, 10_000_000, 60), expected("45"));
}

fn in_frames(frames: Vec<(Rc<[u8]>, usize)>) -> Pieces {
    let mut table = vec![0x5e, 0x2a, 0x4d, 0x18];
    table.extend((frames.len() as u32 * 8 + 9).to_le_bytes());
    for (packed, size) in &frames {
        table.extend((packed.len() as u32).to_le_bytes());
        table.extend((*size as u32).to_le_bytes());
    }
    table.extend((frames.len() as u32).to_le_bytes());
    table.extend([0, 0xb1, 0xea, 0x92, 0x8f]);
    Pieces::new(frames.into_iter().map(|(packed, _)| packed).chain([table.into()]))
}
