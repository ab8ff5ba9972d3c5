//! The contact sheet: a grid in which every cell plays its part of the shot, again and again.

use std::collections::BTreeSet;
use std::ffi::OsString;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdin;

use super::Trouble;
use super::ffmpeg::{Ffmpeg, words};
use super::tiles::Tiles;

/// Pictures that a cell shows in turn, at most.
const MOST_STEPS: usize = 12;
/// How long the loop is to last, and how long one of its pictures may, in hundredths of a second.
const LOOP: usize = 240;
const SHOWN: std::ops::RangeInclusive<usize> = 10..=25;
/// Pixels between cells, and what is there.
const GAP: usize = 4;
const GROUND: u8 = 24;

/// A chat shows a picture of that size at once.
const MOST_BYTES: usize = 3 << 20;
/// Whatever comes of it.
const STOP_READING: u64 = 64 << 20;
/// What is tried until a sheet is small enough: every so many steps of the loop, and how many colours.
const TRIES: [(usize, u32); 4] = [(1, 256), (1, 64), (2, 64), (4, 64)];

/// Which frame is shown where and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    frames: usize,
    columns: usize,
    rows: usize,
    steps: usize,
}

impl Layout {
    /// Of a shot of so many frames. A cell has at least four of them: two would flicker.
    pub fn of(frames: usize) -> Self {
        let (columns, rows) = match frames {
            0..8 => (1, 1),
            8..16 => (2, 1),
            16..24 => (2, 2),
            24..36 => (3, 2),
            36..48 => (3, 3),
            48.. => (4, 3),
        };
        let steps = frames.div_ceil(columns * rows).clamp(1, MOST_STEPS);
        Self { frames, columns, rows, steps }
    }

    /// The most pixels of a cell across or down: all sheets are about as wide.
    pub fn cell(&self) -> u32 {
        match self.columns {
            1 => 480,
            2 => 400,
            3 => 320,
            _ => 240,
        }
    }

    /// The place of the frame that `cell` shows at `step`.
    fn frame(&self, cell: usize, step: usize) -> usize {
        let start = |cell: usize| cell * self.frames / (self.columns * self.rows);
        let (first, next) = (start(cell), start(cell + 1));
        first + step * (next - first) / self.steps
    }

    /// Places of all frames that are shown.
    pub fn wanted(&self) -> BTreeSet<usize> {
        let cells = 0..self.columns * self.rows;
        cells.flat_map(|cell| (0..self.steps).map(move |step| self.frame(cell, step))).collect()
    }

    /// Pixels of the whole across and down, its cells being so large.
    fn size(&self, (width, height): (usize, usize)) -> (usize, usize) {
        (GAP + self.columns * (width + GAP), GAP + self.rows * (height + GAP))
    }

    /// The whole at `step`. A cell whose tile is missing stays empty.
    fn picture(&self, tiles: &Tiles, step: usize) -> Vec<u8> {
        let (width, height) = tiles.size();
        let (across, down) = self.size((width, height));
        let mut picture = vec![GROUND; 3 * across * down];
        for cell in 0..self.columns * self.rows {
            let (column, row) = (cell % self.columns, cell / self.columns);
            let left = 3 * (GAP + column * (width + GAP));
            let top = GAP + row * (height + GAP);
            let tile = tiles.get(self.frame(cell, step)).unwrap_or_default();
            for (line, pixels) in tile.chunks_exact(3 * width).enumerate() {
                let at = 3 * across * (top + line) + left;
                picture[at..at + pixels.len()].copy_from_slice(pixels);
            }
        }
        picture
    }
}

/// Makes the sheet of its tiles.
///
/// # Errors
/// ffmpeg fails.
pub async fn run(ffmpeg: &Ffmpeg, layout: &Layout, tiles: &Tiles) -> Result<Vec<u8>, Trouble> {
    let mut sheet = Vec::new();
    for (every, colours) in TRIES {
        let size = layout.size(tiles.size());
        let steps = (0..layout.steps).step_by(every);
        let shown = (LOOP / layout.steps).clamp(*SHOWN.start(), *SHOWN.end()) * every;
        let feed = |to| feed(layout, tiles, steps, to);
        let read = |from: tokio::process::ChildStdout| async {
            let mut bytes = Vec::new();
            let read = from.take(STOP_READING).read_to_end(&mut bytes).await;
            read.map_err(|_| Trouble::Odd("nothing that can be read"))?;
            Ok(bytes)
        };
        (sheet, _) = ffmpeg.run(arguments(size, shown, colours), feed, read).await?;
        if sheet.len() <= MOST_BYTES {
            break;
        }
    }
    Ok(sheet)
}

async fn feed(
    layout: &Layout,
    tiles: &Tiles,
    steps: impl Iterator<Item = usize>,
    mut to: ChildStdin,
) -> Result<(), Trouble> {
    for step in steps {
        // ffmpeg that listens no longer says itself why.
        if to.write_all(&layout.picture(tiles, step)).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn arguments((across, down): (usize, usize), shown: usize, colours: u32) -> Vec<OsString> {
    let (size, rate) = (format!("{across}x{down}"), format!("100/{shown}"));
    // The colours are those that all its pictures have together.
    let filters = format!(
        "split=2[all][each];[all]palettegen=max_colors={colours}[palette];\
         [each][palette]paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"
    );
    let mut all = words(["-protocol_whitelist", "pipe", "-f", "rawvideo", "-pixel_format", "rgb24"]);
    all.extend(words(["-video_size", &size, "-framerate", &rate, "-i", "pipe:0"]));
    all.extend(words(["-filter_complex", &filters, "-loop", "0", "-f", "gif", "pipe:1"]));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_plays_its_own_part_in_order() {
        for frames in 1..400 {
            let layout = Layout::of(frames);
            let cells = layout.columns * layout.rows;
            assert!(cells == 1 || frames / cells >= 4, "{frames}");
            let mut last = None;
            for cell in 0..cells {
                for step in 0..layout.steps {
                    let frame = layout.frame(cell, step);
                    assert!(
                        frame < frames && last.is_none_or(|last| last <= frame),
                        "{frames} {cell} {step}"
                    );
                    last = Some(frame);
                }
            }
            assert_eq!(layout.frame(0, 0), 0);
            assert!(layout.wanted().len() <= cells * MOST_STEPS);
        }
        assert_eq!(Layout::of(2).wanted().len(), 2, "a shot of two frames shows both");
        assert_eq!(Layout::of(24).wanted().len(), 24);
    }

    #[test]
    fn cells_lie_side_by_side() {
        let layout = Layout::of(16);
        let tiles = layout.wanted().into_iter().map(|place| (place, vec![100 + place as u8; 3 * 6]));
        let tiles = Tiles::of((3, 2), tiles);
        let picture = layout.picture(&tiles, 0);
        let (across, down) = layout.size((3, 2));
        assert_eq!((across, down, picture.len()), (18, 16, 3 * 18 * 16));
        let pixel = |x: usize, y: usize| picture[3 * (y * across + x)];
        assert_eq!((pixel(0, 0), pixel(4, 4), pixel(6, 5), pixel(7, 4)), (GROUND, 100, 100, GROUND));
        assert_eq!((pixel(11, 4), pixel(4, 10), pixel(13, 11)), (104, 108, 112));
        assert_eq!(layout.picture(&tiles, 3)[3 * (4 * across + 4)], 103);
    }
}
