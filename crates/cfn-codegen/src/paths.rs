//! Paths into a schema: which property of which object they mean.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::schema::{Node, Schema};

/// The object that a path ends in, and the property of it that is meant. The object is a
/// definition, or `None` for the resource itself.
pub type Place = (Option<String>, String);

/// Where a path such as `ComputeResources/Ec2Configuration/*/BatchImageStatus` ends.
///
/// # Errors
/// The schema has no such place, or it lies in an object without a name.
pub fn locate(schema: &Schema, path: &str) -> Result<Place> {
    let mut owner: Option<String> = None;
    let mut node = &schema.shape;
    let mut segments = path.split('/').filter(|segment| *segment != "*").peekable();
    while let Some(segment) = segments.next() {
        let Some(next) = node.properties.get(segment) else {
            bail!("{} has no {path}", schema.type_name);
        };
        if segments.peek().is_none() {
            return Ok((owner, segment.to_owned()));
        }
        let (mut name, mut target) = schema.resolve(next)?;
        if let Some(items) = &target.items {
            (name, target) = schema.resolve(items)?;
        }
        let Some(name) = name else {
            bail!("{}: {path} leads through an object without a name", schema.type_name);
        };
        owner = Some(name.to_owned());
        node = target;
    }
    bail!("{} has an empty path", schema.type_name)
}

/// The schema without what AWS sets.
///
/// # Errors
/// A path leads nowhere.
pub fn without(schema: &Schema) -> Result<Schema> {
    let mut places = BTreeSet::new();
    for path in &schema.read_only {
        // What lies below another such path goes with it.
        let above = path
            .match_indices('/')
            .any(|(end, _)| schema.read_only.contains(path.get(..end).unwrap_or_default()));
        if !above {
            places.insert(locate(schema, path)?);
        }
    }
    let mut schema = schema.clone();
    for (owner, property) in places {
        let node = match &owner {
            None => Some(&mut schema.shape),
            Some(name) => schema.definitions.get_mut(name),
        };
        if let Some(node) = node {
            remove(node, &property);
        }
    }
    Ok(schema)
}

fn remove(node: &mut Node, property: &str) {
    node.properties.remove(property);
    node.required.remove(property);
}
