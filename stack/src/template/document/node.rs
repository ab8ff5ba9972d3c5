//! A value in a template: plain data with functions in it.

use std::collections::BTreeMap;

use serde_json::Number;

use super::Piece;

/// A value, or what CloudFormation works out to one.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Node {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<Node>),
    /// Values by key.
    Map(BTreeMap<String, Node>),
    /// What is worked out.
    Function(Box<Function>),
}

/// The functions that are read, named as CloudFormation names them.
#[derive(Debug, Clone, PartialEq)]
pub enum Function {
    /// A parameter's value, a pseudo parameter, or what a resource is known by.
    Ref(String),
    /// An attribute of a resource.
    GetAtt {
        /// Logical id of the resource.
        id: String,
        /// Name of the attribute.
        attribute: String,
    },
    /// Text with variables in it.
    Sub {
        /// The text, taken apart.
        pieces: Vec<Piece>,
        /// Variables that stand for values of their own.
        variables: BTreeMap<String, Node>,
    },
    /// Items with a text between each two.
    Join {
        /// That text.
        separator: String,
        /// A list, or what yields one.
        items: Node,
    },
    /// The item of this index, the first being 0.
    Select {
        /// A number, or what yields one.
        index: Node,
        /// A list, or what yields one.
        items: Node,
    },
    /// A text taken apart at a separator.
    Split {
        /// The separator.
        separator: String,
        /// A text, or what yields one.
        text: Node,
    },
    /// The zones of a region; an empty text is the stack's own.
    GetAZs(Node),
    /// One of two values.
    If {
        /// Name of the condition.
        condition: String,
        /// The value where it holds.
        then: Node,
        /// The value where it does not.
        otherwise: Node,
    },
}

/// What a condition asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// Whether two values are the same.
    Equals(Node, Node),
    /// Whether the other one does not hold.
    Not(Box<Predicate>),
    /// Whether all of them hold.
    And(Vec<Predicate>),
    /// Whether one of them holds.
    Or(Vec<Predicate>),
    /// Whether the condition of this name holds.
    Condition(String),
}

impl Node {
    /// The value under a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.get(key),
            _ => None,
        }
    }

    /// The text, where this is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The function, where this is one.
    pub fn function(&self) -> Option<&Function> {
        match self {
            Self::Function(function) => Some(function),
            _ => None,
        }
    }

    /// Looks at this and at everything in it, from the outside in, each with its path.
    pub fn walk(&self, path: &str, look: &mut dyn FnMut(&str, &Self)) {
        look(path, self);
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => {}
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    item.walk(&format!("{path}[{at}]"), look);
                }
            }
            Self::Map(entries) => {
                for (key, value) in entries {
                    value.walk(&format!("{path}.{key}"), look);
                }
            }
            Self::Function(function) => {
                for argument in function.arguments() {
                    argument.walk(path, look);
                }
            }
        }
    }
}

impl Function {
    /// The values in it.
    pub fn arguments(&self) -> Vec<&Node> {
        match self {
            Self::Ref(_) | Self::GetAtt { .. } => Vec::new(),
            Self::Sub { variables, .. } => variables.values().collect(),
            Self::Join { items, .. } => vec![items],
            Self::Select { index, items } => vec![index, items],
            Self::Split { text, .. } => vec![text],
            Self::GetAZs(region) => vec![region],
            Self::If { then, otherwise, .. } => vec![then, otherwise],
        }
    }

    /// The parameters, pseudo parameters and resources that it names itself, each with the
    /// attribute that is asked for. What its arguments name is not among them.
    pub fn names(&self) -> Vec<(&str, Option<&str>)> {
        match self {
            Self::Ref(name) => vec![(name, None)],
            Self::GetAtt { id, attribute } => vec![(id, Some(attribute))],
            Self::Sub { pieces, variables } => pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Variable { name, attribute: None } if variables.contains_key(name) => None,
                    Piece::Variable { name, attribute } => Some((name.as_str(), attribute.as_deref())),
                    Piece::Text(_) => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl Predicate {
    /// The values that it compares, and the conditions that it names.
    pub fn parts(&self) -> (Vec<&Node>, Vec<&str>) {
        match self {
            Self::Equals(left, right) => (vec![left, right], Vec::new()),
            Self::Not(inner) => inner.parts(),
            Self::Condition(name) => (Vec::new(), vec![name]),
            Self::And(all) | Self::Or(all) => {
                let (mut values, mut names) = (Vec::new(), Vec::new());
                for inner in all {
                    let (more, named) = inner.parts();
                    values.extend(more);
                    names.extend(named);
                }
                (values, names)
            }
        }
    }
}
