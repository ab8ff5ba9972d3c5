//! What is in a template, as it is put together.

use std::marker::PhantomData;

use serde::Serialize;
use serde_yaml::{Mapping, Value as Yaml};

use super::{ParameterSpec, TemplateError};
use crate::cfn::{Condition, Handle, Parameter, Resource, Value};

/// A template that is being written. Everything keeps the order in which it was added.
#[derive(Debug, Default, Clone)]
pub struct Template {
    /// What it says about itself in the console.
    pub description: String,
    /// What its metadata says to readers and checkers. The console's headings for the parameters
    /// are written beside it.
    pub metadata: Mapping,
    pub(super) parameters: Vec<(String, ParameterSpec)>,
    pub(super) conditions: Mapping,
    pub(super) resources: Mapping,
    pub(super) outputs: Mapping,
    /// What the generated types found wrong with literals.
    pub(super) problems: Vec<String>,
}

/// What stands beside a resource's properties.
#[derive(Debug, Default, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attributes {
    /// Logical ids that must stand first and are not referred to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// Name of the condition under which the resource is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What happens to it with the stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// What happens to it when another takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_replace_policy: Option<DeletionPolicy>,
    /// For readers and checkers, such as a waiver and its reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Yaml>,
}

/// What becomes of a resource that the template no longer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum DeletionPolicy {
    /// It goes.
    Delete,
    /// It stays.
    Retain,
    /// It stays, unless the very creation that made it is rolled back.
    RetainExceptOnCreate,
}

/// What a condition asks. Serialized with short tags.
#[derive(Debug, Clone, Serialize)]
pub enum Test {
    /// Whether two values are the same.
    Equals(Yaml, Yaml),
    /// Whether the other one does not hold.
    Not(Vec<Test>),
    /// Whether all of two to ten hold.
    And(Vec<Test>),
    /// Whether one of two to ten holds.
    Or(Vec<Test>),
    /// Whether another condition holds.
    Condition(String),
}

/// What the stack tells who deployed it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    value: Yaml,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<R> {
    #[serde(rename = "Type")]
    kind: &'static str,
    #[serde(flatten)]
    attributes: Attributes,
    properties: R,
}

impl Test {
    /// Whether a parameter was given, its default being empty.
    ///
    /// # Errors
    /// YAML cannot hold it; it can.
    pub fn given<T: Serialize>(parameter: &Parameter<T>) -> Result<Self, TemplateError> {
        let empty = Self::Equals(serde_yaml::to_value(parameter.value())?, Yaml::from(""));
        Ok(Self::Not(vec![empty]))
    }
}

impl Template {
    /// An empty template that says this of itself.
    pub fn new(description: &str) -> Self {
        Self { description: description.to_owned(), ..Self::default() }
    }

    /// Adds a resource.
    ///
    /// # Errors
    /// The logical id is taken or not made of letters and digits, or YAML cannot hold a value.
    pub fn add<R: Resource>(&mut self, id: &str, resource: R) -> Result<Handle<R>, TemplateError> {
        self.add_with(id, resource, Attributes::default())
    }

    /// Adds a resource with attributes beside its properties.
    ///
    /// # Errors
    /// As for [`Template::add`].
    pub fn add_with<R: Resource>(
        &mut self,
        id: &str,
        resource: R,
        attributes: Attributes,
    ) -> Result<Handle<R>, TemplateError> {
        self.problems.extend(resource.problems().into_iter().map(|problem| format!("{id}: {problem}")));
        let entry = Entry { kind: R::TYPE, attributes, properties: resource };
        insert(&mut self.resources, id, &entry)?;
        Ok(Handle::new(id))
    }

    /// Adds a parameter that stands for a `T`.
    ///
    /// # Errors
    /// The name is taken, or not made of letters and digits.
    pub fn parameter<T>(&mut self, name: &str, spec: ParameterSpec) -> Result<Parameter<T>, TemplateError> {
        check_name(name)?;
        if self.parameters.iter().any(|(taken, _)| taken == name) {
            return Err(TemplateError::Taken(name.to_owned()));
        }
        self.parameters.push((name.to_owned(), spec));
        Ok(Parameter { name: name.to_owned(), of: PhantomData })
    }

    /// Adds a condition.
    ///
    /// # Errors
    /// The name is taken, or not made of letters and digits.
    pub fn condition(&mut self, name: &str, test: &Test) -> Result<Condition, TemplateError> {
        insert(&mut self.conditions, name, test)?;
        Ok(Condition { name: name.to_owned() })
    }

    /// Adds an output. With a condition, it is there only where that holds.
    ///
    /// # Errors
    /// The name is taken, or not made of letters and digits.
    pub fn output<T: Serialize>(
        &mut self,
        name: &str,
        value: &Value<T>,
        description: &str,
        condition: Option<&Condition>,
    ) -> Result<(), TemplateError> {
        let output = Output {
            description: description.to_owned(),
            condition: condition.map(|condition| condition.name().to_owned()),
            value: serde_yaml::to_value(value)?,
        };
        insert(&mut self.outputs, name, &output)
    }
}

fn insert(section: &mut Mapping, name: &str, entry: &impl Serialize) -> Result<(), TemplateError> {
    check_name(name)?;
    if section.contains_key(name) {
        return Err(TemplateError::Taken(name.to_owned()));
    }
    section.insert(Yaml::from(name), serde_yaml::to_value(entry)?);
    Ok(())
}

fn check_name(name: &str) -> Result<(), TemplateError> {
    let fits = !name.is_empty() && name.len() <= 255 && name.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits { Ok(()) } else { Err(TemplateError::Name(name.to_owned())) }
}
