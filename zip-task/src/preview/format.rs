//! The frames' format: which decoder of ffmpeg's reads it, and what must be done to its colours.

use super::{Shot, Trouble, exr};

/// The longest frame: ffmpeg counts the bytes of one in 31 bits.
const MOST_BYTES: u64 = i32::MAX as u64;

/// How frames are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// ffmpeg's name of the decoder.
    pub decoder: &'static str,
    /// What its colours are.
    pub colours: Colours,
    /// Of pictures with several layers, the one that is shown.
    pub layer: Option<String>,
}

/// What the numbers of a picture mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// Colours as a screen shows them.
    Shown,
    /// The same, and how much of each is there: shown over black.
    WithAlpha,
    /// Amounts of light. They are shown as sRGB, what is brighter than white as white: which view transform the artist
    /// looks through, the frames do not say. Over black they already are.
    Light,
}

impl Format {
    /// That of the frames of a shot.
    ///
    /// # Errors
    /// ffmpeg cannot show it; or the bucket did not give the beginning of the first frame.
    pub async fn of(shot: &Shot<'_>) -> Result<Self, Trouble> {
        let extension = |name: &str| name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
        let mut extensions = shot.pictures.iter().map(|picture| extension(&picture.name));
        let first = extensions.next().flatten().unwrap_or_default();
        if extensions.any(|other| other.as_deref() != Some(&first)) {
            return Err(Trouble::Format { why: "the frames are of several formats".into(), hint: "" });
        }
        if shot.pictures.iter().any(|picture| picture.size > MOST_BYTES) {
            return Err(Trouble::Format { why: "a frame has more than 2 GiB".into(), hint: "" });
        }
        let mut format = Self::of_extension(&first)?;
        if let ("exr", Some(picture)) = (format.decoder, shot.pictures.first()) {
            let mut head = vec![0; picture.size.min(exr::ENOUGH) as usize];
            shot.store.read(&shot.folder.file(&picture.name), &picture.etag, 0, &mut head).await?;
            format.layer = exr::layer(&head)?;
        }
        Ok(format)
    }

    fn of_extension(extension: &str) -> Result<Self, Trouble> {
        use Colours::{Light, Shown, WithAlpha};
        let (decoder, colours) = match extension {
            "png" => ("png", WithAlpha),
            "jpg" | "jpeg" => ("mjpeg", Shown),
            "exr" => ("exr", Light),
            "tif" | "tiff" => ("tiff", WithAlpha),
            "webp" => ("webp", WithAlpha),
            "jp2" | "j2c" => ("jpeg2000", WithAlpha),
            "hdr" => ("hdr", Light),
            "bmp" => ("bmp", Shown),
            "tga" => ("targa", WithAlpha),
            other => {
                return Err(Trouble::Format {
                    why: format!("frames of the format .{other} are not shown"),
                    hint: "Those of PNG, JPEG, OpenEXR, TIFF, WebP, JPEG 2000, BMP and Targa are.",
                });
            }
        };
        Ok(Self { decoder, colours, layer: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_blender_writes_is_read_and_other_files_are_named() {
        for extension in ["png", "jpg", "exr", "tif", "webp", "jp2", "j2c", "hdr", "bmp", "tga"] {
            assert!(Format::of_extension(extension).is_ok(), "{extension}");
        }
        let trouble = Format::of_extension("rgb").expect_err("an Iris");
        assert!(trouble.warning().contains(".rgb are not shown. Those of PNG"), "{}", trouble.warning());
    }
}
