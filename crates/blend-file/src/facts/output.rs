//! Where and how pictures are written: numbers of the file as words of Blender.

use super::types::{Ffmpeg, Output};
use crate::record::Record;

/// The output of a scene, from its render settings (`RenderData`).
pub(super) fn output(render: &Record<'_, '_>) -> Output {
    let format = render.inner("im_format");
    let int = |name: &str| format.as_ref().and_then(|format| format.int(name)).unwrap_or_default();
    let file_format = file_format(int("imtype"));
    let ffmpeg = (file_format == "FFMPEG").then(|| Ffmpeg {
        format: word(&CONTAINERS, render.int("ffcodecdata.type").unwrap_or_default()),
        codec: word(&CODECS, render.int("ffcodecdata.codec").unwrap_or_default()),
    });
    Output {
        filepath: render.text("pic").unwrap_or_default(),
        file_format,
        media_type: format
            .as_ref()
            .and_then(|format| format.int("media_type"))
            .map(|number| word(&MEDIA, number)),
        color_mode: word(&[(8, "BW"), (24, "RGB"), (32, "RGBA")], int("planes")),
        color_depth: word(&[(2, "8"), (4, "10"), (8, "12"), (16, "16"), (64, "32")], int("depth")),
        compression: int("compress"),
        quality: int("quality"),
        // The bits above were another setting once.
        exr_codec: word(&EXR_CODECS, int("exr_codec") & 15),
        views_format: word(&[(0, "INDIVIDUAL"), (1, "STEREO_3D"), (2, "MULTIVIEW")], int("views_format")),
        ffmpeg,
    }
}

/// The word for an image format's number.
pub(super) fn file_format(number: i32) -> String {
    word(&FORMATS, number)
}

/// The word for a number; the number itself where it has none.
pub(super) fn word(words: &[(i32, &str)], number: i32) -> String {
    let known = words.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| number.to_string(), |(_, word)| (*word).to_owned())
}

const MEDIA: [(i32, &str); 3] = [(0, "IMAGE"), (1, "MULTI_LAYER_IMAGE"), (2, "VIDEO")];

const FORMATS: [(i32, &str); 17] = [
    (0, "TARGA"),
    (1, "IRIS"),
    (4, "JPEG"),
    (14, "TARGA_RAW"),
    (15, "AVI_RAW"),
    (16, "AVI_JPEG"),
    (17, "PNG"),
    (20, "BMP"),
    (21, "HDR"),
    (22, "TIFF"),
    (23, "OPEN_EXR"),
    (24, "FFMPEG"),
    (26, "CINEON"),
    (27, "DPX"),
    (28, "OPEN_EXR_MULTILAYER"),
    (30, "JPEG2000"),
    (35, "WEBP"),
];

const EXR_CODECS: [(i32, &str); 10] = [
    (0, "NONE"),
    (1, "PXR24"),
    (2, "ZIP"),
    (3, "PIZ"),
    (4, "RLE"),
    (5, "ZIPS"),
    (6, "B44"),
    (7, "B44A"),
    (8, "DWAA"),
    (9, "DWAB"),
];

const CONTAINERS: [(i32, &str); 14] = [
    (0, "MPEG1"),
    (1, "MPEG2"),
    (2, "MPEG4"),
    (3, "AVI"),
    (4, "QUICKTIME"),
    (5, "DV"),
    (6, "H264"),
    (7, "XVID"),
    (8, "FLASH"),
    (9, "MKV"),
    (10, "OGG"),
    (11, "WAV"),
    (12, "WEBM"),
    (13, "AV1"),
];

/// FFmpeg's own numbers.
const CODECS: [(i32, &str); 17] = [
    (0, "NONE"),
    (1, "MPEG1"),
    (2, "MPEG2"),
    (12, "MPEG4"),
    (21, "FLASH"),
    (24, "DV"),
    (25, "HUFFYUV"),
    (27, "H264"),
    (30, "THEORA"),
    (33, "FFV1"),
    (55, "QTRLE"),
    (61, "PNG"),
    (99, "DNXHD"),
    (147, "PRORES"),
    (167, "WEBM"),
    (173, "H265"),
    (226, "AV1"),
];
