//! What can be told of a value before the parameters are known.

use crate::template::ParameterType;
use crate::template::document::{Document, Function, Node, Piece};

/// A value that may stand at a place.
pub(super) struct Place<'a> {
    /// Where it stands.
    pub(super) path: String,
    /// The value; never a choice, and never `AWS::NoValue`.
    pub(super) node: &'a Node,
    /// Whether it stands there under some condition only.
    pub(super) chosen: bool,
}

/// The values that may stand under keys, one below the other and separated by dots; `*` is every
/// item of a list. Of a choice both branches count. None, where the property is never there.
pub(super) fn reach<'a>(node: &'a Node, path: &str, keys: &str) -> Vec<Place<'a>> {
    let mut places = Vec::new();
    alternatives(node, path.to_owned(), false, &mut places);
    for key in keys.split('.').filter(|key| !key.is_empty()) {
        let mut below = Vec::new();
        for place in places {
            match (key, place.node) {
                ("*", Node::List(items)) => {
                    for (at, item) in items.iter().enumerate() {
                        alternatives(item, format!("{}[{at}]", place.path), place.chosen, &mut below);
                    }
                }
                (key, Node::Map(entries)) => {
                    if let Some(value) = entries.get(key) {
                        alternatives(value, format!("{}.{key}", place.path), place.chosen, &mut below);
                    }
                }
                _ => {}
            }
        }
        places = below;
    }
    places
}

fn alternatives<'a>(node: &'a Node, path: String, chosen: bool, places: &mut Vec<Place<'a>>) {
    match node.function() {
        Some(Function::If { then, otherwise, .. }) => {
            alternatives(then, path.clone(), true, places);
            alternatives(otherwise, path, true, places);
        }
        Some(Function::Ref(name)) if name == "AWS::NoValue" => {}
        _ => places.push(Place { path, node, chosen }),
    }
}

/// The items of a value that may be one thing or a list of them, as in policies.
pub(super) fn each<'a>(place: &Place<'a>) -> Vec<Place<'a>> {
    match place.node {
        Node::List(_) => reach(place.node, &place.path, "*"),
        _ => reach(place.node, &place.path, ""),
    }
}

/// The text that a value comes to, with `${...}` for what is not known yet. None where it is no
/// text, or is put together in a way that cannot be told.
pub(super) fn shape(node: &Node) -> Option<String> {
    let function = match node {
        Node::Text(text) => return Some(text.clone()),
        Node::Number(number) => return Some(number.to_string()),
        Node::Bool(truth) => return Some(truth.to_string()),
        Node::Function(function) => function.as_ref(),
        Node::Null | Node::List(_) | Node::Map(_) => return None,
    };
    match function {
        Function::Ref(name) => Some(format!("${{{name}}}")),
        Function::GetAtt { id, attribute } => Some(format!("${{{id}.{attribute}}}")),
        Function::Sub { pieces, variables } => pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.clone()),
                Piece::Variable { name, attribute: None } => match variables.get(name) {
                    Some(own) => shape(own),
                    None => Some(format!("${{{name}}}")),
                },
                Piece::Variable { name, attribute: Some(attribute) } => {
                    Some(format!("${{{name}.{attribute}}}"))
                }
            })
            .collect(),
        Function::Join { separator, items: Node::List(items) } => {
            let shapes: Option<Vec<String>> = items.iter().map(shape).collect();
            shapes.map(|shapes| shapes.join(separator))
        }
        _ => None,
    }
}

/// The resource or parameter that a value is a reference to.
pub(super) fn target(node: &Node) -> Option<&str> {
    match node.function()?.names().as_slice() {
        [(name, _)] => Some(name),
        _ => None,
    }
}

/// How a number can leave its bounds; none where it cannot, or where it cannot be told.
pub(super) fn outside(document: &Document, node: &Node, least: i64, most: i64) -> Option<String> {
    let fits = |number: f64| number >= whole(least) && number <= whole(most);
    if let Some(number) = literal(node) {
        return (!fits(number))
            .then(|| format!("{number} is not between {least} and {most}; write a number that is"));
    }
    let Some(Function::Ref(name)) = node.function() else { return None };
    let spec = document.parameters.get(name)?;
    let bounded = spec.kind == ParameterType::Number
        && spec.min_value.is_some_and(|bound| fits(whole(bound)))
        && spec.max_value.is_some_and(|bound| fits(whole(bound)));
    let listed = !spec.allowed_values.is_empty()
        && spec
            .allowed_values
            .iter()
            .all(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).is_some_and(fits));
    (!bounded && !listed).then(|| {
        format!(
            "parameter {name} may leave {least} to {most}; make it a Number with a MinValue and a MaxValue between them"
        )
    })
}

/// The number, where one is written; CloudFormation takes a text of digits for one.
pub(super) fn literal(node: &Node) -> Option<f64> {
    match node {
        Node::Number(number) => number.as_f64(),
        Node::Text(text) => text.parse().ok(),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the bounds are AWS's limits, all far below 2^53")]
fn whole(bound: i64) -> f64 {
    bound as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
Parameters:
  Loose: {Type: Number, Default: 3}
  Held: {Type: Number, MinValue: 1, MaxValue: 10}
  Half: {Type: Number, MinValue: 1}
  Listed: {Type: String, AllowedValues: ['1', '5']}
  Wide: {Type: String, AllowedValues: [1, 50]}
Resources:
  It:
    Type: T
    Properties:
";

    /// Looks at a property of a resource in a template with parameters of every sort.
    fn with<T>(property: &str, look: impl Fn(&Document, &Node) -> T) -> T {
        let document = Document::parse(&format!("{TEMPLATE}      P: {property}")).expect("a template");
        let node = document.resources["It"].properties.get("P").expect("a property");
        look(&document, node)
    }

    #[test]
    fn a_number_is_held_to_its_bounds_wherever_it_comes_from() {
        for inside in ["1", "'10'", "!Ref Held", "!Ref Listed", "!Select [0, [x]]", "!Ref Elsewhere"] {
            assert_eq!(with(inside, |document, node| outside(document, node, 1, 10)), None, "{inside}");
        }
        for out in ["0", "'11'", "1.0e9", "!Ref Loose", "!Ref Half", "!Ref Wide"] {
            assert!(with(out, |document, node| outside(document, node, 1, 10)).is_some(), "{out}");
        }
    }

    #[test]
    fn a_text_has_a_shape() {
        for (value, expected) in [
            ("a", Some("a")),
            ("!Ref A", Some("${A}")),
            ("!GetAtt A.Arn", Some("${A.Arn}")),
            ("!Sub 'x-${A}-${A.Arn}-${!A}'", Some("x-${A}-${A.Arn}-${A}")),
            ("!Sub ['${B}/${C}', {B: !GetAtt A.Arn}]", Some("${A.Arn}/${C}")),
            ("!Join [':', [a, !Ref A]]", Some("a:${A}")),
            ("!Join [':', !Ref A]", None),
            ("!Select [0, [a]]", None),
            ("[a]", None),
        ] {
            assert_eq!(with(value, |_, node| shape(node)).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn both_branches_of_a_choice_are_reached() {
        let value = "!If [C, {A: [1, !If [D, 2, !Ref 'AWS::NoValue']]}, !Ref 'AWS::NoValue']";
        let places = with(value, |_, node| {
            let places = reach(node, "P", "A.*");
            places
                .iter()
                .map(|place| (place.path.clone(), shape(place.node), place.chosen))
                .collect::<Vec<_>>()
        });
        let place = |at: &str, number: &str| (format!("P.A[{at}]"), Some(number.to_owned()), true);
        assert_eq!(places, [place("0", "1"), place("1", "2")]);
    }
}
