//! From YAML to a [`Document`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Number;
use serde_yaml::value::TaggedValue;
use serde_yaml::{Mapping, Value as Yaml};

use super::substitution::pieces;
use super::{Declared, DeclaredOutput, Document, DocumentError, Function, Node, Predicate};
use crate::template::ParameterSpec;

/// How deep values may stand in each other. Every walk over a document goes as deep as it is, so
/// this is what keeps a foreign text from running a thread out of stack.
const DEPTH: usize = 60;

type Parsed<T> = Result<T, DocumentError>;

impl Document {
    /// Reads a template's text.
    ///
    /// # Errors
    /// The text is not YAML, not a template, or uses what is not read here; the error names the
    /// place.
    pub fn parse(text: &str) -> Parsed<Self> {
        let root: Yaml = serde_yaml::from_str(text)?;
        let mut document = Self { size: text.len(), ..Self::default() };
        for (section, content) in entries(&root, "the template")? {
            match section {
                "AWSTemplateFormatVersion" => {}
                "Description" => document.description = text_of(content, section)?,
                // It tells the console how to show the parameters, and nothing else reads it.
                "Metadata" => drop(node(content, section, DEPTH)?),
                "Parameters" => document.parameters = each(content, section, parameter)?,
                "Conditions" => document.conditions = each(content, section, |v, p| predicate(v, p, DEPTH))?,
                "Resources" => document.resources = each(content, section, resource)?,
                "Outputs" => document.outputs = each(content, section, output)?,
                other => {
                    return wrong(
                        other,
                        "this section is not read; there are Parameters, Conditions, Resources and Outputs",
                    );
                }
            }
        }
        Ok(document)
    }
}

fn wrong<T>(path: &str, problem: impl Into<String>) -> Parsed<T> {
    Err(DocumentError::At { path: path.to_owned(), problem: problem.into() })
}

fn entries<'a>(value: &'a Yaml, path: &str) -> Parsed<Vec<(&'a str, &'a Yaml)>> {
    let Yaml::Mapping(mapping) = value else {
        return wrong(path, "should be names with values under them");
    };
    mapping.iter().map(|(key, value)| Ok((key_of(key, path)?, value))).collect()
}

fn key_of<'a>(key: &'a Yaml, path: &str) -> Parsed<&'a str> {
    match key {
        Yaml::String(key) => Ok(key),
        _ => wrong(path, "has a key that is not a text; put it in quotes"),
    }
}

fn each<T>(
    value: &Yaml,
    section: &str,
    read: impl Fn(&Yaml, &str) -> Parsed<T>,
) -> Parsed<BTreeMap<String, T>> {
    entries(value, section)?
        .into_iter()
        .map(|(name, value)| Ok((name.to_owned(), read(value, &format!("{section}.{name}"))?)))
        .collect()
}

fn text_of(value: &Yaml, path: &str) -> Parsed<String> {
    match value {
        Yaml::String(text) => Ok(text.clone()),
        _ => wrong(path, "should be a text"),
    }
}

fn parameter(value: &Yaml, path: &str) -> Parsed<ParameterSpec> {
    let spec = ParameterSpec::deserialize(value);
    spec.or_else(|error| wrong(path, format!("is not a parameter that is read here: {error}")))
}

fn resource(value: &Yaml, path: &str) -> Parsed<Declared> {
    let mut declared = Declared::default();
    for (key, value) in entries(value, path)? {
        let path = format!("{path}.{key}");
        match key {
            "Type" => declared.kind = text_of(value, &path)?,
            "Condition" => declared.condition = Some(text_of(value, &path)?),
            "DeletionPolicy" => declared.deletion_policy = Some(text_of(value, &path)?),
            "UpdateReplacePolicy" => declared.update_replace_policy = Some(text_of(value, &path)?),
            "DependsOn" => {
                declared.depends_on = match value {
                    Yaml::Sequence(ids) => ids.iter().map(|id| text_of(id, &path)).collect::<Parsed<_>>()?,
                    one => vec![text_of(one, &path)?],
                }
            }
            "Metadata" => declared.metadata = node(value, &path, DEPTH)?,
            "Properties" => declared.properties = node(value, &path, DEPTH)?,
            _ => return wrong(&path, "is no attribute of a resource that is read here"),
        }
    }
    if declared.kind.is_empty() {
        return wrong(path, "has no Type");
    }
    Ok(declared)
}

fn output(value: &Yaml, path: &str) -> Parsed<DeclaredOutput> {
    let mut declared = DeclaredOutput { condition: None, value: Node::Null };
    for (key, value) in entries(value, path)? {
        let path = format!("{path}.{key}");
        match key {
            "Description" => drop(text_of(value, &path)?),
            "Condition" => declared.condition = Some(text_of(value, &path)?),
            "Value" => declared.value = node(value, &path, DEPTH)?,
            _ => return wrong(&path, "is no attribute of an output that is read here"),
        }
    }
    if declared.value == Node::Null {
        return wrong(path, "has no Value");
    }
    Ok(declared)
}

fn node(value: &Yaml, path: &str, depth: usize) -> Parsed<Node> {
    let Some(depth) = depth.checked_sub(1) else {
        return wrong(path, format!("stands more than {DEPTH} values deep; nothing of ours does"));
    };
    Ok(match value {
        Yaml::Null => Node::Null,
        Yaml::Bool(truth) => Node::Bool(*truth),
        Yaml::Number(number) => Node::Number(number_of(number, path)?),
        Yaml::String(text) => Node::Text(text.clone()),
        Yaml::Sequence(items) => Node::List(list(items, path, depth)?),
        Yaml::Mapping(mapping) => Node::Map(map(mapping, path, depth)?),
        Yaml::Tagged(tagged) => Node::Function(Box::new(function(tagged, path, depth)?)),
    })
}

fn number_of(number: &serde_yaml::Number, path: &str) -> Parsed<Number> {
    let whole = number.as_i64().map(Number::from).or_else(|| number.as_u64().map(Number::from));
    match whole.or_else(|| number.as_f64().and_then(Number::from_f64)) {
        Some(number) => Ok(number),
        None => wrong(path, "is a number without end"),
    }
}

fn list(items: &[Yaml], path: &str, depth: usize) -> Parsed<Vec<Node>> {
    items.iter().enumerate().map(|(at, item)| node(item, &format!("{path}[{at}]"), depth)).collect()
}

fn map(mapping: &Mapping, path: &str, depth: usize) -> Parsed<BTreeMap<String, Node>> {
    let mut entries = BTreeMap::new();
    for (key, value) in mapping {
        let key = key_of(key, path)?;
        if mapping.len() == 1 && (key == "Ref" || key.starts_with("Fn::")) {
            let tag = key.trim_start_matches("Fn::");
            return wrong(path, format!("`{key}` is the long form of a function; write it as `!{tag}`"));
        }
        entries.insert(key.to_owned(), node(value, &format!("{path}.{key}"), depth)?);
    }
    Ok(entries)
}

fn function(tagged: &TaggedValue, path: &str, depth: usize) -> Parsed<Function> {
    let tag = tagged.tag.to_string();
    let value = &tagged.value;
    let inner = |value: &Yaml| node(value, path, depth);
    Ok(match (tag.as_str(), value) {
        ("!Ref", Yaml::String(name)) => Function::Ref(name.clone()),
        ("!GetAtt", Yaml::String(name)) => match name.split_once('.') {
            Some((id, attribute)) => Function::GetAtt { id: id.to_owned(), attribute: attribute.to_owned() },
            None => return wrong(path, "`!GetAtt` takes Resource.Attribute"),
        },
        ("!Sub", Yaml::String(text)) => {
            Function::Sub { pieces: taken_apart(text, path)?, variables: BTreeMap::new() }
        }
        ("!Sub", Yaml::Sequence(items)) => match items.as_slice() {
            [Yaml::String(text), Yaml::Mapping(variables)] => {
                let variables = map(variables, path, depth)?;
                Function::Sub { pieces: taken_apart(text, path)?, variables }
            }
            _ => return wrong(path, "`!Sub` takes a text, or a text and a mapping of its variables"),
        },
        ("!Join", Yaml::Sequence(items)) => match items.as_slice() {
            [Yaml::String(separator), items] => {
                Function::Join { separator: separator.clone(), items: inner(items)? }
            }
            _ => return wrong(path, "`!Join` takes a separator and a list"),
        },
        ("!Select", Yaml::Sequence(items)) => match items.as_slice() {
            [index, items] => Function::Select { index: inner(index)?, items: inner(items)? },
            _ => return wrong(path, "`!Select` takes an index and a list"),
        },
        ("!Split", Yaml::Sequence(items)) => match items.as_slice() {
            [Yaml::String(separator), text] if !separator.is_empty() => {
                Function::Split { separator: separator.clone(), text: inner(text)? }
            }
            _ => return wrong(path, "`!Split` takes a separator and a text"),
        },
        ("!GetAZs", region) => Function::GetAZs(inner(region)?),
        ("!If", Yaml::Sequence(items)) => match items.as_slice() {
            [Yaml::String(condition), then, otherwise] => Function::If {
                condition: condition.clone(),
                then: inner(then)?,
                otherwise: inner(otherwise)?,
            },
            _ => return wrong(path, "`!If` takes a condition's name and two values"),
        },
        ("!Ref" | "!GetAtt" | "!Sub" | "!Join" | "!Select" | "!Split" | "!If", _) => {
            return wrong(path, format!("`{tag}` stands before a value that it does not take"));
        }
        ("!Equals" | "!Not" | "!And" | "!Or" | "!Condition", _) => {
            return wrong(path, format!("`{tag}` may stand under Conditions only; use `!If` here"));
        }
        _ => {
            return wrong(
                path,
                format!(
                    "`{tag}` is not read here; there are Ref, GetAtt, Sub, Join, Select, Split, GetAZs and If"
                ),
            );
        }
    })
}

fn taken_apart(text: &str, path: &str) -> Parsed<Vec<super::Piece>> {
    pieces(text).or_else(|problem| wrong(path, problem))
}

fn predicate(value: &Yaml, path: &str, depth: usize) -> Parsed<Predicate> {
    let Some(depth) = depth.checked_sub(1) else {
        return wrong(path, format!("asks more than {DEPTH} questions in each other; nothing of ours does"));
    };
    let Yaml::Tagged(tagged) = value else {
        return wrong(path, "should be one of !Equals, !Not, !And, !Or and !Condition");
    };
    let several = |items: &[Yaml]| -> Parsed<Vec<Predicate>> {
        items.iter().map(|item| predicate(item, path, depth)).collect()
    };
    Ok(match (tagged.tag.to_string().as_str(), &tagged.value) {
        ("!Condition", Yaml::String(name)) => Predicate::Condition(name.clone()),
        ("!Equals", Yaml::Sequence(items)) => match items.as_slice() {
            [left, right] => Predicate::Equals(node(left, path, depth)?, node(right, path, depth)?),
            _ => return wrong(path, "`!Equals` takes two values"),
        },
        ("!Not", Yaml::Sequence(items)) => match items.as_slice() {
            [inner] => Predicate::Not(Box::new(predicate(inner, path, depth)?)),
            _ => return wrong(path, "`!Not` takes one question"),
        },
        ("!And", Yaml::Sequence(items)) if (2..=10).contains(&items.len()) => Predicate::And(several(items)?),
        ("!Or", Yaml::Sequence(items)) if (2..=10).contains(&items.len()) => Predicate::Or(several(items)?),
        ("!And" | "!Or", _) => return wrong(path, "`!And` and `!Or` take two to ten questions"),
        (tag, _) => {
            return wrong(
                path,
                format!("`{tag}` stands before a value that it does not take, or asks nothing"),
            );
        }
    })
}

#[cfg(test)]
mod tests;
