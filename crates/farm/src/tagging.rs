//! What an upload asks for, as the tags that S3 takes.

use farm_contract::Fault;
use farm_contract::allowances::ALLOW;
use farm_contract::frames::EXAMPLES;
use farm_contract::order::ORDER;
use farm_contract::preview::PREVIEW;
use farm_contract::project::{ContentHash, MAIN, PROJECT};
use farm_contract::settings::{CAMERA, SCENE, VIEW_LAYER};
use farm_contract::tags::{self, BLENDER, CHUNK, Chunk, FRAME, FRAMES, FramesAsked, Request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_width::UnicodeWidthChar;

/// Tags of one object.
const MOST_TAGS: usize = 10;
/// Characters of a tag's value.
const MOST_CHARACTERS: usize = 256;
/// What a value may have beside letters and digits: spaces and these.
const SIGNS: &str = "+ - = . _ : / @";

/// The tags of an upload that asks for this; `project` is the list of the files that come with it.
///
/// # Errors
/// S3 does not take one of them, or not so many. The hint says what to rename.
pub fn of_request(
    request: &Request,
    project: Option<&ContentHash>,
) -> Result<Vec<(&'static str, String)>, Fault> {
    let mut tags = vec![match &request.frames {
        FramesAsked::Count(count) => (FRAME, count.to_string()),
        FramesAsked::Spec(spec) => (FRAMES, spec.to_string()),
        FramesAsked::Scene => (FRAMES, tags::SCENE.to_owned()),
    }];
    if let Chunk::Frames(frames) = request.chunk {
        tags.push((CHUNK, frames.to_string()));
    }
    tags.extend(request.order.map(|order| (ORDER, order.to_string())));
    tags.extend(request.limits.pairs());
    tags.extend(request.settings.pairs());
    tags.extend(request.blender.clone().map(|version| (BLENDER, version)));
    tags.extend((!request.preview).then(|| (PREVIEW, "off".to_owned())));
    tags.extend(request.main.clone().map(|main| (MAIN, main)));
    tags.extend(project.map(|list| (PROJECT, list.to_string())));
    tags.extend(request.allowed.names().map(|name| (name, ALLOW.to_owned())));
    tags.iter().try_for_each(|(name, value)| check(name, value))?;
    if tags.len() > MOST_TAGS {
        let names: Vec<&str> = tags.iter().map(|(name, _)| *name).collect();
        return Err(Fault::new(
            format!("That are {} tags ({}); S3 takes {MOST_TAGS} with a file.", tags.len(), names.join(", ")),
            "Set some of it in Blender instead, save, and leave those options out.",
        ));
    }
    Ok(tags)
}

/// Tags as S3 takes them with an object.
pub(crate) fn encoded<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = tags.into_iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn check(name: &str, value: &str) -> Result<(), Fault> {
    let length = value.chars().count();
    if length > MOST_CHARACTERS {
        return Err(Fault::new(
            format!("{name}={value} is {length} characters long; S3 takes {MOST_CHARACTERS} in a tag."),
            remedy(name),
        ));
    }
    let taken = |c: &char| is_letter(*c) || SIGNS.contains(*c);
    match value.chars().find(|c| !taken(c)) {
        None => Ok(()),
        Some(odd) => Err(Fault::new(
            format!("S3 takes no `{}` in a tag, and {name}={value} has one.", odd.escape_debug()),
            format!("{} Tags have letters, digits, spaces and {SIGNS}.", remedy(name)),
        )),
    }
}

/// Whether S3 takes a character for a letter or digit: it has no marks, which Rust counts as alphabetic where they
/// stand for vowels, and no letters in circles. Known are marks that take no room and the vowel signs of India; the few
/// others, from Tibet to Java, S3 itself refuses.
fn is_letter(c: char) -> bool {
    let is_vowel_sign = matches!(c, '\u{900}'..='\u{d7f}') && matches!(u32::from(c) & 0x7f, 0x3e..=0x4d);
    let is_circled = matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}');
    // The later letters of a syllable of Korean take no room of their own, either.
    let is_mark = c.width() == Some(0) && !matches!(c, '\u{1160}'..='\u{11ff}');
    c.is_alphanumeric() && !is_mark && !is_vowel_sign && !is_circled
}

/// What to do about a value that S3 does not take.
fn remedy(name: &str) -> String {
    let what = match name {
        SCENE => "scene",
        CAMERA => "camera",
        VIEW_LAYER => "view layer",
        MAIN => return "Give that file, or the folder that it is in, a shorter, plainer name.".to_owned(),
        FRAMES => return format!("Write ranges instead of single frames: {EXAMPLES}."),
        _ => return format!("Leave the tag `{name}` out."),
    };
    format!(
        "Rename the {what} in Blender and save; or make it the one that the file itself renders, save, and leave \
         the tag `{name}` out."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(pairs: &[(&str, &str)]) -> Request {
        Request::from_tags(pairs.iter().copied()).expect("good tags")
    }

    #[test]
    fn a_request_becomes_tags_that_read_back_as_the_same() {
        let hash = ContentHash::of(b"list");
        let asked = request(&[
            ("frames", "1,5,10-20x2"),
            ("chunk", "4"),
            ("order", "linear"),
            ("deadline", "90m"),
            ("budget", "2.5"),
            ("scene", "Shot 2"),
            ("format", "open_exr"),
            ("blender", "4.5.3"),
            ("missing", "allow"),
        ]);
        let tags = of_request(&asked, Some(&hash)).expect("taken");
        let shown: Vec<String> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown[0], "frames=1 5 10-20x2");
        assert!(shown.contains(&"deadline=90m".to_owned()) && shown.contains(&"budget=2.50".to_owned()));
        assert!(shown.contains(&"blender=4.5".to_owned()) && shown.contains(&"format=OPEN_EXR".to_owned()));
        let again =
            Request::from_tags(tags.iter().map(|(name, value)| (*name, value.as_str()))).expect("read");
        assert_eq!(again, Request { project: Some(hash), ..asked });
        assert_eq!(of_request(&request(&[("frame", "3")]), None), Ok(vec![("frame", "3".to_owned())]));
        let still = of_request(&request(&[("frame", "3"), ("preview", "off")]), None).expect("taken");
        assert_eq!(still[1], (PREVIEW, "off".to_owned()));
        assert_eq!(
            of_request(&request(&[("frames", "scene"), ("chunk", "auto")]), None),
            Ok(vec![("frames", "scene".to_owned())])
        );
    }

    #[test]
    fn what_s3_does_not_take_is_refused_with_what_to_rename() {
        for (name, value, part) in [
            ("camera", "Cam#1", "Rename the camera"),
            ("scene", "Shot, final", "Rename the scene"),
            ("view_layer", "a&b", "Rename the view layer"),
            ("camera", &"c".repeat(257), "Rename the camera"),
            ("main", "a (1).blend", "plainer"),
            ("camera", "क\u{93e}", "Rename the camera"),
            ("camera", "e\u{345}", "Rename the camera"),
            ("camera", "Ⓐ", "Rename the camera"),
        ] {
            let fault = of_request(&request(&[("frame", "1"), (name, value)]), None).expect_err(value);
            assert!(fault.message.contains(name) && fault.hint.contains(part), "{fault:?}");
        }
        assert!(
            of_request(
                &request(&[("frame", "1"), ("camera", "Kaméra 1_左한ไทยकⅣ²\u{1112}\u{1161} +-=.:/@")]),
                None
            )
            .is_ok()
        );
        let many = (0..100).map(|at| (at * 2).to_string()).collect::<Vec<_>>().join(" ");
        let fault = of_request(&request(&[("frames", &many)]), None).expect_err("too long");
        assert!(fault.hint.contains("ranges"), "{fault:?}");
    }

    #[test]
    fn more_tags_than_s3_takes_are_named() {
        let all = request(&[
            ("frames", "scene"),
            ("chunk", "4"),
            ("scene", "a"),
            ("camera", "a"),
            ("view_layer", "a"),
            ("format", "PNG"),
            ("engine", "CYCLES"),
            ("samples", "1"),
            ("percentage", "50"),
            ("blender", "4.5"),
        ]);
        assert_eq!(of_request(&all, None).map(|tags| tags.len()), Ok(10));
        let fault = of_request(&all, Some(&ContentHash::of(b""))).expect_err("eleven");
        assert!(fault.message.contains("11 tags") && fault.message.contains("percentage"), "{fault:?}");
    }

    #[test]
    fn tags_are_encoded() {
        assert_eq!(encoded([("frames", "1 5-9"), ("a&b", "=")]), "frames=1%205%2D9&a%26b=%3D");
    }
}
