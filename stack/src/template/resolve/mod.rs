//! What a template comes to once its parameters are known: plain JSON, without functions.
//!
//! CloudFormation does this when it makes a stack; here it is done so that the loopback farm, the
//! simulation of its policies and the tests see what AWS would see. It never guesses: what a
//! reference yields is said by the caller's [`Names`], and a reference that leads nowhere is an
//! error.
//!
//! Start reading at [`resolve()`].

mod evaluate;
mod names;
mod parameters;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use self::evaluate::Evaluator;
pub use self::names::AwsNames;
pub use self::parameters::check_parameter;
pub(super) use self::parameters::default_problem;
use super::document::{Document, Predicate};
use super::graph::{self, Needs};

/// What is known when a stack is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Values of parameters, as a person would type them; those of a list separated by commas.
    pub parameters: BTreeMap<String, String>,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// `AWS::StackId`, an ARN.
    pub stack_id: String,
    /// `AWS::AccountId`, 12 digits.
    pub account_id: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::Partition`.
    pub partition: String,
    /// `AWS::URLSuffix`.
    pub url_suffix: String,
    /// What `!GetAZs` yields in this region.
    pub zones: Vec<String>,
}

impl Inputs {
    /// A stack of this name in AWS's own partition, with the zones `a`, `b` and `c`, and no
    /// parameters given.
    pub fn new(stack_name: &str, account_id: &str, region: &str) -> Self {
        let stack_id = format!(
            "arn:aws:cloudformation:{region}:{account_id}:stack/{stack_name}/00000000-0000-0000-0000-000000000000"
        );
        Self {
            parameters: BTreeMap::new(),
            stack_name: stack_name.to_owned(),
            stack_id,
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            partition: "aws".to_owned(),
            url_suffix: "amazonaws.com".to_owned(),
            zones: ["a", "b", "c"].map(|zone| format!("{region}{zone}")).to_vec(),
        }
    }

    /// Gives a parameter its value.
    #[must_use]
    pub fn with(mut self, parameter: &str, value: &str) -> Self {
        self.parameters.insert(parameter.to_owned(), value.to_owned());
        self
    }

    /// What a pseudo parameter stands for. `AWS::NoValue` stands for nothing, not even a text.
    pub(super) fn pseudo(&self, name: &str) -> Option<&str> {
        match name {
            "AWS::StackName" => Some(&self.stack_name),
            "AWS::StackId" => Some(&self.stack_id),
            "AWS::AccountId" => Some(&self.account_id),
            "AWS::Region" => Some(&self.region),
            "AWS::Partition" => Some(&self.partition),
            "AWS::URLSuffix" => Some(&self.url_suffix),
            _ => None,
        }
    }
}

/// What resources are known by, once they stand. A resource's own properties are worked out
/// before its names are asked for.
pub trait Names {
    /// What `!Ref` of it yields; none where that is not known.
    fn reference(&self, id: &str, resource: &ResolvedResource) -> Option<String>;
    /// What `!GetAtt` of it yields; none where that is not known.
    fn attribute(&self, id: &str, resource: &ResolvedResource, attribute: &str) -> Option<Json>;
}

/// A template whose every value is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Values of the parameters: a text, or a list of texts. A number is a text too, as in
    /// CloudFormation, which turns it into what the property wants.
    pub parameters: BTreeMap<String, Json>,
    /// Which conditions hold.
    pub conditions: BTreeMap<String, bool>,
    /// The resources that are made, by logical id.
    pub resources: BTreeMap<String, ResolvedResource>,
    /// Their logical ids, each after those that it needs.
    pub order: Vec<String>,
    /// The outputs that are told.
    pub outputs: BTreeMap<String, Json>,
}

/// A resource whose every value is known.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedResource {
    /// Its type: `AWS::S3::Bucket`.
    pub kind: String,
    /// What it is made with. What came to `AWS::NoValue` is not in it.
    pub properties: Json,
    /// Logical ids that it names as standing first, of those that are made.
    pub depends_on: Vec<String>,
    /// What stands there for readers and checkers.
    pub metadata: Json,
}

/// A template that cannot be worked out.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ResolveError {
    /// A parameter's value that its declaration does not take.
    #[error("parameter {name}: {problem}")]
    Parameter {
        /// Its name.
        name: String,
        /// What is wrong with the value, and what is allowed.
        problem: String,
    },
    /// Something at a place in the template.
    #[error("{path}: {problem}")]
    At {
        /// Where: `Resources.Bucket.Properties`.
        path: String,
        /// What is wrong there.
        problem: String,
    },
    /// Things that need each other.
    #[error("{section} need each other in a circle: {}", .circle.join(" -> "))]
    Circle {
        /// `Resources` or `Conditions`.
        section: &'static str,
        /// Each needs the next; the last is the first again.
        circle: Vec<String>,
    },
}

impl ResolveError {
    fn at(path: &str, problem: impl Into<String>) -> Self {
        Self::At { path: path.to_owned(), problem: problem.into() }
    }
}

/// Works a template out.
///
/// # Errors
/// A parameter has no value or a wrong one, a reference leads nowhere, or things need each other
/// in a circle.
pub fn resolve(document: &Document, inputs: &Inputs, names: &dyn Names) -> Result<Resolved, ResolveError> {
    let parameters = parameters::values(document, inputs)?;
    let mut evaluator = Evaluator {
        inputs,
        names,
        declared: &document.resources,
        parameters,
        conditions: BTreeMap::new(),
        made: BTreeMap::new(),
    };
    conditions(document, &mut evaluator)?;
    let order = order(document, &evaluator)?;
    for id in &order {
        let Some(declared) = document.resources.get(id) else { continue };
        let path = format!("Resources.{id}");
        let resource = ResolvedResource {
            kind: declared.kind.clone(),
            properties: evaluator.whole(&declared.properties, &format!("{path}.Properties"))?,
            depends_on: declared.depends_on.iter().filter(|other| order.contains(other)).cloned().collect(),
            metadata: evaluator.whole(&declared.metadata, &format!("{path}.Metadata"))?,
        };
        evaluator.made.insert(id.clone(), resource);
    }
    let mut outputs = BTreeMap::new();
    for (name, output) in &document.outputs {
        let path = format!("Outputs.{name}");
        if evaluator.holds(output.condition.as_deref(), &path)? {
            let value = evaluator.value(&output.value, &format!("{path}.Value"))?;
            let value = value
                .ok_or_else(|| ResolveError::at(&path, "comes to AWS::NoValue; an output needs a value"))?;
            outputs.insert(name.clone(), value);
        }
    }
    let Evaluator { parameters, conditions, made: resources, .. } = evaluator;
    Ok(Resolved { parameters, conditions, resources, order, outputs })
}

/// Works out the conditions, each after those that it names.
fn conditions(document: &Document, evaluator: &mut Evaluator<'_>) -> Result<(), ResolveError> {
    let named = |predicate: &Predicate| predicate.parts().1.into_iter().map(str::to_owned).collect();
    let needs: Needs =
        document.conditions.iter().map(|(name, predicate)| (name.clone(), named(predicate))).collect();
    let order =
        graph::order(&needs).map_err(|circle| ResolveError::Circle { section: "Conditions", circle })?;
    for name in order {
        if let Some(predicate) = document.conditions.get(&name) {
            let holds = evaluator.predicate(predicate, &format!("Conditions.{name}"))?;
            evaluator.conditions.insert(name, holds);
        }
    }
    Ok(())
}

/// The resources that are made, each after those that it needs.
fn order(document: &Document, evaluator: &Evaluator<'_>) -> Result<Vec<String>, ResolveError> {
    let mut needs = Needs::new();
    for (id, declared) in &document.resources {
        let path = format!("Resources.{id}");
        if !evaluator.holds(declared.condition.as_deref(), &path)? {
            continue;
        }
        let mut needed: BTreeSet<String> = BTreeSet::new();
        evaluator.needs(&declared.properties, &format!("{path}.Properties"), &mut needed)?;
        evaluator.needs(&declared.metadata, &format!("{path}.Metadata"), &mut needed)?;
        for other in &declared.depends_on {
            if !document.resources.contains_key(other) {
                return Err(ResolveError::at(
                    &path,
                    format!("DependsOn names `{other}`, which is no resource"),
                ));
            }
            needed.insert(other.clone());
        }
        needs.insert(id.clone(), needed);
    }
    graph::order(&needs).map_err(|circle| ResolveError::Circle { section: "Resources", circle })
}

#[cfg(test)]
mod tests;
