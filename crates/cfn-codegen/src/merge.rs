//! One schema out of the two sources: structure from the one, attributes and references from the
//! other. Prose and what only AWS's own machinery reads are left out.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use crate::schema::{Node, Schema};

/// Keywords that say nothing about structure.
const LEFT_OUT: [&str; 19] = [
    "$comment",
    "$id",
    "$schema",
    "additionalIdentifiers",
    "arrayType",
    "default",
    "description",
    "documentationUrl",
    "examples",
    "handlers",
    "insertionOrder",
    "propertyTransform",
    "relationshipRef",
    "replacementStrategy",
    "resourceLink",
    "sourceUrl",
    "tagging",
    "title",
    "writeOnlyProperties",
];

/// Keywords whose value maps names to schemas.
const NAMED: [&str; 3] = ["definitions", "patternProperties", "properties"];

/// Takes the structure from the provider's schema.
///
/// # Errors
/// It uses a keyword that this crate has not judged yet.
pub fn structure(provider: &Value) -> Result<Schema> {
    let Value::Object(mut top) = without_prose(provider) else { anyhow::bail!("a schema is an object") };
    let type_name = text(&top, "typeName")?;
    top.remove("typeName");
    let mut paths = |key: &str| -> Result<BTreeSet<String>> {
        let listed: Vec<String> = match top.remove(key) {
            Some(value) => serde_json::from_value(value)?,
            None => Vec::new(),
        };
        Ok(listed
            .into_iter()
            .map(|path| path.replace("/properties/", "/").trim_matches('/').to_owned())
            .collect())
    };
    let read_only = paths("readOnlyProperties")?;
    let create_only = paths("createOnlyProperties")?;
    let conditional_create_only = paths("conditionalCreateOnlyProperties")?;
    let primary_identifier = paths("primaryIdentifier")?.into_iter().collect();
    let new = || {
        format!(
            "{type_name} has a keyword that nobody has judged: keep it in schema.rs or leave it out in merge.rs"
        )
    };
    let definitions = match top.remove("definitions") {
        Some(definitions) => serde_json::from_value(definitions).with_context(new)?,
        None => BTreeMap::new(),
    };
    let shape: Node = serde_json::from_value(Value::Object(top)).with_context(new)?;
    Ok(Schema {
        type_name,
        primary_identifier,
        read_only,
        create_only,
        conditional_create_only,
        shape,
        definitions,
        ..Schema::default()
    })
}

fn without_prose(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let kept = keywords.iter().filter(|(keyword, _)| !LEFT_OUT.contains(&keyword.as_str()));
    let kept = kept.map(|(keyword, value)| {
        let value = match value {
            Value::Object(names) if NAMED.contains(&keyword.as_str()) => {
                names.iter().map(|(name, schema)| (name.clone(), without_prose(schema))).collect()
            }
            Value::Array(branches) => branches.iter().map(without_prose).collect(),
            other => without_prose(other),
        };
        (keyword.clone(), value)
    });
    Value::Object(kept.collect())
}

fn text(object: &Map<String, Value>, key: &str) -> Result<String> {
    Ok(object.get(key).and_then(Value::as_str).with_context(|| format!("there is no {key}"))?.to_owned())
}

/// The service specification's database.
pub struct Specification<'a> {
    resources: BTreeMap<&'a str, &'a Value>,
    definitions: BTreeMap<&'a str, &'a Value>,
    uses: &'a Value,
}

impl<'a> Specification<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// It is not laid out as expected.
    pub fn read(database: &'a Value) -> Result<Self> {
        let schema = &database["schema"];
        let entities = |table: &str, key: &str| -> Result<BTreeMap<&'a str, &'a Value>> {
            let list =
                schema[table]["entities"].as_array().with_context(|| format!("there is no table {table}"))?;
            list.iter()
                .map(|entity| Some((entity[key].as_str()?, entity)))
                .collect::<Option<_>>()
                .with_context(|| format!("an entity of {table} has no {key}"))
        };
        Ok(Self {
            resources: entities("resource", "cloudFormationType")?,
            definitions: entities("typeDefinition", "$id")?,
            uses: &schema["usesType"]["forward"],
        })
    }

    /// Adds to a schema what the specification knows of it: attributes, what `!Ref` yields, and
    /// which properties want a part of another resource.
    ///
    /// # Errors
    /// The specification does not know the type, or names a property that the schema has not.
    pub fn add_to(&self, schema: &mut Schema) -> Result<()> {
        let name = schema.type_name.clone();
        let entity = self.resources.get(name.as_str()).with_context(|| format!("{name} is not in it"))?;
        for (attribute, facts) in entity["attributes"].as_object().into_iter().flatten() {
            let kind = facts["type"]["type"].as_str().with_context(|| format!("{attribute} has no type"))?;
            schema.attributes.insert(attribute.clone(), kind.to_owned());
        }
        if let Some(parts) = entity.get("cfnRefIdentifier") {
            schema.ref_identifier = serde_json::from_value(parts.clone())?;
        }
        // The order of the parts counts, and only this source tells it.
        schema.primary_identifier = serde_json::from_value(entity["primaryIdentifier"].clone())?;
        refer(&mut schema.shape, entity, &name)?;
        let id = entity["$id"].as_str().unwrap_or_default();
        for used in self.uses[id].as_array().into_iter().flatten() {
            let definition = used["$id"].as_str().and_then(|id| self.definitions.get(id));
            let definition =
                definition.with_context(|| format!("{name} uses a definition that is not there"))?;
            let short = definition["name"].as_str().unwrap_or_default();
            if let Some(node) = schema.definitions.get_mut(short) {
                refer(node, definition, &format!("{name}.{short}"))?;
            }
        }
        Ok(())
    }
}

fn refer(node: &mut Node, entity: &Value, whose: &str) -> Result<()> {
    for (property, facts) in entity["properties"].as_object().into_iter().flatten() {
        let Some(wanted) = facts["relationshipRefs"].as_array() else { continue };
        let target =
            node.properties.get_mut(property).with_context(|| format!("{whose} has no {property}"))?;
        // What a list refers to, its items do.
        let target = match &mut target.items {
            Some(items) => items,
            None => target,
        };
        for one in wanted {
            let of = one["cloudFormationType"].as_str().unwrap_or_default();
            let part = one["propertyName"].as_str().unwrap_or_default();
            target.refers_to.insert(format!("{of}.{part}"));
        }
    }
    Ok(())
}
