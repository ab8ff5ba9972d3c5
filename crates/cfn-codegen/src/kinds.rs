//! Which kinds of reference there are: what `!Ref` yields, what attributes yield, and what
//! properties want.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use crate::model::Kind;
use crate::names;
use crate::schema::{Node, Schema};

/// All kinds of a set of schemas.
#[derive(Debug, Default)]
pub struct Kinds {
    declared: BTreeSet<Kind>,
    references: BTreeMap<String, Kind>,
}

impl Kinds {
    /// Finds them.
    ///
    /// # Errors
    /// A type's name is not of three parts.
    pub fn of(schemas: &[Schema]) -> Result<Self> {
        let mut kinds = Self::default();
        let mut wanted = BTreeSet::new();
        for schema in schemas {
            let reference = reference(schema)?;
            kinds.declare(reference.clone());
            kinds.references.insert(schema.type_name.clone(), reference);
            for node in nodes(schema) {
                let parts = parts(node);
                let found: BTreeSet<Kind> = parts.iter().map(|part| kind(part)).collect::<Result<_>>()?;
                wanted.extend(found.iter().map(|kind| (kind.service.clone(), kind.name.clone())));
                // What a property wants alone has a kind, also where its resource is not ours.
                if let [only] = found.into_iter().collect::<Vec<_>>().as_slice() {
                    kinds.declare(only.clone());
                }
            }
        }
        for schema in schemas {
            for attribute in texts(schema) {
                let own = kind(&format!("{}.{attribute}", schema.type_name))?;
                let key = (own.service.clone(), own.name.clone());
                if attribute.ends_with("Arn") || wanted.contains(&key) {
                    kinds.declare(own);
                }
            }
        }
        Ok(kinds)
    }

    /// All of them.
    pub fn declared(&self) -> impl Iterator<Item = &Kind> {
        self.declared.iter()
    }

    /// What `!Ref` of a resource yields.
    pub fn reference(&self, type_name: &str) -> Option<&Kind> {
        self.references.get(type_name)
    }

    /// The types whose reference is of this kind.
    pub fn referred(&self, kind: &Kind) -> impl Iterator<Item = &str> {
        self.references.iter().filter(move |(_, of)| *of == kind).map(|(name, _)| name.as_str())
    }

    /// The declared kind of a part, such as `AWS::IAM::Role.Arn`.
    ///
    /// # Errors
    /// The part is not written like this.
    pub fn find(&self, part: &str) -> Result<Option<&Kind>> {
        let wanted = kind(part)?;
        Ok(self.declared.iter().find(|kind| kind.service == wanted.service && kind.name == wanted.name))
    }

    /// One kind may be written in several ways; the first one stands.
    fn declare(&mut self, kind: Kind) {
        let same = |known: &Kind| known.service == kind.service && known.name == kind.name;
        if !self.declared.iter().any(same) {
            self.declared.insert(kind);
        }
    }
}

/// Module and name of a resource: `AWS::Batch::JobQueue` is `batch` and `JobQueue`.
///
/// # Errors
/// It is not a name of three parts.
pub fn split(type_name: &str) -> Result<(String, &str, &str)> {
    let mut parts = type_name.split("::");
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("AWS"), Some(service), Some(name), None) => Ok((service.to_lowercase(), service, name)),
        _ => anyhow::bail!("`{type_name}` is no type: they are written like AWS::Batch::JobQueue"),
    }
}

/// What the node wants of other resources.
pub fn parts(node: &Node) -> BTreeSet<String> {
    let formats = [node].into_iter().chain(&node.any_of).filter_map(|node| node.format.as_deref());
    // A list has a format of its own that ends in `s`; its items say the same.
    let named: BTreeSet<String> = formats
        .filter(|format| format.starts_with("AWS::") && !format.ends_with(".Ids"))
        .map(str::to_owned)
        .collect();
    if named.is_empty() { node.refers_to.clone() } else { named }
}

fn kind(part: &str) -> Result<Kind> {
    let (resource, property) = part.split_once('.').with_context(|| format!("`{part}` names no part"))?;
    let (service, _, name) = split(resource)?;
    Ok(Kind { service, name: names::of_kind(name, property), part: part.to_owned() })
}

fn reference(schema: &Schema) -> Result<Kind> {
    let parts =
        if schema.ref_identifier.is_empty() { &schema.primary_identifier } else { &schema.ref_identifier };
    match parts.as_slice() {
        [one] => kind(&format!("{}.{one}", schema.type_name)),
        // Of several parts, CloudFormation makes a text that no property takes.
        _ => kind(&format!("{}.Ref", schema.type_name)),
    }
}

/// Attributes that are text. Those of nested objects are left out, here as among the methods.
fn texts(schema: &Schema) -> impl Iterator<Item = &str> {
    let texts = schema.attributes.iter().filter(|(name, of)| *of == "string" && !name.contains('.'));
    texts.map(|(name, _)| name.as_str())
}

/// Every node of the schema.
fn nodes(schema: &Schema) -> Vec<&Node> {
    let mut open: Vec<&Node> = [&schema.shape].into_iter().chain(schema.definitions.values()).collect();
    let mut found = Vec::new();
    while let Some(node) = open.pop() {
        found.push(node);
        open.extend(node.properties.values().chain(node.pattern_properties.values()).chain(&node.one_of));
        open.extend(node.items.as_deref());
    }
    found
}

/// How many kinds these parts are of, whether declared or not.
///
/// # Errors
/// A part is not written like `AWS::IAM::Role.Arn`.
pub fn distinct(parts: &BTreeSet<String>) -> Result<BTreeSet<(String, String)>> {
    parts.iter().map(|part| kind(part).map(|kind| (kind.service, kind.name))).collect()
}
