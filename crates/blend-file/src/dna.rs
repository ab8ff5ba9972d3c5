//! The file's DNA: the structs of the Blender that saved it, by name, with the place of each field.
//!
//! ```text
//! SDNA  NAME count i32, names  TYPE count i32, names  TLEN u16 per type
//! STRC  count i32, for each struct: type u16, fields u16, for each field: type u16, name u16
//! ```
//! Each of the four parts begins at a multiple of four bytes. Names of fields carry what they are:
//! `*next` is a pointer, `mat[4][4]` an array, `(*free)()` a function. Fields keep the names that
//! they had first, whatever Blender's source calls them today.

use std::collections::HashMap;
use std::rc::Rc;

use crate::ByteOrder;
use crate::error::BlendError;

/// A file's DNA.
pub(crate) struct Dna {
    structs: Vec<Struct>,
    by_name: HashMap<Box<str>, usize>,
    pointer_size: usize,
}

/// One struct.
pub(crate) struct Struct {
    pub(crate) name: Box<str>,
    pub(crate) size: usize,
    pub(crate) fields: Vec<Field>,
}

/// One field of a struct.
pub(crate) struct Field {
    /// Without what marks pointers and arrays.
    pub(crate) name: Rc<str>,
    pub(crate) at: usize,
    /// Bytes of one element.
    pub(crate) size: usize,
    /// Elements: 1 unless it is an array.
    pub(crate) count: usize,
    pub(crate) kind: Kind,
}

/// What an element of a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Pointer,
    Signed,
    Unsigned,
    Float,
    /// A struct inside this one, by its number.
    Struct(usize),
    Other,
}

/// Structs, fields and names of a DNA; Blender's has about 1000 structs with 10 fields each.
const MOST: usize = 1 << 16;
/// Fields of all structs together.
const MOST_FIELDS: usize = 1 << 16;
/// Fields of one struct; Blender's largest has some 200.
const MOST_OF_ONE: usize = 2048;
/// Bytes of a name.
const LONGEST_NAME: usize = 255;
/// Pointers of one struct that are looked at; Blender's have some 200 at most.
const MOST_POINTERS: usize = 4096;

impl Dna {
    pub(crate) fn parse(bytes: &[u8], order: ByteOrder, pointer_size: u8) -> Result<Self, BlendError> {
        read(bytes, order, usize::from(pointer_size))
            .ok_or(BlendError::Damaged { what: "the description of its data makes no sense" })
    }

    pub(crate) fn structs(&self) -> &[Struct] {
        &self.structs
    }

    pub(crate) fn get(&self, number: usize) -> Option<&Struct> {
        self.structs.get(number)
    }

    /// The number of a struct.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The struct and place of a field; `path` names fields inside fields, as in `r.im_format`.
    pub(crate) fn field(&self, kind: usize, path: &str) -> Option<(usize, &Field)> {
        let (mut kind, mut base) = (kind, 0);
        let mut path = path.split('.').peekable();
        while let Some(name) = path.next() {
            let field = self.get(kind)?.fields.iter().find(|field| *field.name == *name)?;
            if path.peek().is_none() {
                return Some((base + field.at, field));
            }
            let Kind::Struct(inner) = field.kind else { return None };
            (kind, base) = (inner, base + field.at);
        }
        None
    }

    /// Places of all pointers in a struct, those of structs inside it too, in order.
    pub(crate) fn pointers(&self, kind: usize) -> Vec<usize> {
        let mut places = Vec::new();
        // Structs inside themselves, which only a damaged file has, shall not take forever.
        let mut steps = MOST;
        self.add_pointers(kind, 0, &mut steps, 0, &mut places);
        let size = self.get(kind).map_or(0, |kind| kind.size);
        places.retain(|at| at + self.pointer_size <= size);
        places.sort_unstable();
        places.dedup();
        places.truncate(MOST_POINTERS);
        places.shrink_to_fit();
        places
    }

    fn add_pointers(
        &self,
        kind: usize,
        base: usize,
        steps: &mut usize,
        depth: usize,
        places: &mut Vec<usize>,
    ) {
        let Some(found) = self.get(kind).filter(|_| depth < 8) else { return };
        for field in &found.fields {
            for element in 0..field.count {
                let Some(left) = steps.checked_sub(1) else { return };
                *steps = left;
                let at = base + field.at + element * field.size;
                match field.kind {
                    Kind::Pointer => places.push(at),
                    Kind::Struct(inner) => self.add_pointers(inner, at, steps, depth + 1, places),
                    _ => break,
                }
            }
        }
    }
}

fn read(bytes: &[u8], order: ByteOrder, pointer_size: usize) -> Option<Dna> {
    let mut cursor = Cursor { bytes, at: 0, order };
    cursor.sign(b"SDNA")?;
    cursor.sign(b"NAME")?;
    let names = cursor.names()?;
    cursor.sign(b"TYPE")?;
    let types = cursor.names()?;
    cursor.sign(b"TLEN")?;
    let sizes = types.iter().map(|_| cursor.short()).collect::<Option<Vec<_>>>()?;
    cursor.sign(b"STRC")?;
    let count = cursor.count()?;
    let mut raw = Vec::new();
    let mut fields_left = MOST_FIELDS;
    for _ in 0..count {
        let kind = cursor.short()?;
        let fields = cursor.short()?;
        fields_left = fields_left.checked_sub(fields).filter(|_| fields <= MOST_OF_ONE)?;
        let fields =
            (0..fields).map(|_| Some((cursor.short()?, cursor.short()?))).collect::<Option<Vec<_>>>()?;
        raw.push((kind, fields));
    }
    // Fields of many structs have the same name: each is kept once.
    let shape =
        |name: &&str| field_name(name).map(|(name, is_pointer, count)| (name.into(), is_pointer, count));
    let names: Vec<Option<(Rc<str>, bool, usize)>> = names.iter().map(shape).collect();
    let by_type: HashMap<usize, usize> = raw.iter().enumerate().map(|(at, (kind, _))| (*kind, at)).collect();
    let mut structs = Vec::with_capacity(raw.len());
    for (kind, raw_fields) in &raw {
        let mut at = 0;
        let mut fields = Vec::with_capacity(raw_fields.len());
        for (kind, name) in raw_fields {
            let (name, is_pointer, count) = names.get(*name)?.clone()?;
            let type_name = *types.get(*kind)?;
            let (size, kind) = if is_pointer {
                (pointer_size, Kind::Pointer)
            } else {
                (
                    *sizes.get(*kind)?,
                    by_type.get(kind).map_or_else(|| primitive(type_name), |at| Kind::Struct(*at)),
                )
            };
            fields.push(Field { name, at, size, count, kind });
            at = at.checked_add(size.checked_mul(count)?)?;
            if at > 1 << 24 {
                return None;
            }
        }
        structs.push(Struct { name: (*types.get(*kind)?).into(), size: *sizes.get(*kind)?, fields });
    }
    let by_name: HashMap<_, _> =
        structs.iter().enumerate().map(|(at, each)| (each.name.clone(), at)).collect();
    // No two structs have one name.
    (by_name.len() == structs.len()).then_some(Dna { structs, by_name, pointer_size })
}

/// The bare name of a field, whether it is a pointer, and how many elements it has.
fn field_name(written: &str) -> Option<(&str, bool, usize)> {
    let is_pointer = written.starts_with(['*', '(']);
    let name = written.trim_start_matches(['*', '(']);
    let end = name.find(['[', ')']).unwrap_or(name.len());
    let (name, mut rest) = name.split_at(end);
    let mut count = 1_usize;
    while let Some((_, behind)) = rest.split_once('[') {
        let (number, behind) = behind.split_once(']')?;
        count = count.checked_mul(number.parse().ok()?)?;
        rest = behind;
    }
    (count <= 1 << 24).then_some((name, is_pointer, count))
}

fn primitive(name: &str) -> Kind {
    match name {
        "char" | "int8_t" | "short" | "int16_t" | "int" | "int32_t" | "long" | "int64_t" => Kind::Signed,
        "uchar" | "uint8_t" | "ushort" | "uint16_t" | "uint" | "uint32_t" | "ulong" | "uint64_t" | "bool" => {
            Kind::Unsigned
        }
        "float" | "double" => Kind::Float,
        _ => Kind::Other,
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    order: ByteOrder,
}

impl<'a> Cursor<'a> {
    /// Four letters at the next multiple of four bytes.
    fn sign(&mut self, sign: &[u8; 4]) -> Option<()> {
        self.at = self.at.next_multiple_of(4);
        let found = self.bytes.get(self.at..)?.starts_with(sign);
        self.at += sign.len();
        found.then_some(())
    }

    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.order.int(self.bytes, self.at, 4)?).ok()?;
        self.at += 4;
        (count <= MOST).then_some(count)
    }

    fn short(&mut self) -> Option<usize> {
        let value = self.order.uint(self.bytes, self.at, 2)?;
        self.at += 2;
        usize::try_from(value).ok()
    }

    fn names(&mut self) -> Option<Vec<&'a str>> {
        let count = self.count()?;
        let mut names = Vec::new();
        for _ in 0..count {
            let rest = self.bytes.get(self.at..)?;
            let end = rest.iter().take(LONGEST_NAME + 1).position(|byte| *byte == 0)?;
            names.push(str::from_utf8(rest.get(..end)?).ok()?);
            self.at += end + 1;
        }
        Some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::{Dna, Kind};
    use crate::ByteOrder;

    type Fields<'a> = &'a [(u16, u16)];

    /// A DNA of these names of fields, types with their sizes, and structs.
    fn dna(names: &[&str], types: &[(&str, u16)], structs: &[(u16, Fields<'_>)]) -> Option<Dna> {
        let mut out = b"SDNANAME".to_vec();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
        let short = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
        let pad = |out: &mut Vec<u8>| out.resize(out.len().next_multiple_of(4), 0);
        out.extend(count(names.len()));
        names.iter().for_each(|name| out.extend(name.bytes().chain([0])));
        pad(&mut out);
        out.extend(b"TYPE");
        out.extend(count(types.len()));
        types.iter().for_each(|(name, _)| out.extend(name.bytes().chain([0])));
        pad(&mut out);
        out.extend(b"TLEN");
        types.iter().for_each(|(_, size)| out.extend(size.to_le_bytes()));
        pad(&mut out);
        out.extend(b"STRC");
        out.extend(count(structs.len()));
        for (kind, fields) in structs {
            out.extend(kind.to_le_bytes());
            out.extend(short(fields.len()));
            for (kind, name) in *fields {
                out.extend(kind.to_le_bytes());
                out.extend(name.to_le_bytes());
            }
        }
        Dna::parse(&out, ByteOrder::Little, 8).ok()
    }

    #[test]
    fn what_no_blender_writes_is_refused() {
        let types = [("int", 4), ("Thing", 16)];
        let fields: Fields<'_> = &[(0, 0), (0, 1)];
        let read = dna(&["*next", "size"], &types, &[(1, fields)]);
        assert!(read.is_some_and(|dna| dna.field(0, "next").is_some_and(|(_, it)| it.kind == Kind::Pointer)));
        let long = "n".repeat(256);
        assert!(dna(&[&long, "size"], &types, &[(1, &[(0, 1)])]).is_none(), "a long name");
        assert!(dna(&[&long[1..]], &types, &[(1, &[(0, 0)])]).is_some());
        assert!(dna(&["*next", "size"], &types, &[(1, fields), (1, fields)]).is_none(), "one type twice");
        let twice = [("int", 4), ("Thing", 16), ("Thing", 16)];
        assert!(dna(&["*next", "size"], &twice, &[(1, fields), (2, fields)]).is_none(), "one name twice");
        assert!(dna(&["size"], &types, &[(1, &[(0, 0); 2049])]).is_none(), "too many fields");
    }

    #[test]
    fn places_of_pointers_are_within_the_struct() {
        let types = [("int", 4), ("Thing", 24), ("Inner", 8)];
        let inner: Fields<'_> = &[(0, 0)];
        let read = dna(&["*next", "inner[9]"], &types, &[(1, &[(0, 0), (2, 1)]), (2, inner)]);
        assert_eq!(read.map(|dna| dna.pointers(0)), Some(vec![0, 8, 16]));
        let endless = dna(&["*next[60000]"], &[("int", 4), ("Thing", 65_535)], &[(1, &[(0, 0)])]);
        assert_eq!(endless.map(|dna| dna.pointers(0).len()), Some(super::MOST_POINTERS));
    }
}
