//! YAML as a person reads it and as CloudFormation takes it.
//!
//! CloudFormation, and most tools around it, read YAML 1.1: there a bare `2012-10-17` is a date,
//! `on` is true and `0123` is eighty-three. serde's writer quotes what YAML 1.2 would misread and
//! no more, so the text is written here: what is not plainly a word is quoted.

use serde_yaml::Value as Yaml;
use serde_yaml::value::TaggedValue;

use crate::template::TemplateError;

/// Columns that a short list may take before each of its items gets a line.
const WIDTH: usize = 100;
const STEP: usize = 2;

/// Writes what stands under a key, with the line's end: on the same line where that fits, else
/// on lines of its own, `indent` spaces in. `path` names the place in errors.
pub(super) fn under_key(
    out: &mut String,
    value: &Yaml,
    indent: usize,
    path: &str,
) -> Result<(), TemplateError> {
    let (tag, value) = untag(value, path)?;
    if let Some(tag) = &tag {
        out.push(' ');
        out.push_str(tag);
    }
    match value {
        Yaml::Mapping(mapping) if !mapping.is_empty() => {
            out.push('\n');
            entries(out, mapping, indent, path)
        }
        Yaml::Sequence(items) if !items.is_empty() => {
            if let Some(short) = tag.as_ref().and_then(|_| in_line(value))
                && short.len() + indent < WIDTH
            {
                out.push(' ');
                out.push_str(&short);
                out.push('\n');
                return Ok(());
            }
            out.push('\n');
            list(out, items, indent, path)
        }
        scalar => {
            out.push(' ');
            out.push_str(&text_of(scalar, indent, path)?);
            out.push('\n');
            Ok(())
        }
    }
}

/// Writes a mapping's entries, each on a line of its own.
pub(super) fn entries(
    out: &mut String,
    mapping: &serde_yaml::Mapping,
    indent: usize,
    path: &str,
) -> Result<(), TemplateError> {
    for (at, (key, value)) in mapping.iter().enumerate() {
        // The first entry of an item stands behind the item's dash.
        if at > 0 || out.ends_with('\n') {
            pad(out, indent);
        }
        entry(out, key, value, indent, path)?;
    }
    Ok(())
}

/// Writes one entry. The caller has written the indentation.
pub(super) fn entry(
    out: &mut String,
    key: &Yaml,
    value: &Yaml,
    indent: usize,
    path: &str,
) -> Result<(), TemplateError> {
    let Yaml::String(key) = key else {
        return Err(TemplateError::Key(path.to_owned()));
    };
    out.push_str(&quoted(key));
    out.push(':');
    under_key(out, value, indent + STEP, &format!("{path}.{key}"))
}

fn list(out: &mut String, items: &[Yaml], indent: usize, path: &str) -> Result<(), TemplateError> {
    for (at, item) in items.iter().enumerate() {
        if at > 0 || out.ends_with('\n') {
            pad(out, indent);
        }
        out.push('-');
        let path = format!("{path}[{at}]");
        match item {
            Yaml::Mapping(mapping) if !mapping.is_empty() => {
                out.push(' ');
                entries(out, mapping, indent + STEP, &path)?;
            }
            Yaml::Sequence(items) if !items.is_empty() => {
                out.push(' ');
                list(out, items, indent + STEP, &path)?;
            }
            other => under_key(out, other, indent + STEP, &path)?,
        }
    }
    Ok(())
}

/// A tag stands in front of a value, and only one of them.
fn untag<'a>(value: &'a Yaml, path: &str) -> Result<(Option<String>, &'a Yaml), TemplateError> {
    match value {
        Yaml::Tagged(tagged) if matches!(tagged.value, Yaml::Tagged(_)) => {
            Err(TemplateError::TagOnTag(path.to_owned()))
        }
        Yaml::Tagged(tagged) => Ok((Some(tagged.tag.to_string()), &tagged.value)),
        value => Ok((None, value)),
    }
}

/// A list of scalars in brackets; none where something in it wants lines of its own.
fn in_line(value: &Yaml) -> Option<String> {
    match value {
        Yaml::Sequence(items) => {
            let items: Option<Vec<String>> = items.iter().map(in_line).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Yaml::Tagged(tagged) => {
            let TaggedValue { tag, value } = tagged.as_ref();
            match value {
                Yaml::Tagged(_) => None,
                value => Some(format!("{tag} {}", in_line(value)?)),
            }
        }
        // Brackets end a bare word at more characters than a line does; older readers trip over
        // a colon too, as in `AWS::NoValue`.
        Yaml::String(text) if text.contains(['\n', '\r']) => None,
        Yaml::String(text) if text.contains([',', '[', ']', '{', '}', ':', '?']) => Some(marked(text)),
        Yaml::String(text) => Some(quoted(text)),
        Yaml::Bool(truth) => Some(truth.to_string()),
        Yaml::Number(number) if is_finite(number) => Some(number.to_string()),
        Yaml::Mapping(mapping) if mapping.is_empty() => Some("{}".to_owned()),
        Yaml::Null | Yaml::Number(_) | Yaml::Mapping(_) => None,
    }
}

fn text_of(scalar: &Yaml, indent: usize, path: &str) -> Result<String, TemplateError> {
    Ok(match scalar {
        Yaml::Bool(truth) => truth.to_string(),
        Yaml::Number(number) if is_finite(number) => number.to_string(),
        Yaml::String(text) if fits_a_block(text) => block(text, indent),
        Yaml::String(text) => quoted(text),
        Yaml::Sequence(_) => "[]".to_owned(),
        Yaml::Mapping(_) => "{}".to_owned(),
        Yaml::Null | Yaml::Number(_) | Yaml::Tagged(_) => {
            return Err(TemplateError::NoValue(path.to_owned()));
        }
    })
}

fn is_finite(number: &serde_yaml::Number) -> bool {
    number.as_f64().is_none_or(f64::is_finite)
}

/// Text of several lines that a block shows as it is: nothing that a block would change.
fn fits_a_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && body.lines().all(|line| !line.ends_with([' ', '\t']) && line.chars().all(is_printable))
}

fn block(text: &str, indent: usize) -> String {
    let mut out = String::from(if text.ends_with('\n') { "|" } else { "|-" });
    for line in text.lines() {
        out.push('\n');
        if !line.is_empty() {
            pad(&mut out, indent);
            out.push_str(line);
        }
    }
    out
}

fn quoted(text: &str) -> String {
    if is_word(text) { text.to_owned() } else { marked(text) }
}

/// In single quotes, or in double ones where a character must be escaped.
fn marked(text: &str) -> String {
    if text.chars().all(is_printable) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) <= 0xff => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// What YAML takes inside single quotes and gives back unchanged. Line ends of other alphabets
/// and the byte order mark are not among it.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        && u32::from(c) & 0xfffe != 0xfffe
}

/// Whether a bare text is a text to every reader: it starts with a letter (or is a path), holds
/// nothing that ends or opens something, and is no word for true, false or nothing.
fn is_word(text: &str) -> bool {
    const TAKEN: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"];
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '$');
    starts
        && !TAKEN.contains(&text.to_ascii_lowercase().as_str())
        && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}
