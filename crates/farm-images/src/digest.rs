//! The name of some bytes: their SHA-256.

use std::fmt;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How much is read at once.
pub const PIECE: usize = 256 * 1024;

const ALGORITHM: &str = "sha256:";

/// The SHA-256 of some bytes, written `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest(String);

/// A text that is no digest.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no SHA-256 digest")]
pub struct NoDigest(String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.add(bytes);
        hasher.finish()
    }

    /// The digits alone.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix(ALGORITHM).unwrap_or_default()
    }

    /// From the digits alone.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (hex.len() == 64 && hex.bytes().all(digit)).then(|| Self(format!("{ALGORITHM}{hex}")))
    }
}

impl TryFrom<String> for Digest {
    type Error = NoDigest;

    fn try_from(text: String) -> Result<Self, NoDigest> {
        text.strip_prefix(ALGORITHM).and_then(Self::from_hex).ok_or(NoDigest(text))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Counts and hashes bytes that come one after another.
#[derive(Default)]
pub struct Hasher {
    hash: Sha256,
    size: u64,
}

impl Hasher {
    pub fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn finish(self) -> Digest {
        let hex: String = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Digest(format!("{ALGORITHM}{hex}"))
    }
}

/// Passes bytes on to where they go, and hashes them.
pub struct Hashing<W> {
    pub to: W,
    pub hasher: Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        if let Some(bytes) = bytes.get(..written) {
            self.hasher.add(bytes);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Copies all that there is to read, and says after each piece how much it was.
///
/// # Errors
/// Reading or writing fails; `Fault` says which.
pub fn copy(mut from: impl Read, mut to: impl Write, mut then: impl FnMut(&[u8])) -> Result<(), Fault> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                let bytes = piece.get(..length).unwrap_or_default();
                to.write_all(bytes).map_err(Fault::Writing)?;
                then(bytes);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::Reading(error)),
        }
    }
}

/// Which side of a copy failed.
#[derive(Debug)]
pub enum Fault {
    Reading(io::Error),
    Writing(io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_what_sha256sum_says() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").hex(), empty);
        assert_eq!(Digest::of(b"").to_string(), format!("sha256:{empty}"));
    }

    #[test]
    fn other_texts_are_no_digests() {
        let upper = format!("sha256:{}", "A".repeat(64));
        for text in ["", "sha256:", "sha256:12", "sha512:aa", &"a".repeat(64), &upper] {
            assert!(Digest::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
