//! Archives made by hand: every field can be given any value.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

pub const STORED: u16 = 0;
pub const DEFLATED: u16 = 8;

/// The fields that stand in both headers of an entry, and may differ.
#[derive(Clone)]
pub struct Header {
    pub name: Vec<u8>,
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub packed_size: u32,
    pub size: u32,
    pub extra: Vec<u8>,
}

/// An entry.
#[derive(Clone)]
pub struct Item {
    pub table: Header,
    pub local: Header,
    pub packed: Vec<u8>,
    pub attributes: u32,
    pub disk: u16,
    pub comment: Vec<u8>,
    /// Where the table says that the entry stands, if not where it does.
    pub offset: Option<u32>,
    /// Its header and bytes are no part of the archive: they stand inside another entry.
    pub is_elsewhere: bool,
}

impl Item {
    pub fn with(name: impl AsRef<[u8]>, method: u16, plain: &[u8]) -> Self {
        let packed = if method == DEFLATED { deflated(plain) } else { plain.to_vec() };
        let header = Header {
            name: name.as_ref().to_vec(),
            flags: 0,
            method,
            crc: crc32fast::hash(plain),
            packed_size: packed.len() as u32,
            size: plain.len() as u32,
            extra: Vec::new(),
        };
        Self {
            table: header.clone(),
            local: header,
            packed,
            attributes: 0,
            disk: 0,
            comment: Vec::new(),
            offset: None,
            is_elsewhere: false,
        }
    }

    pub fn stored(name: impl AsRef<[u8]>, plain: &[u8]) -> Self {
        Self::with(name, STORED, plain)
    }

    pub fn deflated(name: impl AsRef<[u8]>, plain: &[u8]) -> Self {
        Self::with(name, DEFLATED, plain)
    }

    /// A file or folder in which nothing but the name matters.
    pub fn named(name: impl AsRef<[u8]>) -> Self {
        let plain: &[u8] = if name.as_ref().ends_with(b"/") { b"" } else { b"some bytes" };
        Self::stored(name, plain)
    }

    /// Changes what stands in both headers.
    pub fn both(mut self, change: impl Fn(&mut Header)) -> Self {
        change(&mut self.table);
        change(&mut self.local);
        self
    }

    /// Changes anything.
    pub fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// With the permissions and kind that Unix has for it.
    pub fn mode(self, mode: u32) -> Self {
        self.but(|item| item.attributes = mode << 16)
    }

    /// The header in front of the entry, and the entry's bytes.
    pub fn local_bytes(&self) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04\x14\x00".to_vec();
        self.local.write(&mut bytes);
        bytes.extend(&self.local.name);
        bytes.extend(&self.local.extra);
        bytes.extend(&self.packed);
        bytes
    }

    fn table_bytes(&self, offset: u32) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02\x14\x03\x14\x00".to_vec();
        self.table.write(&mut bytes);
        put16(&mut bytes, &[self.comment.len() as u16, self.disk, 0]);
        put32(&mut bytes, &[self.attributes, self.offset.unwrap_or(offset)]);
        bytes.extend(&self.table.name);
        bytes.extend(&self.table.extra);
        bytes.extend(&self.comment);
        bytes
    }
}

impl Header {
    fn write(&self, bytes: &mut Vec<u8>) {
        put16(bytes, &[self.flags, self.method, 0, 0x21]);
        put32(bytes, &[self.crc, self.packed_size, self.size]);
        put16(bytes, &[self.name.len() as u16, self.extra.len() as u16]);
    }
}

/// An archive, and what its end says if not the truth.
#[derive(Clone, Default)]
pub struct Archive {
    pub items: Vec<Item>,
    /// Stands in front of all; the offsets count it if they are `shifted`.
    pub in_front: Vec<u8>,
    pub shifted: bool,
    pub comment: Vec<u8>,
    pub comment_length: Option<u16>,
    pub entries: Option<u16>,
    pub disk: u16,
    /// Writes the records of large archives as well.
    pub large: Option<Large>,
}

/// The records of large archives, and what the small one beside them says.
#[derive(Clone)]
pub struct Large {
    pub entries: Option<u64>,
    pub disks: u32,
    pub record_size: u64,
    pub small_is_full: bool,
}

impl Default for Large {
    fn default() -> Self {
        Self { entries: None, disks: 1, record_size: 44, small_is_full: true }
    }
}

impl Archive {
    pub fn of(items: impl IntoIterator<Item = Item>) -> Self {
        Self { items: items.into_iter().collect(), ..Self::default() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.in_front.clone();
        let shift = if self.shifted { 0 } else { self.in_front.len() };
        let mut table = Vec::new();
        for item in &self.items {
            table.extend(item.table_bytes((bytes.len() - shift) as u32));
            if !item.is_elsewhere {
                bytes.extend(item.local_bytes());
            }
        }
        let offset = (bytes.len() - shift) as u64;
        let mut entries = self.entries.unwrap_or(self.items.len() as u16);
        let mut numbers = [table.len() as u32, offset as u32];
        bytes.extend(&table);
        if let Some(large) = &self.large {
            let here = (bytes.len() - shift) as u64;
            let count = large.entries.unwrap_or(self.items.len() as u64);
            bytes.extend(b"PK\x06\x06");
            bytes.extend(large.record_size.to_le_bytes());
            put32(&mut bytes, &[0x0003_002d, 0, 0]);
            for number in [count, count, table.len() as u64, offset] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.extend(b"PK\x06\x07");
            put32(&mut bytes, &[0]);
            bytes.extend(here.to_le_bytes());
            put32(&mut bytes, &[large.disks]);
            if large.small_is_full {
                (entries, numbers) = (u16::MAX, [u32::MAX; 2]);
            }
        }
        bytes.extend(b"PK\x05\x06");
        put16(&mut bytes, &[self.disk, self.disk, entries, entries]);
        put32(&mut bytes, &numbers);
        put16(&mut bytes, &[self.comment_length.unwrap_or(self.comment.len() as u16)]);
        bytes.extend(&self.comment);
        bytes
    }
}

/// The bytes of an archive with one entry.
pub fn one(item: Item) -> Vec<u8> {
    Archive::of([item]).bytes()
}

/// The bytes of an archive with these files and folders.
pub fn names(names: &[&str]) -> Vec<u8> {
    Archive::of(names.iter().map(Item::named)).bytes()
}

pub fn deflated(plain: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(plain).expect("into memory");
    encoder.finish().expect("into memory")
}

/// An additional field of a header.
pub fn field(id: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put16(&mut bytes, &[id, content.len() as u16]);
    bytes.extend(content);
    bytes
}

pub fn put16(bytes: &mut Vec<u8>, numbers: &[u16]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

pub fn put32(bytes: &mut Vec<u8>, numbers: &[u32]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}
