//! The facts of a whole `.blend`, from any bytes.
#![no_main]

use std::io;

use blend_file::{Facts, Limits, ReadError, SliceSource, Source, read_facts};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { read_bytes: 4 << 20, memory_bytes: 4 << 20, unpacked_bytes: 16 << 20 };

/// What is kept of the file, what is being unpacked of it, and the facts themselves.
const MEBIBYTES: usize = 24;

fuzz_target!(|file: &[u8]| {
    let mut source = Counted { source: SliceSource(file), bytes: 0 };
    let read = farm_fuzz::within(MEBIBYTES, || read_facts(&mut source, &LIMITS));
    assert!(source.bytes <= LIMITS.read_bytes, "{} bytes were read", source.bytes);
    match read {
        Ok(facts) => check(&facts),
        Err(ReadError::Blend(error)) => {
            assert!(error.to_string().ends_with('.') && error.hint().ends_with('.'), "{error}");
        }
        Err(ReadError::Source(error)) => panic!("a slice never fails: {error}"),
    }
});

fn check(facts: &Facts) {
    assert!(matches!(facts.pointer_size, 4 | 8), "{facts:?}");
    assert!(facts.cameras.is_sorted(), "{:?}", facts.cameras);
}

struct Counted<'a> {
    source: SliceSource<'a>,
    bytes: u64,
}

impl Source for Counted<'_> {
    fn size(&self) -> u64 {
        self.source.size()
    }

    fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.bytes += length as u64;
        self.source.read(offset, length)
    }
}
