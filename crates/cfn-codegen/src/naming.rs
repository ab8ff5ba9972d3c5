//! What becomes a type of its own, and its name. A definition is called what AWS calls it; what has
//! no name in the schema is called after its property, with its owner before it where two
//! properties would take one name. The resource's own properties come first.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};

use crate::names;
use crate::schema::{Node, Schema, Types};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// Text of which all values are known.
    Enum,
    /// Any JSON.
    Json,
    /// Properties with known names.
    Object,
    /// Exactly one of several properties.
    Union,
    /// Several.
    List,
    /// Several by key.
    Map,
}

/// Says what a node is.
///
/// # Errors
/// It is something that this crate has not met.
pub fn sort(node: &Node) -> Result<Sort> {
    let types = &node.types;
    if !node.one_of.is_empty() && node.properties.is_empty() {
        return Ok(Sort::Union);
    }
    if !node.properties.is_empty() {
        return Ok(Sort::Object);
    }
    if types.allows("object") {
        return match node.pattern_properties.len() {
            0 => Ok(Sort::Json),
            1 => Ok(Sort::Map),
            _ => bail!("a map with several patterns for its keys"),
        };
    }
    if types.is("array") {
        return Ok(Sort::List);
    }
    if types.is("string") {
        let listed = !node.values.is_empty() || node.constant.is_some();
        return Ok(if listed { Sort::Enum } else { Sort::Text });
    }
    if types.is("integer") {
        return Ok(Sort::Integer);
    }
    if types.is("number") {
        return Ok(Sort::Number);
    }
    if types.is("boolean") {
        return Ok(Sort::Boolean);
    }
    match types {
        // AWS takes anything there.
        Types::None => Ok(Sort::Json),
        types => bail!("a value of {types}"),
    }
}

/// AWS's words for the values of an enum.
///
/// # Errors
/// One is no text, or two would get one name.
pub fn words(node: &Node) -> Result<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    for value in node.values.iter().chain(&node.constant) {
        let word = value.as_str().context("an enum's value that is no text")?;
        if let Some(other) = words.iter().find(|other| names::of_variant(other) == names::of_variant(word)) {
            if other == word {
                continue;
            }
            bail!("the values {other} and {word} would both be called {}", names::of_variant(word));
        }
        words.push(word.to_owned());
    }
    Ok(words)
}

/// The key of what lies in a property.
pub fn below(key: &str, property: &str) -> String {
    format!("{key}/{property}")
}

/// Names of types by their keys: a definition's name, or the path to what has none.
#[derive(Debug, Default)]
pub struct Names {
    by_key: BTreeMap<String, String>,
}

impl Names {
    /// The name of the type with this key.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, key: &str) -> Result<String> {
        Ok(self.by_key.get(key).with_context(|| format!("{key} has no name"))?.clone())
    }

    /// Whether something has this name.
    pub fn taken(&self, name: &str) -> bool {
        self.by_key.values().any(|taken| taken == name)
    }
}

struct Nameless<'a> {
    key: String,
    owner: String,
    node: &'a Node,
}

/// Names everything that is reachable from the resource.
///
/// # Errors
/// Two things would get one name.
pub fn names(schema: &Schema, resource: &str) -> Result<Names> {
    let mut walk = Walk { schema, named: BTreeSet::new(), nameless: BTreeMap::new() };
    walk.properties("", "", &schema.shape)?;
    let mut names = Names::default();
    for definition in walk.named {
        let name = names::of_type(&definition);
        if name == resource || names.taken(&name) {
            bail!("two things would be called {name}");
        }
        names.by_key.insert(definition, name);
    }
    let mut prefixed = Vec::new();
    for (short, found) in walk.nameless {
        let same = found.iter().zip(found.iter().skip(1)).all(|(one, next)| one.node == next.node);
        let free = short != resource && !names.taken(&short);
        for one in found {
            if free && (same || one.owner.is_empty()) {
                names.by_key.insert(one.key, short.clone());
            } else {
                let owner = if one.owner.is_empty() { resource } else { &one.owner };
                prefixed.push((one.key, format!("{owner}{short}")));
            }
        }
    }
    for (key, name) in prefixed {
        if name == resource || names.taken(&name) {
            bail!("two things would be called {name}");
        }
        names.by_key.insert(key, name);
    }
    Ok(names)
}

struct Walk<'a> {
    schema: &'a Schema,
    named: BTreeSet<String>,
    nameless: BTreeMap<String, Vec<Nameless<'a>>>,
}

impl<'a> Walk<'a> {
    fn properties(&mut self, key: &str, owner: &str, node: &'a Node) -> Result<()> {
        let branches = node.one_of.iter().flat_map(|branch| &branch.properties);
        for (property, node) in node.properties.iter().chain(branches) {
            self.value(&below(key, property), owner, property, node)
                .with_context(|| format!("{owner}.{property}"))?;
        }
        Ok(())
    }

    fn value(&mut self, key: &str, owner: &str, property: &str, node: &'a Node) -> Result<()> {
        let schema = self.schema;
        let (definition, target) = schema.resolve(node)?;
        let (key, short) = match definition {
            Some(name) => (name, names::of_type(name)),
            None => (key, names::of_type(property)),
        };
        let sort = sort(target)?;
        if matches!(sort, Sort::Object | Sort::Union | Sort::Enum) {
            if definition.is_some() {
                if !self.named.insert(key.to_owned()) {
                    return Ok(());
                }
            } else {
                let one = Nameless { key: key.to_owned(), owner: owner.to_owned(), node: target };
                self.nameless.entry(short.clone()).or_default().push(one);
            }
        }
        match sort {
            Sort::Object | Sort::Union => self.properties(key, &short, target),
            Sort::List => match target.items.as_deref() {
                Some(items) => self.value(&below(key, "*"), owner, property, items),
                None => Ok(()),
            },
            Sort::Map => match target.pattern_properties.values().next() {
                Some(values) => self.value(&below(key, "*"), owner, property, values),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
