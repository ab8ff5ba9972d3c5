//! Files of today as an old machine would have saved them: every struct is rewritten, guided by the
//! file's own DNA, with pointers of another size and numbers of the other byte order.

use std::collections::HashMap;

use super::blocks;

struct Dna {
    names: Vec<String>,
    types: Vec<String>,
    sizes: Vec<usize>,
    /// Type, and type and name of each field.
    structs: Vec<(usize, Vec<(usize, usize)>)>,
}

impl Dna {
    fn parse(bytes: &[u8]) -> Self {
        let mut at = 8;
        let int = |at: &mut usize| {
            *at += 4;
            u32::from_le_bytes(bytes[*at - 4..*at].try_into().unwrap()) as usize
        };
        let short = |at: &mut usize| {
            *at += 2;
            usize::from(u16::from_le_bytes(bytes[*at - 2..*at].try_into().unwrap()))
        };
        let names = |at: &mut usize| -> Vec<String> {
            let count = int(at);
            (0..count)
                .map(|_| {
                    let end = *at + bytes[*at..].iter().position(|byte| *byte == 0).unwrap();
                    let name = String::from_utf8(bytes[*at..end].to_vec()).unwrap();
                    *at = end + 1;
                    name
                })
                .collect()
        };
        let field_names = names(&mut at);
        at = at.next_multiple_of(4) + 4;
        let types = names(&mut at);
        at = at.next_multiple_of(4) + 4;
        let sizes = types.iter().map(|_| short(&mut at)).collect();
        at = at.next_multiple_of(4) + 4;
        let structs = (0..int(&mut at))
            .map(|_| {
                let (kind, fields) = (short(&mut at), short(&mut at));
                (kind, (0..fields).map(|_| (short(&mut at), short(&mut at))).collect())
            })
            .collect();
        Self { names: field_names, types, sizes, structs }
    }

    fn fields(&self, kind: usize) -> Option<&[(usize, usize)]> {
        self.structs.iter().find(|(of, _)| *of == kind).map(|(_, fields)| fields.as_slice())
    }

    /// Whether a field is a pointer, and how many elements it has.
    fn shape(&self, name: usize) -> (bool, usize) {
        let name = &self.names[name];
        let numbers =
            name.split('[').skip(1).map(|part| part.split(']').next().unwrap().parse::<usize>().unwrap());
        (name.starts_with(['*', '(']), numbers.product())
    }

    fn size(&self, kind: usize, pointer: usize) -> usize {
        let Some(fields) = self.fields(kind) else { return self.sizes[kind] };
        let size = |(kind, name): &(usize, usize)| {
            let (is_pointer, count) = self.shape(*name);
            count * if is_pointer { pointer } else { self.size(*kind, pointer) }
        };
        fields.iter().map(size).sum()
    }
}

pub struct Converter {
    pub pointer: usize,
    pub big: bool,
    addresses: HashMap<u64, u32>,
}

impl Converter {
    /// Rewrites an uncompressed file of Blender before 5.0.
    pub fn convert(file: &[u8], pointer: usize, big: bool) -> Vec<u8> {
        let mut converter = Self { pointer, big, addresses: HashMap::new() };
        let blocks = blocks(file);
        let dna = blocks.iter().find(|block| &block.code == b"DNA1").unwrap();
        let dna = Dna::parse(&file[dna.content..dna.end]);
        let mut out = b"BLENDER".to_vec();
        out.push(if pointer == 4 { b'_' } else { b'-' });
        out.push(if big { b'V' } else { b'v' });
        out.extend_from_slice(&file[9..12]);
        for block in blocks {
            let content = &file[block.content..block.end];
            let (kind, fields) = &dna.structs[block.kind];
            let new = match &block.code {
                b"DNA1" => converter.dna(&dna),
                b"REND" => {
                    [converter.number(&content[..4]), converter.number(&content[4..8]), content[8..].to_vec()]
                        .concat()
                }
                _ if block.kind == 0
                    || dna.sizes[*kind] * block.count != content.len()
                    || fields.is_empty() =>
                {
                    content.to_vec()
                }
                _ => {
                    let mut new = Vec::new();
                    content
                        .chunks_exact(dna.sizes[*kind])
                        .for_each(|each| converter.structure(&dna, *kind, each, &mut new));
                    new
                }
            };
            let address = file[block.head + 8..block.head + 16].to_vec();
            match block.code {
                [a, b, 0, 0] if big => out.extend([0, 0, a, b]),
                code => out.extend(code),
            }
            out.extend(converter.number(&(new.len() as u32).to_le_bytes()));
            out.extend(converter.address(&address));
            out.extend(converter.number(&(block.kind as u32).to_le_bytes()));
            out.extend(converter.number(&(block.count as u32).to_le_bytes()));
            out.extend(new);
        }
        out
    }

    /// A number in the new order, from the old one.
    fn number(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        if self.big {
            bytes.reverse();
        }
        bytes
    }

    fn address(&mut self, bytes: &[u8]) -> Vec<u8> {
        let address = u64::from_le_bytes(bytes.try_into().unwrap());
        let next = 0x1000 + 4 * u32::try_from(self.addresses.len()).unwrap();
        let small = if address == 0 { 0 } else { *self.addresses.entry(address).or_insert(next) };
        if self.pointer == 4 { self.number(&small.to_le_bytes()) } else { self.number(bytes) }
    }

    fn structure(&mut self, dna: &Dna, kind: usize, mut bytes: &[u8], out: &mut Vec<u8>) {
        for (kind, name) in dna.fields(kind).unwrap() {
            let (is_pointer, count) = dna.shape(*name);
            for _ in 0..count {
                let (element, rest) = bytes.split_at(if is_pointer { 8 } else { dna.sizes[*kind] });
                bytes = rest;
                if is_pointer {
                    out.extend(self.address(element));
                } else if dna.fields(*kind).is_some() {
                    self.structure(dna, *kind, element, out);
                } else {
                    out.extend(self.number(element));
                }
            }
        }
    }

    fn dna(&self, dna: &Dna) -> Vec<u8> {
        let int = |value: usize| self.number(&(value as u32).to_le_bytes());
        let short = |value: usize| self.number(&(value as u16).to_le_bytes());
        let mut out = b"SDNANAME".to_vec();
        let pad = |out: &mut Vec<u8>| out.resize(out.len().next_multiple_of(4), 0);
        for (sign, names) in [("", &dna.names), ("TYPE", &dna.types)] {
            pad(&mut out);
            out.extend(sign.as_bytes());
            out.extend(int(names.len()));
            names.iter().for_each(|name| out.extend(name.bytes().chain([0])));
        }
        pad(&mut out);
        out.extend(b"TLEN");
        (0..dna.types.len()).for_each(|kind| out.extend(short(dna.size(kind, self.pointer))));
        pad(&mut out);
        out.extend(b"STRC");
        out.extend(int(dna.structs.len()));
        for (kind, fields) in &dna.structs {
            out.extend([short(*kind), short(fields.len())].concat());
            fields.iter().for_each(|(kind, name)| out.extend([short(*kind), short(*name)].concat()));
        }
        out
    }
}
