//! S3's checksums: of an object, of its parts, and of both at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, CrcParams};
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::error::StoreError;

/// A checksum that S3 knows, by S3's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Algorithm {
    #[serde(rename = "CRC32")]
    Crc32,
    #[serde(rename = "CRC32C")]
    Crc32c,
    #[serde(rename = "CRC64NVME")]
    Crc64Nvme,
    #[serde(rename = "SHA1")]
    Sha1,
    #[serde(rename = "SHA256")]
    Sha256,
}

impl Algorithm {
    pub(super) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// What S3 computes where the client names none.
    pub(super) const DEFAULT: Self = Self::Crc64Nvme;

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    pub(super) fn parse(name: &str) -> Result<Self, StoreError> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or_else(|| {
            StoreError::refused(
                "InvalidRequest",
                format!("The checksum algorithm `{name}` is not supported."),
            )
        })
    }

    /// The header or trailer that carries the value.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// Bytes of a value.
    fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// The kind that a multipart upload gets: the one asked for, if the algorithm has it.
    pub(super) fn multipart_kind(self, asked: Option<&str>) -> Result<Kind, StoreError> {
        let kind = match asked {
            None if self == Self::Crc64Nvme => Kind::FullObject,
            None | Some("COMPOSITE") => Kind::Composite,
            Some(_) => Kind::FullObject,
        };
        let possible = match kind {
            Kind::FullObject => self.crc().is_some(),
            Kind::Composite => self != Self::Crc64Nvme,
        };
        if !possible {
            return Err(StoreError::refused(
                "InvalidRequest",
                format!(
                    "The {} checksum type cannot be used with the {} checksum algorithm.",
                    kind.name(),
                    self.name()
                ),
            ));
        }
        Ok(kind)
    }

    /// The bytes of a value as it stands in a header.
    pub(super) fn decode(self, value: &str) -> Result<Vec<u8>, StoreError> {
        STANDARD.decode(value).ok().filter(|bytes| bytes.len() == self.length()).ok_or_else(|| {
            StoreError::refused("InvalidRequest", format!("Value for {} header is invalid.", self.header()))
        })
    }
}

/// Whether a checksum is of the bytes, or of the checksums of the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    #[serde(rename = "FULL_OBJECT")]
    FullObject,
    #[serde(rename = "COMPOSITE")]
    Composite,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }
}

/// An object's checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checksum {
    pub(super) algorithm: Algorithm,
    pub(super) kind: Kind,
    /// Base64; a composite one ends in `-` and the number of parts.
    pub(super) value: String,
}

impl Checksum {
    pub(super) fn full(algorithm: Algorithm, bytes: &[u8]) -> Self {
        Self { algorithm, kind: Kind::FullObject, value: encode(bytes) }
    }

    /// From the checksums and sizes of the parts, in order. The bytes need not be read again: a
    /// CRC of the whole follows from the CRCs of its parts.
    pub(super) fn of_parts(algorithm: Algorithm, kind: Kind, parts: &[(Vec<u8>, u64)]) -> Self {
        match (kind, algorithm.crc()) {
            (Kind::FullObject, Some(crc)) => {
                let whole = parts.iter().fold(None, |before, (bytes, size)| {
                    let part = number(bytes);
                    Some(before.map_or(part, |before| crc_fast::checksum_combine(crc, before, part, *size)))
                });
                let bytes = whole.unwrap_or(0).to_be_bytes();
                Self::full(algorithm, &bytes[bytes.len() - algorithm.length()..])
            }
            _ => {
                let mut hasher = Hasher::new(algorithm);
                for (bytes, _) in parts {
                    hasher.update(bytes);
                }
                let value = format!("{}-{}", encode(&hasher.finish()), parts.len());
                Self { algorithm, kind: Kind::Composite, value }
            }
        }
    }
}

fn number(big_endian: &[u8]) -> u64 {
    big_endian.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

/// Computes one checksum.
pub(super) enum Hasher {
    Crc(Crc, usize),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        match algorithm.crc() {
            Some(crc) => Self::Crc(Crc::new(crc), algorithm.length()),
            None if algorithm == Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            None => Self::Sha256(Sha256::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(crc, _) => crc.update(bytes),
            Self::Sha1(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Crc(crc, length) => {
                let bytes = crc.finish().to_be_bytes();
                bytes[bytes.len() - length..].to_vec()
            }
            Self::Sha1(digest) => digest.finalize().to_vec(),
            Self::Sha256(digest) => digest.finalize().to_vec(),
        }
    }
}

/// A CRC under way.
///
/// crc-fast has a digest for that, but all of it is inlined where it is called, and so it is optimised no more than
/// this crate is: not at all in a build for development, where it then took half as long as MD5. The function that is
/// called here is compiled within crc-fast, which is optimised there too.
pub(super) struct Crc(CrcParams);

impl Crc {
    fn new(algorithm: CrcAlgorithm) -> Self {
        let (width, polynomial, check) = match algorithm {
            CrcAlgorithm::Crc32Iscsi => (32, 0x1EDC_6F41, 0xE306_9283),
            CrcAlgorithm::Crc64Nvme => (64, 0xAD93_D235_94C9_3659, 0xAE8B_1486_0A79_9888),
            // CRC-32 as zip has it: the only other one that S3 knows.
            _ => (32, 0x04C1_1DB7, 0xCBF4_3926),
        };
        let ones = u64::MAX >> (64 - width);
        Self(CrcParams::new("", width, polynomial, ones, true, ones, check))
    }

    fn update(&mut self, bytes: &[u8]) {
        // The state so far is what the next bytes begin with.
        self.0.init_algorithm = crc_fast::checksum_with_params(self.0, bytes) ^ self.0.xorout;
    }

    fn finish(&self) -> u64 {
        self.0.init_algorithm ^ self.0.xorout
    }
}

/// What a client says the bytes must hash to.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pub(super) md5: Option<[u8; 16]>,
    pub(super) checksum: Option<(Algorithm, Vec<u8>)>,
}

impl Expected {
    pub(super) fn check(
        &self,
        md5: &[u8; 16],
        algorithm: Algorithm,
        checksum: &[u8],
    ) -> Result<(), StoreError> {
        if self.md5.is_some_and(|expected| expected != *md5) {
            return Err(StoreError::refused(
                "BadDigest",
                "The Content-MD5 you specified did not match what we received.",
            ));
        }
        match &self.checksum {
            Some((given, expected)) if *given == algorithm && expected != checksum => {
                Err(StoreError::refused(
                    "BadDigest",
                    format!(
                        "The {} you specified did not match the calculated checksum: {} given, {} received.",
                        algorithm.name(),
                        encode(expected),
                        encode(checksum)
                    ),
                ))
            }
            _ => Ok(()),
        }
    }
}

/// The value of a Content-MD5 header.
pub(super) fn parse_md5(value: &str) -> Result<[u8; 16], StoreError> {
    STANDARD.decode(value).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
        StoreError::refused("InvalidDigest", format!("The Content-MD5 you specified is not valid: {value}"))
    })
}

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// The ETag of an object in parts: the MD5 of the parts' MD5s, and how many there are.
pub(super) fn parts_etag(md5s: &[[u8; 16]]) -> String {
    let mut digest = Md5::new();
    for md5 in md5s {
        digest.update(md5);
    }
    format!("{}-{}", hex(&digest.finalize()), md5s.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The published check values for `123456789`.
    #[test]
    fn known_values() {
        let known = |algorithm| hex(&sum(algorithm, b"123456789"));
        assert_eq!(known(Algorithm::Crc32), "cbf43926");
        assert_eq!(known(Algorithm::Crc32c), "e3069283");
        assert_eq!(known(Algorithm::Crc64Nvme), "ae8b14860a799888");
        assert_eq!(known(Algorithm::Sha1), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
        assert_eq!(
            known(Algorithm::Sha256),
            "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"
        );
    }

    #[test]
    fn bytes_hash_to_the_same_in_whatever_pieces_they_come() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|number| ((number * 31) >> 3) as u8).collect();
        for algorithm in Algorithm::ALL {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(&[]);
            bytes.chunks(3001).for_each(|piece| hasher.update(piece));
            assert_eq!(hasher.finish(), sum(algorithm, &bytes), "{algorithm:?}");
        }
        let crc = crc_fast::checksum(CrcAlgorithm::Crc64Nvme, &bytes).to_be_bytes();
        assert_eq!(sum(Algorithm::Crc64Nvme, &bytes), crc);
    }

    #[test]
    fn the_crc_of_the_whole_follows_from_its_parts() {
        let (one, two, three) = (&b"1"[..], &b"2345678"[..], &b"9"[..]);
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let parts: Vec<_> =
                [one, two, three].iter().map(|part| (sum(algorithm, part), part.len() as u64)).collect();
            let whole = Checksum::of_parts(algorithm, Kind::FullObject, &parts);
            assert_eq!(whole, Checksum::full(algorithm, &sum(algorithm, b"123456789")), "{algorithm:?}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_length_is_refused() {
        assert!(Algorithm::Crc32.decode("AAAAAA==").is_ok());
        assert!(Algorithm::Sha1.decode("AAAAAA==").is_err());
        assert!(Algorithm::Crc32.decode("!").is_err());
    }
}
