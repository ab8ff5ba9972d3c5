//! A template's text, read back: what the checks walk and what resolution works out.
//!
//! It reads what [`Template::to_yaml`](super::Template::to_yaml) writes, YAML with short tags. A
//! text from elsewhere may be read too, or is refused with the place and the reason; it is never
//! half understood.
//!
//! Start reading at [`Document`], then [`Node`].

mod node;
mod parse;
mod substitution;

use std::collections::BTreeMap;

pub use node::{Function, Node, Predicate};
pub use substitution::Piece;

use super::ParameterSpec;

/// A template, as CloudFormation would read it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// What it says about itself.
    pub description: String,
    /// Its parameters, by name.
    pub parameters: BTreeMap<String, ParameterSpec>,
    /// Its conditions, by name.
    pub conditions: BTreeMap<String, Predicate>,
    /// Its resources, by logical id.
    pub resources: BTreeMap<String, Declared>,
    /// Its outputs, by name.
    pub outputs: BTreeMap<String, DeclaredOutput>,
    /// Bytes of its text.
    pub size: usize,
}

/// A resource as it stands in a template.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declared {
    /// Its type: `AWS::S3::Bucket`.
    pub kind: String,
    /// Logical ids that must stand first.
    pub depends_on: Vec<String>,
    /// The condition under which it is made.
    pub condition: Option<String>,
    /// What becomes of it with the stack.
    pub deletion_policy: Option<String>,
    /// What becomes of it when another takes its place.
    pub update_replace_policy: Option<String>,
    /// For readers and checkers.
    pub metadata: Node,
    /// What it is made with.
    pub properties: Node,
}

/// An output as it stands in a template.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredOutput {
    /// The condition under which it is told.
    pub condition: Option<String>,
    /// What it tells.
    pub value: Node,
}

/// A text that is not a template, or not one of the kind that is read here.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not YAML at all.
    #[error("the text is not YAML")]
    Yaml(#[from] serde_yaml::Error),
    /// Something at a place in it.
    #[error("{path}: {problem}")]
    At {
        /// Where: `Resources.Bucket.Properties`.
        path: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
}
