//! Where a picture file ends, by its own account: chunks, markers, lengths.
//!
//! Only for formats whose decoders put up with a file that is cut off.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::{Damaged, extension};

/// Checks that the file at `path`, which is called `name`, goes as far as it says.
///
/// # Errors
/// It is cut off, or its outline is damaged.
pub fn check(path: &Path, name: &Path) -> Result<(), Damaged> {
    match extension(name).as_str() {
        "png" => png(path),
        // The decoder fills up with grey what is missing.
        "jpg" | "jpeg" => ends_with(path, b"\xff\xd9"),
        "webp" => webp(path),
        // The last thing that Blender writes.
        "tga" => ends_with(path, b"TRUEVISION-XFILE.\0"),
        "dpx" => dpx(path),
        "rgb" => iris(path),
        // The decoder is content with strips that lack their last bytes.
        "tif" | "tiff" => tiff(path),
        _ => Ok(()),
    }
}

/// Every chunk with its own CRC, up to an end that is the end of the file.
fn png(path: &Path) -> Result<(), Damaged> {
    let file = File::open(path)?;
    let mut left = file.metadata()?.len();
    let mut file = BufReader::new(file);
    let mut take = |bytes: &mut [u8]| -> Result<(), Damaged> {
        left = left.checked_sub(bytes.len() as u64).ok_or("it is cut off")?;
        Ok(file.read_exact(bytes)?)
    };
    let mut signature = [0; 8];
    take(&mut signature)?;
    if signature != *b"\x89PNG\r\n\x1a\n" {
        return Err("it is no PNG".into());
    }
    let mut buffer = vec![0; 1 << 16];
    loop {
        let (mut length, mut name, mut crc) = ([0; 4], [0; 4], [0; 4]);
        take(&mut length)?;
        take(&mut name)?;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&name);
        let mut length = u32::from_be_bytes(length) as usize;
        while length > 0 {
            let part = length.min(buffer.len());
            take(&mut buffer[..part])?;
            hasher.update(&buffer[..part]);
            length -= part;
        }
        take(&mut crc)?;
        if hasher.finalize() != u32::from_be_bytes(crc) {
            return Err("a chunk does not match its checksum".into());
        }
        if name == *b"IEND" {
            break;
        }
    }
    if left > 0 { Err("it goes on behind its end".into()) } else { Ok(()) }
}

fn ends_with<const N: usize>(path: &Path, end: &[u8; N]) -> Result<(), Damaged> {
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().checked_sub(N as u64).ok_or("it is cut off")?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    if bytes == *end { Ok(()) } else { Err("it is cut off".into()) }
}

fn has_length(file: &File, length: u64) -> Result<(), Damaged> {
    if file.metadata()?.len() == length { Ok(()) } else { Err("it is not as long as it says".into()) }
}

fn webp(path: &Path) -> Result<(), Damaged> {
    let mut file = File::open(path)?;
    let mut head = [0; 8];
    file.read_exact(&mut head)?;
    let [_, _, _, _, length @ ..] = head;
    has_length(&file, u64::from(u32::from_le_bytes(length)) + 8)
}

/// The head gives the length of the file, in the byte order of its magic number.
fn dpx(path: &Path) -> Result<(), Damaged> {
    let mut file = File::open(path)?;
    let (mut magic, mut between, mut length) = ([0; 4], [0; 12], [0; 4]);
    file.read_exact(&mut magic)?;
    file.read_exact(&mut between)?;
    file.read_exact(&mut length)?;
    let length = match &magic {
        b"SDPX" => u32::from_be_bytes(length),
        b"XPDS" => u32::from_le_bytes(length),
        _ => return Err("it is no DPX".into()),
    };
    has_length(&file, length.into())
}

/// Rows are found through a table of starts and lengths.
fn iris(path: &Path) -> Result<(), Damaged> {
    const HEAD: usize = 512;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut head = [0; HEAD];
    file.read_exact(&mut head)?;
    let [0x01, 0xda, packed, bytes, _, _, w0, w1, h0, h1, c0, c1, ..] = head else {
        return Err("it is no IRIS picture".into());
    };
    let number = |high, low| u64::from(u16::from_be_bytes([high, low]));
    let rows = number(h0, h1) * number(c0, c1);
    if packed == 0 {
        return has_length(&file, HEAD as u64 + rows * number(w0, w1) * u64::from(bytes));
    }
    let mut table = Vec::new();
    file.take(rows * 8).read_to_end(&mut table)?;
    if table.len() as u64 != rows * 8 {
        return Err("it is cut off".into());
    }
    let entry = |bytes: &[u8]| bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let (starts, lengths) = table.split_at(table.len() / 2);
    let end =
        starts.chunks(4).zip(lengths.chunks(4)).map(|(start, length)| entry(start) + entry(length)).max();
    if end.is_some_and(|end| end <= length) { Ok(()) } else { Err("it is cut off".into()) }
}

/// Every strip or tile, by the table of the first directory.
fn tiff(path: &Path) -> Result<(), Damaged> {
    const OFFSETS: [u16; 2] = [273, 324];
    const LENGTHS: [u16; 2] = [279, 325];
    const SHORT: u16 = 3;
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    let mut head = [0; 8];
    file.read_exact(&mut head)?;
    let little = match head {
        [b'I', b'I', 42, 0, ..] => true,
        [b'M', b'M', 0, 42, ..] => false,
        // The kind for files over 4 GiB has its own layout; the decoder has to do.
        [b'I', b'I', 43, 0, ..] | [b'M', b'M', 0, 43, ..] => return Ok(()),
        _ => return Err("it is no TIFF".into()),
    };
    let number = |bytes: &[u8]| {
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) }
    };
    let mut read_at = |at: u64, length: u64| -> Result<Vec<u8>, Damaged> {
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::new();
        (&mut file).take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err("it is cut off".into()) }
    };
    let directory = number(&head[4..]);
    let entries = number(&read_at(directory, 2)?);
    let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
    for entry in read_at(directory + 2, entries * 12)?.chunks(12) {
        let (tag, kind) = (number(&entry[..2]) as u16, number(&entry[2..4]) as u16);
        let list = match tag {
            _ if OFFSETS.contains(&tag) => &mut offsets,
            _ if LENGTHS.contains(&tag) => &mut lengths,
            _ => continue,
        };
        let width = if kind == SHORT { 2 } else { 4 };
        let size = number(&entry[4..8]) * width;
        // What fits into the entry stands in it.
        let bytes = if size <= 4 {
            entry[8..8 + size as usize].to_vec()
        } else {
            read_at(number(&entry[8..]), size)?
        };
        *list = bytes.chunks(width as usize).map(number).collect();
    }
    let whole = offsets.iter().zip(&lengths).all(|(offset, length)| offset + length <= end);
    if whole && !offsets.is_empty() && offsets.len() == lengths.len() {
        Ok(())
    } else {
        Err("it is cut off".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_bytes(name: &str, bytes: &[u8]) -> Result<(), Damaged> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        check(&path, &path)
    }

    #[test]
    fn a_dpx_is_as_long_as_its_head_says() {
        for (magic, length) in [(b"XPDS", 40u32.to_le_bytes()), (b"SDPX", 40u32.to_be_bytes())] {
            let mut bytes = [&magic[..], &[0; 12], &length, &[7; 20]].concat();
            assert!(check_bytes("a.dpx", &bytes).is_ok());
            while bytes.pop().is_some() {
                assert!(check_bytes("a.dpx", &bytes).is_err(), "{}", bytes.len());
            }
        }
    }

    #[test]
    fn an_iris_picture_holds_all_of_its_rows() {
        let mut bytes = vec![0; 512];
        bytes[..12].copy_from_slice(&[0x01, 0xda, 1, 1, 0, 3, 0, 4, 0, 2, 0, 1]);
        for number in [528u32, 532, 4, 6] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend([9; 10]);
        assert!(check_bytes("a.rgb", &bytes).is_ok());
        while bytes.pop().is_some() {
            assert!(check_bytes("a.rgb", &bytes).is_err(), "{}", bytes.len());
        }
    }
}
