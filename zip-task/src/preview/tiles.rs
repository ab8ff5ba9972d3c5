//! The small pictures, as they come out of ffmpeg: each in the format PPM, which says how large it is.

use std::collections::{BTreeMap, BTreeSet};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use super::Trouble;

/// The most pixels of a tile across or down. A sheet asks for fewer.
const MOST_PIXELS: usize = 1024;

/// Tiles by the place of their frame in the shot, all of one size.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tiles {
    size: (usize, usize),
    kept: BTreeMap<usize, Vec<u8>>,
    seen: usize,
}

impl Tiles {
    /// Pixels across and down.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Red, green and blue of every pixel, line by line, of the tile of a frame.
    pub fn get(&self, place: usize) -> Option<&[u8]> {
        self.kept.get(&place).map(Vec::as_slice)
    }

    /// How many came.
    pub fn seen(&self) -> usize {
        self.seen
    }

    #[cfg(test)]
    pub fn of(size: (usize, usize), kept: impl IntoIterator<Item = (usize, Vec<u8>)>) -> Self {
        Self { size, kept: kept.into_iter().collect(), seen: 0 }
    }
}

/// Reads all tiles, and keeps those that are `wanted`.
///
/// # Errors
/// They are none, or not of one size.
pub async fn read(from: impl AsyncRead + Unpin, wanted: BTreeSet<usize>) -> Result<Tiles, Trouble> {
    let mut from = BufReader::with_capacity(1 << 16, from);
    let mut tiles = Tiles::default();
    while let Some(size) = header(&mut from).await? {
        if tiles.seen > 0 && tiles.size != size {
            return Err(Trouble::Odd("pictures of several sizes"));
        }
        tiles.size = size;
        let mut bytes = vec![0; 3 * size.0 * size.1];
        from.read_exact(&mut bytes).await.map_err(|_| Trouble::Odd("a picture that is cut off"))?;
        if wanted.contains(&tiles.seen) {
            tiles.kept.insert(tiles.seen, bytes);
        }
        tiles.seen += 1;
    }
    Ok(tiles)
}

/// Width and height. None at the end.
async fn header(from: &mut (impl AsyncBufReadExt + Unpin)) -> Result<Option<(usize, usize)>, Trouble> {
    let mut lines = Vec::new();
    for line in 1..=3 {
        // Longer lines are no header.
        let read = from.take(32).read_until(b'\n', &mut lines).await;
        match read {
            Ok(0) if line == 1 => return Ok(None),
            Ok(_) => {}
            Err(_) => return Err(Trouble::Odd("nothing that can be read")),
        }
    }
    let text = str::from_utf8(&lines).unwrap_or_default();
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let side = |text: &str| text.parse().ok().filter(|side| (1..=MOST_PIXELS).contains(side));
    match words[..] {
        ["P6", width, height, "255"] => side(width).zip(side(height)).map(Some),
        _ => None,
    }
    .ok_or(Trouble::Odd("something else than pictures"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn tiles(bytes: &[u8]) -> Result<Tiles, Trouble> {
        read(bytes, BTreeSet::from([1])).await
    }

    #[tokio::test]
    async fn tiles_are_counted_and_those_that_are_wanted_kept() {
        let three = b"P6\n2 1\n255\nabcdefP6\n2 1\n255\nP6\n\n\n\nP6\n2 1\n255\nuvwxyz";
        let tiles = tiles(three).await.expect("three");
        assert_eq!((tiles.seen(), tiles.size()), (3, (2, 1)));
        assert_eq!((tiles.get(0), tiles.get(1)), (None, Some(&b"P6\n\n\n\n"[..6])));
    }

    #[tokio::test]
    async fn what_is_no_picture_is_told() {
        assert_eq!(tiles(b"").await.expect("none").seen(), 0);
        let (cut, large) = (&b"P6\n2 1\n255\nabc"[..], &b"P6\n9999999999 1\n255\n"[..]);
        let mixed = &b"P6\n1 1\n255\nabcP6\n2 1\n255\nabcdef"[..];
        for bytes in [cut, large, mixed, b"P5\n1 1\n255\na", b"GIF89a", b"P6\n0 1\n255\n"] {
            assert!(tiles(bytes).await.is_err(), "{bytes:?}");
        }
    }
}
