//! What an update of the schemas means: not lines of JSON, but properties, values and ranges that
//! came, went or changed. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use crate::schema::{Node, Schema, Types};

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The resource type.
    pub of: String,
    /// The property, such as `RetryStrategy.Attempts`; empty for the type itself.
    pub place: String,
    /// What changed about it.
    pub what: What,
}

/// How something changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It is new.
    Added,
    /// It is no longer there.
    Removed,
    /// It has this now: a value of an enum, being required.
    Gained(String),
    /// It no longer has this.
    Lost(String),
    /// This fact of it was one thing, and is another.
    Became(String, String, String),
}

/// `~ AWS::Batch::JobQueue Priority: maximum 1000 -> 2000`.
impl Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.what {
            What::Added => '+',
            What::Removed => '-',
            _ => '~',
        };
        write!(f, "{sign} {}", self.of)?;
        if !self.place.is_empty() {
            write!(f, " {}", self.place)?;
        }
        match &self.what {
            What::Added | What::Removed => Ok(()),
            What::Gained(fact) => write!(f, ": now {fact}"),
            What::Lost(fact) => write!(f, ": no longer {fact}"),
            What::Became(fact, old, new) => write!(f, ": {fact} {old} -> {new}"),
        }
    }
}

/// What must be true of the new schemas and was not of the old ones, and the other way round, in
/// the order of types and places.
pub fn changes(old: &[Schema], new: &[Schema]) -> Vec<Change> {
    let (old, new) = (by_name(old), by_name(new));
    let mut found = Vec::new();
    for of in both(&old, &new) {
        match (old.get(of), new.get(of)) {
            (Some(old), Some(new)) => between(of, &facts(old), &facts(new), &mut found),
            (None, _) => found.push(Change { of: of.to_owned(), place: String::new(), what: What::Added }),
            (_, None) => found.push(Change { of: of.to_owned(), place: String::new(), what: What::Removed }),
        }
    }
    found
}

fn by_name(schemas: &[Schema]) -> BTreeMap<String, &Schema> {
    schemas.iter().map(|schema| (schema.type_name.clone(), schema)).collect()
}

fn both<'a, V, W>(old: &'a BTreeMap<String, V>, new: &'a BTreeMap<String, W>) -> BTreeSet<&'a str> {
    old.keys().chain(new.keys()).map(String::as_str).collect()
}

/// Facts by their name. One without a value either holds or does not.
type Facts = BTreeMap<String, Option<String>>;

fn between(of: &str, old: &BTreeMap<String, Facts>, new: &BTreeMap<String, Facts>, found: &mut Vec<Change>) {
    let none = Facts::new();
    let mut whole = String::new();
    for place in both(old, new) {
        // What lies within something that came or went does so with it.
        let rest = place.strip_prefix(&whole).filter(|_| !whole.is_empty());
        if rest.is_some_and(|rest| rest.starts_with(['.', '[', '{'])) {
            continue;
        }
        let mut say = |what| found.push(Change { of: of.to_owned(), place: place.to_owned(), what });
        if !place.is_empty() && !old.contains_key(place) {
            say(What::Added);
            place.clone_into(&mut whole);
            continue;
        }
        if !new.contains_key(place) {
            say(What::Removed);
            place.clone_into(&mut whole);
            continue;
        }
        let (old, new) = (old.get(place).unwrap_or(&none), new.get(place).unwrap_or(&none));
        for fact in both(old, new) {
            let named = |value: &Option<String>| match value {
                Some(value) => format!("{fact} {value}"),
                None => fact.to_owned(),
            };
            match (old.get(fact), new.get(fact)) {
                (None, Some(new)) => say(What::Gained(named(new))),
                (Some(old), None) => say(What::Lost(named(old))),
                (Some(Some(old)), Some(Some(new))) if old != new => {
                    say(What::Became(fact.to_owned(), old.clone(), new.clone()));
                }
                _ => {}
            }
        }
    }
}

/// All facts of a schema by the place that they are of.
fn facts(schema: &Schema) -> BTreeMap<String, Facts> {
    let mut places = BTreeMap::new();
    let mut own = groups(&schema.shape);
    let reference =
        if schema.ref_identifier.is_empty() { &schema.primary_identifier } else { &schema.ref_identifier };
    own.insert("reference to".to_owned(), Some(reference.join(" and ")));
    for (attribute, of) in &schema.attributes {
        own.insert(format!("attribute {attribute} of type"), Some(of.clone()));
    }
    for (fact, paths) in [
        ("read-only", &schema.read_only),
        ("create-only", &schema.create_only),
        ("create-only in part", &schema.conditional_create_only),
    ] {
        own.extend(paths.iter().map(|path| (format!("{fact} in {}", path.replace('/', ".")), None)));
    }
    places.insert(String::new(), own);
    properties("", &schema.shape, &mut places);
    for (name, definition) in &schema.definitions {
        places.insert(name.clone(), node(definition));
        properties(name, definition, &mut places);
    }
    places
}

fn properties(owner: &str, object: &Node, places: &mut BTreeMap<String, Facts>) {
    let branches = object.one_of.iter().flat_map(|branch| &branch.properties);
    for (name, property) in object.properties.iter().chain(branches) {
        let place = if owner.is_empty() { name.clone() } else { format!("{owner}.{name}") };
        let mut facts = node(property);
        if object.required.contains(name) {
            facts.insert("required".to_owned(), None);
        }
        properties(&place, property, places);
        for (step, inner) in property
            .items
            .iter()
            .map(|items| ("[]", &**items))
            .chain(property.pattern_properties.values().map(|v| ("{}", v)))
        {
            let inner_place = format!("{place}{step}");
            places.insert(inner_place.clone(), node(inner));
            properties(&inner_place, inner, places);
        }
        places.insert(place, facts);
    }
}

fn node(node: &Node) -> Facts {
    let mut facts = groups(node);
    let mut is = |fact: &str, value: Option<String>| {
        if let Some(value) = value {
            facts.insert(fact.to_owned(), Some(value));
        }
    };
    is("type", (node.types != Types::None).then(|| node.types.to_string()));
    is("definition", node.reference.clone());
    is("pattern", node.pattern.clone());
    is("format", node.format.clone());
    is("minimum", node.minimum.map(|n| n.to_string()));
    is("maximum", node.maximum.map(|n| n.to_string()));
    for (fact, value) in [
        ("least length", node.min_length),
        ("largest length", node.max_length),
        ("least items", node.min_items),
        ("largest items", node.max_items.or(node.max_unique_items)),
    ] {
        is(fact, value.map(|n| n.to_string()));
    }
    let values = node.values.iter().chain(&node.enum_case_insensitive).chain(&node.constant);
    facts.extend(values.map(|value| (format!("takes {value}"), None)));
    facts.extend(node.refers_to.iter().map(|part| (format!("wants {part}"), None)));
    facts.extend(
        node.any_of.iter().filter_map(|branch| Some((format!("wants {}", branch.format.as_ref()?), None))),
    );
    facts.extend(node.pattern_properties.keys().map(|keys| (format!("takes keys {keys}"), None)));
    if node.unique_items {
        facts.insert("without duplicates".to_owned(), None);
    }
    facts
}

/// What holds between properties.
fn groups(node: &Node) -> Facts {
    let mut facts = Facts::new();
    let listed = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let branches = |branches: &[Node]| -> BTreeSet<String> {
        branches.iter().flat_map(|branch| branch.required.iter().cloned()).collect()
    };
    for (fact, names) in [
        ("with exactly one of", node.required_xor.clone()),
        ("with exactly one of", branches(&node.one_of)),
        ("with at least one of", node.required_or.clone()),
        ("with at least one of", branches(&node.any_of)),
    ] {
        if !names.is_empty() {
            facts.insert(format!("{fact} {}", listed(&names)), None);
        }
    }
    for (name, others) in &node.dependent_excluded {
        facts.insert(format!("without {} beside {name}", listed(others)), None);
    }
    for (name, others) in &node.dependent_required {
        facts.insert(format!("with {} beside {name}", listed(others)), None);
    }
    facts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::merge;

    fn schema(name: &str, properties: serde_json::Value, required: &[&str]) -> Schema {
        merge::structure(&json!({
            "typeName": name,
            "primaryIdentifier": ["/properties/Id"],
            "properties": properties,
            "required": required,
        }))
        .unwrap()
    }

    fn told(old: &[Schema], new: &[Schema]) -> Vec<String> {
        changes(old, new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_same_schemas_have_no_difference() {
        let one = [schema("AWS::A::B", json!({"Id": {"type": "string"}}), &["Id"])];
        assert_eq!(told(&one, &one), Vec::<String>::new());
    }

    #[test]
    fn types_and_properties_come_and_go() {
        let old = [
            schema("AWS::A::Gone", json!({}), &[]),
            schema("AWS::A::Kept", json!({"Id": {"type": "string"}, "Old": {"type": "string"}}), &[]),
        ];
        let new = [
            schema(
                "AWS::A::Kept",
                json!({"Id": {"type": "string"}, "New": {"type": "array", "items": {"type": "string"}}}),
                &["Id"],
            ),
            schema("AWS::A::More", json!({}), &[]),
        ];
        assert_eq!(
            told(&old, &new),
            [
                "- AWS::A::Gone",
                "~ AWS::A::Kept Id: now required",
                "+ AWS::A::Kept New",
                "- AWS::A::Kept Old",
                "+ AWS::A::More",
            ]
        );
    }

    #[test]
    fn facts_of_a_property_change() {
        let old = json!({
            "Mode": {"type": "string", "enum": ["a", "b"]},
            "Size": {"type": "integer", "maximum": 10},
            "Names": {"type": "array", "items": {"type": "string", "pattern": "^a"}},
        });
        let new = json!({
            "Mode": {"type": "string", "enum": ["b", "c"]},
            "Size": {"type": "integer", "minimum": 1, "maximum": 20},
            "Names": {"type": "array", "uniqueItems": true, "items": {"type": "string", "pattern": "^b"}},
        });
        assert_eq!(
            told(&[schema("AWS::A::B", old, &[])], &[schema("AWS::A::B", new, &[])]),
            [
                "~ AWS::A::B Mode: no longer takes \"a\"",
                "~ AWS::A::B Mode: now takes \"c\"",
                "~ AWS::A::B Names: now without duplicates",
                "~ AWS::A::B Names[]: pattern ^a -> ^b",
                "~ AWS::A::B Size: maximum 10 -> 20",
                "~ AWS::A::B Size: now minimum 1",
            ]
        );
    }

    #[test]
    fn attributes_and_what_replaces_are_facts_too() {
        let old = schema("AWS::A::B", json!({}), &[]);
        let mut new = old.clone();
        new.attributes.insert("Arn".to_owned(), "string".to_owned());
        new.ref_identifier.push("Arn".to_owned());
        new.create_only.insert("Nested/Name".to_owned());
        assert_eq!(
            told(&[old], &[new]),
            [
                "~ AWS::A::B: now attribute Arn of type string",
                "~ AWS::A::B: now create-only in Nested.Name",
                "~ AWS::A::B: reference to Id -> Arn",
            ]
        );
    }
}
