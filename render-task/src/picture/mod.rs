//! Whether a picture on disk is whole: it is decoded, to the last pixel.
//!
//! Blender calls a frame rendered whose file a full disk has cut off. Decoders are made to get
//! something out of a damaged file; so where a decoder is content with less, the file's own
//! frame is checked as well ([`outline`]).
//!
//! Start reading at [`read`].

pub mod outline;

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use image::{ImageFormat, ImageReader};

/// Width and height in pixels.
pub type Size = (u32, u32);

/// Why a picture is not whole.
pub type Damaged = Box<dyn Error + Send + Sync>;

/// Whether [`read`] decodes the format.
pub fn is_known(path: &Path) -> bool {
    extension(path) == "exr" || format(path).is_some()
}

/// Decodes the picture at `path`, which is called `name`, wholly and gives its size. `None` where the format is not known here, so
/// that only its outline was checked, and Blender must read it back.
///
/// # Errors
/// It is cut off or damaged.
pub fn read(path: &Path, name: &Path) -> Result<Option<Size>, Damaged> {
    outline::check(path, name)?;
    if extension(name) == "exr" {
        return read_exr(path).map(Some);
    }
    let Some(format) = format(name) else { return Ok(None) };
    let mut reader = ImageReader::with_format(BufReader::new(File::open(path)?), format);
    // A frame is as large as the artist made it.
    reader.no_limits();
    let image = reader.decode()?;
    Ok(Some((image.width(), image.height())))
}

/// CRC-32 of a file, and its length in bytes.
///
/// # Errors
/// It cannot be read.
pub fn crc32(path: &Path) -> std::io::Result<(u32, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = crc32fast::Hasher::new();
    let mut bytes = vec![0; 1 << 18];
    let mut length = 0;
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok((hasher.finalize(), length)),
            read => {
                hasher.update(&bytes[..read]);
                length += read as u64;
            }
        }
    }
}

/// Media type by extension.
pub fn content_type(path: &Path) -> &'static str {
    match extension(path).as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "tif" | "tiff" => "image/tiff",
        "webp" => "image/webp",
        "bmp" => "image/bmp",
        "tga" => "image/x-tga",
        "hdr" => "image/vnd.radiance",
        "exr" => "image/x-exr",
        "jp2" => "image/jp2",
        "dpx" => "image/x-dpx",
        _ => "application/octet-stream",
    }
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

fn format(path: &Path) -> Option<ImageFormat> {
    match extension(path).as_str() {
        "png" => Some(ImageFormat::Png),
        "jpg" | "jpeg" => Some(ImageFormat::Jpeg),
        "tif" | "tiff" => Some(ImageFormat::Tiff),
        "webp" => Some(ImageFormat::WebP),
        "bmp" => Some(ImageFormat::Bmp),
        "tga" => Some(ImageFormat::Tga),
        "hdr" => Some(ImageFormat::Hdr),
        _ => None,
    }
}

/// All layers and channels, however they are compressed.
fn read_exr(path: &Path) -> Result<Size, Damaged> {
    use exr::prelude::{ReadChannels, ReadLayers, read};
    let image = read().no_deep_data().all_resolution_levels().all_channels().all_layers().all_attributes();
    let size = image.pedantic().from_file(path)?.attributes.display_window.size;
    Ok((u32::try_from(size.width())?, u32::try_from(size.height())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, Rgb32FImage, RgbImage};

    const SIZE: Size = (37, 23);

    fn colour(x: u32, y: u32) -> [u8; 3] {
        [(x * 7) as u8, (y * 11) as u8, (x * y) as u8]
    }

    /// A picture in every format that is decoded here, as bytes.
    fn pictures() -> Vec<(&'static str, Vec<u8>)> {
        let plain = RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| image::Rgb(colour(x, y)));
        let light = Rgb32FImage::from_fn(SIZE.0, SIZE.1, |x, y| {
            image::Rgb(colour(x, y).map(|c| f32::from(c) / 99.0))
        });
        let encode = |image: DynamicImage, format| {
            let mut bytes = std::io::Cursor::new(Vec::new());
            image.write_to(&mut bytes, format).unwrap();
            bytes.into_inner()
        };
        let plain = |format| encode(plain.clone().into(), format);
        let mut targa = plain(ImageFormat::Tga);
        targa.extend([0; 8]);
        targa.extend(b"TRUEVISION-XFILE.\0");
        let mut all = vec![
            ("a.png", plain(ImageFormat::Png)),
            ("a.jpg", plain(ImageFormat::Jpeg)),
            ("a.tif", plain(ImageFormat::Tiff)),
            ("a.webp", plain(ImageFormat::WebP)),
            ("a.bmp", plain(ImageFormat::Bmp)),
            ("a.tga", targa),
            ("a.hdr", encode(light.into(), ImageFormat::Hdr)),
        ];
        for (name, compression) in [
            ("none.exr", exr::prelude::Compression::Uncompressed),
            ("zip.exr", exr::prelude::Compression::ZIP16),
            ("piz.exr", exr::prelude::Compression::PIZ),
            ("dwaa.exr", exr::prelude::Compression::DWAA(None)),
        ] {
            all.push((name, layers(compression)));
        }
        all
    }

    /// An EXR of two layers.
    fn layers(compression: exr::prelude::Compression) -> Vec<u8> {
        use exr::prelude::*;
        let encoding = Encoding { compression, ..Encoding::FAST_LOSSLESS };
        let layer = |name: &str| {
            let channels = SpecificChannels::rgb(|at: Vec2<usize>| {
                let [r, g, b] = colour(at.0 as u32, at.1 as u32).map(f32::from);
                (r, g, b)
            });
            let size = Vec2(SIZE.0 as usize, SIZE.1 as usize);
            Layer::new(size, LayerAttributes::named(name), encoding, channels)
        };
        let image = Image::empty(ImageAttributes::new(IntegerBounds::from_dimensions((
            SIZE.0 as usize,
            SIZE.1 as usize,
        ))))
        .with_layer(layer("beauty"))
        .with_layer(layer("depth"));
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write().to_buffered(&mut bytes).unwrap();
        bytes.into_inner()
    }

    fn read_bytes(folder: &Path, name: &str, bytes: &[u8]) -> Result<Option<Size>, Damaged> {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        read(&path, &path)
    }

    #[test]
    fn whole_pictures_of_every_format_give_their_size() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in pictures() {
            assert_eq!(read_bytes(folder.path(), name, &bytes).unwrap(), Some(SIZE), "{name}");
        }
    }

    #[test]
    fn a_picture_cut_off_anywhere_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in pictures() {
            // Every place near both ends, and a spread between them.
            let spread = (0..bytes.len()).step_by(bytes.len() / 60 + 1);
            let near = (0..bytes.len().min(64)).chain(bytes.len().saturating_sub(64)..bytes.len());
            for length in spread.chain(near) {
                let result = read_bytes(folder.path(), name, &bytes[..length]);
                assert!(result.is_err(), "{name} cut to {length} of {} bytes: {result:?}", bytes.len());
            }
        }
    }

    #[test]
    fn a_png_with_any_byte_changed_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let (name, bytes) = pictures().remove(0);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x20;
            assert!(read_bytes(folder.path(), name, &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn formats_that_are_not_known_are_left_to_blender() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_bytes(folder.path(), "a.jp2", b"whatever").unwrap(), None);
        let absent = folder.path().join("absent.png");
        assert!(read(&absent, &absent).is_err());
    }

    #[test]
    fn a_checksum_is_that_of_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        let bytes: Vec<u8> = (0..600_000u32).map(|n| n as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(crc32(&path).unwrap(), (crc32fast::hash(&bytes), 600_000));
    }
}
