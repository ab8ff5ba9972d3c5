//! Tags: read from the header or the request's list, and refused where AWS refuses them.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::error::StoreError;

const MAX_TAGS: usize = 10;
const MAX_KEY_CHARACTERS: usize = 128;
const MAX_VALUE_CHARACTERS: usize = 256;

/// The `x-amz-tagging` header: `key=value&key=value`, URL-encoded as in a form.
pub(super) fn parse_header(header: &str) -> Result<BTreeMap<String, String>, StoreError> {
    let pairs = header.split('&').filter(|pair| !pair.is_empty());
    let decoded: Result<Vec<_>, _> = pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(key)?, decode(value)?))
        })
        .collect();
    check(decoded?)
}

fn decode(text: &str) -> Result<String, StoreError> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| {
        StoreError::refused(
            "InvalidArgument",
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters \
             without tag name duplicates.",
        )
    })?;
    Ok(decoded.into_owned())
}

/// All tags of one object, if AWS would take them.
pub(super) fn check(tags: Vec<(String, String)>) -> Result<BTreeMap<String, String>, StoreError> {
    if tags.len() > MAX_TAGS {
        return Err(StoreError::refused(
            "BadRequest",
            format!("Object tags cannot be greater than {MAX_TAGS}: {} given.", tags.len()),
        ));
    }
    let mut checked = BTreeMap::new();
    for (key, value) in tags {
        let characters = key.chars().count();
        if characters == 0 || characters > MAX_KEY_CHARACTERS || !key.chars().all(allowed) {
            return Err(invalid(format!("The TagKey you have provided is invalid: `{key}`")));
        }
        if key.starts_with("aws:") {
            return Err(invalid(format!("System tags cannot be added/updated by requester: `{key}`")));
        }
        if value.chars().count() > MAX_VALUE_CHARACTERS || !value.chars().all(allowed) {
            return Err(invalid(format!("The TagValue you have provided is invalid: `{value}`")));
        }
        if let Some(twice) = checked.insert(key.clone(), value) {
            return Err(invalid(format!(
                "Cannot provide multiple Tags with the same key: `{key}` (first `{twice}`)"
            )));
        }
    }
    Ok(checked)
}

fn allowed(character: char) -> bool {
    character.is_alphanumeric() || " +-=._:/@".contains(character)
}

fn invalid(message: String) -> StoreError {
    StoreError::refused("InvalidTag", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(header: &str) -> &'static str {
        match parse_header(header) {
            Err(StoreError::Refused { code, .. }) => code,
            other => panic!("{header}: {other:?}"),
        }
    }

    #[test]
    fn the_header_is_decoded_as_a_form() {
        let tags = parse_header("frames=1+5%2010-20&f%C3%BCr=%2B%3D%2F%40").unwrap();
        assert_eq!(tags["frames"], "1 5 10-20");
        assert_eq!(tags["für"], "+=/@");
        assert_eq!(parse_header("").unwrap().len(), 0);
        assert_eq!(parse_header("lonely").unwrap()["lonely"], "");
    }

    #[test]
    fn what_aws_refuses() {
        assert_eq!(code("frames=1,5"), "InvalidTag");
        assert_eq!(code("frames=1%2C5"), "InvalidTag");
        assert_eq!(code("a=1&a=2"), "InvalidTag");
        assert_eq!(code("=1"), "InvalidTag");
        assert_eq!(code("aws:x=1"), "InvalidTag");
        assert_eq!(code("a=%FF"), "InvalidArgument");
        assert_eq!(code(&format!("{}=1", "k".repeat(129))), "InvalidTag");
        assert_eq!(code(&format!("k={}", "v".repeat(257))), "InvalidTag");
        let eleven: Vec<_> = (0..11).map(|n| format!("k{n}=v")).collect();
        assert_eq!(code(&eleven.join("&")), "BadRequest");
    }

    #[test]
    fn the_longest_are_taken() {
        let header = format!("{}={}", "ü".repeat(128), "é".repeat(256));
        assert_eq!(parse_header(&header).unwrap().len(), 1);
    }
}
