//! Files of real Blenders, their blocks, and sources that count.
#![allow(dead_code, reason = "each test file uses a part")]

pub mod convert;

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use blend_file::Source;

/// The versions of which a file is kept beside the tests.
pub const VERSIONS: [&str; 4] = ["34", "42", "45", "50"];

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A compressed file as Blender saved it.
pub fn packed(version: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("blender{version}.blend"))).unwrap()
}

/// The same, uncompressed.
pub fn plain(version: &str) -> Vec<u8> {
    // The table of frames at the end holds nothing.
    zstd::stream::decode_all(packed(version).as_slice()).unwrap()
}

/// A block: where its head begins, where its content begins, and where it ends.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    pub code: [u8; 4],
    pub head: usize,
    pub content: usize,
    pub end: usize,
    pub kind: usize,
    pub count: usize,
}

/// All blocks of an uncompressed file of a machine of today.
pub fn blocks(file: &[u8]) -> Vec<Block> {
    let large = file.starts_with(b"BLENDER17");
    let (mut at, size) = if large { (17, 32) } else { (12, 24) };
    let mut blocks = Vec::new();
    while at < file.len() {
        let int =
            |from: usize| u32::from_le_bytes(file[at + from..at + from + 4].try_into().unwrap()) as usize;
        let (length, kind, count) =
            if large { (int(16), int(4), int(24)) } else { (int(4), int(16), int(20)) };
        let (head, content) = (at, at + size);
        at = content + length;
        blocks.push(Block {
            code: file[head..head + 4].try_into().unwrap(),
            head,
            content,
            end: at,
            kind,
            count,
        });
    }
    blocks
}

/// The head of a block of bytes without a struct.
pub fn head_of_bytes(large: bool, length: u32) -> Vec<u8> {
    let length = length.to_le_bytes();
    if large {
        [b"DATA".as_slice(), &[0; 4], &[7; 8], &length, &[0; 4], &1_u64.to_le_bytes()].concat()
    } else {
        [b"DATA".as_slice(), &length, &[7; 8], &[0; 4], &1_u32.to_le_bytes()].concat()
    }
}

/// A file put together of pieces, some of which are the same bytes; it counts what is read.
pub struct Pieces {
    pieces: Vec<(u64, Rc<[u8]>)>,
    size: u64,
    pub reads: RefCell<Vec<usize>>,
}

impl Pieces {
    pub fn new(pieces: impl IntoIterator<Item = Rc<[u8]>>) -> Self {
        let mut size = 0;
        let mut placed = Vec::new();
        for piece in pieces {
            placed.push((size, Rc::clone(&piece)));
            size += piece.len() as u64;
        }
        Self { pieces: placed, size, reads: RefCell::default() }
    }

    pub fn bytes_read(&self) -> usize {
        self.reads.borrow().iter().sum()
    }
}

impl Source for Pieces {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        assert!(offset + length as u64 <= self.size, "it asks beyond the end");
        self.reads.borrow_mut().push(length);
        let mut bytes = Vec::with_capacity(length);
        let mut number = self.pieces.partition_point(|(start, _)| *start <= offset) - 1;
        while bytes.len() < length {
            let (start, piece) = &self.pieces[number];
            let from = (offset + bytes.len() as u64 - start) as usize;
            let to = piece.len().min(from + length - bytes.len());
            bytes.extend_from_slice(&piece[from..to]);
            number += 1;
        }
        Ok(bytes)
    }
}
