//! What will be written: resource types as Rust has them.

use std::collections::{BTreeMap, BTreeSet};

/// All services, by the name of their module.
#[derive(Debug, Default, PartialEq)]
pub struct Model {
    /// The services.
    pub services: BTreeMap<String, Service>,
}

/// A service: one module.
#[derive(Debug, Default, PartialEq)]
pub struct Service {
    /// AWS's name for it.
    pub name: String,
    /// Kinds of reference, by name.
    pub kinds: BTreeMap<String, Kind>,
    /// Its resource types.
    pub resources: Vec<Resource>,
}

/// What references are of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Its service's module.
    pub service: String,
    /// Its name.
    pub name: String,
    /// In AWS's words: `AWS::IAM::Role.Arn`.
    pub part: String,
}

/// A resource type.
#[derive(Debug, PartialEq)]
pub struct Resource {
    /// `AWS::Batch::JobQueue`.
    pub type_name: String,
    /// Its own name in Rust.
    pub name: String,
    /// What `!Ref` yields.
    pub reference: Kind,
    /// What `!GetAtt` takes.
    pub attributes: Vec<Attribute>,
    /// The resource itself, and then the structs that it uses.
    pub structs: Vec<Struct>,
    /// Enums that it uses.
    pub enums: Vec<Enum>,
    /// Objects that hold one of several properties.
    pub unions: Vec<Struct>,
    /// Kinds that take several.
    pub choices: Vec<Choice>,
}

/// An attribute.
#[derive(Debug, PartialEq)]
pub struct Attribute {
    /// AWS's name.
    pub name: String,
    /// What it yields.
    pub of: Type,
}

/// An object with properties.
#[derive(Debug, PartialEq)]
pub struct Struct {
    /// Its name in Rust.
    pub name: String,
    /// Its properties.
    pub fields: Vec<Field>,
    /// What holds between them.
    pub groups: Vec<Group>,
}

/// A property.
#[derive(Debug, PartialEq)]
pub struct Field {
    /// AWS's name.
    pub name: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it holds.
    pub of: Type,
    /// What literals are held to.
    pub check: Check,
    /// Whether another value replaces the resource.
    pub replaces: Replaces,
}

/// Whether another value of a property replaces the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaces {
    /// It does not.
    Never,
    /// It depends.
    Sometimes,
    /// It does.
    Always,
}

/// What a value is of.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// Any JSON.
    Json,
    /// A reference.
    Kind(Kind),
    /// A struct, an enum, a union or a choice of the resource.
    Local(String),
    /// Several.
    List(Box<Type>),
    /// Several, by keys that the author chooses.
    Map(Box<Type>),
}

/// What a literal is held to.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Check {
    /// To nothing.
    #[default]
    Nothing,
    /// Least and largest length in characters, and a pattern.
    Text(Option<u64>, Option<u64>, Option<String>),
    /// Least and largest number, and the only ones.
    Number(Option<f64>, Option<f64>, Vec<i64>),
    /// Least and largest number of items, whether each may stand once only, and what holds for each.
    List(Option<u64>, Option<u64>, bool, Box<Check>),
    /// Pattern of the keys, and what holds for each value.
    Map(Option<String>, Box<Check>),
    /// What holds for the struct or union of this name.
    Object(String),
}

/// What holds between properties.
#[derive(Debug, Clone, PartialEq)]
pub enum Group {
    /// One of these is given, and no second.
    ExactlyOne(BTreeSet<String>),
    /// One of these is given, or several.
    AtLeastOne(BTreeSet<String>),
    /// With the first, none of the others is given.
    Excludes(String, BTreeSet<String>),
    /// With the first, all of the others are given.
    Needs(String, BTreeSet<String>),
}

/// An enum.
#[derive(Debug, PartialEq)]
pub struct Enum {
    /// Its name in Rust.
    pub name: String,
    /// AWS's words.
    pub values: Vec<String>,
}

/// A kind that takes several.
#[derive(Debug, PartialEq)]
pub struct Choice {
    /// Its name in Rust.
    pub name: String,
    /// In AWS's words: the property that it is of.
    pub part: String,
    /// The kinds.
    pub kinds: BTreeSet<Kind>,
    /// Resource types whose reference is one of them, as service and name.
    pub resources: BTreeSet<(String, String)>,
}
