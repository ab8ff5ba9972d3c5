//! The text of `!Sub`, taken apart.

/// A piece of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text that stays.
    Text(String),
    /// `${Name}` or `${Name.Attribute}`.
    Variable {
        /// A parameter, a pseudo parameter, a resource, or a variable of the function's own.
        name: String,
        /// The resource's attribute.
        attribute: Option<String>,
    },
}

/// Takes a text apart. `${!Name}` stays, as `${Name}`.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        plain.push_str(before);
        let Some((inside, after)) = after.split_once('}') else {
            return Err(format!("`${{{after}` has no closing brace"));
        };
        rest = after;
        if let Some(kept) = inside.strip_prefix('!') {
            plain.push_str(&format!("${{{kept}}}"));
            continue;
        }
        let inside = inside.trim();
        let (name, attribute) = match inside.split_once('.') {
            Some((name, attribute)) => (name, Some(attribute.to_owned())),
            None => (inside, None),
        };
        let fits =
            |word: &str| !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "${}".contains(c));
        if !fits(name) || !attribute.as_deref().is_none_or(fits) {
            return Err(format!(
                "`${{{inside}}}` names nothing; write ${{Name}}, ${{Resource.Attribute}}, or ${{!text}} for the text itself"
            ));
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(Piece::Variable { name: name.to_owned(), attribute });
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, attribute: Option<&str>) -> Piece {
        Piece::Variable { name: name.to_owned(), attribute: attribute.map(str::to_owned) }
    }

    #[test]
    fn a_text_is_taken_apart() {
        let text = |text: &str| Piece::Text(text.to_owned());
        for (whole, expected) in [
            ("", vec![]),
            ("$5 {a}", vec![text("$5 {a}")]),
            ("${A}", vec![variable("A", None)]),
            ("a${AWS::Region}b", vec![text("a"), variable("AWS::Region", None), text("b")]),
            ("${A.Arn}/*", vec![variable("A", Some("Arn")), text("/*")]),
            ("${!A}${A}", vec![text("${A}"), variable("A", None)]),
        ] {
            assert_eq!(pieces(whole).as_deref(), Ok(expected.as_slice()), "{whole}");
        }
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for whole in ["${", "${A", "${}", "${ }", "${A.}", "${.B}", "${A B}", "a${${A}}"] {
            assert!(pieces(whole).is_err(), "{whole}");
        }
    }
}
