//! Frames as pictures that a browser shows.
//!
//! Where a frame holds light and not colours, as OpenEXR and Radiance do, it is brought into the range of a screen: as it
//! is in the darker half, rolled off above it. That is no view transform of Blender's, and near enough to judge a shot by.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

/// The most memory that one picture may take while it is decoded.
const MOST_MEMORY: u64 = 1 << 30;
/// Above this, light is rolled off.
const SHOULDER: f32 = 0.6;
const QUALITY: u8 = 88;

/// Why a frame is no picture here.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoPicture(String);

impl From<String> for NoPicture {
    fn from(words: String) -> Self {
        Self(words)
    }
}

/// The format of a file of this name, if it can be decoded.
fn format(name: &str) -> Option<ImageFormat> {
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match extension.as_str() {
        "png" => ImageFormat::Png,
        "jpg" | "jpeg" => ImageFormat::Jpeg,
        "tif" | "tiff" => ImageFormat::Tiff,
        "webp" => ImageFormat::WebP,
        "bmp" => ImageFormat::Bmp,
        "tga" => ImageFormat::Tga,
        "hdr" => ImageFormat::Hdr,
        "exr" => ImageFormat::OpenExr,
        _ => return None,
    })
}

/// Whether a file of this name can be decoded.
pub(super) fn is_known(name: &str) -> bool {
    format(name).is_some()
}

/// The media type of a file of this name, if browsers show it as it is.
pub(super) fn shown_as_it_is(name: &str) -> Option<&'static str> {
    Some(match format(name)? {
        ImageFormat::Png => "image/png",
        ImageFormat::Jpeg => "image/jpeg",
        ImageFormat::WebP => "image/webp",
        ImageFormat::Bmp => "image/bmp",
        _ => return None,
    })
}

/// Decodes a frame into the colours of a screen.
///
/// # Errors
/// It is damaged, too large, or of a format that is not known here.
pub(super) fn decode(name: &str, bytes: &[u8]) -> Result<RgbImage, NoPicture> {
    let format =
        format(name).ok_or_else(|| NoPicture(format!("{name} is of a format that is not shown here")))?;
    if format == ImageFormat::OpenExr {
        return exr(bytes);
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| NoPicture(error.to_string()))?;
    Ok(if format == ImageFormat::Hdr { of_light(&picture) } else { over_black(picture) })
}

fn of_light(picture: &DynamicImage) -> RgbImage {
    let light = picture.to_rgb32f();
    RgbImage::from_fn(light.width(), light.height(), |x, y| Rgb(light.get_pixel(x, y).0.map(screen)))
}

/// What is transparent lets black through.
fn over_black(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let colours = picture.to_rgba8();
    RgbImage::from_fn(colours.width(), colours.height(), |x, y| {
        let [r, g, b, a] = colours.get_pixel(x, y).0;
        Rgb([r, g, b].map(|c| u8::try_from(u16::from(c) * u16::from(a) / 255).unwrap_or(u8::MAX)))
    })
}

/// An OpenEXR of whatever layers: the colours that are called R, G and B, or those of a layer's combined pass.
fn exr(bytes: &[u8]) -> Result<RgbImage, NoPicture> {
    use exr::prelude::{ReadChannels, ReadLayers, read};
    let wrong = |error: exr::error::Error| NoPicture(error.to_string());
    // Before anything of that size is made.
    let head = exr::meta::MetaData::read_from_buffered(Cursor::new(bytes), false).map_err(wrong)?;
    let large = |header: &exr::meta::header::Header| {
        header.layer_size.area().saturating_mul(header.channels.list.len() * 4) as u64
    };
    if head.headers.iter().map(large).sum::<u64>() > MOST_MEMORY {
        return Err(NoPicture("it is too large to be shown here".to_owned()));
    }
    let read = read().no_deep_data().largest_resolution_level().all_channels().all_layers().all_attributes();
    let picture = read.non_parallel().from_buffered(Cursor::new(bytes)).map_err(wrong)?;
    for layer in &picture.layer_data {
        let names: Vec<String> =
            layer.channel_data.list.iter().map(|channel| channel.name.to_string()).collect();
        let Some([r, g, b]) = colours(&names) else { continue };
        let (width, height) = (layer.size.width(), layer.size.height());
        let size = u32::try_from(width).ok().zip(u32::try_from(height).ok());
        let size = size.filter(|_| (width * height * 12) as u64 <= MOST_MEMORY);
        let Some((wide, high)) = size else { return Err(NoPicture("it is too large".to_owned())) };
        let [r, g, b] = [r, g, b].map(|at| &layer.channel_data.list[at].sample_data);
        return Ok(RgbImage::from_fn(wide, high, |x, y| {
            let at = y as usize * width + x as usize;
            Rgb([r, g, b].map(|samples| screen(samples.value_by_flat_index(at).to_f32())))
        }));
    }
    Err(NoPicture("it has no colours".to_owned()))
}

/// Where red, green and blue are among channels of these names; one that holds grey alone stands for all.
fn colours(names: &[String]) -> Option<[usize; 3]> {
    let place = |wanted: &str| names.iter().position(|name| name == wanted);
    let plain = |prefix: &str| -> Option<[usize; 3]> {
        let [r, g, b] = ["R", "G", "B"].map(|colour| place(&format!("{prefix}{colour}")));
        Some([r?, g?, b?])
    };
    plain("")
        .or_else(|| {
            names.iter().find_map(|name| {
                plain(name.strip_suffix("Combined.R").map(|layer| format!("{layer}Combined."))?.as_str())
            })
        })
        .or_else(|| {
            names.iter().find_map(|name| plain(name.strip_suffix('R').filter(|rest| rest.ends_with('.'))?))
        })
        .or_else(|| place("Y").map(|grey| [grey; 3]))
}

/// Light as a screen's colour.
fn screen(light: f32) -> u8 {
    let light = if light.is_nan() { 0.0 } else { light.max(0.0) };
    let room = 1.0 - SHOULDER;
    let rolled =
        if light <= SHOULDER { light } else { SHOULDER + room * (1.0 - (-(light - SHOULDER) / room).exp()) };
    let coded = if rolled <= 0.003_130_8 { rolled * 12.92 } else { 1.055 * rolled.powf(1.0 / 2.4) - 0.055 };
    // The cast holds at the ends.
    (coded * 255.0).round() as u8
}

/// A picture that fits into so many pixels, its proportions kept.
pub(super) fn fitted(picture: &RgbImage, [width, height]: [u32; 2]) -> RgbImage {
    let scale =
        (f64::from(width) / f64::from(picture.width())).min(f64::from(height) / f64::from(picture.height()));
    let side = |length: u32, most: u32| ((f64::from(length) * scale).round() as u32).clamp(1, most);
    let (wide, high) = (side(picture.width(), width), side(picture.height(), height));
    image::imageops::resize(picture, wide, high, FilterType::Triangle)
}

/// A picture as JPEG.
///
/// # Errors
/// It is too large for one.
pub(super) fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, NoPicture> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode_image(picture)
        .map_err(|error| NoPicture(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(picture: DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).expect("encoded");
        bytes.into_inner()
    }

    #[test]
    fn light_becomes_a_screens_colour() {
        assert_eq!([0.0, 0.18, f32::NAN, -1.0].map(screen), [0, 118, 0, 0]);
        assert!(screen(1.0) > screen(0.8) && screen(4.0) > screen(2.0) && screen(f32::INFINITY) == 255);
    }

    #[test]
    fn every_format_comes_out_with_its_colours() {
        let plain = RgbImage::from_pixel(12, 8, Rgb([200, 100, 50]));
        for (name, format) in [
            ("a.png", ImageFormat::Png),
            ("a.jpg", ImageFormat::Jpeg),
            ("a.tif", ImageFormat::Tiff),
            ("a.webp", ImageFormat::WebP),
            ("a.bmp", ImageFormat::Bmp),
            ("a.tga", ImageFormat::Tga),
        ] {
            let found = decode(name, &encoded(plain.clone().into(), format)).expect(name);
            let [r, g, b] = found.get_pixel(5, 5).0.map(i32::from);
            assert!((r - 200).abs() < 4 && (g - 100).abs() < 4 && (b - 50).abs() < 4, "{name}: {r} {g} {b}");
        }
        let clear = image::RgbaImage::from_pixel(4, 4, image::Rgba([200, 100, 50, 0]));
        let found = decode("a.png", &encoded(clear.into(), ImageFormat::Png)).expect("a picture");
        assert_eq!(found.get_pixel(0, 0).0, [0, 0, 0]);
        assert!(decode("a.jp2", b"").is_err() && decode("a.png", b"no picture").is_err());
        assert!(!is_known("a.jp2") && is_known("a.EXR") && shown_as_it_is("a.exr").is_none());
    }

    #[test]
    fn the_combined_pass_of_layers_is_shown() {
        use exr::prelude::{
            AnyChannel, AnyChannels, Encoding, FlatSamples, Image, Layer, LayerAttributes, SmallVec,
            WritableImage,
        };
        let channel = |name: &str, value: f32| AnyChannel::new(name, FlatSamples::F32(vec![value; 6]));
        let of = |channels: Vec<AnyChannel<FlatSamples>>| {
            let channels = AnyChannels::sort(SmallVec::from_vec(channels));
            let layer = Layer::new((3, 2), LayerAttributes::default(), Encoding::FAST_LOSSLESS, channels);
            let mut bytes = Cursor::new(Vec::new());
            Image::from_layer(layer).write().to_buffered(&mut bytes).expect("written");
            bytes.into_inner()
        };
        let layers = of(vec![
            channel("ViewLayer.Combined.R", 0.18),
            channel("ViewLayer.Combined.G", 0.0),
            channel("ViewLayer.Combined.B", 0.0),
            channel("ViewLayer.Depth.Z", 9.0),
        ]);
        assert_eq!(decode("a.exr", &layers).expect("a picture").get_pixel(2, 1).0, [118, 0, 0]);
        let plain = of(vec![channel("R", 0.0), channel("G", 0.18), channel("B", 0.0), channel("A", 1.0)]);
        assert_eq!(decode("a.exr", &plain).expect("a picture").get_pixel(0, 0).0, [0, 118, 0]);
        assert!(decode("a.exr", &of(vec![channel("ViewLayer.Depth.Z", 9.0)])).is_err());
        assert!(decode("a.exr", &plain[..40]).is_err());
    }

    #[test]
    fn a_picture_keeps_its_proportions() {
        let size = |picture: RgbImage| (picture.width(), picture.height());
        assert_eq!(size(fitted(&RgbImage::new(1920, 1080), [240, 135])), (240, 135));
        assert_eq!(size(fitted(&RgbImage::new(100, 400), [240, 135])), (34, 135));
        assert_eq!(size(fitted(&RgbImage::new(10_000, 1), [240, 135])), (240, 1));
    }
}
