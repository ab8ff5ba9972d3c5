//! Which names an archive may have, alone and beside each other.

use std::collections::HashMap;

use crate::Limits;
use crate::error::{UnpackError, shown};

/// No file system has room for a longer name of one file or folder.
const PART_BYTES: usize = 255;

/// Judges a name by itself, and tells whether it is a folder's. What is returned is the name
/// without the slash that folders have behind it.
pub(crate) fn check(raw: &[u8], limits: &Limits) -> Result<(String, bool), UnpackError> {
    let name = || shown(raw);
    if raw.len() > limits.name_bytes {
        return Err(UnpackError::TooLongName { name: name(), limit: limits.name_bytes });
    }
    // By the letter, only a name with a certain flag is in UTF-8, but macOS leaves the flag out.
    let Ok(text) = str::from_utf8(raw) else { return Err(UnpackError::NotUtf8 { name: name() }) };
    if text.contains(char::is_control) {
        return Err(UnpackError::ControlCharacter { name: name() });
    }
    if text.contains('\\') {
        return Err(UnpackError::Backslash { name: name() });
    }
    if text.starts_with('/') {
        return Err(UnpackError::Absolute { name: name() });
    }
    if matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic()) {
        return Err(UnpackError::DriveLetter { name: name() });
    }
    let (text, is_folder) = match text.strip_suffix('/') {
        Some(text) => (text, true),
        None => (text, false),
    };
    for (index, part) in text.split('/').enumerate() {
        if index == limits.depth {
            return Err(UnpackError::TooDeep { name: name(), limit: limits.depth });
        }
        match part {
            ".." => return Err(UnpackError::Parent { name: name() }),
            "." | "" => return Err(UnpackError::EmptyPart { name: name() }),
            _ if part.len() > PART_BYTES => {
                return Err(UnpackError::TooLongName { name: name(), limit: PART_BYTES });
            }
            _ => {}
        }
    }
    Ok((text.to_owned(), is_folder))
}

/// Whether macOS added this: what a file has there beside its bytes, or how a window shows a folder.
pub(crate) fn is_of_macos(name: &str) -> bool {
    name.split('/').next() == Some("__MACOSX") || name.rsplit('/').next() == Some(".DS_Store")
}

/// All files and folders of an archive, to find names that meet.
pub(crate) struct Tree {
    /// By the folder that it is in, and its name as [`folded`].
    nodes: HashMap<(usize, String), Node>,
    limit: u64,
}

struct Node {
    number: usize,
    spelt: String,
    is_folder: bool,
    /// Has an entry of its own, rather than only standing in the name of another.
    is_listed: bool,
}

impl Tree {
    pub(crate) fn new(limit: u64) -> Self {
        Self { nodes: HashMap::new(), limit }
    }

    /// Adds an entry and the folders that it is in.
    pub(crate) fn add(&mut self, name: &str, is_folder: bool) -> Result<(), UnpackError> {
        const ROOT: usize = 0;
        let mut inside = ROOT;
        let mut parts = name.split('/').peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            let key = (inside, folded(part));
            let Some(node) = self.nodes.get_mut(&key) else {
                let number = self.nodes.len() + 1;
                if number as u64 > self.limit {
                    return Err(UnpackError::TooManyEntries { limit: self.limit });
                }
                let is_folder = is_folder || !is_last;
                self.nodes
                    .insert(key, Node { number, spelt: part.to_owned(), is_folder, is_listed: is_last });
                inside = number;
                continue;
            };
            let shown_name = || shown(name.as_bytes());
            if node.spelt != part {
                let (one, other) = (shown(node.spelt.as_bytes()), shown(part.as_bytes()));
                return Err(UnpackError::SameButForCase { name: shown_name(), one, other });
            }
            if node.is_folder != (is_folder || !is_last) {
                return Err(UnpackError::FileAndFolder { name: shown_name() });
            }
            if is_last {
                if node.is_listed {
                    return Err(UnpackError::Duplicate { name: shown_name() });
                }
                node.is_listed = true;
            }
            inside = node.number;
        }
        Ok(())
    }
}

/// What names have in common that Windows and macOS take for the same. Letters are made upper case
/// before they are made lower case: some have two lower-case forms, such as σ and ς.
fn folded(part: &str) -> String {
    let upper = |letter: char| {
        let mut upper = letter.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(one), None) => one,
            _ => letter,
        }
    };
    part.chars().map(upper).flat_map(char::to_lowercase).collect()
}
