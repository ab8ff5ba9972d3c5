//! What the template asks for, as far as one machine can stand for it: which keys notify, what the
//! function is given, what each job runs and how often, which events wake the function.
//!
//! The template is worked out as CloudFormation would do it, with loopback's account and region,
//! and all of the farm's wires are read from there. A wire that leads nowhere is an error here,
//! before anything is started, as it is one on AWS. Nothing here runs anything.
//!
//! Start reading at [`Blueprint::read`]; where the template comes from is in [`synthesize`].

mod bucket;
mod function;
mod jobs;
mod pattern;
mod permission;
mod rule;
mod synthesis;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use stack::template::{AwsNames, Inputs, Names as _, Resolved, ResolvedResource};

use crate::batch::Queue;

pub use bucket::{Bucket, Notification};
pub use function::Function;
pub use jobs::Definition;
pub use rule::Rule;
pub use synthesis::{Blender, NoBlender, REGION, Site, synthesize};

/// What stands here for an image, or for a function's code.
#[derive(Debug, Clone)]
pub struct Program {
    /// The executable: an image's entry point.
    pub path: PathBuf,
    /// What an image sets in the environment of its containers.
    pub environment: BTreeMap<String, String>,
}

/// The farm, as the template wires it.
#[derive(Debug)]
pub struct Blueprint {
    /// The bucket, and whom it notifies.
    pub bucket: Bucket,
    /// The function.
    pub function: Function,
    /// The queues.
    pub queues: Vec<Queue>,
    /// The job definitions.
    pub definitions: Vec<Definition>,
    /// The event rules.
    pub rules: Vec<Rule>,
    /// ARNs of the roles that programs run with.
    pub roles: BTreeSet<String>,
    /// What the stack tells who deployed it.
    pub outputs: BTreeMap<String, String>,
}

/// Why a template cannot stand here.
#[derive(Debug, thiserror::Error)]
pub enum BlueprintError {
    /// The farm cannot be written as a template.
    #[error(transparent)]
    Farm(#[from] stack::farm::FarmError),
    /// Something is wrong with the template.
    #[error(transparent)]
    Template(#[from] stack::template::UnfinishedError),
    /// The template cannot be worked out.
    #[error("the farm's template cannot be worked out")]
    Resolve(#[from] stack::template::ResolveError),
    /// A resource that cannot be stood for here.
    #[error("{id} in the farm's template: {problem}")]
    Resource {
        /// Its logical id.
        id: String,
        /// What is wrong with it.
        problem: String,
    },
    /// None of a type of which the farm has one.
    #[error("the farm's template has no {0}")]
    None(&'static str),
    /// Several of a type of which one machine can have one.
    #[error("the farm's template has more than one {0}, and one machine stands for one")]
    Several(&'static str),
}

impl Blueprint {
    /// Reads the wires of a template that is worked out. `programs` are what stands here for the
    /// images and the code that it names.
    ///
    /// # Errors
    /// A wire leads nowhere, or to something that one machine cannot stand for.
    pub fn read(
        resolved: &Resolved,
        inputs: &Inputs,
        programs: &BTreeMap<String, Program>,
    ) -> Result<Self, BlueprintError> {
        let view = View { resolved, names: AwsNames::new(inputs), account: &inputs.account_id, programs };
        let function = function::read(&view)?;
        let bucket = bucket::read(&view, &function)?;
        let (queues, definitions) = (jobs::queues(&view)?, jobs::definitions(&view)?);
        let rules = rule::read(&view, &function)?;
        let roles = definitions.iter().map(|definition| definition.role.clone());
        let roles = roles.chain([function.role.clone()]).collect();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let outputs = resolved.outputs.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        Ok(Self { bucket, function, queues, definitions, rules, roles, outputs })
    }
}

/// The resources by type, and what they are known by.
struct View<'a> {
    resolved: &'a Resolved,
    names: AwsNames<'a>,
    account: &'a str,
    programs: &'a BTreeMap<String, Program>,
}

/// One resource, read.
struct Read<T> {
    id: String,
    /// What `!Ref` of it yields.
    reference: String,
    /// Its ARN, where it is known by one.
    arn: Option<String>,
    properties: T,
}

impl View<'_> {
    /// All resources of a type.
    fn of<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<Read<T>>, BlueprintError> {
        let of_kind = self.resolved.resources.iter().filter(|(_, resource)| resource.kind == kind);
        of_kind.map(|(id, resource)| self.resource(id, resource)).collect()
    }

    /// The one resource of a type.
    fn one<T: DeserializeOwned>(&self, kind: &'static str) -> Result<Read<T>, BlueprintError> {
        let mut all = self.of(kind)?;
        let one = all.pop().ok_or(BlueprintError::None(kind))?;
        if all.is_empty() { Ok(one) } else { Err(BlueprintError::Several(kind)) }
    }

    /// Whether a resource of this type has this ARN. Of Batch's, `!Ref` yields it.
    fn stands(&self, kind: &str, arn: &str) -> Result<bool, BlueprintError> {
        let all = self.of::<serde::de::IgnoredAny>(kind)?;
        Ok(all.iter().any(|one| one.arn.as_deref().unwrap_or(&one.reference) == arn))
    }

    fn resource<T: DeserializeOwned>(
        &self,
        id: &str,
        resource: &ResolvedResource,
    ) -> Result<Read<T>, BlueprintError> {
        let properties =
            T::deserialize(&resource.properties).map_err(|error| wrong(id, error.to_string()))?;
        let arn = self.names.attribute(id, resource, "Arn");
        Ok(Read {
            id: id.to_owned(),
            reference: self.names.reference(id, resource).unwrap_or_default(),
            arn: arn.and_then(|arn| arn.as_str().map(str::to_owned)),
            properties,
        })
    }
}

fn wrong(id: &str, problem: impl Into<String>) -> BlueprintError {
    BlueprintError::Resource { id: id.to_owned(), problem: problem.into() }
}

#[cfg(test)]
mod tests;
