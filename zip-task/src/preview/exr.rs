//! The head of an OpenEXR file: which of its layers is the picture.
//!
//! ffmpeg shows channels that are called R, G and B. Those of a file of several layers are called
//! `ViewLayer.Combined.R`, and it must be told the part before the last point.

use super::Trouble;

/// Bytes of a file in which its channels and its codec are named. Attributes are in the order of their names, and long
/// ones come behind these.
pub const ENOUGH: u64 = 256 << 10;

const MAGIC: &[u8] = b"\x76\x2f\x31\x01";
/// Bit of the version: several parts in one file.
const PARTS: u32 = 1 << 12;
/// Codecs DWAA and DWAB.
const DWA: [u8; 2] = [8, 9];
/// Channels of 32 bits.
const FLOAT: u32 = 2;

/// A channel, by its name and the kind of its numbers.
#[derive(Debug)]
struct Channel<'a> {
    name: &'a str,
    kind: u32,
}

/// The layer that is shown of the file that begins with `head`. None where ffmpeg finds it by itself, or will say itself
/// what is wrong.
///
/// # Errors
/// ffmpeg would show it wrongly, or not at all.
pub fn layer(head: &[u8]) -> Result<Option<String>, Trouble> {
    let Some((parts, attributes)) = start(head) else { return Ok(None) };
    if parts {
        let why = "ffmpeg does not read OpenEXR files of several parts".to_owned();
        return Err(Trouble::Format { why, hint: "" });
    }
    let (channels, codec) = read(attributes);
    let Some((layer, kind)) = shown(&channels) else { return Ok(None) };
    if kind == FLOAT && codec.is_some_and(|codec| DWA.contains(&codec)) {
        return Err(Trouble::Format {
            why: "ffmpeg shows OpenEXR frames of 32 bits with the codec DWAA or DWAB too dark".into(),
            hint: "With Float (Half), or with another codec, it shows them well.",
        });
    }
    Ok(layer.map(str::to_owned))
}

/// Whether a file has several parts, and where its attributes begin.
fn start(head: &[u8]) -> Option<(bool, &[u8])> {
    let (version, attributes) = head.strip_prefix(MAGIC)?.split_first_chunk()?;
    Some((u32::from_le_bytes(*version) & PARTS != 0, attributes))
}

/// Channels and codec, as far as they are named in what is there.
fn read(mut attributes: &[u8]) -> (Vec<Channel<'_>>, Option<u8>) {
    let (mut all, mut codec) = (Vec::new(), None);
    while let Some((name, value, rest)) = attribute(attributes) {
        match name {
            "channels" => all = channels(value),
            "compression" => codec = value.first().copied(),
            _ => {}
        }
        attributes = rest;
    }
    (all, codec)
}

/// Name, value and what follows. None at the end, also where that is cut off.
fn attribute(bytes: &[u8]) -> Option<(&str, &[u8], &[u8])> {
    let (name, rest) = text(bytes)?;
    let (_, rest) = text(rest)?;
    let (size, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::try_from(i32::from_le_bytes(*size)).ok()?)?;
    Some((name, value, rest))
}

fn channels(mut bytes: &[u8]) -> Vec<Channel<'_>> {
    let mut all = Vec::new();
    while let Some((name, rest)) = text(bytes) {
        // Kind, a flag with three bytes of nothing, and the steps between pixels across and down.
        let Some((rest_of_it, rest)) = rest.split_first_chunk::<16>() else { break };
        let [a, b, c, d, ..] = *rest_of_it;
        all.push(Channel { name, kind: u32::from_le_bytes([a, b, c, d]) });
        bytes = rest;
    }
    all
}

/// A text that is not empty, and what follows the zero behind it.
fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0).filter(|end| *end > 0)?;
    Some((str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

/// The layer of the picture, none where its channels have no other name than R, G and B; and their kind.
fn shown<'a>(channels: &[Channel<'a>]) -> Option<(Option<&'a str>, u32)> {
    if let Some(plain) = channels.iter().find(|channel| matches!(channel.name, "R" | "Y")) {
        return Some((None, plain.kind));
    }
    let red = channels.iter().filter_map(|channel| Some((channel.name.strip_suffix(".R")?, channel.kind)));
    let red: Vec<(&str, u32)> = red.collect();
    let ranks: [&dyn Fn(&str) -> bool; 4] = [
        // What the compositor made of all layers, then what was rendered, then whatever has colours.
        &|layer| layer.starts_with("Composite."),
        &|layer| layer.ends_with(".Combined"),
        &|layer| layer.contains(".Combined."),
        &|_| true,
    ];
    let best = ranks.iter().find_map(|rank| red.iter().find(|(layer, _)| rank(layer)));
    best.map(|(layer, kind)| (Some(*layer), *kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(version: u32, codec: u8, names: &[&str], kind: u32) -> Vec<u8> {
        let mut channels = Vec::new();
        for name in names {
            channels.extend([name.as_bytes(), b"\0"].concat());
            channels.extend(kind.to_le_bytes());
            channels.extend([0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
        }
        channels.push(0);
        let mut head = [MAGIC, &version.to_le_bytes()].concat();
        for (name, of, value) in [("Note", "string", &b"mine"[..]), ("channels", "chlist", &channels)] {
            head.extend([name.as_bytes(), b"\0", of.as_bytes(), b"\0"].concat());
            head.extend((value.len() as u32).to_le_bytes());
            head.extend(value);
        }
        head.extend(b"compression\0compression\0\x01\0\0\0");
        head.push(codec);
        head.push(0);
        head
    }

    fn of(names: &[&str]) -> Option<String> {
        layer(&head(2, 3, names, 1)).expect("shown")
    }

    #[test]
    fn the_picture_among_layers_is_found() {
        assert_eq!(of(&["A", "B", "G", "R"]), None);
        assert_eq!(of(&["Y"]), None);
        assert_eq!(of(&["Fog.Depth.Z", "Fog.Combined.R", "Fog.Normal.X"]).as_deref(), Some("Fog.Combined"));
        let both = ["Fog.Combined.R", "Composite.Combined.R"];
        assert_eq!(of(&both).as_deref(), Some("Composite.Combined"));
        let views = ["Fog.DiffCol.R", "Fog.Combined.left.R", "Fog.Combined.right.R"];
        assert_eq!(of(&views).as_deref(), Some("Fog.Combined.left"));
        assert_eq!(of(&["Fog.Depth.Z"]), None);
    }

    #[test]
    fn what_would_be_shown_wrongly_is_not_shown() {
        let names = ["B", "G", "R"];
        assert!(layer(&head(2, 8, &names, 1)).is_ok());
        assert!(layer(&head(2, 3, &names, 2)).is_ok());
        for (version, codec, kind, part) in [(2, 8, 2, "DWAA"), (2, 9, 2, "DWAA"), (2 | PARTS, 3, 1, "parts")]
        {
            let trouble = layer(&head(version, codec, &names, kind)).expect_err(part);
            assert!(trouble.to_string().contains(part), "{trouble}");
        }
    }

    #[test]
    fn a_head_that_is_cut_off_names_no_layer() {
        let whole = head(2, 3, &["Fog.Combined.R"], 1);
        assert_eq!(layer(b"\x89PNG").expect("no OpenEXR"), None);
        assert_eq!(layer(&whole[..60]).expect("cut off"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(at in 0usize..150, bytes in proptest::collection::vec(0u8.., 0..40)) {
            let mut head = head(2, 3, &["Fog.Combined.R", "R"], 2);
            for (place, byte) in head.iter_mut().skip(at).zip(&bytes) {
                *place = *byte;
            }
            let _ = layer(&head);
            let _ = layer(&bytes);
        }
    }
}
