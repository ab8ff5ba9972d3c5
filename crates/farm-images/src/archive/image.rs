//! The image in an archive: its configuration, and its layers from the lowest to the highest.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Archive, ArchiveError, Spooled};
use crate::digest::{Digest, Fault, Hasher, PIECE, copy};

/// The file that says what the others are.
const MANIFEST: &str = "manifest.json";
/// A file that an image as OCI lays it out has.
const OCI: &str = "oci-layout";
/// The most that a file of JSON may hold.
const JSON: u64 = 16 * 1024 * 1024;
/// How layouts of OCI name their files.
const BLOBS: &str = "blobs/sha256/";
/// What a decoder's window may take: 128 MiB.
const WINDOW_LOG: u32 = 27;

/// An image.
#[derive(Debug)]
pub struct Image {
    /// Its configuration as it came.
    pub config: Vec<u8>,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
}

/// A layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// What the configuration knows it by: the digest of the tar.
    pub diff_id: Digest,
    /// The size of the tar.
    pub size: u64,
    path: PathBuf,
    packing: Packing,
}

/// How a layer lies in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    config: String,
    layers: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Config {
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Option<Vec<Digest>>,
}

impl Archive {
    /// The one image of the archive, with its layers held against its configuration.
    ///
    /// # Errors
    /// Something of it is missing, or is not what it should be.
    pub fn image(&self) -> Result<Image, ArchiveError> {
        let manifest = match self.file(MANIFEST) {
            Some(file) => text(MANIFEST, file)?,
            None if self.file(OCI).is_some() => return Err(ArchiveError::Oci),
            None => return Err(ArchiveError::Missing(MANIFEST.to_owned())),
        };
        let items: Vec<Item> = json(MANIFEST, &manifest)?;
        let [item] = items.as_slice() else {
            return Err(ArchiveError::Images(items.len()));
        };
        let config = text(&item.config, self.whole(&item.config)?)?;
        let wanted = json::<Config>(&item.config, &config)?.rootfs.diff_ids.unwrap_or_default();
        let names = item.layers.as_deref().unwrap_or_default();
        if names.len() != wanted.len() {
            return Err(ArchiveError::Layers { there: names.len(), wanted: wanted.len() });
        }
        let mut layers: Vec<Layer> = Vec::new();
        for (number, (name, wanted)) in (1..).zip(names.iter().zip(wanted)) {
            let layer = Layer::new(number, self.whole(name)?)?;
            if layer.diff_id != wanted {
                return Err(ArchiveError::Layer { number, found: layer.diff_id, wanted });
            }
            layers.push(layer);
        }
        Ok(Image { config, layers })
    }

    /// A file that must be there, and be what its name says where that is a digest.
    fn whole(&self, name: &str) -> Result<&Spooled, ArchiveError> {
        let file = self.file(name).ok_or_else(|| ArchiveError::Missing(name.to_owned()))?;
        let said = name.strip_prefix(BLOBS).or_else(|| name.strip_suffix(".json")).and_then(Digest::from_hex);
        match said {
            Some(said) if said != file.digest => {
                Err(ArchiveError::Damaged { name: name.to_owned(), found: file.digest.clone() })
            }
            _ => Ok(file),
        }
    }
}

impl Layer {
    fn new(number: usize, file: &Spooled) -> Result<Self, ArchiveError> {
        let packing = Packing::of(&file.path).map_err(|error| ArchiveError::again(&file.path, error))?;
        let mut layer =
            Self { diff_id: file.digest.clone(), size: file.size, path: file.path.clone(), packing };
        if packing != Packing::Plain {
            let mut hasher = Hasher::default();
            let tar = layer.open().map_err(|error| ArchiveError::again(&file.path, error))?;
            copy(tar, io::sink(), |bytes| hasher.add(bytes)).map_err(|fault| match fault {
                Fault::Reading(source) | Fault::Writing(source) => ArchiveError::Packed { number, source },
            })?;
            layer.size = hasher.size();
            layer.diff_id = hasher.finish();
        }
        Ok(layer)
    }

    /// Its tar.
    ///
    /// # Errors
    /// The file is gone.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let file = BufReader::with_capacity(PIECE, File::open(&self.path)?);
        Ok(match self.packing {
            Packing::Plain => Box::new(file),
            Packing::Gzip => Box::new(MultiGzDecoder::new(file)),
            Packing::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(file)?;
                decoder.window_log_max(WINDOW_LOG)?;
                Box::new(decoder)
            }
        })
    }
}

impl Packing {
    /// By how the file begins. No tar begins so: its first bytes are a name's.
    fn of(path: &std::path::Path) -> io::Result<Self> {
        let mut head = Vec::new();
        File::open(path)?.take(4).read_to_end(&mut head)?;
        Ok(match head.as_slice() {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Self::Zstd,
            _ => Self::Plain,
        })
    }
}

fn text(name: &str, file: &Spooled) -> Result<Vec<u8>, ArchiveError> {
    if file.size > JSON {
        return Err(ArchiveError::TooLarge(name.to_owned()));
    }
    std::fs::read(&file.path).map_err(|error| ArchiveError::again(&file.path, error))
}

fn json<T: DeserializeOwned>(name: &str, text: &[u8]) -> Result<T, ArchiveError> {
    serde_json::from_slice(text).map_err(|source| ArchiveError::Layout { name: name.to_owned(), source })
}
