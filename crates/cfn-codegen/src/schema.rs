//! A resource type as it lies in `stack/schemas`: structure without prose, of two sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A resource type.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schema {
    /// `AWS::Batch::JobQueue`.
    pub type_name: String,
    /// Properties that name it, one or several.
    pub primary_identifier: Vec<String>,
    /// What `!Ref` yields, where it is not the primary identifier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ref_identifier: Vec<String>,
    /// What `!GetAtt` takes: name, and type of the value.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Paths of what AWS sets.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub read_only: BTreeSet<String>,
    /// Paths of what replaces the resource where it changes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub create_only: BTreeSet<String>,
    /// Paths of what may replace the resource where it changes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub conditional_create_only: BTreeSet<String>,
    /// Its properties.
    pub shape: Node,
    /// What the properties refer to, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub definitions: BTreeMap<String, Node>,
}

/// A JSON schema, as far as resource types use it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "these are JSON schema's keywords, and CloudFormation's beside them")]
pub struct Node {
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Types::is_empty")]
    pub types: Types,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Node>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pattern_properties: BTreeMap<String, Node>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_properties: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Node>>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub required: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub required_xor: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub required_or: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependent_excluded: BTreeMap<String, BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependent_required: BTreeMap<String, BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Node>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<Node>,
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enum_case_insensitive: Vec<Value>,
    #[serde(rename = "const", skip_serializing_if = "Option::is_none")]
    pub constant: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unique_items: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique_items: bool,
    /// What the property wants of another resource: `AWS::IAM::Role.Arn`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refers_to: BTreeSet<String>,
}

/// One type or several.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Types {
    /// None is named.
    #[default]
    None,
    /// One.
    One(String),
    /// Any of these.
    Any(Vec<String>),
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no type"),
            Self::One(one) => f.write_str(one),
            Self::Any(any) => f.write_str(&any.join(" or ")),
        }
    }
}

impl Types {
    fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether it is this one alone.
    pub fn is(&self, name: &str) -> bool {
        matches!(self, Self::One(one) if one == name)
    }

    /// Whether it may be this one.
    pub fn allows(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::One(one) => one == name,
            Self::Any(any) => any.iter().any(|one| one == name),
        }
    }
}

impl Schema {
    /// Reads one.
    ///
    /// # Errors
    /// It is not laid out as this crate writes it.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// Writes it, the same bytes each time.
    ///
    /// # Errors
    /// JSON cannot hold it.
    pub fn text(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// What the node stands for: itself, or the definition that it names.
    ///
    /// # Errors
    /// It names a definition that there is not.
    pub fn resolve<'a>(&'a self, node: &'a Node) -> Result<(Option<&'a str>, &'a Node)> {
        let Some(reference) = &node.reference else { return Ok((None, node)) };
        let name = reference
            .strip_prefix("#/definitions/")
            .with_context(|| format!("{reference} is no definition of {}", self.type_name))?;
        let definition = self
            .definitions
            .get(name)
            .with_context(|| format!("{} names a definition {name} that it has not", self.type_name))?;
        Ok((Some(name), definition))
    }
}
