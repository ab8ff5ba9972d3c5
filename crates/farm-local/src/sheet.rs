//! The contact sheet: a render at one glance.

use std::path::{Path, PathBuf};

use image::{DynamicImage, GenericImage, ImageError, Rgb, RgbImage, imageops::FilterType};

/// The most frames on one sheet; of a longer render, frames at even distances.
const MOST: usize = 48;
/// Width of one picture, in pixels.
const WIDTH: u32 = 220;
/// Space around each picture, in pixels.
const GAP: u32 = 6;
/// Near black, so that dark frames still show where they end.
const GROUND: Rgb<u8> = Rgb([24, 24, 27]);

/// Why there is no sheet.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// There are no pictures to show.
    #[error("there are no frames to show")]
    Empty,
    /// A picture cannot be read or the sheet cannot be written.
    #[error("{path}: {error}")]
    Picture {
        /// The file.
        path: PathBuf,
        /// What the decoder or the disk says.
        error: ImageError,
    },
}

/// Draws `frames`, in their order, into the JPEG file `sheet`. Returns how many it shows.
///
/// # Errors
/// A frame is of a format that cannot be shown, or the sheet cannot be written.
pub fn draw(frames: &[PathBuf], sheet: &Path) -> Result<usize, SheetError> {
    let chosen: Vec<&PathBuf> = spread(frames.len()).map(|at| &frames[at]).collect();
    let (first, rest) = chosen.split_first().ok_or(SheetError::Empty)?;
    let picture = open(first)?;
    // A picture that is very high or very flat is shown squeezed rather than not at all.
    let height = u64::from(WIDTH) * u64::from(picture.height()) / u64::from(picture.width().max(1));
    let height = u32::try_from(height).unwrap_or(u32::MAX).clamp(1, 4 * WIDTH);
    let columns = columns(chosen.len(), height);
    let rows = u32::try_from(chosen.len()).unwrap_or(u32::MAX).div_ceil(columns);
    let mut canvas = RgbImage::from_pixel(columns * (WIDTH + GAP) + GAP, rows * (height + GAP) + GAP, GROUND);
    let mut place = |at: u32, picture: &DynamicImage, path: &Path| {
        let small = picture.resize_exact(WIDTH, height, FilterType::Triangle).to_rgb8();
        let (x, y) = (GAP + at % columns * (WIDTH + GAP), GAP + at / columns * (height + GAP));
        canvas.copy_from(&small, x, y).map_err(|error| SheetError::Picture { path: path.into(), error })
    };
    place(0, &picture, first)?;
    for (at, path) in (1..).zip(rest) {
        place(at, &open(path)?, path)?;
    }
    let failed = |error| SheetError::Picture { path: sheet.into(), error };
    let file = std::fs::File::create(sheet).map_err(|error| failed(error.into()))?;
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(std::io::BufWriter::new(file), 88);
    canvas.write_with_encoder(encoder).map_err(failed)?;
    Ok(chosen.len())
}

fn open(path: &Path) -> Result<DynamicImage, SheetError> {
    image::open(path).map_err(|error| SheetError::Picture { path: path.into(), error })
}

/// Indices at even distances, first and last among them.
fn spread(count: usize) -> impl Iterator<Item = usize> {
    let shown = count.min(MOST);
    (0..shown).map(move |at| if shown < 2 { 0 } else { at * (count - 1) / (shown - 1) })
}

/// As many columns as make the sheet about three times as wide as it is high, and of those the
/// number that fills the last row best.
fn columns(count: usize, height: u32) -> u32 {
    let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
    let ideal = (f64::from(count) * 3.0 * f64::from(height) / f64::from(WIDTH)).sqrt().round();
    // The root of a small number: it fits.
    let ideal = (ideal as u32).clamp(1, count);
    (ideal.saturating_sub(1).max(1)..=(ideal + 1).min(count))
        .min_by_key(|columns| (count.next_multiple_of(*columns) - count, columns.abs_diff(ideal)))
        .unwrap_or(ideal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_full_where_they_can_be() {
        assert_eq!(columns(24, 124), 6);
        assert_eq!(columns(1, 124), 1);
        assert_eq!(columns(2, 124), 2);
        assert_eq!(spread(3).collect::<Vec<_>>(), [0, 1, 2]);
        let many: Vec<_> = spread(1000).collect();
        assert_eq!((many.len(), many[0], many[47]), (MOST, 0, 999));
    }

    #[test]
    fn a_sheet_shows_every_frame_where_it_belongs() {
        let folder = tempfile::tempdir().expect("a folder");
        let frames: Vec<PathBuf> = [[200, 0, 0], [0, 200, 0]]
            .into_iter()
            .enumerate()
            .map(|(at, colour)| {
                let path = folder.path().join(format!("{at}.png"));
                RgbImage::from_pixel(32, 16, Rgb(colour)).save(&path).expect("written");
                path
            })
            .collect();
        let sheet = folder.path().join("sheet.jpg");
        assert_eq!(draw(&frames, &sheet).expect("drawn"), 2);
        let drawn = image::open(&sheet).expect("a picture").to_rgb8();
        let (left, right) =
            (drawn.get_pixel(GAP + 50, GAP + 50), drawn.get_pixel(2 * GAP + WIDTH + 50, GAP + 50));
        assert!(left[0] > 150 && left[1] < 60, "{left:?}");
        assert!(right[1] > 150 && right[0] < 60, "{right:?}");
    }

    #[test]
    fn no_frames_and_foreign_files_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let sheet = folder.path().join("sheet.jpg");
        assert!(matches!(draw(&[], &sheet), Err(SheetError::Empty)));
        let text = folder.path().join("frame_0001.exr");
        std::fs::write(&text, "no picture").expect("written");
        assert!(matches!(draw(&[text], &sheet), Err(SheetError::Picture { .. })));
    }
}
