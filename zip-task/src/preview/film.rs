//! The film, and at the same time the small pictures that the contact sheet is made of: both come out of one pass over
//! the frames.

use std::ffi::OsString;
use std::path::Path;

use super::feed::feed;
use super::ffmpeg::{Ffmpeg, threads, words};
use super::format::{Colours, Format};
use super::sheet::Layout;
use super::tiles::{self, Tiles};
use super::{Shot, Trouble};

/// The most pixels across or down: what every player and every browser plays.
const MOST_PIXELS: u32 = 1920;

/// Writes the film of a shot into the file `film`, and gives the tiles that `layout` asks for.
///
/// # Errors
/// ffmpeg fails, or the bucket does.
pub async fn run(
    ffmpeg: &Ffmpeg,
    shot: &Shot<'_>,
    format: &Format,
    layout: &Layout,
    film: &Path,
) -> Result<Tiles, Trouble> {
    let given = shot.pictures.len();
    let read = |from| tiles::read(from, layout.wanted());
    let feed = |to| feed(shot, format.decoder, to);
    let (tiles, words) = ffmpeg.run(arguments(format, layout, film), feed, read).await?;
    // ffmpeg passes over what it cannot read, and is content with the rest.
    if tiles.seen() == given { Ok(tiles) } else { Err(Trouble::Fewer { read: tiles.seen(), given, words }) }
}

fn arguments(format: &Format, layout: &Layout, film: &Path) -> Vec<OsString> {
    let threads = threads();
    let filters = filters(format.colours, layout.cell());
    // Several decoders hold several frames, and are no faster: a frame of 8K has 500 MB.
    let mut all = words(["-protocol_whitelist", "pipe", "-threads", "1"]);
    if let Some(layer) = &format.layer {
        all.extend(words(["-layer", layer]));
    }
    all.extend(words(["-f", "ivf", "-c:v", format.decoder, "-i", "pipe:0"]));
    all.extend(words(["-filter_complex_threads", &threads, "-filter_complex", &filters]));
    all.extend(words(["-map", "[film]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]));
    all.extend(words(["-threads", &threads, "-movflags", "+faststart", "-colorspace", "bt709"]));
    all.extend(words(["-color_primaries", "bt709", "-color_trc", "bt709", "-f", "mp4", "-y"]));
    let mut to = OsString::from("file:");
    to.push(film);
    all.push(to);
    all.extend(words(["-map", "[tiles]", "-c:v", "ppm", "-f", "image2pipe", "pipe:1"]));
    all
}

/// From a frame to one of the film, which has an even number of pixels across and down, and to a tile.
fn filters(colours: Colours, cell: u32) -> String {
    let fit = |most: u32| format!("min(1,{most}/max(iw,ih))");
    let even = |side: &str| format!("'max(2,2*trunc(i{side}*{}/2))'", fit(MOST_PIXELS));
    let small = |side: &str| format!("'max(1,round(i{side}*{}))'", fit(cell));
    let film = format!("scale=w={}:h={}:flags=bicubic", even("w"), even("h"));
    let tile = format!("scale=w={}:h={}:flags=area", small("w"), small("h"));
    let colours = match colours {
        Colours::Shown => "format=gbrp".to_owned(),
        Colours::WithAlpha => "format=gbrap,premultiply=inplace=1,format=gbrp".to_owned(),
        // Light is added up as light: first smaller, then sRGB.
        Colours::Light => format!("{film},format=gbrp16le,{},format=gbrp", srgb()),
    };
    format!(
        "[0:v]{colours},split=2[large][small];\
         [large]{film}:out_color_matrix=bt709:out_range=tv,format=yuv420p[film];\
         [small]{tile},format=rgb24[tiles]"
    )
}

/// The curve of sRGB on numbers of 16 bits.
fn srgb() -> String {
    let curve = |channel: char| {
        format!("{channel}='if(lte(val,205),12.92*val,65535*(1.055*pow(val/65535,1/2.4)-0.055))'")
    };
    format!("lutrgb={}:{}:{}", curve('r'), curve('g'), curve('b'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_one_word_whatever_it_is_called() {
        let format =
            Format { decoder: "exr", colours: Colours::Light, layer: Some("-y /etc; $(id).Combined".into()) };
        let all = arguments(&format, &Layout::of(3), Path::new("/scratch/a b.mp4"));
        let at = all.iter().position(|word| word == "-layer").expect("a layer");
        assert_eq!(all[at + 1], "-y /etc; $(id).Combined");
        assert!(all.contains(&"file:/scratch/a b.mp4".into()));
    }
}
