//! What stands where CloudFormation expects a value: a literal, or an expression that
//! CloudFormation works out.
//!
//! The type parameter says what the value is of. A queue's ARN is a `Value<JobQueueArn>`, a role's
//! a `Value<RoleArn>`, so one cannot be wired where the other is wanted.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Serialize, Serializer};
use serde_yaml::Value as Yaml;

/// A literal or an expression of a `T`.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<T> {
    /// The value itself.
    Literal(T),
    /// What CloudFormation works out.
    Expression(Expression),
}

/// CloudFormation's functions, as far as the farm uses them. Serialized with their short tags.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Expression {
    /// `!Ref`: a parameter's value, or what a resource is known by.
    Ref(String),
    /// `!GetAtt`: `LogicalId.Attribute`.
    GetAtt(String),
    /// `!Sub`: text with `${...}` in it.
    Sub(String),
    /// `!Join`: a separator, and what it joins.
    Join(String, Vec<Yaml>),
    /// `!Select`: the item of this index in a list.
    Select(u32, Yaml),
    /// `!GetAZs`: the zones of a region; empty is the stack's own.
    GetAZs(String),
    /// `!If`: a condition's name, the value if it holds, and the other one.
    If(String, Yaml, Yaml),
}

/// What a reference to a resource stands for: its ARN, its name, its id. Generated.
pub trait Kind: Serialize + Clone {
    /// The kind in the words of an error: `AWS::IAM::Role.Arn`.
    const NAME: &'static str;
    /// Takes a literal for one of these. Its pattern, where one is known, is checked with the
    /// resource that it is used in.
    fn literal(text: &str) -> Self;
}

impl<T> Value<T> {
    /// The literal, where it is one.
    pub const fn as_literal(&self) -> Option<&T> {
        match self {
            Self::Literal(literal) => Some(literal),
            Self::Expression(_) => None,
        }
    }
}

impl Value<String> {
    /// `!Sub`: text with `${Parameter}`, `${Resource}`, `${Resource.Attribute}` or
    /// `${AWS::Region}` in it.
    pub fn sub(text: impl Into<String>) -> Self {
        Self::Expression(Expression::Sub(text.into()))
    }

    /// Says of a text that it names a `K`: for names that are computed, where no reference can
    /// stand.
    pub fn assume<K: Kind>(self) -> Value<K> {
        match self {
            Self::Literal(text) => Value::Literal(K::literal(&text)),
            Self::Expression(expression) => Value::Expression(expression),
        }
    }
}

impl<T: Serialize> Value<T> {
    /// `!If` with two values.
    ///
    /// # Errors
    /// A value that YAML cannot hold; none of ours is one.
    pub fn choose(condition: &Condition, then: &Self, otherwise: &Self) -> Result<Self, serde_yaml::Error> {
        Ok(Self::Expression(Expression::If(
            condition.name.clone(),
            serde_yaml::to_value(then)?,
            serde_yaml::to_value(otherwise)?,
        )))
    }

    /// `!If` with a value, and else no property at all.
    ///
    /// # Errors
    /// As for [`Value::choose`].
    pub fn only_if(condition: &Condition, then: &Self) -> Result<Self, serde_yaml::Error> {
        Self::choose(condition, then, &Self::Expression(Expression::Ref("AWS::NoValue".to_owned())))
    }
}

impl<T: Serialize> Serialize for Value<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Literal(literal) => literal.serialize(serializer),
            Self::Expression(expression) => expression.serialize(serializer),
        }
    }
}

impl<T> From<T> for Value<T> {
    fn from(literal: T) -> Self {
        Self::Literal(literal)
    }
}

impl From<&str> for Value<String> {
    fn from(literal: &str) -> Self {
        Self::Literal(literal.to_owned())
    }
}

/// Any kind of name is a text; a text is not any kind of name.
impl<K: Kind> From<Value<K>> for Value<String>
where
    String: From<K>,
{
    fn from(value: Value<K>) -> Self {
        match value {
            Value::Literal(literal) => Self::Literal(literal.into()),
            Value::Expression(expression) => Self::Expression(expression),
        }
    }
}

/// A list of values, or an expression that yields one.
#[derive(Debug, Clone, PartialEq)]
pub enum List<T> {
    /// The items.
    Items(Vec<Value<T>>),
    /// What CloudFormation works out: a parameter that is a list, a choice.
    Expression(Expression),
}

impl<T: Serialize> List<T> {
    /// `!If` with two lists.
    ///
    /// # Errors
    /// As for [`Value::choose`].
    pub fn choose(condition: &Condition, then: &Self, otherwise: &Self) -> Result<Self, serde_yaml::Error> {
        Ok(Self::Expression(Expression::If(
            condition.name.clone(),
            serde_yaml::to_value(then)?,
            serde_yaml::to_value(otherwise)?,
        )))
    }
}

impl<T: Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Items(items) => items.serialize(serializer),
            Self::Expression(expression) => expression.serialize(serializer),
        }
    }
}

impl<T, V: Into<Value<T>>, const N: usize> From<[V; N]> for List<T> {
    fn from(items: [V; N]) -> Self {
        Self::Items(items.into_iter().map(Into::into).collect())
    }
}

impl<T, V: Into<Value<T>>> From<Vec<V>> for List<T> {
    fn from(items: Vec<V>) -> Self {
        Self::Items(items.into_iter().map(Into::into).collect())
    }
}

/// Values by keys that the author chooses, in the order of the keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Map<T>(pub BTreeMap<String, Value<T>>);

impl<T, V: Into<Value<T>>, const N: usize> From<[(&str, V); N]> for Map<T> {
    fn from(entries: [(&str, V); N]) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect())
    }
}

/// A condition of the template, to be named in `!If` and on resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its name in the template.
    pub(crate) name: String,
}

impl Condition {
    /// Its name in the template.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A parameter of the template that stands for a `T`.
#[derive(Debug, Clone)]
pub struct Parameter<T> {
    /// Its name in the template.
    pub(crate) name: String,
    pub(crate) of: PhantomData<T>,
}

impl<T> Parameter<T> {
    /// Its name in the template.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `!Ref` of it.
    pub fn value(&self) -> Value<T> {
        Value::Expression(Expression::Ref(self.name.clone()))
    }
}

impl<T> Parameter<Vec<T>> {
    /// `!Ref` of it, where a list is wanted.
    pub fn list(&self) -> List<T> {
        List::Expression(Expression::Ref(self.name.clone()))
    }
}
